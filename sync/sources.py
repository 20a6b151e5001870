"""Who set a value, and what did where no person did: HubSpot's words for it, in ours.

HubSpot: property history, source types.
"""

from __future__ import annotations

from collections.abc import Mapping

from connector.base import Version

#: What HubSpot's own Salesforce connector writes.
ITS_CONNECTOR = "SALESFORCE"
#: What its automation writes, by the older word and the newer one.
WORKFLOWS = frozenset({"WORKFLOWS", "AUTOMATION_PLATFORM"})

#: What works by itself, whichever user it is booked on.
_MACHINES = frozenset(
    {ITS_CONNECTOR, *WORKFLOWS, "CALCULATED", "COMPANY_INSIGHTS", "CONTACTS_LIFECYCLE_STAGE_SYNC"}
)

_WORDS: Mapping[str, str] = {
    ITS_CONNECTOR: "HubSpot's own Salesforce connector",
    **dict.fromkeys(WORKFLOWS, "a workflow in HubSpot"),
    "IMPORT": "an import",
    "CALCULATED": "a calculation",
    "COMPANY_INSIGHTS": "HubSpot's company insights",
    "CONTACTS_LIFECYCLE_STAGE_SYNC": "the lifecycle stage of a contact",
    "MERGE_OBJECTS": "a merge",
}


def in_words(source: str | None) -> str | None:
    """Who it was; the CRM's own word where we have none."""
    return None if source is None else _WORDS.get(source, source)


def is_machine(source: str | None) -> bool:
    """Does it write by itself?"""
    return source in _MACHINES


def author(version: Version) -> str | None:
    """Whose value it was: a user by native id, else an app or what works by itself, in words."""
    if is_machine(version.source):
        return in_words(version.source)
    if version.by_app:
        return f"app {version.by or 'unknown'}"
    return version.by or in_words(version.source)
