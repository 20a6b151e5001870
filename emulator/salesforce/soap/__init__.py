"""The SOAP APIs: partner (login, merge, undelete) and Metadata."""
