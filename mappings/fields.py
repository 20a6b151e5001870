"""The canonical side of a mapping: fields, their options, and the rule that keeps each in step.

Everything here is a frozen value. What a person writes is read and judged in `mappings.files.load`;
what stands here has passed those checks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

#: One canonical text per value; `None` is blank. Equal meaning means equal text, so the engine
#: compares values with `==` and nothing else. The forms are fixed in `mappings.values.canonical`.
Value = str | None


class FieldType(StrEnum):
    """What a canonical value means, and so how its one text is written."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    ENUM = "enum"
    MULTI_ENUM = "multi_enum"
    DATE = "date"
    DATETIME = "datetime"
    USER = "user"
    CURRENCY = "currency"

    @property
    def is_numeric(self) -> bool:
        return self in (FieldType.NUMBER, FieldType.CURRENCY)

    @property
    def noun(self) -> str:
        """With its article, for a sentence."""
        return f"an {self}" if self is FieldType.ENUM else f"a {self}"

    @property
    def has_options(self) -> bool:
        return self in (FieldType.ENUM, FieldType.MULTI_ENUM)


class DirectionKind(StrEnum):
    """Whose edits of a field count: everybody's, one System's, Tandem's own, nobody's."""

    TWO_WAY = "two_way"
    FROM = "from"
    PUSH = "push"
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class Direction:
    """Whose edits count. `from` carries the System that leads; the others carry none."""

    kind: DirectionKind
    system: str | None = None

    def __post_init__(self) -> None:
        if (self.kind is DirectionKind.FROM) != (self.system is not None):
            raise ValueError("a direction names a System exactly when it is 'from' one")

    @classmethod
    def parse(cls, text: str) -> Direction:
        """`two_way`, `push`, `none` or `from_<System>`; anything else is a ValueError."""
        if text.startswith("from_") and len(text) > len("from_"):
            return cls(kind=DirectionKind.FROM, system=text.removeprefix("from_"))
        if text in (DirectionKind.TWO_WAY, DirectionKind.PUSH, DirectionKind.NONE):
            return cls(kind=DirectionKind(text))
        raise ValueError(f"{text!r} is no direction")

    def __str__(self) -> str:
        return f"from_{self.system}" if self.system is not None else str(self.kind)


class OnConflictKind(StrEnum):
    """Who decides when Systems left the Base differently."""

    MANUAL = "manual"
    NEWEST = "newest"
    FURTHEST = "furthest"
    SYSTEM = "system"


@dataclass(frozen=True, kw_only=True)
class OnConflict:
    """Who wins when Systems left the Base differently. `system` carries the winner's name."""

    kind: OnConflictKind
    system: str | None = None

    def __post_init__(self) -> None:
        if (self.kind is OnConflictKind.SYSTEM) != (self.system is not None):
            raise ValueError("on_conflict names a System exactly when a System wins")

    @classmethod
    def parse(cls, text: str) -> OnConflict:
        """`manual`, `newest`, `furthest`; any other text is a System's name."""
        if text in (OnConflictKind.MANUAL, OnConflictKind.NEWEST, OnConflictKind.FURTHEST):
            return cls(kind=OnConflictKind(text))
        if not text:
            raise ValueError("on_conflict is empty")
        return cls(kind=OnConflictKind.SYSTEM, system=text)

    def __str__(self) -> str:
        return self.system if self.system is not None else str(self.kind)


@dataclass(frozen=True, kw_only=True)
class SyncRule:
    """How one field is kept in step.

    `fill_blank` belongs to `from_<System>`: another System may fill the leader's blank
    ("prefer X unless blank"). `dead_band` belongs to numbers: a pushed or carried number that
    moved by less than this is not worth a write.
    """

    direction: Direction = Direction(kind=DirectionKind.TWO_WAY)
    on_conflict: OnConflict = OnConflict(kind=OnConflictKind.MANUAL)
    fill_blank: bool = False
    dead_band: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class Option:
    """One value of an enum. `order` counts from 0; on a ladder it is the rung."""

    value: str
    label: str
    order: int
    #: In words that both teams agreed on; on a ladder these are the entry criteria.
    description: str = ""
    #: The team that may move an account here (`sales`, `marketing`, ...); empty when anybody may.
    owner: str = ""


@dataclass(frozen=True, kw_only=True)
class CanonicalField:
    """One field of an account, as Tandem means it, whatever a System calls it.

    `length` is in characters; `precision` counts all digits and `scale` those after the point,
    as in Salesforce's Number(precision, scale). `minimum` and `maximum` bound what is written.
    """

    name: str
    type: FieldType
    label: str
    help: str = ""
    rule: SyncRule = field(default_factory=SyncRule)
    options: tuple[Option, ...] = ()
    #: True when the options are an ordered ladder, so that `rank` means something.
    ladder: bool = False
    length: int | None = None
    precision: int | None = None
    scale: int | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None

    def option(self, value: Value) -> Option | None:
        return next((option for option in self.options if option.value == value), None)

    def rank(self, value: Value) -> int | None:
        """The rung of a ladder's value, from 0; None for blank, unknown, or no ladder."""
        option = self.option(value) if self.ladder else None
        return option.order if option is not None else None
