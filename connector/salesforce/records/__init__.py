"""Records: read, written one by one or in bulk, and their history."""
