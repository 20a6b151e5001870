"""Measures Tandem against the emulated CRMs."""
