"""Records: companies and deals, read, written, counted, and their history."""
