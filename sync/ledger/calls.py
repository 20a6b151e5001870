"""The API calls of the day, whichever command made them: the share of it is one for all of Tandem's processes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, insert, select

from sync.ledger.database.tables import allowances, calls
from sync.ledger.database.transactions import Store, upsert

#: A rolling day, and one of any time zone that has begun before it.
_KEPT = timedelta(hours=49)
_DAY = timedelta(hours=24)
#: A call counts as made at the end of its minute, so that none is forgotten before its day is over.
_MINUTE = timedelta(seconds=59, microseconds=999_999)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What a System allows in a day, as it last said, and Tandem's share of it."""

    system: str
    calls: int
    share: float
    #: When its day ends; None: it counts over the last 24 hours.
    resets_at: datetime | None = None

    @property
    def ours(self) -> int:
        """Calls that Tandem may make in a day."""
        return int(self.share * self.calls)

    def day_began(self, now: datetime) -> datetime:
        """From when on calls count that were made until now."""
        if self.resets_at is None:
            return now - _DAY
        days = (now - self.resets_at) // _DAY
        return self.resets_at + days * _DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class CallsOfTheDay:
    """How much of its share of a System's day Tandem has used."""

    allowance: Allowance
    used: int


class Calls:
    """Counted by the minute. Adding to them needs no lease: it is done beside a Run."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def count(self, system: str, made: int) -> list[tuple[datetime, int]]:
        """Add calls that were made just now. Answers with all of the last two days, oldest first."""
        now = self._store.clock()
        minute = now.replace(second=0, microsecond=0)
        with self._store.leasing() as connection:
            if made:
                upsert(
                    connection,
                    calls,
                    [{"system": system, "minute": minute, "calls": made}],
                    change=_added,
                )
                connection.execute(delete(calls).where(calls.c.minute < now - _KEPT))
            return [
                (row.minute + _MINUTE, row.calls)
                for row in connection.execute(
                    select(calls).where(calls.c.system == system).order_by(calls.c.minute)
                )
            ]

    def learn(self, allowance: Allowance) -> None:
        """This is what the System says."""
        row = {
            "system": allowance.system,
            "calls": allowance.calls,
            "share": allowance.share,
            "resets_at": allowance.resets_at,
        }
        with self._store.leasing() as connection:
            connection.execute(delete(allowances).where(allowances.c.system == allowance.system))
            connection.execute(insert(allowances), row)

    def of_the_day(self) -> Sequence[CallsOfTheDay]:
        """Of each System that said what it allows."""
        now = self._store.clock()
        with self._store.reading() as connection:
            told = [Allowance(**row._mapping) for row in connection.execute(select(allowances))]  # noqa: SLF001
            made = connection.execute(select(calls)).all()
        return [
            CallsOfTheDay(
                allowance=one,
                used=sum(
                    row.calls
                    for row in made
                    if row.system == one.system and row.minute + _MINUTE > one.day_began(now)
                ),
            )
            for one in sorted(told, key=lambda one: one.system)
        ]


def move_calls(connection: Connection, old: str, new: str) -> None:
    """Calls that were made to ``old`` were made to ``new``."""
    made = connection.execute(select(calls).where(calls.c.system == old)).all()
    rows = [{"system": new, "minute": row.minute, "calls": row.calls} for row in made]
    upsert(connection, calls, rows, change=_added)
    connection.execute(delete(calls).where(calls.c.system == old))
    if (
        connection.scalars(select(allowances.c.calls).where(allowances.c.system == old)).one_or_none()
        is not None
    ):
        connection.execute(delete(allowances).where(allowances.c.system == new))


def _added(new: Any) -> dict[str, ColumnElement[Any]]:
    return {"calls": calls.c.calls + new.calls}
