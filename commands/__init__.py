"""The commands by subject: each asks the engine, shows what it said, and ends with an exit code."""
