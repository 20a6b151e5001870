"""What a person writes: which fields go where, and what each value means."""
