"""What was done: writes, Runs, bulk jobs."""
