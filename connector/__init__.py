"""How Tandem talks to a CRM: one interface, two Systems behind it."""
