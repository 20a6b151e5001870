"""The background service: what is done when."""
