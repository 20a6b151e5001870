"""After a crash: find out what became of the writes that were sent, or about to be, when the last Run died.

Nothing is repeated here. The records are read back, and the next Plan is made from what really stands there: a
write that landed is then an agreement, one that did not is planned again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sync.ledger.ledger import Ledger
from sync.ledger.writes import Confirmation, Write, WriteState
from sync.pull import Puller
from sync.records import TANDEM_ID, Record


def settle_open_writes(ledger: Ledger, pullers: Mapping[str, Puller]) -> int:
    """Settle every write whose fate is unknown; returns how many there were."""
    found = ledger.writes.open()
    by_system: dict[str, list[Write]] = {}
    for write in found:
        by_system.setdefault(write.system, []).append(write)
    for system, writes in by_system.items():
        if system in pullers:
            _settle(ledger, pullers[system], writes)
    return len(found)


def _settle(ledger: Ledger, puller: Puller, writes: Sequence[Write]) -> None:
    updated = [write for write in writes if write.native_id is not None]
    records = puller.read_again(write.native_id for write in updated if write.native_id is not None)
    created = puller.read_by_link(write.link_id for write in writes if write.native_id is None)
    ledger.writes.confirm(_confirmations(writes, records, created, puller), records=created.values())


def _confirmations(
    writes: Sequence[Write], records: Mapping[str, Record], created: Mapping[str, Record], puller: Puller
) -> Iterator[Confirmation]:
    for write in writes:
        record = records.get(write.native_id) if write.native_id is not None else created.get(write.link_id)
        landed = record is not None and _holds(record, write, puller)
        yield Confirmation(
            write_id=write.id,
            state=WriteState.CONFIRMED if landed else WriteState.SUPERSEDED,
            native_id=record.id if record is not None else None,
            unchecked=record is not None and write.native_id is not None,
        )


def _holds(record: Record, write: Write, puller: Puller) -> bool:
    """Does the record hold all that the write was to bring?"""
    return all(
        record.tandem_id == write.link_id
        if name == TANDEM_ID
        else record.current.get(name) == puller.spelling.shows(name, field.value)
        for name, field in write.fields.items()
    )
