"""The decisions of a Run, as pure functions: no database, no CRM, no clock, no chance."""
