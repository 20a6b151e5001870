"""Runs a query: the order of its clauses, from the rows of a catalogue to an answer."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from emulator.salesforce.soql.access import candidates, enough
from emulator.salesforce.soql.aggregate import FUNCTIONS, Aggregation, Group, is_aggregate
from emulator.salesforce.soql.catalogue import Catalogue, FieldInfo, Row
from emulator.salesforce.soql.errors import NO_SUCH_RELATIONSHIP, SoqlError, located
from emulator.salesforce.soql.filters import Compared, Filters, where_operand
from emulator.salesforce.soql.ordering import SortKey, sort
from emulator.salesforce.soql.parser import parse
from emulator.salesforce.soql.scope import Scope, open_scope
from emulator.salesforce.soql.shape import Record, Shape, children_by_parent, listed
from emulator.salesforce.soql.tree import (
    Both,
    Condition,
    FunctionCall,
    Item,
    Name,
    Order,
    Query,
    SemiJoin,
    SubSelect,
)

#: rows that OFFSET may skip (SOQL reference: OFFSET)
MOST_OFFSET = 2_000
#: semi-joins and anti-joins of one query (SOQL reference: Comparison Operators)
MOST_SEMI_JOINS = 2

_SCOPES = frozenset({"everything", "mine", "my_territory", "my_team_territory", "team", "delegated"})
_MODES = frozenset({"SECURITY_ENFORCED", "USER_MODE", "SYSTEM_MODE"})


@dataclass(frozen=True, kw_only=True, slots=True)
class QueryAnswer:
    """What a query found. Records are made when they are asked for, so that pages cost what they show."""

    object_name: str
    total_size: int
    #: dotted names of the plain fields, for answers that are tables; empty for aggregates
    columns: tuple[str, ...]
    _found: list[Any]
    _record: Callable[[Any], Record]
    _cells: Callable[[Any], list[Any]]

    def records(self, start: int = 0, stop: int | None = None) -> list[Record]:
        """Records from `start` up to but without `stop`."""
        return [self._record(each) for each in self._found[start:stop]]

    def cells(self, start: int = 0, stop: int | None = None) -> list[list[Any]]:
        """The same as rows of a table, in the order of `columns`."""
        return [self._cells(each) for each in self._found[start:stop]]


def run(catalogue: Catalogue, text: str, *, version: str = "62.0") -> QueryAnswer:
    """Answer one statement; `version` only goes into the records' URLs.

    Raises `SoqlError` with Salesforce's code and message.
    """
    query = parse(text)
    scope = open_scope(catalogue, query)
    _check_bounds(query, scope)
    filters = _filters(scope)
    rows = _selected(scope, filters, query)
    if is_aggregate(query):
        return _aggregated(scope, query, rows)
    if query.having:
        raise SoqlError("MALFORMED_QUERY", "HAVING needs GROUP BY")
    shape = Shape(scope, query, version=version, children=_child_lists(scope, version))
    found = _window(query, sort(list(rows), _sort_keys(scope, query.order)))
    return QueryAnswer(
        object_name=scope.info.name,
        total_size=len(found),
        columns=tuple(shape.columns),
        _found=found,
        _record=shape.record,
        _cells=shape.cells,
    )


def _check_bounds(query: Query, scope: Scope) -> None:
    if query.limit is not None and query.limit < 0:
        raise SoqlError("MALFORMED_QUERY", f"Invalid LIMIT: {query.limit}")
    if query.offset is not None and not 0 <= query.offset <= MOST_OFFSET:
        raise SoqlError("NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is {MOST_OFFSET}")
    if query.security and query.security.text.upper() not in _MODES:
        scope.fail(query.security, f"unexpected token: '{query.security.text}'", "MALFORMED_QUERY")
    if _semi_joins(query.where) > MOST_SEMI_JOINS:
        raise SoqlError(
            "EXCEEDED_MAX_SEMIJOIN_SUBSELECTS", f"maximum {MOST_SEMI_JOINS} semi join sub-selects are allowed"
        )


def _semi_joins(condition: Condition | None) -> int:
    if isinstance(condition, Both):
        return sum(_semi_joins(part) for part in condition.conditions)
    return isinstance(condition, SemiJoin)


def _filters(scope: Scope, *, nested: bool = False) -> Filters:
    def sub_query(join: SemiJoin) -> frozenset[str]:
        if nested:
            scope.fail(join.operand, "Nesting of semi join sub-selects is not supported", "MALFORMED_QUERY")
        return _semi_join_values(scope.catalogue, join)

    return Filters(scope, resolve=lambda operand: where_operand(scope, operand), sub_query=sub_query)


def _semi_join_values(catalogue: Catalogue, join: SemiJoin) -> frozenset[str]:
    scope = open_scope(catalogue, join.query)
    item = join.query.select[0]
    what = item.what if isinstance(item, Item) else None
    if not isinstance(what, Name):
        raise SoqlError("MALFORMED_QUERY", "semi join sub-selects can only query id fields")
    column = scope.column(what)
    if column.field.type not in {"id", "reference"}:
        message = f"semi join sub-selects can only query id fields, cannot use: '{what.text}'"
        scope.fail(what, message, "MALFORMED_QUERY")
    rows = _selected(scope, _filters(scope, nested=True), join.query)
    return frozenset(value for row in rows if (value := column.read(row)))


def _selected(scope: Scope, filters: Filters, query: Query) -> Iterable[Row]:
    """The rows that pass WHERE and USING SCOPE."""
    test = filters.compile(query.where) if query.where else None
    found = candidates(scope, filters, query.where)
    rows = _scoped(scope, query.scope, found.rows) if query.scope else found.rows
    rows = rows if test is None else filter(test, rows)
    if query.limit is not None and found.ordered_by and _begins_with(scope, query, found.ordered_by):
        return enough(rows, found.ordered_by, (query.offset or 0) + query.limit)
    return rows


def _begins_with(scope: Scope, query: Query, field: str) -> bool:
    """Whether the first key of ORDER BY is this field of the object's own, ascending: LIMIT then ends the reading."""
    if not query.order or query.order[0].descending or is_aggregate(query):
        return False
    what = query.order[0].what
    if not isinstance(what, Name):
        return False
    column = scope.column(what)
    return not column.path and column.field.name == field


def _scoped(scope: Scope, asked: Name, rows: Iterable[Row]) -> Iterable[Row]:
    name = asked.text.lower()
    if name not in _SCOPES:
        raise located(
            "INVALID_QUERY_SCOPE",
            scope.text,
            asked.line,
            asked.column,
            f"The specified scope '{asked.text}' is not valid",
        )
    if name == "everything":
        return rows
    user = scope.catalogue.user_id
    return [row for row in rows if row.get("OwnerId") == user]


def _window(query: Query, found: list[Any]) -> list[Any]:
    start = query.offset or 0
    return found[start:] if query.limit is None else found[start : start + query.limit]


def _sort_keys(scope: Scope, order: tuple[Order, ...]) -> list[SortKey]:
    def resolve(order_key: Order) -> Compared:
        if isinstance(order_key.what, FunctionCall):
            if order_key.what.function in FUNCTIONS:
                scope.fail(
                    order_key.what,
                    "Ordered field must be grouped or aggregated: " + order_key.what.name.text,
                    "MALFORMED_QUERY",
                )
            column, read = scope.date_function(order_key.what)
            return Compared(read, FieldInfo(name=column.field.name, type="int"), order_key.what)
        column = scope.column(order_key.what)
        if not column.field.sortable:
            scope.fail(order_key.what, f"field '{order_key.what.text}' can not be sorted in a query call")
        return Compared(column.read, column.field, order_key.what)

    return [_sort_key(key, resolve(key)) for key in order]


def _sort_key(order: Order, compared: Compared) -> SortKey:
    return SortKey(
        read=compared.read, field=compared.field, descending=order.descending, nulls_last=order.nulls_last
    )


def _aggregated(scope: Scope, query: Query, rows: Iterable[Row]) -> QueryAnswer:
    first = query.select[0]
    if isinstance(first, Item) and isinstance(first.what, FunctionCall) and not first.what.args:
        return _counted(scope, query, rows)
    aggregation = Aggregation(scope, query)
    groups = aggregation.groups(rows)
    if query.having:
        test = Filters(scope, resolve=aggregation.resolve, sub_query=lambda _: frozenset()).compile(
            query.having, top=False
        )
        groups = [group for group in groups if test(group)]  # type: ignore[arg-type]  # reads take groups
    keys = [_sort_key(key, aggregation.resolve(key.what)) for key in query.order]
    found: list[Group] = _window(query, sort(groups, keys))
    aggregation.check_size(len(found))
    return QueryAnswer(
        object_name=scope.info.name,
        total_size=len(found),
        columns=(),
        _found=found,
        _record=aggregation.record,
        _cells=lambda _group: [],
    )


def _counted(scope: Scope, query: Query, rows: Iterable[Row]) -> QueryAnswer:
    """`SELECT COUNT() FROM ...`: a size without records."""
    if query.group or query.order:
        raise SoqlError("MALFORMED_QUERY", "COUNT() stands alone: it takes neither GROUP BY nor ORDER BY")
    total = len(_window(query, list(rows)))
    return QueryAnswer(
        object_name=scope.info.name,
        total_size=total,
        columns=(),
        _found=[],
        _record=lambda _: {},
        _cells=lambda _: [],
    )


def _child_lists(scope: Scope, version: str) -> Callable[[SubSelect], Callable[[Row], Any]]:
    """How a sub-select finds its rows: all children that pass its WHERE, by parent, once per query."""

    def compile_one(part: SubSelect) -> Callable[[Row], Any]:
        query = part.query
        source = query.sources[0]
        child = scope.info.child(source.name.parts[-1])
        info = scope.catalogue.object(child.child_object) if child else None
        if child is None or info is None:
            message = NO_SUCH_RELATIONSHIP.format(name=source.name.text, place="FROM part of query call")
            scope.fail(source.name, message, "INVALID_TYPE")
        if is_aggregate(query):
            scope.fail(source.name, "Aggregates are not allowed in a child query", "MALFORMED_QUERY")
        inner = Scope(scope.catalogue, info, query=query, source=source)
        _check_bounds(query, inner)
        shape = Shape(inner, query, version=version, children=_child_lists(inner, version))
        keys = _sort_keys(inner, query.order)
        rows = list(_selected(inner, _filters(inner), query))
        by_parent = children_by_parent(rows, child.field)

        def children_of(row: Row) -> Record | None:
            found = _window(query, sort(by_parent.get(row["Id"], []), keys))
            return listed([shape.record(each) for each in found])

        return children_of

    return compile_one
