"""What waits: Conflicts, holds, matches."""
