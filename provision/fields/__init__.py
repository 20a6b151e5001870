"""Account fields: compared with the mapping, planned, made, shown, exported, watched."""
