"""Write to one record and put back what stood there: the proof that the connected user may write every field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connector.base import Connector, NativeRecord, NativeValue, RowUpdate, WriteResult
from connector.errors import ConnectorError
from mappings.fields import FieldType
from mappings.model import DesiredField
from mappings.systems import SystemKind
from sync.errors import DefinitionsRefused
from sync.provision import writes
from sync.survey import Survey

#: What stands in a blank text while it is probed.
MARK = "tandem-probe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What was tried on which record."""

    system: str
    object: str
    #: None where the System has no record to try it on.
    record: str | None
    #: Fields whose own value was written back.
    rewritten: tuple[str, ...] = ()
    #: Blank fields that held a marked value for a moment.
    marked: tuple[str, ...] = ()


def probe(connector: Connector, found: Survey) -> Probe:
    """Write every field that is synced on one record. A value is written over itself; a blank is marked and cleared.

    ``DefinitionsRefused`` where a field could not be written, or where what stood there could not be put back; then
    it says what to put back by hand. Costs one page of records and one or two writes.
    """
    system, object = connector.name, found.schema.object
    wanted = {
        field.name: field
        for field in found.mapping.definitions(system)
        if field.name in found.schema.fields and writes(found.mapping, system, field.canonical)
    }
    record = _first(connector, object, list(wanted))
    if record is None:
        return Probe(system=system, object=object, record=None)
    held = {name: record.values.get(name) for name in wanted}
    own = {name: value for name, value in held.items() if value is not None and value != ""}
    marks = {
        name: mark for name, field in wanted.items() if name not in own and (mark := _mark(field)) is not None
    }
    blank: NativeValue = "" if connector.kind == SystemKind.HUBSPOT else None
    back: dict[str, NativeValue] = {**own, **dict.fromkeys(marks, blank)}
    where = f"{system} {object} {record.id}"
    error: DefinitionsRefused | None = None
    try:
        error = _refused(where, _write(connector, object, record.id, {**own, **marks}))
    finally:
        # Whatever came of the write, a marked value must not stay.
        if marks:
            _restore(connector, object, record.id, {name: back[name] for name in marks}, where)
    if error is not None:
        raise error
    return Probe(system=system, object=object, record=record.id, rewritten=tuple(own), marked=tuple(marks))


def _first(connector: Connector, object: str, fields: Sequence[str]) -> NativeRecord | None:
    for page in connector.changes(object, fields, None):
        if page.records:
            return page.records[0]
    return None


def _mark(field: DesiredField) -> NativeValue:
    """A value that nobody takes for a real one; None where there is none such (a person's id)."""
    if field.options:
        return field.options[0].value
    if field.type is FieldType.TEXT:
        return MARK
    if field.type.is_numeric:
        return 0
    return {FieldType.DATE: "2000-01-01", FieldType.DATETIME: "2000-01-01T00:00:00.000+0000"}.get(field.type)


def _write(connector: Connector, object: str, id: str, values: dict[str, NativeValue]) -> WriteResult:
    return connector.update(object, [RowUpdate(id=id, values=values)])[0]


def _restore(connector: Connector, object: str, id: str, values: dict[str, NativeValue], where: str) -> None:
    try:
        refusal = _write(connector, object, id, values).refusal
    except ConnectorError as error:
        told = str(error)
    else:
        if refusal is None:
            return
        told = refusal.message
    raise DefinitionsRefused(
        f"{where}: a marked value was written and could not be taken back: {told}",
        remedy=f"Clear these fields of the record by hand: {', '.join(values)}.",
    )


def _refused(where: str, result: WriteResult) -> DefinitionsRefused | None:
    if result.refusal is None:
        return None
    fields = ", ".join(result.refusal.fields)
    return DefinitionsRefused(
        f"{where} refuses to be written{f' ({fields})' if fields else ''}: {result.refusal.message}",
        remedy=result.refusal.remedy
        or "Give the connected user the right that is missing, then run it again.",
    )
