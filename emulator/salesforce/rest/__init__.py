"""The REST API of the org: one module per group of resources, each giving a list of endpoints."""
