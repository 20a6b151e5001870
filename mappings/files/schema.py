"""The form of the mapping files, as people write them: unknown keys are refused.

Every key is optional here because a file may amend the one below it; what is missing in the end
is found when the layers have been put together (`mappings.files.load`).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr, StringConstraints

from mappings.fields import FieldType
from mappings.systems import BuyerStage

#: Text that says something. YAML turns a bare `yes` or `007` into what it likes; strictness asks
#: for quotes instead of guessing.
Words = Annotated[StrictStr, StringConstraints(strip_whitespace=True, min_length=1)]
Count = Annotated[StrictInt, Field(ge=1)]


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RuleWritten(_Written):
    """How a field is kept in step."""

    direction: Words | None = None
    on_conflict: Words | None = None
    fill_blank: StrictBool | None = None
    dead_band: Decimal | None = None


class OptionWritten(_Written):
    """One option of an enum, or one rung of a ladder."""

    value: Words
    label: Words
    description: StrictStr = ""
    owner: StrictStr = ""


class FieldWritten(_Written):
    """One canonical field."""

    type: FieldType | None = None
    label: Words | None = None
    help: StrictStr | None = None
    rule: RuleWritten | None = None
    options: list[OptionWritten] | None = None
    ladder: list[OptionWritten] | None = None
    length: Count | None = None
    precision: Count | None = None
    scale: Annotated[StrictInt, Field(ge=0)] | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None


class PeopleWritten(_Written):
    """People with several addresses, and who stands in for nobody."""

    addresses: list[Annotated[list[Words], Field(min_length=2)]] | None = None
    fallback: dict[Words, Words] | None = None


class CanonicalFile(_Written):
    """canonical.yaml."""

    fields: dict[Words, FieldWritten] | None = None
    people: PeopleWritten | None = None


class NativeWritten(_Written):
    """One canonical field as a System spells it."""

    name: Words | None = None
    builtin: Words | None = None
    create: StrictBool | None = None
    required: StrictBool | None = None
    unique: StrictBool | None = None
    label: Words | None = None
    help: StrictStr | None = None
    values: dict[Words, Words | None] | None = None
    labels: dict[Words, Words] | None = None
    read_as: dict[Words, Words] | None = None
    stored_as_datetime: StrictBool | None = None
    zone: Words | None = None
    track_history: StrictBool | None = None
    length: Count | None = None
    precision: Count | None = None
    scale: Annotated[StrictInt, Field(ge=0)] | None = None


class IdentityWritten(_Written):
    """The native fields by which an account is recognised."""

    name: Words | None = None
    #: One field, or several: the first is written where a record is created.
    domain: Words | Annotated[list[Words], Field(min_length=1)] | None = None
    external_id: Words | None = None


class OpportunityWritten(_Written):
    """The native fields of an opportunity."""

    name: Words | None = None
    stage: Words | None = None
    pipeline: Words | None = None
    amount: Words | None = None
    currency: Words | None = None
    close_date: Words | None = None
    created: Words | None = None
    closed: Words | None = None
    won: Words | None = None
    owner: Words | None = None
    account: Words | None = None
    lost_reason: Words | None = None


class GroupWritten(_Written):
    """HubSpot's property group."""

    name: Words | None = None
    label: Words | None = None


class SystemFile(_Written):
    """salesforce.yaml, hubspot.yaml, or a file named after one System."""

    account_object: Words | None = None
    opportunity_object: Words | None = None
    group: GroupWritten | None = None
    identity: IdentityWritten | None = None
    fields: dict[Words, NativeWritten] | None = None
    opportunity: OpportunityWritten | None = None
    stages: dict[Words, BuyerStage] | None = None
