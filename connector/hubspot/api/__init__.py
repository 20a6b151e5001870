"""One call to HubSpot: transport, tokens, paths, bodies, errors."""
