"""How alike two labels are, in several languages."""
