"""What a System refused, tried at once where the definitions of its fields have changed since.

Somebody added the missing option, made the field longer or gave the right to write it: whoever did should not wait a
day for the next try. Definitions are looked at only while something waits for long, and then seldom: three calls.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from connector.base import FieldDefinition, ObjectSchema
from sync.ledger.ledger import Ledger
from sync.model.definitions import DefinitionsSeen
from sync.pull import Puller

#: How often definitions are looked at; what is tried again sooner than that needs no look.
EVERY = timedelta(minutes=15)


def try_redefined(ledger: Ledger, puller: Puller, now: datetime) -> int:
    """Have what this System refused tried in this Run, where its definitions are others than when they were last
    looked at; answers with how much that is."""
    waiting = [
        item
        for item in ledger.held.list(system=puller.name)
        if item.hold.digest and item.next_try_at - now > EVERY
    ]
    before = ledger.fields.seen(puller.name)
    if not waiting or (before is not None and now - before.at < EVERY):
        return 0
    shown = _fingerprint(puller.connector.schema(puller.system.account_object), puller.system.native_names)
    ledger.fields.keep_seen(puller.name, DefinitionsSeen(at=now, digest=shown))
    if before is None or before.digest == shown:
        return 0
    ledger.held.due_at_once(item.hold for item in waiting)
    ledger.accounts.wake({item.hold.link_id for item in waiting})
    return len(waiting)


def _fingerprint(schema: ObjectSchema, names: tuple[str, ...]) -> str:
    told = [_told(schema.fields[name]) for name in sorted(names) if name in schema.fields]
    offers = sorted((name, repr(kind.offers)) for name, kind in schema.record_types.items())
    return hashlib.sha256(repr((told, offers)).encode()).hexdigest()[:16]


def _told(field: FieldDefinition) -> tuple[object, ...]:
    """What decides whether a value can be written."""
    return (
        *(field.name, field.kind, field.length, field.precision, field.scale),
        *(field.unique, field.restricted, field.writable),
        sorted(option.value for option in field.options if option.active),
    )
