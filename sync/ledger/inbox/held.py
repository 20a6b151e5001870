"""Held: what could not be written, why, and when it is tried again. It never stops the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, bindparam, delete, or_, select, update

from sync.ledger.database.tables import held
from sync.ledger.database.transactions import Store, chunks, upsert
from sync.model.inbox import Held, HoldReason
from sync.model.records import LinkSideField, SystemName

#: First pause, and the longest, between two tries of what a CRM refused.
_FIRST_PAUSE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(hours=24)

_ALL = select(held).order_by(held.c.first_at, held.c.link_id, held.c.system, held.c.field)
_OF_SYSTEM = _ALL.where(held.c.system == bindparam("system"))
_OF_LINKS = select(held).where(held.c.link_id.in_(bindparam("ids", expanding=True)))


def pause(attempts: int) -> timedelta:
    """How long to wait after so many refusals: a minute, doubled each time, a day at most."""
    return min(_FIRST_PAUSE * (1 << min(attempts - 1, 20)), _LONGEST_PAUSE)


class Holds:
    """The list of what could not be written."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def hold(
        self, given: Iterable[HoldReason], *, pause: Callable[[int], timedelta] = pause
    ) -> Sequence[Held]:
        """Count one more refusal for each; ``pause`` tells the wait after so many."""
        now = self._store.clock()
        by_key = {(hold.link_id, hold.system, hold.field): hold for hold in given}
        with self._store.writing() as connection:
            known = {
                (row.link_id, row.system, row.field): row
                for chunk in chunks(sorted({link_id for link_id, _, _ in by_key}))
                for row in connection.execute(_OF_LINKS, {"ids": chunk})
            }
            kept = [_counted(hold, known.get(key), now, pause) for key, hold in by_key.items()]
            upsert(connection, held, [_row_of(item) for item in kept])
        return kept

    def release(self, keys: Iterable[tuple[str, str, str]]) -> None:
        """These are written, or no longer wanted; keys are (Link id, System, field or empty)."""
        ready = list(keys)
        with self._store.writing() as connection:
            for chunk in chunks(ready, 200):
                connection.execute(
                    delete(held).where(
                        or_(
                            *(
                                and_(
                                    held.c.link_id == link_id, held.c.system == system, held.c.field == field
                                )
                                for link_id, system, field in chunk
                            )
                        )
                    )
                )

    def due_at_once(self, given: Iterable[HoldReason]) -> None:
        """Let these be tried now; their refusals stay counted."""
        now, ready = self._store.clock(), list(given)
        with self._store.writing() as connection:
            for hold in ready:
                connection.execute(
                    update(held)
                    .where(
                        held.c.link_id == hold.link_id,
                        held.c.system == hold.system,
                        held.c.field == hold.field,
                    )
                    .values(next_try_at=now)
                )

    def list(self, *, system: SystemName | None = None) -> Sequence[Held]:
        """Everything that is held, oldest first."""
        with self._store.reading() as connection:
            rows = (
                connection.execute(_ALL)
                if system is None
                else connection.execute(_OF_SYSTEM, {"system": system})
            )
            return [_held_of(row) for row in rows]

    def of_links(self, link_ids: Iterable[str]) -> dict[LinkSideField, Held]:
        """What is held of these Links, by (Link id, System, field or empty)."""
        held: dict[LinkSideField, Held] = {}
        ready = list(link_ids)
        with self._store.reading() as connection:
            for chunk in chunks(ready):
                for row in connection.execute(_OF_LINKS, {"ids": chunk}):
                    held[LinkSideField(row.link_id, row.system, row.field)] = _held_of(row)
        return held


def _counted(
    hold: HoldReason, before: Row[Any] | None, now: datetime, pause: Callable[[int], timedelta]
) -> Held:
    same = before is not None and before.digest == hold.digest
    attempts = before.attempts + 1 if same and before is not None else 1
    return Held(
        hold=hold,
        attempts=attempts,
        first_at=before.first_at if same and before is not None else now,
        last_at=now,
        next_try_at=now + pause(attempts),
    )


def _row_of(item: Held) -> dict[str, Any]:
    return {
        "link_id": item.hold.link_id,
        "system": item.hold.system,
        "field": item.hold.field,
        "code": item.hold.code,
        "message": item.hold.message,
        "remedy": item.hold.remedy,
        "digest": item.hold.digest,
        "attempts": item.attempts,
        "first_at": item.first_at,
        "last_at": item.last_at,
        "next_try_at": item.next_try_at,
    }


def _held_of(row: Row[Any]) -> Held:
    return Held(
        hold=HoldReason(
            link_id=row.link_id,
            system=row.system,
            field=row.field,
            code=row.code,
            message=row.message,
            remedy=row.remedy,
            digest=row.digest,
        ),
        attempts=row.attempts,
        first_at=row.first_at,
        last_at=row.last_at,
        next_try_at=row.next_try_at,
    )
