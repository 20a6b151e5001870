"""Canonical values, and how each System says them."""
