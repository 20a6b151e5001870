"""What a parsed query is: a tree of frozen values that keep their place in the text."""

from dataclasses import dataclass
from typing import Literal as OneOf


@dataclass(frozen=True, slots=True)
class Name:
    """A word of the query, dotted for a path, with its place (counted from 1)."""

    text: str
    line: int
    column: int

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(self.text.split("."))


LiteralKind = OneOf[
    "string", "integer", "decimal", "currency", "boolean", "null", "date", "datetime", "time", "formula"
]


@dataclass(frozen=True, slots=True)
class Literal:
    """A value in the query. `value` is text for strings and all dates, `NAME` or `NAME:n` for formulas."""

    kind: LiteralKind
    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A function with its arguments: `COUNT(Id)`, `CALENDAR_YEAR(CreatedDate)`."""

    name: Name
    args: "tuple[Name | FunctionCall | Literal, ...]"

    @property
    def function(self) -> str:
        return self.name.text.upper()


Operand = Name | FunctionCall


@dataclass(frozen=True, slots=True)
class Comparison:
    """`field = value`, and LIKE."""

    operand: Operand
    operator: OneOf["=", "!=", "<", "<=", ">", ">=", "LIKE"]
    value: Literal


@dataclass(frozen=True, slots=True)
class Membership:
    """`field IN (values)`, and NOT IN, INCLUDES, EXCLUDES."""

    operand: Operand
    operator: OneOf["IN", "NOT IN", "INCLUDES", "EXCLUDES"]
    values: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class SemiJoin:
    """`field IN (SELECT ...)`, or NOT IN: an anti-join."""

    operand: Operand
    negated: bool
    query: "Query"


@dataclass(frozen=True, slots=True)
class Not:
    """NOT of one condition."""

    condition: "Condition"


@dataclass(frozen=True, slots=True)
class Both:
    """Conditions joined by AND, or all by OR; SOQL does not mix them without parentheses."""

    operator: OneOf["AND", "OR"]
    conditions: "tuple[Condition, ...]"


Condition = Comparison | Membership | SemiJoin | Not | Both


@dataclass(frozen=True, slots=True)
class Item:
    """One thing selected: a field or a function, with its alias."""

    what: Operand
    alias: Name | None = None


@dataclass(frozen=True, slots=True)
class SubSelect:
    """`(SELECT Id FROM Contacts)` in a SELECT list."""

    query: "Query"


@dataclass(frozen=True, slots=True)
class TypeOf:
    """`TYPEOF What WHEN Account THEN Phone END`."""

    name: Name


@dataclass(frozen=True, slots=True)
class Source:
    """What stands after FROM, with its alias."""

    name: Name
    alias: Name | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """One key of ORDER BY."""

    what: Operand
    descending: bool = False
    nulls_last: bool = False


@dataclass(frozen=True, slots=True)
class Grouping:
    """GROUP BY, plain or with subtotals (`ROLLUP`, `CUBE`)."""

    keys: tuple[Operand, ...]
    subtotals: Name | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """A whole query. `text` is the outermost statement: errors show an excerpt of it."""

    text: str
    select: tuple[Item | SubSelect | TypeOf, ...]
    sources: tuple[Source, ...]
    scope: Name | None = None
    where: Condition | None = None
    security: Name | None = None
    group: Grouping | None = None
    having: Condition | None = None
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int | None = None
