"""Who changed what: each record of the CRMs as it stood right before and right after every request of Tandem's.

Between two requests people act, so a value that a request leaves changed was changed by it. No ledger and no answer
is believed: what the CRM holds tells what landed, whatever became of the answer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.simulation.crms import Crms, is_salesforce
from tests.simulation.diary import Diary, Landed, Respelled
from tests.simulation.fields import FIELDS, Value, alike, shown
from tests.simulation.under_way import Row
from tests.simulation.wire_tap import Request

_Shelf = dict[str, tuple[Any, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Brought:
    """What a request brings to a record."""

    #: Which Run's it is: a job may do its work while a later one goes on.
    run: int
    fields: Collection[str] = frozenset()


class Witness:
    """Remembers how the records stood when it last looked."""

    def __init__(self, crms: Crms, diary: Diary) -> None:
        self._crms = crms
        self._diary = diary
        self._stood: dict[str, _Shelf] = {}
        self._pending: list[Landed] = []
        #: System -> record -> what the last Bulk API job was given for it.
        self._sheets: dict[str, dict[str, _Brought]] = {}

    def look(self) -> None:
        """People acted: what stands now is theirs."""
        for system in self._crms.systems:
            self._stood[system] = now = self._shelf(system)
            for record, standing in now.items():
                if (system, record) not in self._diary.met:
                    self._meet(system, record, standing)

    def stood(self, system: str, record: str) -> Mapping[str, Value]:
        """What a record held when it was last looked at."""
        found = self._stood[system].get(record)
        return {} if found is None else self._seen(system, found)

    def answered(
        self, system: str, *, clear: bool, request: Request | None = None, rows: Sequence[Row] = ()
    ) -> list[str]:
        """A request to this System, which brought these rows, is done; returns the records that it made. ``clear``: a
        good answer is there."""
        bulk = request is not None and "/jobs/ingest" in request.url
        run = len(self._diary.runs) - 1
        brought = {
            row.record: _Brought(run=run, fields=row.values.keys()) for row in rows if row.record is not None
        }
        if bulk:
            self._sheets.setdefault(system, {}).update(brought)
            brought = self._sheets[system]
        before, now = self._stood[system], self._shelf(system)
        made: list[str] = []
        for record, standing in now.items():
            if record not in before:
                self._meet(system, record, standing)
                self._diary.made[system, record] = self._diary.tick()
                made.append(record)
            elif standing != before[record]:
                ours = brought.get(record, _Brought(run=run))
                self._note(system, record, before[record], standing, ours, clear=clear, bulk=bulk)
            if clear and request is not None and request.names(record):
                self._diary.named.setdefault((system, record), []).append(self._diary.tick())
        self._stood[system] = now
        return made

    def stored(self) -> None:
        """The process has stored what it knows."""
        for landed in self._pending:
            landed.stored = True
        self._pending.clear()

    def died(self) -> None:
        """The process is gone, and with it what it had not stored."""
        self._pending.clear()

    def _meet(self, system: str, record: str, standing: tuple[Any, ...]) -> None:
        self._diary.met[system, record] = self._seen(system, standing)

    def _note(
        self,
        system: str,
        record: str,
        before: tuple[Any, ...],
        now: tuple[Any, ...],
        brought: _Brought,
        *,
        clear: bool,
        bulk: bool,
    ) -> None:
        old, new = self._seen(system, before), self._seen(system, now)
        for name in FIELDS:
            changed = not alike(old[name], new[name])
            if not changed and (name in brought.fields or old[name] == new[name]):
                continue
            kind = Landed if changed else Respelled
            landed = kind(
                moment=self._diary.tick(),
                at=self._crms.clock.now(),
                run=brought.run,
                system=system,
                record=record,
                field=name,
                before=old[name],
                after=new[name],
                bulk=bulk,
                undo=self._diary.runs[brought.run].undo,
                answered=clear,
            )
            if isinstance(landed, Respelled):
                self._diary.respelled.append(landed)
            else:
                self._diary.landed.append(landed)
            self._pending.append(landed)

    def _seen(self, system: str, standing: tuple[Any, ...]) -> dict[str, Value]:
        return {
            name: shown(self._crms, system, name, value) for name, value in zip(FIELDS, standing, strict=True)
        }

    def _shelf(self, system: str) -> _Shelf:
        names = [field.of(system) for field in FIELDS.values()]
        if is_salesforce(system):
            rows = self._crms.accounts(system)
            return {id: tuple(map(row.get, names)) for id, row in rows.items() if not row.get("IsDeleted")}
        return {
            record.id: tuple(map(record.values.get, names))
            for record in self._crms.companies().values()
            if record.live
        }
