"""What somebody wrote of people: made into a People, or told with its line."""

from __future__ import annotations

from collections import abc
from typing import Any

from mappings.files.schema import PeopleWritten
from mappings.files.validate_fields import Say
from mappings.people import People
from mappings.systems import SystemKind
from mappings.values.canonical import email


def judge_people(written: abc.Mapping[str, Any], kinds: abc.Mapping[str, SystemKind], say: Say) -> People:
    """Addresses are e-mails, each of one person alone; a stand-in is named for a System that there is."""
    told = PeopleWritten.model_validate(written)
    owners: dict[str, int] = {}
    persons: list[tuple[str, ...]] = []
    for number, addresses in enumerate(told.addresses or ()):
        person: list[str] = []
        for place, text in enumerate(addresses):
            at = ("people", "addresses", number, place)
            address = _address(text)
            if address is None:
                say(at, f"{text!r} is no e-mail address", "Write one like ann@acme.com.")
            elif address in owners and owners[address] != number:
                say(at, f"{address} is two people's", "Put all addresses of one person into one list.")
            elif address not in person:
                owners[address] = number
                person.append(address)
        persons.append(tuple(person))
    fallback: dict[str, str] = {}
    for name, text in (told.fallback or {}).items():
        at_name = ("people", "fallback", name)
        system = _system(name, kinds)
        address = _address(text)
        if system is None:
            say(at_name, f"there is no System {name!r}", f"Use one of {', '.join(kinds)}.")
        if address is None:
            say(at_name, f"{text!r} is no e-mail address", "Write the address of a user of that System.")
        if system is not None and address is not None:
            fallback[system] = address
    return People(addresses=tuple(persons), fallback=fallback)


def _address(text: str) -> str | None:
    address = email(text)
    name, at, domain = (address or "").rpartition("@")
    return (
        address
        if name and at and "." in domain and not any(part.isspace() for part in name + domain)
        else None
    )


def _system(name: str, kinds: abc.Mapping[str, SystemKind]) -> str | None:
    """The System of this name, or the one of this kind where there is one alone, as in a rule."""
    if name in kinds:
        return name
    of_kind = [system for system, kind in kinds.items() if kind == name]
    return of_kind[0] if len(of_kind) == 1 else None
