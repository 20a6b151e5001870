"""How the ledger's database is spoken to: connections, transactions, column types, tables."""
