"""Makers of mappings, Records and Accounts, so that a test names only what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from mappings.fields import CanonicalField, FieldType, Option, SyncRule
from mappings.model import Mapping as FieldMapping
from mappings.systems import IdentityFields, NativeField, OpportunityNames, SystemKind, SystemMapping
from sync.model.records import Account, Link, LinkId, Record, Value
from sync.model.spelling import Spelling
from tests.sync.core.generated_fields import Users

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PEOPLE = Users({"u1": "ann@example.com", "u2": "bob@example.com"})
STAGES = ("identified", "awareness", "engaged", "closed")
TIERS = ("tier_1", "tier_2", "tier_3")
KINDS = {
    "salesforce": SystemKind.SALESFORCE,
    "hubspot": SystemKind.HUBSPOT,
    "salesforce_emea": SystemKind.SALESFORCE,
}


def a_field(
    name: str,
    type_: FieldType,
    *,
    rule: SyncRule | None = None,
    options: tuple[str, ...] = (),
    ladder: bool = False,
) -> CanonicalField:
    return CanonicalField(
        name=name,
        type=type_,
        label=name,
        rule=rule or SyncRule(),
        options=tuple(Option(value=value, label=value, order=order) for order, value in enumerate(options)),
        ladder=ladder,
    )


def a_mapping(
    fields: Mapping[str, CanonicalField],
    systems: tuple[str, ...],
    *,
    required: Mapping[str, set[str]] | None = None,
    lacks: Mapping[str, set[str]] | None = None,
    scale: Mapping[str, int] | None = None,
) -> FieldMapping:
    """Every System keeps every field but those in ``lacks``; ``scale`` by System is the scale of its numbers."""
    return FieldMapping(
        fields=fields,
        systems={
            system: SystemMapping(
                name=system,
                kind=KINDS[system],
                account_object="Account",
                opportunity_object="Opportunity",
                identity=IdentityFields(name="Name", domain="Website", external_id="Tandem_Id__c"),
                opportunity=OpportunityNames(
                    name="Name",
                    stage="s",
                    amount="a",
                    close_date="d",
                    created="c",
                    closed="x",
                    won="w",
                    owner="o",
                ),
                fields={
                    name: NativeField(
                        name=f"{name}__c",
                        kind=KINDS[system],
                        values={option.value: option.value for option in spec.options},
                        required=name in (required or {}).get(system, set()),
                        scale=(scale or {}).get(system) if spec.type.is_numeric else None,
                    )
                    for name, spec in fields.items()
                    if name not in (lacks or {}).get(system, set())
                },
            )
            for system in systems
        },
    )


def spellings(mapping: FieldMapping) -> dict[str, Spelling]:
    return {name: Spelling(mapping.translator(name), PEOPLE) for name in mapping.systems}


def a_record(system: str, *, id: str = "1", **more: object) -> Record:
    return Record(system=system, id=id, **more)  # type: ignore[arg-type]


def an_account(
    *records: Record,
    base: Mapping[str, Value] | None = None,
    domain: str | None = "acme.com",
    id: str = "tdm1",
    label: str = "Acme",
) -> Account:
    link = Link(
        id=LinkId(id),
        label=label,
        domain=domain,
        evidence="same domain acme.com",
        base=base or {},
        stored=True,
    )
    return Account(link=link, records={record.system: record for record in records})
