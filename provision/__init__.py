"""Setting up both CRMs: their fields, their stages, and what a doctor looks at."""
