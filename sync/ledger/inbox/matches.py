"""Matches: records that may be one account, which only a person can decide."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, select, update

from sync.errors import LedgerError
from sync.ledger.database.tables import matches, scope_matched
from sync.ledger.database.transactions import Store, chunks
from sync.model.inbox import Match, MatchState, StoredMatch
from sync.model.records import NativeId, RecordKey, SystemName

_ALL = select(matches).order_by(matches.c.id)
_IN_STATE = _ALL.where(matches.c.state == bindparam("state"))
_UNDECIDED = (MatchState.OPEN.value, MatchState.WAITING.value)
_BY_KEY = _ALL.where(matches.c.key.in_(bindparam("keys", expanding=True)))


class Matches:
    """The questions that matching has for people."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def record(self, asked: Iterable[Match]) -> Sequence[StoredMatch]:
        """Ask; returns every Match found, with what was decided about it before.

        Who is kept apart stays apart. What was accepted and is asked again has come apart since: it is open anew.
        """
        by_key = {match.key: match for match in asked}
        now = self._store.clock()
        stored: Sequence[StoredMatch] = []
        with self._store.writing() as connection:
            for chunk in chunks(sorted(by_key)):
                known = {row.key: _match_of(row) for row in connection.execute(_BY_KEY, {"keys": chunk})}
                new = [_row_of(by_key[key]) | {"opened_at": now} for key in chunk if key not in known]
                if new:
                    connection.execute(insert(matches), new)
                for key, before in known.items():
                    if before.state is MatchState.REJECTED or before.match == by_key[key]:
                        continue
                    row = _row_of(by_key[key])
                    if before.state is MatchState.ACCEPTED:
                        row |= {"opened_at": now, "decided_by": None, "decided_at": None, "note": None}
                        row |= {"left_alone": None}
                    connection.execute(update(matches).where(matches.c.id == before.id).values(row))
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
        apart: dict[RecordKey, frozenset[RecordKey]] = {}
        for stored in self.list(MatchState.REJECTED):
            members = frozenset(stored.match.members)
            for member in members:
                apart[member] = apart.get(member, frozenset()) | members - {member}
        return apart

    def left_alone(self) -> frozenset[RecordKey]:
        """Records that a person leaves alone: matched with nobody, and created nowhere else."""
        with self._store.reading() as connection:
            rows = connection.execute(_ALL.where(matches.c.left_alone.is_not(None)))
            return frozenset(key for row in rows for key in _match_of(row).left_alone)

    def release(self, keys: Iterable[RecordKey]) -> None:
        """These Records are left alone no longer."""
        ready = set(keys)
        with self._store.writing() as connection:
            for row in connection.execute(_ALL.where(matches.c.left_alone.is_not(None))).all():
                alone = _match_of(row).left_alone
                if not ready.isdisjoint(alone):
                    left = [list(key) for key in alone if key not in ready]
                    connection.execute(
                        update(matches).where(matches.c.id == row.id).values(left_alone=left or None)
                    )

    def by_keys(self, keys: Iterable[str]) -> dict[str, StoredMatch]:
        """The questions of these keys, in any state."""
        ready = sorted(set(keys))
        with self._store.reading() as connection:
            return {
                row.key: _match_of(row)
                for chunk in chunks(ready)
                for row in connection.execute(_BY_KEY, {"keys": chunk})
            }

    def matched_scope(self) -> str | None:
        """The digest of the scope with which matching last looked at what it leaves alone."""
        with self._store.reading() as connection:
            return connection.scalars(select(scope_matched.c.digest)).one_or_none()

    def set_matched_scope(self, digest: str) -> None:
        with self._store.writing() as connection:
            connection.execute(delete(scope_matched))
            connection.execute(insert(scope_matched), {"digest": digest})

    def get(self, id: int) -> StoredMatch | None:
        with self._store.reading() as connection:
            row = connection.execute(select(matches).where(matches.c.id == id)).one_or_none()
            return None if row is None else _match_of(row)

    def decide(
        self,
        id: int,
        state: MatchState,
        *,
        by: str,
        note: str | None = None,
        left_alone: Sequence[RecordKey] = (),
    ) -> StoredMatch:
        """A person decides, and perhaps leaves one of the two alone, or both; raises LedgerError where there is no such
        Match."""
        with self._store.writing() as connection:
            connection.execute(
                update(matches)
                .where(matches.c.id == id)
                .values(
                    state=state.value,
                    decided_by=by,
                    decided_at=self._store.clock(),
                    note=note,
                    left_alone=[list(key) for key in left_alone] or None,
                )
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
                    delete(matches).where(matches.c.key.in_(chunk), matches.c.state.in_(_UNDECIDED))
                )


def _row_of(match: Match) -> dict[str, Any]:
    return {
        "kind": match.kind,
        "key": match.key,
        "members": [list(member) for member in sorted(match.members)],
        "evidence": match.evidence,
        "score": match.score,
        "state": (MatchState.WAITING if match.waits else MatchState.OPEN).value,
    }


def _match_of(row: Row[Any]) -> StoredMatch:
    return StoredMatch(
        id=row.id,
        match=Match(
            kind=row.kind,
            members=_two(row.members),
            evidence=row.evidence,
            score=row.score,
            waits=row.state == MatchState.WAITING.value,
        ),
        state=MatchState(row.state),
        opened_at=row.opened_at,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        note=row.note,
        left_alone=tuple(RecordKey(system, id) for system, id in row.left_alone or ()),
    )


def _two(members: Sequence[Sequence[str]]) -> tuple[RecordKey, RecordKey]:
    first, other = (RecordKey(SystemName(system), NativeId(id)) for system, id in members)
    return first, other
