"""What people write in tandem.yaml: Systems, sections, secrets, and how it is read."""
