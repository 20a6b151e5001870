"""How one System spells canonical values, and what it will show for them."""

from __future__ import annotations

from dataclasses import dataclass, field

from mappings.errors import Unwritable
from mappings.values.record import Directory, Translator
from sync.model.records import Value


@dataclass(frozen=True, slots=True)
class Spelling:
    """How one System spells canonical values, and whom it knows."""

    translator: Translator
    users: Directory
    #: How each field shows a blank; asked for more often than anything else.
    _blanks: dict[str, Value] = field(default_factory=dict, compare=False, repr=False)

    def keeps(self, name: str) -> bool:
        return self.translator.keeps(name)

    def shows(self, name: str, value: Value) -> Value:
        """What the System will show for ``value``; the value itself where it cannot be written at all."""
        if value is None and name in self._blanks:
            return self._blanks[name]
        try:
            shown = self.translator.holds(name, value, self.users)
        except Unwritable:
            shown = value
        if value is None:
            self._blanks[name] = shown
        return shown

    def unwritable(self, name: str, value: Value) -> str | None:
        """Why the System cannot hold ``value``; None where it can."""
        return self.translator.write({name: value}, self.users).unwritable.get(name)
