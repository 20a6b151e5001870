"""The names of the two Systems that most tests have."""

from sync.model.records import SystemName

SALESFORCE = SystemName("salesforce")
HUBSPOT = SystemName("hubspot")
