"""What a Connector can do, subject by subject."""
