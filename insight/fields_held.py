"""Fields that wait as a whole, out of the ledger alone: no System is asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mappings.fields import FieldType
from mappings.model import Mapping
from mappings.systems import SystemMapping
from sync.core.fields_held import hidden, without_people
from sync.core.hold import Hold
from sync.ledger.ledger import Ledger
from sync.model.records import SystemName


def fields_held(ledger: Ledger, mapping: Mapping) -> list[Hold]:
    """As the last Run left them: hidden or deleted, or naming people while nobody tells who they are."""
    gone = ledger.fields.hidden()
    found: list[Hold] = []
    for spelled in mapping.systems.values():
        system = SystemName(spelled.name)
        found += [
            hidden(system, _canonical(spelled, native) or native, native) for native in gone.get(system, ())
        ]
        found += [without_people(system, name) for name in _without_people(ledger, mapping, spelled)]
    return found


def _without_people(ledger: Ledger, mapping: Mapping, spelled: SystemMapping) -> Iterator[str]:
    """Fields of people that the last Run did not read, in a System that did not tell it who its users are."""
    system = SystemName(spelled.name)
    read = ledger.fields.read(system).names
    if not read or ledger.users.read_at(system) is not None:
        return
    for name, native in spelled.fields.items():
        people = name in mapping.fields and mapping.fields[name].type is FieldType.USER
        if people and not read & {native.name, native.builtin or native.name}:
            yield name


def _canonical(spelled: SystemMapping, native: str) -> str | None:
    return next(
        (name for name, field in spelled.fields.items() if native in {field.name, field.builtin}), None
    )


def field_held_json(hold: Hold) -> dict[str, Any]:
    """In the form of what is held of one account, for programs; every Run tries it anew."""
    return {
        "account": None,
        "link_id": None,
        "system": hold.system,
        "field": hold.field,
        "code": hold.code,
        "message": hold.message,
        "remedy": hold.remedy,
        "attempts": 0,
        "since": None,
        "next_try_at": None,
        "record_id": None,
        "page": None,
    }
