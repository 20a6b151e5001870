"""Which fields a System still shows: one that it showed before and hides now is left alone, and the others go on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from connector.base import Connector
from connector.errors import Unsupported
from mappings.systems import SystemMapping
from sync.ledger.ledger import Ledger
from sync.model.definitions import FieldsRead
from sync.model.records import SystemName

T = TypeVar("T")


class Access:
    """The account fields of one System that the connected user can see.

    A field is lost when it was read before and is refused now: the user's rights were taken away, or the field was
    archived. What Tandem needs to recognise accounts cannot be lost: without it the Run stops.
    """

    def __init__(self, connector: Connector, system: SystemMapping, ledger: Ledger) -> None:
        self._connector = connector
        self._system = system
        self._ledger = ledger
        self._before = ledger.fields.read(SystemName(connector.name))
        #: Canonical name -> the System's own name.
        self.lost: dict[str, str] = {}

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields to ask for, in the System's own words."""
        hidden = set(self.lost.values())
        return tuple(name for name in self._system.native_names if name not in hidden)

    @property
    def read_before(self) -> bool:
        """Were the fields that are kept in step now all read before?"""
        return set(self._system.native_names) == self._before.names

    def look_for_lost(self) -> bool:
        """Ask whether what was lost at the last Run is still hidden; True where some of it is back."""
        noted = [name for name in sorted(self._before.hidden) if name in self._system.native_names]
        if not noted:
            return False
        shown = self._connector.schema(self._system.account_object).fields
        self._lose(tuple(name for name in noted if name not in shown))
        return any(name in shown for name in noted)

    def asked(self, ask: Callable[[Sequence[str]], T]) -> T:
        """Ask with all fields; where some of them were shown before and are refused now, with the others."""
        while True:
            try:
                return ask(self.fields)
            except Unsupported as error:
                if not self._lose(error.fields):
                    raise

    def keep(self) -> None:
        """Note what was read and what is lost, for the next Run."""
        read = FieldsRead(names=frozenset(self._system.native_names), hidden=frozenset(self.lost.values()))
        self._ledger.fields.keep_read(SystemName(self._connector.name), read)

    def _lose(self, natives: Sequence[str]) -> bool:
        """Do without these fields; False where that cannot be."""
        identity = self._system.identity
        needed = {identity.name, identity.domain, identity.external_id}
        new = set(natives) & set(self.fields)
        if not new or not new <= self._before.names or new & needed:
            return False
        for native in new:
            canonical = self._system.canonical_name(native)
            if canonical is not None:
                self.lost[canonical] = native
        return True
