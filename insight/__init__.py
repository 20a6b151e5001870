"""What the ledger tells: drift, freshness, scores, outcomes."""
