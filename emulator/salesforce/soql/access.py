"""Which rows a query has to look at: all of them, or the few that an index names."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from emulator.salesforce.soql.catalogue import Row
from emulator.salesforce.soql.filters import Compared, Filters, where_operand
from emulator.salesforce.soql.scope import Scope
from emulator.salesforce.soql.tree import Both, Comparison, Condition, Literal, Membership, Name

#: an IN list longer than this is not worth looking up one by one
MOST_LOOK_UPS = 2_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidates:
    """Rows that may pass WHERE, each once. The filter is applied to them afterwards."""

    rows: Iterable[Row]
    #: the field in whose ascending order they come, if in any
    ordered_by: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _From:
    """Rows from a stamp on: kept apart from their reading, so that the branches of an OR can share one."""

    field: str
    value: str
    rows: Iterable[Row]


_Found = Iterable[Row] | _From


def candidates(scope: Scope, filters: Filters, where: Condition | None) -> Candidates:
    """The rows that a query has to look at."""
    found = _Search(scope, filters).narrow(where) if where is not None else None
    if isinstance(found, _From):
        return Candidates(rows=found.rows, ordered_by=found.field)
    return Candidates(rows=scope.catalogue.rows(scope.info.name) if found is None else found)


class _Search:
    """Looks for the index that leaves the fewest rows."""

    def __init__(self, scope: Scope, filters: Filters) -> None:
        self._scope = scope
        self._filters = filters

    def narrow(self, condition: Condition) -> _Found | None:
        match condition:
            case Both(operator="AND"):
                options = (self.narrow(part) for part in sorted(condition.conditions, key=_cost))
                return next((found for found in options if found is not None), None)
            case Both():
                return self._union([self.narrow(part) for part in condition.conditions])
            case Comparison(operand=Name() as name) if condition.value.kind != "formula":
                return self._compared(name, condition)
            case Membership(operand=Name() as name, operator="IN") if _can_look_up(condition):
                return self._union([self._equal(name, literal) for literal in condition.values])
            case _:
                return None

    def _compared(self, name: Name, comparison: Comparison) -> _Found | None:
        if comparison.operator == "=":
            return self._equal(name, comparison.value)
        if comparison.operator in {">", ">="}:
            return self._from(name, comparison.value)
        return None

    def _own_field(self, name: Name) -> Compared | None:
        """The field when it is the object's own, not a parent's."""
        return None if self._scope.column(name).path else where_operand(self._scope, name)

    def _equal(self, name: Name, literal: Literal) -> _Found | None:
        compared = self._own_field(name)
        value = self._filters.literal(compared, literal) if compared else None
        if compared is None or value is None:
            return None
        if compared.field.type in {"date", "datetime"}:
            return self._from(name, literal)
        if compared.field.name == "Id":
            row = self._scope.catalogue.by_id(self._scope.info.name, value)
            return [] if row is None else [row]
        return self._scope.catalogue.by_value(self._scope.info.name, compared.field.name, value)

    def _from(self, name: Name, literal: Literal) -> _From | None:
        compared = self._own_field(name)
        if compared is None or compared.field.type not in {"date", "datetime"}:
            return None
        value = self._filters.literal(compared, literal)
        return None if value is None else self._from_value(compared.field.name, value)

    def _from_value(self, field: str, value: str) -> _From | None:
        rows = self._scope.catalogue.at_or_after(self._scope.info.name, field, value)
        return None if rows is None else _From(field=field, value=value, rows=rows)

    def _union(self, parts: list[_Found | None]) -> _Found | None:
        stamps = [part for part in parts if isinstance(part, _From)]
        if len(stamps) == len(parts) and len({part.field for part in stamps}) == 1:
            return self._from_value(stamps[0].field, min(part.value for part in stamps))
        rows: dict[str, Row] = {}
        for part in parts:
            if part is None:
                return None
            found = part.rows if isinstance(part, _From) else part
            rows.update((row["Id"], row) for row in found)
        return rows.values()


def _can_look_up(membership: Membership) -> bool:
    return len(membership.values) <= MOST_LOOK_UPS and all(
        literal.kind != "formula" for literal in membership.values
    )


def _cost(condition: Condition) -> int:
    """Equality before ranges: it leaves fewer rows."""
    if isinstance(condition, Comparison):
        return 0 if condition.operator == "=" else 2
    return 1 if isinstance(condition, Membership) else 3


def enough(rows: Iterable[Row], field: str, count: int) -> Iterator[Row]:
    """Rows that come in the order of `field`, up to the `count`-th and those that tie with it."""
    last: object = None
    for place, row in enumerate(rows, start=1):
        if place > count and row.get(field) != last:
            return
        last = row.get(field)
        yield row
