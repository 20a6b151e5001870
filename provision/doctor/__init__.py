"""What the doctor examines in each CRM: rights, rules, versions, clocks, other writers."""
