"""Definitions that moved away from the mapping, as they were last found."""

from __future__ import annotations

from sqlalchemy import delete, insert, select, update

from sync.ledger.database.tables import drift
from sync.ledger.database.transactions import Store
from sync.model.definitions import Drift


class DriftNote:
    """The drift that stands; no row where there is none."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self) -> Drift | None:
        """None while all is in order."""
        with self._store.reading() as connection:
            row = connection.execute(select(drift)).one_or_none()
        return None if row is None else Drift(since=row.since, lines=tuple(row.lines))

    def set(self, state: Drift | None) -> None:
        """This is what was found just now: nobody need look again."""
        with self._store.writing() as connection:
            connection.execute(delete(drift))
            if state is not None:
                connection.execute(insert(drift), {"since": state.since, "lines": list(state.lines)})

    def look_again(self) -> None:
        """Definitions are being written: a drift that is known may be over."""
        with self._store.writing() as connection:
            connection.execute(update(drift).values(look_again=True))

    def is_to_look_again(self) -> bool:
        """Were definitions written since drift was found?"""
        with self._store.reading() as connection:
            return bool(connection.scalars(select(drift.c.look_again)).one_or_none())
