"""Values that differ between the Systems because an undo put one of them back, and that stay so."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mappings.model import Mapping as FieldMapping
from sync.ledger.ledger import Ledger
from sync.model.journal import Write, WriteState
from sync.model.records import Account, LinkId, SystemName, Value
from sync.model.spelling import Spelling
from sync.model.users import UserDirectory


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """One field of one account that an undo left different, as it stands now."""

    link_id: LinkId
    label: str
    field: str
    #: The undo that left it so.
    run: str
    values: Mapping[SystemName, Value]

    @property
    def told(self) -> str:
        """In words."""
        values = ", ".join(
            f"{value if value is not None else 'blank'} in {system}" for system, value in self.values.items()
        )
        return (
            f"{self.field} differs since the undo {self.run} put a value back ({values}), "
            "and stays so until it is edited again."
        )

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "link_id": self.link_id,
            "account": self.label,
            "field": self.field,
            "run": self.run,
            "values": dict(self.values),
        }


def apart(ledger: Ledger, mapping: FieldMapping, link_ids: Collection[str] | None = None) -> list[Apart]:
    """What undos left different and nobody has touched since, by account and field; no System is asked. ``link_ids``:
    of these accounts alone."""
    undone = ledger.writes.undone(link_ids)
    if not undone:
        return []
    accounts = ledger.accounts.linked({write.link_id for write in undone})
    first = min(write.intended_at for write in undone)
    last: dict[tuple[LinkId, str], Write] = {}
    for write in ledger.writes.of_links(accounts, since=first):
        if write.state is WriteState.CONFIRMED:
            last |= {(write.link_id, name): write for name in write.fields}
    undos = {write.run_id for write in undone}
    disputed = {(each.finding.link_id, each.finding.field) for each in ledger.conflicts.list()}
    spellings = dict(_spellings(ledger, mapping))
    found = (
        _apart(accounts[link_id], name, write.run_id, spellings)
        for (link_id, name), write in last.items()
        if write.run_id in undos and (link_id, name) not in disputed
    )
    return sorted((each for each in found if each is not None), key=lambda each: (each.label, each.field))


def _apart(account: Account, name: str, run: str, spellings: Mapping[SystemName, Spelling]) -> Apart | None:
    """None where the Systems agree, or where something waits that the next Run decides."""
    values: dict[SystemName, Value] = {}
    for system, record in account.records.items():
        if system not in spellings or not spellings[system].keeps(name) or name in record.unreadable:
            continue
        if name not in record.current or name in record.covered:
            return None
        if record.current[name] != record.observed.get(name, object()):
            return None
        values[system] = record.current[name]
    if any(_all_hold(values, value, name, spellings) for value in values.values()):
        return None
    return Apart(link_id=account.link.id, label=account.link.label, field=name, run=run, values=values)


def _all_hold(
    values: Mapping[SystemName, Value], value: Value, name: str, spellings: Mapping[SystemName, Spelling]
) -> bool:
    return all(current in (value, spellings[system].shows(name, value)) for system, current in values.items())


def _spellings(ledger: Ledger, mapping: FieldMapping) -> Iterator[tuple[SystemName, Spelling]]:
    for name in mapping.systems:
        system = SystemName(name)
        known = ledger.fields.builtin(system)
        spelled = mapping if known is None else mapping.with_builtin(name, known)
        yield system, Spelling(spelled.translator(name), UserDirectory(()))
