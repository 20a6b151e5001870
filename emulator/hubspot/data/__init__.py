"""What the portal keeps, and the rules by which it keeps it."""
