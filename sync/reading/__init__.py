"""The first step of a Run: what the CRMs tell becomes Records in the ledger."""
