"""Which rows a query has to look at: all of them, or the few that an index names."""

from collections.abc import Iterable

from emulator.salesforce.soql.catalogue import Row
from emulator.salesforce.soql.filters import Compared, Filters, where_operand
from emulator.salesforce.soql.scope import Scope
from emulator.salesforce.soql.tree import Both, Comparison, Condition, Literal, Membership, Name

#: an IN list longer than this is not worth looking up one by one
MOST_LOOK_UPS = 2_000


def candidates(scope: Scope, filters: Filters, where: Condition | None) -> Iterable[Row]:
    """Rows that may pass WHERE, each once. The filter is applied to them afterwards."""
    found = _narrowed(scope, filters, where) if where is not None else None
    return scope.catalogue.rows(scope.info.name) if found is None else found


def _narrowed(scope: Scope, filters: Filters, condition: Condition) -> Iterable[Row] | None:
    match condition:
        case Both(operator="AND"):
            return _first(_narrowed(scope, filters, part) for part in sorted(condition.conditions, key=_cost))
        case Both():
            return _union([_narrowed(scope, filters, part) for part in condition.conditions])
        case Comparison(operand=Name() as name) if condition.value.kind != "formula":
            return _compared(scope, filters, name, condition)
        case Membership(operand=Name() as name, operator="IN") if _can_look_up(condition):
            return _union([_equal(scope, filters, name, literal) for literal in condition.values])
        case _:
            return None


def _first(options: Iterable[Iterable[Row] | None]) -> Iterable[Row] | None:
    return next((found for found in options if found is not None), None)


def _can_look_up(membership: Membership) -> bool:
    return len(membership.values) <= MOST_LOOK_UPS and all(
        literal.kind != "formula" for literal in membership.values
    )


def _cost(condition: Condition) -> int:
    """Equality before ranges: it leaves fewer rows."""
    if isinstance(condition, Comparison):
        return 0 if condition.operator == "=" else 2
    return 1 if isinstance(condition, Membership) else 3


def _compared(scope: Scope, filters: Filters, name: Name, comparison: Comparison) -> Iterable[Row] | None:
    if comparison.operator == "=":
        return _equal(scope, filters, name, comparison.value)
    if comparison.operator in {">", ">="}:
        return _from(scope, filters, name, comparison.value)
    return None


def _own_field(scope: Scope, name: Name) -> Compared | None:
    """The field when it is the object's own, not a parent's."""
    return None if scope.column(name).path else where_operand(scope, name)


def _equal(scope: Scope, filters: Filters, name: Name, literal: Literal) -> Iterable[Row] | None:
    compared = _own_field(scope, name)
    value = filters.literal(compared, literal) if compared else None
    if compared is None or value is None:
        return None
    if compared.field.type in {"date", "datetime"}:
        return _from(scope, filters, name, literal)
    if compared.field.name == "Id":
        row = scope.catalogue.by_id(scope.info.name, value)
        return [] if row is None else [row]
    return scope.catalogue.by_value(scope.info.name, compared.field.name, value)


def _from(scope: Scope, filters: Filters, name: Name, literal: Literal) -> Iterable[Row] | None:
    compared = _own_field(scope, name)
    if compared is None or compared.field.type not in {"date", "datetime"}:
        return None
    value = filters.literal(compared, literal)
    if value is None:
        return None
    return scope.catalogue.at_or_after(scope.info.name, compared.field.name, value)


def _union(parts: list[Iterable[Row] | None]) -> Iterable[Row] | None:
    rows: dict[str, Row] = {}
    for part in parts:
        if part is None:
            return None
        rows.update((row["Id"], row) for row in part)
    return rows.values()
