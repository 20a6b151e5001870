"""Opportunities, read back from the CRMs."""
