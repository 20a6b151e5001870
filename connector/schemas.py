"""How a CRM's objects and fields are defined, and what surrounds them. Imported from ``connector.base``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from connector.limits import Quota


class FieldKind(StrEnum):
    """Kinds of field definitions, common to the CRMs."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    ENUM = "enum"
    MULTI_ENUM = "multi_enum"
    DATE = "date"
    DATETIME = "datetime"
    CURRENCY = "currency"
    USER = "user"
    #: Anything else (address, formula result types, rich text …); ``native_type`` says what.
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionDefinition:
    """One value of a picklist or enumeration."""

    value: str
    label: str
    order: int
    #: Salesforce: active. HubSpot: not hidden.
    active: bool = True
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueSet:
    """Values that several picklists may share (Salesforce: a global value set)."""

    name: str
    label: str
    options: tuple[OptionDefinition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDefinition:
    """One field as defined in the CRM, or as we want it to be."""

    name: str
    label: str
    kind: FieldKind
    help: str | None = None
    #: Characters of a text; None where the CRM has no such notion.
    length: int | None = None
    #: Salesforce: all digits of a number, and the digits after the point.
    precision: int | None = None
    scale: int | None = None
    unique: bool = False
    external_id: bool = False
    #: Picklist refuses values outside ``options``.
    restricted: bool = False
    options: tuple[OptionDefinition, ...] = ()
    #: HubSpot property group, by its name.
    group: str | None = None
    #: The label of that group, where it has to be made; None: made out of its name.
    group_label: str | None = None
    #: HubSpot: how it is shown (``select``, ``radio``, ``textarea`` …); None: as its kind has it.
    shown_as: str | None = None
    #: What a new record gets (Salesforce); None: nothing, and of a boolean, false.
    default: str | None = None
    #: The name of the set that it shares its values with other fields in (Salesforce), where that was asked for.
    value_set: str | None = None
    #: Its former values are kept (Salesforce, "Field History Tracking"); None where the CRM does not tell, or keeps
    #: them in any case.
    tracked: bool | None = None
    #: The CRM's own type name(s), for messages: ``Picklist``, ``enumeration/select``.
    native_type: str = ""
    #: Made by us or an administrator, not part of the product.
    custom: bool = True
    #: The connected user may write it (false for formulas, roll-ups, read-only standard fields).
    writable: bool = True
    #: The CRM refuses a blank (Salesforce; a checkbox has none).
    required: bool = False
    #: Rights on it can be given and taken (Salesforce); a required field shows to everybody.
    permissionable: bool = True
    #: Options live elsewhere (owners, pipelines) and must not be compared.
    external_options: bool = False
    #: The field belongs to an installed package and cannot be changed.
    managed: bool = False
    #: The whole definition in the CRM's own words, where it was read as it is stored (Salesforce: ``Metadata``).
    source: Mapping[str, Any] | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordType:
    """A kind of an object's records (Salesforce), which may offer a part of a picklist's values only."""

    label: str
    #: Picklist -> the values that it offers; a picklist that the connected user does not see is not among them.
    offers: Mapping[str, frozenset[str]]
    #: Picklist -> the value that its new records begin with.
    defaults: Mapping[str, str] = field(default_factory=dict)
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectSchema:
    """The definitions of one object as the connected user sees them."""

    object: str
    label: str
    fields: Mapping[str, FieldDefinition]
    #: Fields that exist but which the connected user cannot see (Salesforce field-level security), as far as known.
    invisible: frozenset[str] = frozenset()
    #: Archived definitions by name, which a create would bring back with their old values (HubSpot).
    archived: Mapping[str, FieldDefinition] = field(default_factory=dict)
    #: Right after a definition was changed the CRM may still serve the old copy: not drift.
    unsettled: bool = False
    #: The record types that the connected user may use, by API name, but for the one that every object has
    #: (Salesforce).
    record_types: Mapping[str, RecordType] = field(default_factory=dict)
    #: Groups of fields with their labels (HubSpot).
    groups: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What the bundle of rights gives that Tandem keeps in an org (Salesforce: a permission set), and to whom."""

    name: str
    #: It is there.
    exists: bool
    #: Fields that it lets people read, and whether they may write them too.
    fields: Mapping[str, bool]
    #: Users who should have it and have it not, by username with their ids; the connected user among them.
    lacking: Mapping[str, str]
    #: Usernames and profiles that were asked for and that no active user has.
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """All that the bundle of rights gives on fields and objects, whoever put it there."""

    #: ``Object.Field`` -> whether it may be written too.
    fields: Mapping[str, bool] = field(default_factory=dict)
    #: Object -> the CRM's own names of what may be done with its records.
    objects: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One object's definitions as they should stand, for an administrator to deploy. What stands is in it already, so
    that nobody's value is lost."""

    object: str
    fields: Sequence[FieldDefinition]
    #: Fields that the connected user must be able to write, and that rights can be given on.
    granted: Sequence[str]
    #: What the bundle gives already.
    bundle: Bundle = Bundle()
    #: What stands there now, by name.
    held: Mapping[str, FieldDefinition]
    #: Sets that fields share their values in, with what they lack.
    value_sets: Sequence[ValueSet] = ()
    #: The object's history is to be switched on; and these standard fields tracked.
    tracks: bool = False
    tracked: Sequence[str] = ()
    #: By API name, what record types are to offer of the picklists that they offer too little of.
    record_types: Mapping[str, RecordType] = field(default_factory=dict)
    #: Groups whose label is another, with the one that they should have.
    groups: Mapping[str, str] = field(default_factory=dict)


class Power(StrEnum):
    """What bringing definitions in order takes."""

    #: Make and change fields.
    DEFINE = "define"
    #: Change history tracking and record types.
    ADMINISTER = "administer"
    #: Keep the bundle of rights, and give it to users.
    GRANT = "grant"
    ASSIGN = "assign"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule of an administrator that may refuse a write, or write itself."""

    #: ``validation rule``, ``duplicate rule``, ``flow``, ``Apex trigger``.
    kind: str
    name: str
    #: Those of the fields asked for that it looks at; empty where the CRM does not tell.
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a System says of itself and of us beside its records."""

    #: Its clock when it answered; None where it does not tell.
    server_time: datetime | None
    #: What our user may do, by the CRM's own names, of what was asked about (Salesforce: user permissions); empty where
    #: it does not tell.
    rights: Mapping[str, bool] = field(default_factory=dict)
    #: What our user may do with records, such as ``Account: edit``, of what was asked about.
    access: Mapping[str, bool] = field(default_factory=dict)
    #: What our token may be used for (OAuth scopes); None where it does not tell.
    scopes: frozenset[str] | None = None
    #: What the edition has of what matters here, by its name: ``multi-currency``, ``field history`` …
    features: Mapping[str, bool] = field(default_factory=dict)
    #: API versions that it answers to, the newest last; empty where it does not tell.
    versions: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    #: What it allows in a day beside API calls, by its name: ``bulk batches`` …; empty where it does not tell.
    allowances: Mapping[str, Quota] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One opportunity stage as its System defines it."""

    id: str
    label: str
    #: None in a System that has no pipelines.
    pipeline: str | None
    pipeline_label: str | None
    order: int
    closed: bool
    won: bool
    #: 0.0 to 1.0
    probability: float
    active: bool = True

    @property
    def meaning(self) -> str:
        """``open at 40 %``, ``won``, ``lost at 30 %``: flags first, a probability that says more behind."""
        usual = 1.0 if self.won else 0.0
        if self.closed and self.probability == usual:
            return self.outcome
        return f"{self.outcome} at {percent(self.probability)}"

    @property
    def outcome(self) -> str:
        """``open``, ``won`` or ``lost``."""
        if not self.closed:
            return "open"
        return "won" if self.won else "lost"


def percent(probability: float) -> str:
    """``0.35`` -> ``35 %``."""
    return f"{probability * 100:g} %"
