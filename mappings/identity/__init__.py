"""Who an account is: domains and names."""
