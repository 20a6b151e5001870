"""GROUP BY and the aggregate functions: rows in, `AggregateResult` records out."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from emulator.salesforce.soql.catalogue import FieldInfo, Row
from emulator.salesforce.soql.errors import SoqlError
from emulator.salesforce.soql.filters import Compared
from emulator.salesforce.soql.scope import Read, Scope
from emulator.salesforce.soql.tree import FunctionCall, Item, Name, Operand, Query, SubSelect, TypeOf

FUNCTIONS = frozenset({"COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"})
#: groups of one answer; there is no queryMore for aggregates
MOST_GROUPS = 2_000

_NUMBERS = frozenset({"int", "double", "currency", "percent", "long"})
_NOT_COMPARABLE = frozenset({"boolean", "multipicklist", "textarea", "address", "location", "base64"})


@dataclass(frozen=True, slots=True)
class Group:
    """Rows with the same values of the GROUP BY keys."""

    keys: tuple[Any, ...]
    rows: list[Row]


def is_aggregate(query: Query) -> bool:
    """Whether the answer is groups rather than rows."""
    return query.group is not None or any(
        isinstance(item, Item) and isinstance(item.what, FunctionCall) and item.what.function in FUNCTIONS
        for item in query.select
    )


class Aggregation:
    """Compiles the SELECT, HAVING and ORDER BY of one aggregate query against its groups."""

    def __init__(self, scope: Scope, query: Query) -> None:
        self._scope = scope
        self._query = query
        keys = query.group.keys if query.group else ()
        if query.group and query.group.subtotals:
            scope.fail(
                query.group.subtotals,
                f"{query.group.subtotals.text.upper()} is not among the groupings that this server can do",
                "MALFORMED_QUERY",
            )
        self._keys = [self._key(key) for key in keys]
        self._outputs = self._select()

    def groups(self, rows: Iterable[Row]) -> list[Group]:
        """Without GROUP BY all rows are one group, even when there are none."""
        if not self._query.group:
            return [Group((), list(rows))]
        found: dict[tuple[Any, ...], Group] = {}
        reads = [read for _, _, read in self._keys]
        for row in rows:
            values = tuple(read(row) for read in reads)
            group = found.get(values)
            if group is None:
                group = found[values] = Group(values, [])
            group.rows.append(row)
        return list(found.values())

    def record(self, group: Group) -> dict[str, Any]:
        """The group as the REST API prints it."""
        values = {name: compute(group) for name, compute in self._outputs}
        return {"attributes": {"type": "AggregateResult"}, **values}

    def check_size(self, count: int) -> None:
        if count > MOST_GROUPS:
            raise SoqlError(
                "EXCEEDED_ID_LIMIT",
                "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch",
            )

    def resolve(self, operand: Operand) -> Compared:
        """An operand of HAVING or ORDER BY: an aggregate, or one of the keys."""
        compute, field = self._computed(operand)
        return Compared(compute, field, operand)

    def _key(self, operand: Operand) -> tuple[tuple[str, str], FieldInfo, Read]:
        if isinstance(operand, FunctionCall):
            column, read = self._scope.date_function(operand)
            kind = "date" if operand.function == "DAY_ONLY" else "int"
            return self._identity(operand), FieldInfo(name=column.field.name, type=kind), read
        column = self._scope.column(operand)
        if not column.field.groupable:
            self._scope.fail(operand, f"field '{operand.text}' can not be grouped in a query call")
        return self._identity(operand), column.field, column.read

    def _identity(self, operand: Operand) -> tuple[str, str]:
        """What makes two mentions of a key the same key: the function and the path it is about."""
        if isinstance(operand, Name):
            column = self._scope.column(operand)
            path = ".".join([*(step.name for step in column.path), column.field.name])
            return "", path
        inner = operand.args[0]
        while isinstance(inner, FunctionCall):
            inner = inner.args[0]
        return operand.function, self._identity(inner)[1] if isinstance(inner, Name) else ""

    def _computed(self, operand: Operand) -> tuple[Callable[[Any], Any], FieldInfo]:
        if isinstance(operand, FunctionCall) and operand.function in FUNCTIONS:
            return self._function(operand)
        identity = self._identity(operand)
        for place, (key, field, _) in enumerate(self._keys):
            if key == identity:
                return (lambda group, place=place: group.keys[place]), field
        text = operand.text if isinstance(operand, Name) else operand.name.text
        return self._scope.fail(operand, f"Field must be grouped or aggregated: {text}", "MALFORMED_QUERY")

    def _function(self, call: FunctionCall) -> tuple[Callable[[Any], Any], FieldInfo]:
        argument = call.args[0] if len(call.args) == 1 else None
        if not isinstance(argument, Name):
            self._scope.fail(call, f"Invalid function: {call.name.text}", "MALFORMED_QUERY")
        column = self._scope.column(argument)
        field, read = column.field, column.read
        unfit = (call.function in {"SUM", "AVG"} and field.type not in _NUMBERS) or (
            call.function in {"MIN", "MAX"} and field.type in _NOT_COMPARABLE
        )
        if unfit:
            self._scope.fail(call, f"field {field.name} does not support aggregate operator {call.function}")
        reduce = _REDUCERS[call.function]
        kind = {"COUNT": "int", "COUNT_DISTINCT": "int", "SUM": "double", "AVG": "double"}
        info = FieldInfo(name=field.name, type=kind.get(call.function, field.type), picklist=field.picklist)
        return (lambda group: reduce([value for row in group.rows if (value := read(row)) is not None])), info

    def _select(self) -> list[tuple[str, Callable[[Any], Any]]]:
        outputs: list[tuple[str, Callable[[Any], Any]]] = []
        unnamed = 0
        for item in self._query.select:
            if isinstance(item, SubSelect | TypeOf):
                raise SoqlError("MALFORMED_QUERY", "Nested queries are not allowed in aggregate queries")
            compute, field = self._computed(item.what)
            if item.alias:
                name = item.alias.text
            elif isinstance(item.what, Name):
                name = field.name
            else:
                name, unnamed = f"expr{unnamed}", unnamed + 1
            if name in dict(outputs):
                self._scope.fail(item.what, f"duplicate alias: {name}", "MALFORMED_QUERY")
            outputs.append((name, compute))
        return outputs


_REDUCERS: dict[str, Callable[[list[Any]], Any]] = {
    "COUNT": len,
    "COUNT_DISTINCT": lambda values: len({str(value).casefold() for value in values}),
    "SUM": lambda values: sum(values) if values else None,
    "AVG": lambda values: sum(values) / len(values) if values else None,
    "MIN": lambda values: min(values, key=_comparable, default=None),
    "MAX": lambda values: max(values, key=_comparable, default=None),
}


def _comparable(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value
