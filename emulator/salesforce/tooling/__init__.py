"""The Tooling API: custom fields and what describes the org's definitions."""
