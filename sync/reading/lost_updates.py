"""Edits that slipped in between our read and our write, and were written over unseen.

Some CRMs tell, in the call that writes, what stood there a moment before. Others keep every value that a field had,
and are asked for it with the next reading. What is found is kept with the Record and decided by the field's rule as if
it had been seen in time; docs/contribute/races.md has the whole story.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise

from connector.base import NativeRecord, Version
from sync.core.diff import Why
from sync.core.landing import SKEW, is_ours
from sync.core.plan import Change
from sync.ledger.ledger import Ledger
from sync.model.journal import Event, FieldWrite, Write
from sync.model.records import TANDEM_ID, Covered, LinkId, Record, RecordState, SystemName, Value
from sync.model.spelling import Spelling
from sync.model.users import UserDirectory
from sync.system_session import SystemSession

#: In place of a value that says nothing here; whoever entered it meant nobody but that CRM.
_NO_MEANING = object()
#: Writes that are looked up at a time.
_CHUNK = 500


def seen_before(
    changes: Sequence[Change], before: NativeRecord, spelling: Spelling, acting_as: str | None
) -> dict[str, Covered]:
    """What these Changes covered: what stood there right before them was neither what they meant to replace nor what
    they wrote. What somebody entered right before an undo put the same back is an edit as well: what an undo puts back
    is settled as nobody's word. ``before``: the record as the CRM told it in the call that wrote."""
    values = spelling.translator.read(before.values, spelling.users).values
    return {
        change.field: Covered(
            value=values[change.field],
            instead_of=change.expected,
            at=before.modified_at,
            by=before.modified_by,
            undo=change.why is Why.UNDONE,
        )
        for change in changes
        if change.field != TANDEM_ID
        and change.field in values
        and values[change.field] != change.expected
        and (
            values[change.field] not in {change.value, spelling.shows(change.field, change.value)}
            or (change.why is Why.UNDONE and before.modified_by not in {None, acting_as})
        )
    }


def there_already(changes: Sequence[Change], before: NativeRecord, spelling: Spelling) -> dict[str, Value]:
    """Fields in which a Change found the value there already that it was to bring, in place of the one it expected;
    none of an undo (``seen_before``)."""
    values = spelling.translator.read(before.values, spelling.users).values
    return {
        change.field: values[change.field]
        for change in changes
        if change.field != TANDEM_ID
        and change.why is not Why.UNDONE
        and change.field in values
        and values[change.field] != change.expected
        and values[change.field] in {change.value, spelling.shows(change.field, change.value)}
    }


def look_up(ledger: Ledger, sessions: Mapping[SystemName, SystemSession]) -> int:
    """Ask the CRMs' histories about writes that were not looked up yet; returns how many edits they had covered.

    A write to a record that the answer leaves out stays on the list for the next Run.
    """
    count = 0
    for system, session in sessions.items():
        last = 0
        while writes := ledger.writes.unchecked(system, _CHUNK, after=last):
            count += _look_up(ledger, session, writes)
            last = writes[-1].id
    return count


def _look_up(ledger: Ledger, session: SystemSession, writes: Sequence[Write]) -> int:
    written = {write.native_id for write in writes if write.native_id is not None}
    # What was merged away since answers under its survivor's id, and so did a write that came too late.
    survivors = ledger.accounts.survivors(session.name, written)
    ids = sorted({survivors.get(id, id) for id in written})
    names = sorted({name for write in writes for name in write.fields if name != TANDEM_ID})
    native = {name: session.system.fields[name].name for name in names if name in session.system.fields}
    asked = sorted(native.values())
    kept = session.connector.history(session.system.account_object, asked, ids) if asked else {}
    records = ledger.accounts.records(session.name, ids)
    copies = _copies(ledger, writes)
    undos = ledger.runs.undos(write.run_id for write in writes)
    events: list[Event] = []
    changed: dict[str, Record] = {}
    looked_up: list[int] = []
    for write in writes:
        id = survivors.get(write.native_id or "", write.native_id or "")
        record = changed.get(id) or records.get(id)
        if asked and _waits(record, told=id in kept):
            continue
        looked_up.append(write.id)
        if record is None:
            continue
        covered = {
            name: replace(
                edit,
                copies=tuple(
                    each for each in copies[write.run_id, write.link_id, name] if each != write.system
                ),
            )
            for name, edit in _covered(
                write,
                kept.get(record.id, {}),
                native,
                session,
                undo=write.run_id in undos,
                settled=_settled_elsewhere(write, record),
            )
            if record.id == write.native_id or _stands(write, record, name, session.spelling)
        }
        if record.link_id != write.link_id:
            covered = {name: _elsewhere(edit, record, name) for name, edit in covered.items()}
        if covered:
            changed[record.id] = replace(record, covered={**record.covered, **covered})
            events += _events(write, covered, session.directory)
    ledger.writes.check(looked_up, records=changed.values(), events=events)
    return len(events)


def _copies(ledger: Ledger, writes: Sequence[Write]) -> dict[tuple[str, str, str], tuple[str, ...]]:
    """The Systems to which a Run wrote a field of an account, by Run, Link and field."""
    runs = {write.run_id for write in writes}
    copies: dict[tuple[str, str, str], tuple[str, ...]] = {}
    for write in ledger.writes.of_links({write.link_id for write in writes}):
        if write.run_id in runs:
            for name in write.fields:
                key = (write.run_id, write.link_id, name)
                copies[key] = (*copies.get(key, ()), write.system)
    return copies


def _waits(record: Record | None, *, told: bool) -> bool:
    """Is the next Run to look again? The CRM did not tell of a record that is there, or it told of one that was not
    read yet: a merge has just made it."""
    if record is None:
        return told
    return not told and record.state is RecordState.PRESENT


def _stands(write: Write, record: Record, name: str, spelling: Spelling) -> bool:
    """Is what we wrote still there, in the record that has taken in the written one? Else whoever merged them has kept
    something else, and nobody's edit is covered by us any more."""
    wrote = write.fields[name].value
    return record.current.get(name, _NO_MEANING) in (wrote, spelling.shows(name, wrote))


def _settled_elsewhere(write: Write, record: Record) -> Mapping[str, Value]:
    """What was settled in this record for an account that the write was not meant for, and is not on its way there: the
    write came after a merge. Nothing where it was meant for this account."""
    if record.link_id == write.link_id:
        return {}
    return {name: value for name, value in record.observed.items() if name not in record.echo}


def _elsewhere(edit: Covered, record: Record, name: str) -> Covered:
    """The edit as the account sees it that the record belongs to now; the write was another one's."""
    return replace(edit, instead_of=record.observed.get(name, edit.instead_of))


def _covered(
    write: Write,
    kept: Mapping[str, Sequence[Version]],
    native: Mapping[str, str],
    session: SystemSession,
    *,
    undo: bool,
    settled: Mapping[str, Value],
) -> Iterator[tuple[str, Covered]]:
    for name, field in write.fields.items():
        if name not in native:
            continue
        spelled = native[name]
        read = partial(session.spelling.translator.read, users=session.directory)
        versions = [
            (version, read({spelled: version.value}).values.get(name, _NO_MEANING))
            for version in kept.get(spelled, ())
        ]
        shown = session.spelling.shows(name, field.value)
        edit = _before_ours(
            write,
            field,
            shown,
            versions,
            session.acting_as,
            undo=undo,
            settled=settled.get(name, _NO_MEANING),
        )
        if edit is not None:
            yield name, edit


def _before_ours(
    write: Write,
    field: FieldWrite,
    shown: Value,
    versions: Sequence[tuple[Version, Value | object]],
    acting_as: str | None,
    *,
    undo: bool = False,
    settled: Value | object = _NO_MEANING,
) -> Covered | None:
    """The edit that our own version replaced, where that is not what it was meant to replace. Only writes of ours may
    have followed: whoever edited the field since did so knowing what we wrote. What an undo was to put back, and
    somebody had entered a moment before, is an edit too; a CRM may have kept no version of ours then. So is what
    somebody entered once more that the undo was to replace: an undo takes back nothing but what Tandem wrote.
    ``settled``: what another account, for which the write was not meant, had settled there; to that it is nobody's
    word, whoever had brought it."""
    if undo and len(versions) > 1 and not is_ours(versions[0][0], acting_as):
        (entered, value), (_, replaced) = versions[:2]
        if (
            value in {shown, field.value}
            and replaced == field.expected != value
            and isinstance(value, str | None)
        ):
            return Covered(
                value=value, instead_of=field.expected, at=entered.at, by=entered.author, undo=True
            )
    for number, ((version, value), (earlier, replaced)) in enumerate(pairwise(versions), 1):
        if not _of_this_write(version, write, acting_as):
            return None
        if value in {shown, field.value}:
            as_written = replaced in {shown, field.value} and not undo
            as_expected = replaced == field.expected
            of_this_account = (as_expected and not undo) or is_ours(earlier, acting_as)
            known = as_written or (of_this_account and replaced != settled)
            if known or not (replaced is None or isinstance(replaced, str)):
                return None
            # Where the row was sent more than once, what was edited may be what its first sending had brought.
            sent_before = any(
                value in {shown, field.value} and _of_this_write(version, write, acting_as)
                for version, value in versions[number:]
            )
            # What an undo was to replace and somebody entered once more counts as entered upon what it put back.
            instead_of = field.value if sent_before or (undo and as_expected) else field.expected
            return Covered(value=replaced, instead_of=instead_of, at=earlier.at, by=earlier.author, undo=undo)
    return None


def _of_this_write(version: Version, write: Write, acting_as: str | None) -> bool:
    return is_ours(version, acting_as) and version.at >= write.intended_at - SKEW


def _events(write: Write, covered: Mapping[str, Covered], directory: UserDirectory) -> Iterator[Event]:
    for name, edit in covered.items():
        yield event(
            write.link_id, write.system, write.run_id, name, edit, write.fields[name].value, directory
        )


def event(
    link_id: LinkId,
    system: SystemName,
    run_id: str,
    name: str,
    edit: Covered,
    wrote: Value,
    directory: UserDirectory,
) -> Event:
    """What the timeline of the value says about it."""
    return Event(
        kind="covered",
        link_id=link_id,
        system=system,
        field=name,
        run_id=run_id,
        old=edit.value,
        new=wrote,
        by=directory.writer(edit.by),
        note="edited between reading and writing; put back to be decided",
        at=edit.at,
    )
