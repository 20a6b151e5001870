"""Fields that go back and forth: two writers, people or programs, that each put back what the other wrote.

Tandem carries each edit, so it would carry them for ever. A field that was given the same value again and again within
a day is parked instead, as a Conflict for a person: nothing is written until somebody decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sync.ledger.ledger import Ledger
from sync.ledger.writes import Write, WriteState
from sync.records import Account

#: How often the same value may be written to the same field of the same Record within a day.
FLIPS = 3
WITHIN = timedelta(hours=24)


def flipping(ledger: Ledger, accounts: Mapping[str, Account], now: datetime) -> frozenset[tuple[str, str]]:
    """Fields to be parked, as (Link, field); asked of accounts that wait for something alone."""
    waiting = [
        id
        for id, account in accounts.items()
        if not all(record.settled for record in account.records.values())
    ]
    since = now - WITHIN
    often = ledger.writes.often_written(waiting, since=since, more_than=FLIPS - 1)
    return parked(ledger.writes.of_links(often, since=since))


def parked(writes: Iterable[Write]) -> frozenset[tuple[str, str]]:
    """The fields whose Record was given one value ``FLIPS`` times; its last word would be written once more."""
    times = Counter(
        (write.link_id, write.system, name, field.value)
        for write in writes
        if write.state is WriteState.CONFIRMED
        for name, field in write.fields.items()
    )
    return frozenset((link_id, name) for (link_id, _, name, _), count in times.items() if count >= FLIPS)
