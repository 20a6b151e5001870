"""What set a value where no person did: HubSpot's words for it, in those of people.

HubSpot: property history, source types.
"""

from __future__ import annotations

from collections.abc import Mapping

from connector.base import OWN_CONNECTOR

#: What HubSpot's own Salesforce connector writes.
_ITS_CONNECTOR = "SALESFORCE"
#: What its automation writes, by the older word and the newer one.
_WORKFLOWS = frozenset({"WORKFLOWS", "AUTOMATION_PLATFORM"})
#: Where an app's writes come from.
APPS = frozenset({"INTEGRATION", "API"})
#: What works by itself, whichever user it is booked on.
AUTOMATIC = frozenset(
    {_ITS_CONNECTOR, *_WORKFLOWS, "CALCULATED", "COMPANY_INSIGHTS", "CONTACTS_LIFECYCLE_STAGE_SYNC"}
)

_WORDS: Mapping[str, str] = {
    _ITS_CONNECTOR: OWN_CONNECTOR,
    **dict.fromkeys(_WORKFLOWS, "a workflow in HubSpot"),
    "IMPORT": "an import",
    "CALCULATED": "a calculation",
    "COMPANY_INSIGHTS": "HubSpot's company insights",
    "CONTACTS_LIFECYCLE_STAGE_SYNC": "the lifecycle stage of a contact",
    "MERGE_OBJECTS": "a merge",
}


def in_words(source: str | None) -> str | None:
    """What it was; HubSpot's own word where we have none."""
    return None if source is None else _WORDS.get(source, source)
