"""What the org keeps, and the rules by which it keeps it."""
