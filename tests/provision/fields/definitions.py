"""Definitions in order, and what a comparison finds once one of them is not."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from mappings.definitions import DesiredField
from mappings.fields import FieldType
from mappings.files.load import load
from mappings.model import Mapping as FieldMapping
from provision.fields.compare import compare
from provision.fields.state import (
    Action,
    Line,
    Standing,
    StandingField,
    StandingOption,
    StandingRecordType,
)

MAPPING = load(None, {"salesforce": "salesforce", "hubspot": "hubspot"})
TIER = {"salesforce": "ABM_Tier__c", "hubspot": "tandem_tier"}
STAGE = "tandem_mqa_stage"
SCORE = {"salesforce": "Engagement_Score__c", "hubspot": "tandem_engagement_score"}
ID = {"salesforce": "Tandem_Id__c", "hubspot": "tandem_id"}
OWNER = {"salesforce": "OwnerId", "hubspot": "hubspot_owner_id"}
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)

BOTH = pytest.mark.parametrize("system", ["salesforce", "hubspot"])


def right(wanted: DesiredField) -> StandingField:
    """The field as it stands where all is well."""
    return StandingField(
        name=wanted.name,
        label=wanted.label,
        type=wanted.type,
        native_type=str(wanted.type),
        help=wanted.help,
        length=wanted.length,
        precision=wanted.precision,
        scale=wanted.scale,
        unique=wanted.unique,
        external_id=wanted.external_id,
        restricted=wanted.restricted,
        options=tuple(StandingOption(value=o.value, label=o.label) for o in wanted.options),
        external_options=wanted.type is FieldType.USER,
        custom=wanted.create,
        changeable=wanted.create,
        tracked=bool(wanted.tracked) if wanted.name.endswith(("__c", "Id")) else None,
        group=wanted.group.name if wanted.group is not None else "",
        shown_as=wanted.shown_as,
    )


def in_order(system: str, mapping: FieldMapping = MAPPING) -> Standing:
    identity = mapping.systems[system].identity
    plain = [
        StandingField(name=name, label=name, type=FieldType.TEXT, custom=False)
        for name in (identity.name, identity.domain)
    ]
    fields = [*plain, *(right(wanted) for wanted in mapping.definitions(system))]
    return Standing(object="Account", fields={field.name: field for field in fields})


def with_field(standing: Standing, name: str, **changes: Any) -> Standing:
    return replace(standing, fields={**standing.fields, name: replace(standing.fields[name], **changes)})


def without(standing: Standing, name: str, **more: Any) -> Standing:
    kept = {key: field for key, field in standing.fields.items() if key != name}
    return replace(standing, fields=kept, **more)


def findings(system: str, standing: Standing, mapping: FieldMapping = MAPPING) -> list[Line]:
    """What is not in order."""
    return [line for line in compare(mapping, system, standing) if line.action is not Action.KEEP]


def options(*values: str, inactive: tuple[str, ...] = ()) -> tuple[StandingOption, ...]:
    return tuple(
        StandingOption(value=v, label=v.replace("_", " ").capitalize(), active=v not in inactive)
        for v in values
    )


# -- what else an administrator sets -------------------------------------------------------------------------


def told(lines: list[Line]) -> list[tuple[str, Action, str, str, str]]:
    return [(line.field, line.action, line.attribute, line.stands, line.should) for line in lines]


OURS = ("Target_Account__c", "ABM_Tier__c", "MQA_Stage__c")


def record_types(**offers: tuple[str, ...]) -> dict[str, StandingRecordType]:
    of = {name: frozenset(values) for name, values in offers.items()}
    return {"Partner": StandingRecordType(label="Partners", offers=of)}
