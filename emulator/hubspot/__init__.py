"""A local HubSpot portal: the CRM's HTTP API v3/v4 (and its date-versioned paths) over one portal's records.

`app.build` makes the server; `portal.Portal` is the store behind it. Behaviour follows HubSpot's public documentation
and recorded answers of the real service; where neither speaks, the docstring says so.
"""
