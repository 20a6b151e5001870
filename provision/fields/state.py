"""Definitions as they stand in a System, and what is found about them: plain data, in words that hold for every CRM."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from mappings.fields import FieldType


class Action(StrEnum):
    """What a line asks for."""

    CREATE = "create"
    CHANGE = "change"
    #: The field is there, and the connected user may not see or write it.
    GRANT = "grant"
    #: Off the contract, and not for Tandem to fix.
    WRONG = "wrong"
    #: Written moments ago; the CRM may still serve the old definition.
    SETTLING = "settling"
    KEEP = "keep"


#: What most steps do to the records that are there.
NO_RECORD = "no record changes"
#: What applying carries out.
STEPS = frozenset({Action.CREATE, Action.CHANGE, Action.GRANT})


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingOption:
    """One option as it stands; options are listed in the order in which people see them."""

    value: str
    label: str
    active: bool = True
    #: None where the CRM does not tell.
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingField:
    """One field as a System defines it, in words that hold for every CRM."""

    name: str
    label: str
    #: None where it is of a kind that no canonical field has.
    type: FieldType | None
    #: The CRM's own name of the type, for people.
    native_type: str = ""
    help: str = ""
    length: int | None = None
    precision: int | None = None
    scale: int | None = None
    unique: bool = False
    external_id: bool = False
    #: Values outside the options are refused.
    restricted: bool = False
    options: tuple[StandingOption, ...] = ()
    #: The set that the options are shared in with other fields; empty where they are the field's own, or nobody asked.
    value_set: str = ""
    #: The options live elsewhere (owners) and are not the field's own.
    external_options: bool = False
    writable: bool = True
    #: The System refuses a blank.
    required: bool = False
    #: It is there, and field-level security hides it from the connected user.
    hidden: bool = False
    #: A grant to the connected user would make it writable: it is not computed.
    grantable: bool = False
    #: Its definition (label, options) may be changed over the API.
    changeable: bool = True
    #: Made by an administrator, not part of the product.
    custom: bool = True
    #: What a new record gets; empty where that is nothing.
    default: str = ""
    #: Its former values are kept; None where nobody can tell, or where they always are.
    tracked: bool | None = None
    #: The group that people find it in, and how it is shown there; empty where the CRM has no such thing.
    group: str = ""
    shown_as: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingRecordType:
    """A kind of records that may offer a part of a picklist's values only."""

    label: str
    #: Picklist -> the values that it offers, as far as the connected user sees them.
    offers: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The definitions of one object of one System, as the connected user sees them."""

    object: str
    fields: Mapping[str, StandingField]
    #: They exist, and field-level security hides them.
    invisible: frozenset[str] = frozenset()
    #: Archived definitions that a create would bring back.
    archived: Mapping[str, StandingField] = field(default_factory=dict)
    #: By the System's own name.
    record_types: Mapping[str, StandingRecordType] = field(default_factory=dict)
    #: Groups of fields with their labels.
    groups: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One finding about one field. ``stands`` and ``should`` are shown side by side."""

    #: A saved plan has these keys and no others.
    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    system: str
    object: str
    #: The System's own name of the field.
    field: str
    #: None for Tandem's own id and for the fields that accounts are recognised by.
    canonical: str | None
    action: Action
    #: What differs: ``label``, ``options``, ``type`` …; empty for the field as a whole.
    attribute: str = ""
    stands: str = ""
    should: str = ""
    reason: str = ""
    #: What becomes of the records that are there already.
    effect: str = ""
    #: What a person does about it, where Tandem does nothing.
    remedy: str = ""
    #: It makes the field hold less than it does; done only where the field is named.
    narrows: bool = False
    #: The field cannot be kept in step before this is fixed; nothing at all is written until then.
    blocks: bool = False
