"""A record's native values to canonical values and back, with converters compiled once."""

from __future__ import annotations

from collections import abc
from typing import NamedTuple

from mappings.errors import Unreadable, Unwritable
from mappings.fields import CanonicalField, Value
from mappings.systems import SystemMapping
from mappings.values.convert import Converter, Directory, converter
from mappings.values.converter import Sendable

__all__ = ["Directory", "Read", "Translator", "Written"]


class Read(NamedTuple):
    """Both by canonical name: the values that were understood, and why others were not."""

    values: dict[str, Value]
    unreadable: dict[str, str]


class Written(NamedTuple):
    """`values` by native name, ready to send; `unwritable` by canonical name, each with its reason."""

    values: dict[str, Sendable]
    unwritable: dict[str, str]


class Translator:
    """Converts records of one System. Immutable and safe to share between threads."""

    def __init__(self, fields: abc.Mapping[str, CanonicalField], system: SystemMapping) -> None:
        self.system = system
        self._converters: dict[str, tuple[str, Converter]] = {
            name: (native.name, converter(fields[name], native)) for name, native in system.fields.items()
        }

    def read(self, values: abc.Mapping[str, object], users: Directory) -> Read:
        """Native values by native name -> canonical values by canonical name.

        A native name that `values` lacks was not told, which is not blank: it is in neither half.
        """
        known: dict[str, Value] = {}
        unreadable: dict[str, str] = {}
        for name, (native_name, conversion) in self._converters.items():
            if native_name not in values:
                continue
            try:
                known[name] = conversion.read(values[native_name], users)
            except Unreadable as error:
                unreadable[name] = error.reason
        return Read(known, unreadable)

    def write(self, values: abc.Mapping[str, Value], users: Directory) -> Written:
        """Canonical values by canonical name -> what to send, by native name.

        KeyError for a field that this System does not keep: planning such a write is a bug.
        """
        ready: dict[str, Sendable] = {}
        unwritable: dict[str, str] = {}
        for name, value in values.items():
            native_name, conversion = self._converters[name]
            try:
                ready[native_name] = conversion.write(value, users)
            except Unwritable as error:
                unwritable[name] = error.reason
        return Written(ready, unwritable)

    def holds(self, name: str, value: Value, users: Directory | None = None) -> Value:
        """What this System will show after `value` is written to the canonical field `name`.

        Raises Unwritable where `write` would; without `users` not for people, whom only a Directory knows.
        """
        conversion = self._converters[name][1]
        return conversion.holds(value) if users is None else conversion.holds(value, users)

    def keeps(self, name: str) -> bool:
        """Does this System keep the canonical field `name`?"""
        return name in self._converters
