"""Matches: records that may be one account, which only a person can decide."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, select, update

from sync.errors import LedgerError
from sync.ledger.database.tables import matches
from sync.ledger.database.transactions import Store, chunks
from sync.model.inbox import Match, MatchState, StoredMatch
from sync.model.records import RecordKey

_ALL = select(matches).order_by(matches.c.id)
_IN_STATE = _ALL.where(matches.c.state == bindparam("state"))
_BY_KEY = _ALL.where(matches.c.key.in_(bindparam("keys", expanding=True)))


class Matches:
    """The questions that matching has for people."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def record(self, found: Iterable[Match]) -> Sequence[StoredMatch]:
        """Ask; returns every Match found, with what was decided about it before.

        A question that was decided stays decided as long as its members are the same; with others it is open anew.
        """
        by_key = {match.key: match for match in found}
        now = self._store.clock()
        stored: Sequence[StoredMatch] = []
        with self._store.writing() as connection:
            for chunk in chunks(sorted(by_key)):
                known = {row.key: _match_of(row) for row in connection.execute(_BY_KEY, {"keys": chunk})}
                new = [_row_of(by_key[key]) | {"opened_at": now} for key in chunk if key not in known]
                if new:
                    connection.execute(insert(matches), new)
                for key, before in known.items():
                    if before.match != by_key[key]:
                        other = before.match.members != by_key[key].members
                        reopened = {"opened_at": now, "decided_by": None, "decided_at": None, "note": None}
                        row = _row_of(by_key[key]) | {"state": before.state.value}
                        connection.execute(
                            update(matches)
                            .where(matches.c.id == before.id)
                            .values(row | (reopened | {"state": MatchState.OPEN.value} if other else {}))
                        )
                stored = [*stored, *(_match_of(row) for row in connection.execute(_BY_KEY, {"keys": chunk}))]
        return stored

    def list(self, state: MatchState | None = MatchState.OPEN) -> Sequence[StoredMatch]:
        """Oldest first; None: in any state."""
        with self._store.reading() as connection:
            rows = (
                connection.execute(_ALL)
                if state is None
                else connection.execute(_IN_STATE, {"state": state.value})
            )
            return [_match_of(row) for row in rows]

    def kept_apart(self) -> dict[RecordKey, frozenset[RecordKey]]:
        """Records, each a (System, native id), that a person keeps apart from others, each with those."""
        found: dict[RecordKey, frozenset[RecordKey]] = {}
        for stored in self.list(MatchState.REJECTED):
            members = frozenset(stored.match.members)
            for member in members:
                found[member] = found.get(member, frozenset()) | members - {member}
        return found

    def decided(self, keys: Iterable[str]) -> dict[str, tuple[RecordKey, ...]]:
        """Questions among these that a person has answered, with the Records that they were about."""
        found: dict[str, tuple[RecordKey, ...]] = {}
        ready = sorted(set(keys))
        with self._store.reading() as connection:
            for chunk in chunks(ready):
                for row in connection.execute(_BY_KEY, {"keys": chunk}):
                    if row.state != MatchState.OPEN.value:
                        found[row.key] = tuple(sorted(_match_of(row).match.members))
        return found

    def get(self, id: int) -> StoredMatch | None:
        with self._store.reading() as connection:
            row = connection.execute(select(matches).where(matches.c.id == id)).one_or_none()
            return None if row is None else _match_of(row)

    def decide(self, id: int, state: MatchState, *, by: str, note: str | None = None) -> StoredMatch:
        """A person decides; raises LedgerError where there is no such Match."""
        with self._store.writing() as connection:
            connection.execute(
                update(matches)
                .where(matches.c.id == id)
                .values(state=state.value, decided_by=by, decided_at=self._store.clock(), note=note)
            )
        decided = self.get(id)
        if decided is None:
            raise LedgerError(
                f"there is no Match {id}", remedy="`tandem matches list` names those that stand"
            )
        return decided

    def drop(self, keys: Iterable[str]) -> None:
        """These questions no longer arise; those that were decided are kept."""
        ready = list(keys)
        with self._store.writing() as connection:
            for chunk in chunks(ready):
                connection.execute(
                    delete(matches).where(matches.c.key.in_(chunk), matches.c.state == MatchState.OPEN.value)
                )


def _row_of(match: Match) -> dict[str, Any]:
    return {
        "kind": match.kind,
        "key": match.key,
        "members": [list(member) for member in sorted(match.members)],
        "evidence": match.evidence,
        "state": MatchState.OPEN.value,
    }


def _match_of(row: Row[Any]) -> StoredMatch:
    return StoredMatch(
        id=row.id,
        match=Match(
            kind=row.kind,
            key=row.key,
            members=tuple((system, id) for system, id in row.members),
            evidence=row.evidence,
        ),
        state=MatchState(row.state),
        opened_at=row.opened_at,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        note=row.note,
    )
