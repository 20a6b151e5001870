"""Plain data that the engine's core and its ledger both speak of."""
