"""Write the values of one record over themselves: the proof that the connected user may write these fields.

A blank cannot be written over itself, and any value in its place could be taken for real: by a flow, by a report, by
the person who has the record open. So it is tried on a record alone that a person named for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from connector.base import Connector, NativeRecord, NativeValue, RowUpdate, WriteResult
from connector.errors import ConnectorError
from mappings.fields import FieldType
from mappings.model import DesiredField
from provision.fields.compare import writes
from provision.fields.survey import Survey
from sync.errors import DefinitionsRefused
from sync.ledger.ledger import Ledger
from sync.model.definitions import ProbeMarks
from sync.model.records import SystemName

#: What stands in a blank text while it is probed.
MARK = "tandem-probe"
#: What stands in a blank date; the CRMs spell the rest of a moment in their own ways.
_DAY = "2000-01-01"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What was tried on which record."""

    system: str
    object: str
    #: None where the System has no record to try it on.
    record: str | None
    #: Fields whose own value was written back.
    rewritten: tuple[str, ...] = ()
    #: Blank fields of the test record that held a marked value for a moment.
    marked: tuple[str, ...] = ()
    #: Fields of which it is not proven that they may be written.
    untried: tuple[str, ...] = ()


def probe(connector: Connector, found: Survey, ledger: Ledger, *, test_record: str | None = None) -> Probe:
    """Write every field that is synced on one record. A value is written over itself; a blank is left alone, unless a
    person named a record to test with: there it is marked and cleared.

    What is marked stands in the ledger before it is written, so that whoever comes after a crash can take it back
    (:func:`take_back`). ``DefinitionsRefused`` where a field could not be written, or where a mark could not be taken
    back; then it says what to clear by hand. Costs one page of records, one read and one or two writes.
    """
    system, object = SystemName(connector.name), found.schema.object
    take_back(connector, ledger)
    wanted = {
        field.name: field
        for field in found.mapping.definitions(system)
        if field.name in found.schema.fields and writes(found.mapping, system, field.canonical)
    }
    if test_record is None:
        record = _fullest(connector, object, list(wanted))
    else:
        record = _named(connector, object, list(wanted), test_record)
    if record is None:
        return Probe(system=system, object=object, record=None, untried=tuple(wanted))
    own = {name: value for name in wanted if not _is_blank(value := record.values.get(name))}
    marks = {
        name: mark
        for name, field in wanted.items()
        if test_record is not None and name not in own and (mark := _mark(field)) is not None
    }
    where = f"{system} {object} {record.id}"
    if marks:
        ledger.fields.keep_marks(system, ProbeMarks(object=object, record=record.id, marks=marks))
    error: DefinitionsRefused | None = None
    overtaken = False
    try:
        if own or marks:
            result = _write(connector, object, record.id, {**own, **marks}, unless_after=record.modified_at)
            error, overtaken = _refused(where, result), result.overtaken
    finally:
        # Unless the write was refused, and with it every mark, none must stay, also where its answer was lost.
        if marks:
            if error is None and not overtaken:
                _clear(connector, object, record.id, list(marks), where)
            ledger.fields.forget_marks(system)
    if error is not None:
        raise error
    if overtaken:
        # Somebody has just edited it; what was read of it must not be written over that.
        own, marks = {}, {}
    return Probe(
        system=system,
        object=object,
        record=record.id,
        rewritten=tuple(own),
        marked=tuple(marks),
        untried=tuple(name for name in wanted if name not in own and name not in marks),
    )


def _named(connector: Connector, object: str, fields: Sequence[str], id: str) -> NativeRecord:
    record = connector.read(object, fields, [id]).get(id)
    if record is None:
        raise DefinitionsRefused(
            f"{connector.name} has no {object} {id} that the connected user sees, to test with",
            remedy=f"Name another record: --probe-record {connector.name}=ID",
        )
    return record


def take_back(connector: Connector, ledger: Ledger) -> None:
    """Clear what a probe that died left in a record, but for what somebody has changed since. No call where nothing
    was left."""
    left_behind = ledger.fields.marks(SystemName(connector.name))
    if left_behind is None:
        return
    object, id, marks = left_behind.object, left_behind.record, left_behind.marks
    there = connector.read(object, list(marks), [id]).get(id)
    left = [name for name, mark in marks.items() if there and _holds(there.values.get(name), mark)]
    if left:
        _clear(connector, object, id, left, f"{connector.name} {object} {id}")
    ledger.fields.forget_marks(SystemName(connector.name))


def _fullest(connector: Connector, object: str, fields: Sequence[str]) -> NativeRecord | None:
    """Of one page of records the one with the fewest blanks, as it stands right now: the less is marked the better."""
    for page in connector.changes(object, fields, None):
        if page.records:
            chosen = min(
                page.records, key=lambda one: sum(_is_blank(one.values.get(name)) for name in fields)
            )
            return connector.read(object, fields, [chosen.id]).get(chosen.id)
    return None


def _is_blank(value: NativeValue) -> bool:
    return value is None or value == ""


def _mark(field: DesiredField) -> NativeValue:
    """A value that nobody takes for a real one; None where there is none such (a person's id)."""
    if field.options:
        return field.options[0].value
    if field.type is FieldType.TEXT:
        return MARK
    if field.type.is_numeric:
        return 0
    if field.type is FieldType.BOOLEAN:
        return False
    return {FieldType.DATE: _DAY, FieldType.DATETIME: f"{_DAY}T00:00:00.000+0000"}.get(field.type)


def _holds(value: NativeValue, mark: NativeValue) -> bool:
    """Whether a field still holds what it was marked with, in the CRM's spelling of it."""
    if _is_blank(value):
        return False
    if isinstance(mark, bool):
        return str(value).casefold() == str(mark).casefold()
    if isinstance(mark, int | float):
        return float(str(value)) == mark
    if str(mark).startswith(_DAY):
        return str(value).startswith(_DAY)
    return value == mark


def _write(
    connector: Connector,
    object: str,
    id: str,
    values: Mapping[str, NativeValue],
    *,
    unless_after: datetime | None = None,
) -> WriteResult:
    return connector.update(object, [RowUpdate(id=id, values=values, unless_after=unless_after)])[0]


def _clear(connector: Connector, object: str, id: str, names: Sequence[str], where: str) -> None:
    blank: NativeValue = connector.capabilities.blank
    try:
        refusal = _write(connector, object, id, dict.fromkeys(names, blank)).refusal
    except ConnectorError as error:
        told = str(error)
    else:
        if refusal is None:
            return
        told = refusal.message
    raise DefinitionsRefused(
        f"{where}: a marked value was written and could not be taken back: {told}",
        remedy=f"Run the same command again, or clear these fields of the record by hand: {', '.join(names)}.",
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
