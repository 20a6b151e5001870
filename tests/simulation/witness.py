"""Who changed what: each record of the CRMs as it stood right before and right after every request of Tandem's.

Between two requests people act, so a value that a request leaves changed was changed by it. No ledger and no answer
is believed: what the CRM holds tells what landed, whatever became of the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.simulation.crms import Crms, is_salesforce
from tests.simulation.diary import Diary, Landed
from tests.simulation.fields import FIELDS, Value, alike, shown

_Shelf = dict[str, tuple[Any, ...]]


class Witness:
    """Remembers how the records stood when it last looked."""

    def __init__(self, crms: Crms, diary: Diary) -> None:
        self._crms = crms
        self._diary = diary
        self._stood: dict[str, _Shelf] = {}
        self._pending: list[Landed] = []

    def look(self) -> None:
        """People acted: what stands now is theirs."""
        for system in self._crms.systems:
            self._stood[system] = now = self._shelf(system)
            for record, values in now.items():
                if (system, record) not in self._diary.met:
                    self._meet(system, record, values)

    def stood(self, system: str, record: str) -> Mapping[str, Value]:
        """What a record held when it was last looked at."""
        found = self._stood[system].get(record, ())
        return {
            name: shown(self._crms, system, name, value) for name, value in zip(FIELDS, found, strict=False)
        }

    def answered(self, system: str, *, clear: bool, bulk: bool) -> list[str]:
        """A request to this System is done; returns the records that it made. ``clear``: a good answer is there."""
        before, now = self._stood[system], self._shelf(system)
        made: list[str] = []
        for record, values in now.items():
            if record not in before:
                self._meet(system, record, values)
                self._diary.made[system, record] = self._diary.tick()
                made.append(record)
            elif values != before[record]:
                self._note(system, record, before[record], values, clear=clear, bulk=bulk)
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

    def _meet(self, system: str, record: str, values: tuple[Any, ...]) -> None:
        self._diary.met[system, record] = self._seen(system, values)

    def _note(
        self,
        system: str,
        record: str,
        before: tuple[Any, ...],
        now: tuple[Any, ...],
        *,
        clear: bool,
        bulk: bool,
    ) -> None:
        old, new = self._seen(system, before), self._seen(system, now)
        for name in FIELDS:
            if alike(old[name], new[name]):
                continue
            landed = Landed(
                moment=self._diary.tick(),
                at=self._crms.clock.now(),
                run=len(self._diary.runs) - 1,
                system=system,
                record=record,
                field=name,
                before=old[name],
                after=new[name],
                bulk=bulk,
                undo=self._diary.runs[-1].undo,
                answered=clear,
            )
            self._diary.landed.append(landed)
            self._pending.append(landed)

    def _seen(self, system: str, values: tuple[Any, ...]) -> dict[str, Value]:
        return {
            name: shown(self._crms, system, name, value) for name, value in zip(FIELDS, values, strict=True)
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
