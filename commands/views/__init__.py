"""What the terminal shows; the only room that knows rich."""
