"""The first Run on a ledger that was put back: it knows less than the CRMs do.

What was carried after the backup was made looks, from there, like an edit on one side; where somebody then edited the
other side back, carrying it once more would silently undo that. So both sides are heard where both records were
touched since: the field's rule decides between them, or a person does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from mappings.fields import CanonicalField, DirectionKind
from sync.ledger.database.transactions import chunks
from sync.ledger.ledger import Ledger
from sync.model.journal import Settlement
from sync.model.records import Account, Value

#: A CRM's clock and ours may differ by as much.
_SKEW = timedelta(minutes=5)


def hear_both_sides(ledger: Ledger, since: datetime, fields: Mapping[str, CanonicalField]) -> int:
    """Have both sides of each doubtful field count as edited; returns how many accounts had one. Everything has been
    read before. Once it is done the ledger is like any other.

    Scores that stand there otherwise than the ledger knows may be newer than its own, which are forgotten: what stands
    is left alone until the next import.
    """
    count = 0
    pushed = [name for name, spec in fields.items() if spec.rule.direction.kind is DirectionKind.PUSH]
    for chunk in chunks(ledger.accounts.touched_everywhere(since - _SKEW)):
        ledger.scores.forget(account.link.id for account in chunk if _moved(account, pushed))
        doubtful = list(_doubtful(chunk))
        ledger.accounts.settle(doubtful)
        count += len(doubtful)
    ledger.restored.clear()
    return count


def _moved(account: Account, names: Iterable[str]) -> bool:
    return any(
        name in record.current and record.current[name] != record.observed.get(name)
        for name in names
        for record in account.records.values()
    )


def _doubtful(accounts: Iterable[Account]) -> Iterator[Settlement]:
    for account in accounts:
        observed: dict[str, dict[str, Value]] = {}
        for name in {name for record in account.records.values() for name in record.observed}:
            moved = [
                record.current[name]
                for record in account.records.values()
                if name in record.current
                and name in record.observed
                and record.current[name] != record.observed[name]
            ]
            for system, record in account.records.items():
                stood = name in record.observed and record.current.get(name) == record.observed[name]
                if moved and stood and record.current[name] not in moved:
                    # As if it had taken over what the other side holds, and somebody had put back what stands here.
                    observed.setdefault(system, {})[name] = moved[0]
        if observed:
            yield Settlement(link_id=account.link.id, observed=observed)
