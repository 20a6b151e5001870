"""People who go by several addresses, and who stands in for those whom a System does not know."""

from __future__ import annotations

from collections import abc
from dataclasses import dataclass, field
from functools import cached_property

from mappings.values.canonical import email


@dataclass(frozen=True, kw_only=True)
class People:
    """What an administrator says of people. All addresses are canonical."""

    #: Of each person all addresses; the first is the one that canonical values hold.
    addresses: tuple[tuple[str, ...], ...] = ()
    #: System -> who is given what belongs to nobody there.
    fallback: abc.Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def _persons(self) -> dict[str, tuple[str, ...]]:
        return {address: person for person in self.addresses for address in person}

    def person(self, address: str) -> tuple[str, ...]:
        """All addresses of the person who has this one, the first of them first."""
        return self._persons.get(address, (address,))

    def called(self, address: str | None) -> str | None:
        """The address under which this person stands in canonical values; None where there is no address."""
        found = email(address) if address is not None else None
        return None if found is None else self.person(found)[0]


NOBODY_SPECIAL = People()
