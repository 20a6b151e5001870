"""Fields that go back and forth: two writers, people or programs, that each put back what the other wrote.

Tandem carries each edit, so it would carry them for ever. A field that was given the same value again and again within
a day is parked instead, as a Conflict for a person: nothing is written until somebody decides, however long that
takes. A computed score, which no person decides, is left as it stands until there is another one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sync.core.conflicts import SENTENCES
from sync.core.diff import Why
from sync.ledger.ledger import Ledger
from sync.model.journal import Write, WriteState
from sync.model.records import Account, LinkedField, LinkId, LinkSideValue

#: How often the same value may be written to the same field of the same Record within a day.
FLIPS = 3
WITHIN = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flipping:
    """What two writers fight over."""

    #: Fields to be parked, as (Link, field).
    parked: frozenset[LinkedField]
    #: Computed values that somebody keeps putting back.
    given: frozenset[LinkSideValue]


def flipping(
    ledger: Ledger,
    accounts: Mapping[LinkId, Account],
    now: datetime,
    *,
    pushed: Collection[str],
    pushed_within: timedelta,
) -> Flipping:
    """What fights; asked of accounts that wait for something alone. ``pushed``: fields whose values are computed;
    theirs are counted for as long as such a value is pushed at all."""
    waiting = [
        id
        for id, account in accounts.items()
        if not all(record.settled for record in account.records.values())
    ]
    since = now - max(WITHIN, pushed_within)
    often = ledger.writes.often_written(waiting, since=since, more_than=FLIPS - 1)
    writes = ledger.writes.of_links(often, since=since)
    lately = [write for write in writes if write.intended_at >= now - WITHIN]
    asked = ledger.conflicts.open_fields(waiting, reason=SENTENCES[Why.FLIP_FLOP])
    return Flipping(
        parked=asked
        | {LinkedField(link_id, name) for link_id, _, name, _ in given_again(lately) if name not in pushed},
        given=frozenset(given for given in given_again(writes) if given.field in pushed),
    )


def given_again(writes: Iterable[Write]) -> frozenset[LinkSideValue]:
    """What a Record was given ``FLIPS`` times; its last word would be written once more."""
    times = Counter(
        LinkSideValue(write.link_id, write.system, name, field.value)
        for write in writes
        if write.state is WriteState.CONFIRMED
        for name, field in write.fields.items()
    )
    return frozenset(given for given, count in times.items() if count >= FLIPS)
