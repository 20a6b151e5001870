"""A local server that behaves like one Salesforce org."""
