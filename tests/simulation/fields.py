"""The fields of an account as people see them in both CRMs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.simulation.crms import ACTING_AS, OWNERS, Crms, is_salesforce

#: A value as both CRMs mean it; None is blank.
Value = str | None

TIERS = ("tier_1", "tier_2", "tier_3")
STAGES = ("identified", "awareness", "engaged", "evaluating", "negotiating", "closed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field as people see it in both CRMs."""

    name: str
    salesforce: str
    hubspot: str
    #: Who wins: ``manual``, ``newest``, ``furthest``, ``salesforce``, ``leads`` (Salesforce alone decides) or ``push``
    #: (what was computed outside).
    rule: str
    #: The values that there are; empty: every edit enters a value of its own, so that a lost one cannot hide.
    choices: tuple[str, ...] = ()

    def of(self, system: str) -> str:
        return self.salesforce if is_salesforce(system) else self.hubspot


FIELDS: Mapping[str, Field] = {
    field.name: field
    for field in (
        Field(name="territory", salesforce="Territory__c", hubspot="tandem_territory", rule="manual"),
        Field(name="segment", salesforce="Segment__c", hubspot="tandem_segment", rule="newest"),
        Field(name="region", salesforce="Region__c", hubspot="tandem_region", rule="salesforce"),
        Field(name="contract", salesforce="Contract__c", hubspot="tandem_contract", rule="leads"),
        Field(
            name="tier",
            salesforce="ABM_Tier__c",
            hubspot="hs_ideal_customer_profile",
            rule="manual",
            choices=TIERS,
        ),
        Field(
            name="mqa_stage",
            salesforce="MQA_Stage__c",
            hubspot="tandem_mqa_stage",
            rule="furthest",
            choices=STAGES,
        ),
        Field(
            name="target_account",
            salesforce="Target_Account__c",
            hubspot="hs_is_target_account",
            rule="manual",
            choices=("true", "false"),
        ),
        Field(name="owner", salesforce="OwnerId", hubspot="hubspot_owner_id", rule="leads", choices=OWNERS),
        Field(
            name="engagement_score",
            salesforce="Engagement_Score__c",
            hubspot="tandem_engagement_score",
            rule="push",
        ),
    )
}
_PRIVATE = {"salesforce": ("Phone", "Description", "Industry"), "hubspot": ("phone", "description", "city")}


def private(system: str) -> tuple[str, ...]:
    """Fields that Tandem is not to touch."""
    return _PRIVATE["salesforce" if is_salesforce(system) else "hubspot"]


def alike(one: Value, other: Value) -> bool:
    """Whether two values mean the same, whatever a trigger of a CRM did to their spelling."""
    return (one or "").casefold() == (other or "").casefold()


def may_be_blank(system: str, name: str) -> bool:
    """A checkbox is on or off, and a Salesforce account always has an owner."""
    return name != "target_account" and not (name == "owner" and is_salesforce(system))


def native(crms: Crms, system: str, name: str, value: Value) -> Any:
    """A value as this CRM's JSON takes it."""
    if name == "owner":
        return crms.owner_ids[system][value] if value is not None else ""
    if system == "hubspot":
        return value or ""
    if name == "engagement_score":
        return float(value) if value is not None else None
    return value == "true" if name == "target_account" else value


def standing(crms: Crms, system: str, record: str, name: str) -> Value:
    """What a person sees in a field."""
    return shown(crms, system, name, standing_natively(crms, system, record, FIELDS[name].of(system)))


def standing_natively(crms: Crms, system: str, record: str, name: str) -> Any:
    """What this CRM's own field holds."""
    if is_salesforce(system):
        return crms.accounts(system)[record].get(name)
    return crms.companies()[record].values.get(name)


def shown(crms: Crms, system: str, name: str, found: Any) -> Value:
    """A value of this CRM as a person sees it. An owner whom nobody chose, because Tandem made the account, is none."""
    if name == "target_account":
        return "true" if found in {True, "true"} else "false"
    if found in {None, ""}:
        return None
    if name == "owner":
        return next(
            (who for who, id in crms.owner_ids[system].items() if id == found and who != ACTING_AS), None
        )
    return f"{float(found):g}" if name == "engagement_score" else str(found)


def living(crms: Crms, system: str) -> list[str]:
    """Ids of the records that can be opened, in order."""
    if is_salesforce(system):
        return sorted(id for id, row in crms.accounts(system).items() if not row.get("IsDeleted"))
    return sorted(id for id, record in crms.companies().items() if record.live)


def domain_of(crms: Crms, system: str, record: str) -> str:
    """The website of a record."""
    return str(standing_natively(crms, system, record, "Website" if is_salesforce(system) else "domain"))
