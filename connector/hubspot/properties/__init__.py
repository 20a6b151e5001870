"""Definitions: properties, groups, and what is exported."""
