"""The life of a ledger: opened, migrated, checked, copied, restored, rebuilt."""
