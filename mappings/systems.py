"""The native side of a mapping: how one System spells fields, identity and stages."""

from __future__ import annotations

from collections import abc
from dataclasses import dataclass, field
from enum import StrEnum


class SystemKind(StrEnum):
    """Which CRM a System is; decides the dialect of its values and the rules for its names."""

    SALESFORCE = "salesforce"
    HUBSPOT = "hubspot"


class BuyerStage(StrEnum):
    """The stages that opportunities of every System share."""

    AWARENESS = "awareness"
    CONSIDERATION = "consideration"
    DECISION = "decision"
    CLOSED_WON = "closed_won"
    CLOSED_LOST = "closed_lost"

    @property
    def is_closed(self) -> bool:
        return self in (BuyerStage.CLOSED_WON, BuyerStage.CLOSED_LOST)


@dataclass(frozen=True, kw_only=True)
class NativeField:
    """One canonical field as one System spells it."""

    #: The System's own API name: `ABM_Tier__c`, `tandem_tier`.
    name: str
    kind: SystemKind
    #: Canonical option -> the System's option value, complete for an enum; an option that is
    #: missing here cannot be written to this System.
    values: abc.Mapping[str, str] = field(default_factory=dict)
    #: Further values of this System that mean an option: read as it, never written.
    read_as: abc.Mapping[str, str] = field(default_factory=dict)
    #: Canonical option -> label in this System, where it differs from the canonical label.
    labels: abc.Mapping[str, str] = field(default_factory=dict)
    label: str | None = None
    help: str | None = None
    #: May Tandem create the field when the System lacks it?
    create: bool = True
    #: A field that the vendor defines and that is used instead where the System has it.
    builtin: str | None = None
    #: The System refuses a blank here (Salesforce `OwnerId`).
    required: bool = False
    unique: bool = False
    #: A canonical date that this System keeps as a datetime (HubSpot `closedate`): the day is
    #: read and written in `zone`.
    stored_as_datetime: bool = False
    zone: str = "UTC"
    #: Salesforce: are the field's former values to be kept? None: as Tandem has it by default.
    track_history: bool | None = None
    #: The definition's own limits where they differ from the canonical field's.
    length: int | None = None
    precision: int | None = None
    scale: int | None = None


@dataclass(frozen=True, kw_only=True)
class IdentityFields:
    """The native fields by which an account is recognised."""

    name: str
    #: `Website` in Salesforce, `domain` in HubSpot; free text, see `mappings.identity.domains`.
    domain: str
    #: Text, unique; carries Tandem's own id so that a create can be repeated as an upsert.
    external_id: str
    #: Fields that name further domains of the account; they are read only, and it does without those that are missing.
    more_domains: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class OpportunityNames:
    """The native fields of an opportunity that outcomes are read from; None where a System has none."""

    name: str
    stage: str
    amount: str
    close_date: str
    created: str
    closed: str
    won: str
    owner: str
    account: str | None = None
    pipeline: str | None = None
    lost_reason: str | None = None
    currency: str | None = None


@dataclass(frozen=True, kw_only=True)
class Group:
    """The group that HubSpot shows Tandem's properties under."""

    name: str
    label: str


@dataclass(frozen=True, kw_only=True)
class SystemMapping:
    """How one System spells accounts and opportunities."""

    name: str
    kind: SystemKind
    account_object: str
    opportunity_object: str
    identity: IdentityFields
    opportunity: OpportunityNames
    #: Canonical field name -> native field; a field that is missing is not kept in this System.
    fields: abc.Mapping[str, NativeField]
    #: Native opportunity stage (`StageName`, `dealstage`) -> shared buyer stage.
    stages: abc.Mapping[str, BuyerStage] = field(default_factory=dict)
    group: Group | None = None

    @property
    def native_names(self) -> tuple[str, ...]:
        """Every account field to read, each once: identity first, then the mapped fields."""
        known = self.identity
        identity = (known.name, known.domain, known.external_id, *known.more_domains)
        return tuple(dict.fromkeys((*identity, *(native.name for native in self.fields.values()))))

    def canonical_name(self, native_name: str) -> str | None:
        """The canonical field that a native name spells; None when it is not mapped."""
        for canonical, native in self.fields.items():
            if native.name == native_name:
                return canonical
        return None

    def buyer_stage(
        self, stage: str | None, *, closed: bool | None = None, won: bool | None = None
    ) -> BuyerStage | None:
        """The shared stage of an opportunity; None for an open stage that nobody mapped.

        What the CRM says about closed and won overrules the stage's name: orgs rename stages and
        keep several won or lost ones (Salesforce: OpportunityStage; HubSpot: pipelines).
        """
        if closed and won is not None:
            return BuyerStage.CLOSED_WON if won else BuyerStage.CLOSED_LOST
        mapped = self.stages.get(stage) if stage is not None else None
        if closed is False and mapped is not None and mapped.is_closed:
            return None
        return mapped
