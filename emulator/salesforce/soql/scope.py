"""Which object and field a name in a query means, and how its value is read from a row."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from emulator.salesforce.soql.catalogue import Catalogue, FieldInfo, ObjectInfo, Row
from emulator.salesforce.soql.dates import FUNCTIONS as DATE_FUNCTIONS
from emulator.salesforce.soql.errors import (
    NO_SUCH_COLUMN,
    NO_SUCH_OBJECT,
    NO_SUCH_RELATIONSHIP,
    SoqlError,
    located,
)
from emulator.salesforce.soql.tree import FunctionCall, Name, Operand, Query, Source

#: relationships that one path may follow upwards (SOQL reference: Relationship Query Limitations)
DEEPEST_PATH = 5

Read = Callable[[Row], Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A resolved name: the field it ends at, the references on the way, and how to read its value."""

    field: FieldInfo
    #: the entity that has the field
    entity: str
    #: (reference field, relationship name as the schema spells it), outermost first
    path: tuple[FieldInfo, ...]
    read: Read


class Scope:
    """One FROM: resolves names against its object, and raises Salesforce's errors with their place."""

    def __init__(self, catalogue: Catalogue, info: ObjectInfo, *, query: Query, source: Source) -> None:
        self.catalogue = catalogue
        self.info = info
        self.text = query.text
        self._prefixes = {info.name.lower()}
        if source.alias:
            self._prefixes.add(source.alias.text.lower())

    def fail(self, at: Operand, message: str, code: str = "INVALID_FIELD") -> NoReturn:
        name = at.name if isinstance(at, FunctionCall) else at
        raise located(code, self.text, name.line, name.column, message)

    def column(self, name: Name) -> Column:
        """The field that a path ends at; INVALID_FIELD when a step of it is missing or invisible."""
        parts = list(name.parts)
        if len(parts) > 1 and parts[0].lower() in self._prefixes and not self.info.parent(parts[0]):
            parts.pop(0)
        if len(parts) - 1 > DEEPEST_PATH:
            self.fail(
                name,
                f"The relationship path has {len(parts) - 1} levels, the maximum is {DEEPEST_PATH}",
                "MALFORMED_QUERY",
            )
        entities = [self.info]
        path: list[FieldInfo] = []
        for part in parts[:-1]:
            references = [found for entity in entities if (found := entity.parent(part))]
            if not references:
                self.fail(name, NO_SUCH_RELATIONSHIP.format(name=part, place="field path"))
            path.append(references[0])
            entities = [
                entity for target in references[0].reference_to if (entity := self.catalogue.object(target))
            ]
        for entity in entities:
            field = entity.field(parts[-1])
            if field:
                return Column(
                    field=field, entity=entity.name, path=tuple(path), read=self._reader(path, field.name)
                )
        entity_name = entities[0].name if entities else "Name"
        return self.fail(name, NO_SUCH_COLUMN.format(field=parts[-1], entity=entity_name))

    def _reader(self, path: list[FieldInfo], field: str) -> Read:
        if not path:
            return lambda row: row.get(field)
        steps = tuple(path)

        def through_parents(row: Row) -> Any:
            at = row
            for step in steps:
                found = self.parent(at, step)
                if found is None:
                    return None
                at = found[1]
            return at.get(field)

        return through_parents

    def parent(self, row: Row, reference: FieldInfo) -> tuple[str, Row] | None:
        """The object and the row that a reference points to."""
        record_id = row.get(reference.name)
        if not record_id:
            return None
        for target in reference.reference_to:
            found = self.catalogue.by_id(target, record_id)
            if found is not None:
                return target, found
        return None

    def date_function(self, call: FunctionCall) -> tuple[Column, Read]:
        """`CALENDAR_YEAR(CloseDate)` and its kin."""
        inner = call.args[0] if len(call.args) == 1 else None
        if isinstance(inner, FunctionCall) and inner.function == "CONVERTTIMEZONE" and len(inner.args) == 1:
            inner = inner.args[0]
        if call.function not in DATE_FUNCTIONS or not isinstance(inner, Name):
            self.fail(call, f"Invalid function: {call.name.text}", "MALFORMED_QUERY")
        column = self.column(inner)
        if column.field.type not in {"date", "datetime"}:
            self.fail(call, f"field {column.field.name} does not support function {call.function}")
        compute, read = DATE_FUNCTIONS[call.function], column.read

        def computed(row: Row) -> Any:
            value = read(row)
            return None if value is None else compute(value)

        return column, computed

    def value(self, operand: Operand) -> Read:
        """How to read a field or a date function from a row."""
        return self.column(operand).read if isinstance(operand, Name) else self.date_function(operand)[1]


def open_scope(catalogue: Catalogue, query: Query) -> Scope:
    """The scope of a whole query; INVALID_TYPE when its object is missing or invisible."""
    source, *others = query.sources
    if others:
        raise SoqlError(
            "MALFORMED_QUERY", "Only one object may stand after FROM: follow relationships instead"
        )
    info = catalogue.object(source.name.text)
    if info is None:
        message = NO_SUCH_OBJECT.format(name=source.name.text)
        raise located("INVALID_TYPE", query.text, source.name.line, source.name.column, message)
    return Scope(catalogue, info, query=query, source=source)
