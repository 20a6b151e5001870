"""Records and Links: stored, joined, searched, moved, grouped for matching."""
