"""One call to Salesforce: session, login, statements, errors."""
