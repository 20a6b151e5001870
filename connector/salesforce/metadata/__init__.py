"""Definitions: fields, stages, rights, and what is deployed."""
