"""A canonical field that a System keeps in another field than before.

What was Observed in the old one says nothing about the new one, whose blanks would look as if somebody had cleared
every account.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice

from connector.base import FieldDefinition, ObjectSchema
from mappings.systems import SystemMapping
from sync.ledger.ledger import Ledger
from sync.model.definitions import DefinitionsSeen
from sync.model.records import Record, SystemName, Value
from sync.system_session import SystemSession

_CHUNK = 1000


def forget_remapped(ledger: Ledger, system: SystemMapping) -> frozenset[str]:
    """Forget what was read and settled of canonical fields that have another native field than before; they meet
    again for the first time. Answers with their names. To be called before everything is read again."""
    before = ledger.fields.native_names(SystemName(system.name))
    names = {name: native.name for name, native in system.fields.items()}
    moved = frozenset(name for name, native in names.items() if before.get(name, native) != native)
    if moved:
        records = _records_with(ledger, SystemName(system.name), moved)
        while chunk := list(islice(records, _CHUNK)):
            ledger.accounts.put(_without(record, moved) for record in chunk)
        ledger.accounts.forget_fields(SystemName(system.name), moved)
    ledger.fields.keep_native_names(SystemName(system.name), names)
    return moved


def _records_with(ledger: Ledger, system: SystemName, names: frozenset[str]) -> Iterator[Record]:
    for account in ledger.accounts.all_linked():
        record = account.records.get(system)
        if record is not None and not names.isdisjoint({*record.current, *record.observed, *record.echo}):
            yield record


def _without(record: Record, names: frozenset[str]) -> Record:
    def kept(values: Mapping[str, Value]) -> dict[str, Value]:
        return {name: value for name, value in values.items() if name not in names}

    return replace(
        record,
        current=kept(record.current),
        observed=kept(record.observed),
        echo=kept(record.echo),
        covered={name: edit for name, edit in record.covered.items() if name not in names},
        unreadable={name: why for name, why in record.unreadable.items() if name not in names},
    )


#: How often definitions are looked at; what is tried again sooner than that needs no look.
EVERY = timedelta(minutes=15)


def try_redefined(ledger: Ledger, session: SystemSession, now: datetime) -> int:
    """Have what this System refused tried in this Run, where its definitions are others than when they were last
    looked at; answers with how much that is."""
    waiting = [
        item
        for item in ledger.held.list(system=session.name)
        if item.hold.digest and item.next_try_at - now > EVERY
    ]
    before = ledger.fields.seen(session.name)
    if not waiting or (before is not None and now - before.at < EVERY):
        return 0
    shown = _fingerprint(session.connector.schema(session.system.account_object), session.system.native_names)
    ledger.fields.keep_seen(session.name, DefinitionsSeen(at=now, digest=shown))
    if before is None or before.digest == shown:
        return 0
    ledger.held.due_at_once(item.hold for item in waiting)
    ledger.accounts.mark_for_decision({item.hold.link_id for item in waiting})
    return len(waiting)


def _fingerprint(schema: ObjectSchema, names: tuple[str, ...]) -> str:
    described = [_described(schema.fields[name]) for name in sorted(names) if name in schema.fields]
    offers = sorted((name, repr(kind.offers)) for name, kind in schema.record_types.items())
    return hashlib.sha256(repr((described, offers)).encode()).hexdigest()[:16]


def _described(field: FieldDefinition) -> tuple[object, ...]:
    """What decides whether a value can be written."""
    return (
        *(field.name, field.kind, field.length, field.precision, field.scale),
        *(field.unique, field.restricted, field.writable),
        sorted(option.value for option in field.options if option.active),
    )
