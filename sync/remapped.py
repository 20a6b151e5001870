"""A canonical field that a System keeps in another field than before.

What was Observed in the old one says nothing about the new one, whose blanks would look as if somebody had cleared
every account.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice

from mappings.systems import SystemMapping
from sync.ledger.ledger import Ledger
from sync.model.records import Record, SystemName, Value

_CHUNK = 1000


def forget_remapped(ledger: Ledger, system: SystemMapping) -> frozenset[str]:
    """Forget what was read and settled of canonical fields that have another native field than before; they meet
    again for the first time. Answers with their names. To be called before everything is read again."""
    before = ledger.fields.native_names(SystemName(system.name))
    names = {name: native.name for name, native in system.fields.items()}
    moved = frozenset(name for name, native in names.items() if before.get(name, native) != native)
    if moved:
        found = _records_with(ledger, SystemName(system.name), moved)
        while chunk := list(islice(found, _CHUNK)):
            ledger.accounts.put(_without(record, moved) for record in chunk)
    ledger.fields.keep_native_names(SystemName(system.name), names)
    return moved


def _records_with(ledger: Ledger, system: SystemName, names: frozenset[str]) -> Iterator[Record]:
    for account in ledger.accounts.all_linked():
        record = account.records.get(system)
        if record is not None and not names.isdisjoint({*record.current, *record.observed, *record.echo}):
            yield record


def _without(record: Record, names: frozenset[str]) -> Record:
    def kept(values: Mapping[str, Value]) -> dict[str, Value]:
        return {name: value for name, value in values.items() if name not in names}

    return replace(
        record,
        current=kept(record.current),
        observed=kept(record.observed),
        echo=kept(record.echo),
        covered={name: edit for name, edit in record.covered.items() if name not in names},
        unreadable={name: why for name, why in record.unreadable.items() if name not in names},
    )
