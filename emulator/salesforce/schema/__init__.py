"""What objects and fields the org has, and how describe prints them."""
