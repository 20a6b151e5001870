"""The third step of a Run: a Plan is carried out, and what a killed Run left open is found out."""
