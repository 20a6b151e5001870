"""The second step of a Run: from the ledger to a Plan, asking no CRM."""
