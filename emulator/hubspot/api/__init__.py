"""HubSpot's HTTP API, family by family. Each module lists its `RULES`; `app` puts them behind authentication."""
