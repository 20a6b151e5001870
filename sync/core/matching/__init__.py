"""Which records are one account: by id, by domain, by name, and whom to ask."""
