"""What a person sees: the terminal's screens and the served pages."""
