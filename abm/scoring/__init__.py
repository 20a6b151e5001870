"""Engagement scores, and where they come from."""
