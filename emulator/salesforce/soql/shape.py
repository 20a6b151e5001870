"""From rows to the records of an answer: `attributes`, nested parents, child lists, labels."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from emulator.salesforce.soql.catalogue import FieldInfo, Row
from emulator.salesforce.soql.scope import Read, Scope
from emulator.salesforce.soql.tree import FunctionCall, Item, Name, Query, SubSelect, TypeOf

#: rows of one answer whose SELECT has FIELDS(ALL) or FIELDS(CUSTOM)
MOST_ROWS_OF_FIELDS = 200

Record = dict[str, Any]
#: makes the child list of each parent row: (sub-select) -> (parent row -> records or None)
Children = Callable[[SubSelect], Callable[[Row], Any]]


def attributes(object_name: str, record_id: str, version: str, *, shown_as: str | None = None) -> Record:
    """The `attributes` of one record."""
    url = f"/services/data/v{version}/sobjects/{object_name}/{record_id}"
    return {"type": shown_as or object_name, "url": url}


@dataclass(slots=True)
class _Level:
    """What is selected of one object on the path, in the order of its first mention."""

    values: dict[str, Read | FieldInfo] = field(default_factory=dict)
    parents: "dict[str, _Level]" = field(default_factory=dict)


class Shape:
    """The SELECT of a plain query, compiled: turns a row into its record, or into the cells of a table."""

    def __init__(self, scope: Scope, query: Query, *, version: str, children: Children) -> None:
        self._scope = scope
        self._version = version
        self._children = children
        self._top = _Level()
        #: dotted names and readers, for answers that are tables (Bulk); child lists are not among them
        self.columns: dict[str, Read] = {}
        self._seen: set[str] = set()
        for part in query.select:
            self._add(part, query)

    def record(self, row: Row) -> Record:
        return self._record(self._scope.info.name, row, self._top, None)

    def cells(self, row: Row) -> list[Any]:
        return [read(row) for read in self.columns.values()]

    def _record(self, object_name: str, row: Row, level: _Level, shown_as: str | None) -> Record:
        record: Record = {"attributes": attributes(object_name, row["Id"], self._version, shown_as=shown_as)}
        for key, what in level.values.items():
            record[key] = self._nested(row, key, what, level) if isinstance(what, FieldInfo) else what(row)
        return record

    def _nested(self, row: Row, relationship: str, reference: FieldInfo, level: _Level) -> Record | None:
        found = self._scope.parent(row, reference)
        if found is None:
            return None
        object_name, parent = found
        shown_as = "Name" if len(reference.reference_to) > 1 else None
        return self._record(object_name, parent, level.parents[relationship], shown_as)

    def _add(self, part: Item | SubSelect | TypeOf, query: Query) -> None:
        match part:
            case SubSelect():
                relationship = self._relationship(part)
                self._top.values[relationship] = self._children(part)
            case TypeOf():
                self._scope.fail(
                    part.name, "TYPEOF is not among the functions that this server can do", "MALFORMED_QUERY"
                )
            case Item(what=FunctionCall(function="FIELDS") as call):
                self._add_all(call, query)
            case Item(what=Name() as name):
                if part.alias:
                    self._scope.fail(
                        part.alias, "only aggregate expressions use field aliasing", "MALFORMED_QUERY"
                    )
                self._add_field(name)
            case Item(what=FunctionCall() as call):
                self._add_call(call, part.alias)

    def _relationship(self, part: SubSelect) -> str:
        source = part.query.sources[0].name
        child = self._scope.info.child(source.parts[-1])
        return child.relationship_name if child else source.text

    def _once(self, at: Name | FunctionCall, key: str) -> None:
        if key.lower() in self._seen:
            self._scope.fail(at, f"duplicate field selected: {key}")
        self._seen.add(key.lower())

    def _add_field(self, name: Name) -> None:
        column = self._scope.column(name)
        level = self._top
        for step in column.path:
            relationship = step.relationship_name or step.name
            level.values.setdefault(relationship, step)
            level = level.parents.setdefault(relationship, _Level())
        dotted = ".".join([*(step.relationship_name or "" for step in column.path), column.field.name])
        self._once(name, dotted)
        self.columns[dotted] = column.read
        own = column.field.name
        level.values[own] = lambda row: row.get(own)

    def _add_all(self, call: FunctionCall, query: Query) -> None:
        group = call.args[0].text.upper() if isinstance(call.args[0], Name) else ""
        if len(call.args) != 1 or group not in {"ALL", "STANDARD", "CUSTOM"}:
            self._scope.fail(call, f"Invalid function: {call.name.text}", "MALFORMED_QUERY")
        if group != "STANDARD" and (query.limit is None or query.limit > MOST_ROWS_OF_FIELDS):
            self._scope.fail(
                call,
                f"The SOQL FIELDS function must have a LIMIT of at most {MOST_ROWS_OF_FIELDS}",
                "MALFORMED_QUERY",
            )
        for info in self._scope.info.fields:
            if group == "ALL" or info.custom == (group == "CUSTOM"):
                self._add_field(Name(info.name, call.name.line, call.name.column))

    def _add_call(self, call: FunctionCall, alias: Name | None) -> None:
        inner: Any = call
        while isinstance(inner, FunctionCall) and inner.function in _PRESENTATION and len(inner.args) == 1:
            inner = inner.args[0]
        if not isinstance(inner, Name):
            self._scope.fail(call, f"Invalid function: {call.name.text}", "MALFORMED_QUERY")
        column = self._scope.column(inner)
        if call.function == "CONVERTCURRENCY" and column.field.type != "currency":
            self._scope.fail(call, f"field {column.field.name} does not support convertCurrency")
        key = alias.text if alias else column.field.name
        self._once(call, key)
        present, read = _PRESENTATION[call.function](column.field), column.read
        self._top.values[key] = self.columns[key] = lambda row: present(read(row))


def _label(info: FieldInfo) -> Callable[[Any], Any]:
    labels = dict(info.picklist)
    return lambda value: labels.get(value, value)


_PRESENTATION: Mapping[str, Callable[[FieldInfo], Callable[[Any], Any]]] = {
    "TOLABEL": _label,
    "FORMAT": lambda _info: lambda value: None if value is None else str(value),
    "CONVERTCURRENCY": lambda _info: lambda value: value,
}


def children_by_parent(rows: Iterable[Row], reference: str) -> dict[str, list[Row]]:
    """Rows by the id of the parent that they point to."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        parent = row.get(reference)
        if parent:
            found.setdefault(parent, []).append(row)
    return found


def listed(records: Sequence[Record]) -> Record | None:
    """A child list as the REST API prints it: null when it is empty."""
    return {"totalSize": len(records), "done": True, "records": list(records)} if records else None
