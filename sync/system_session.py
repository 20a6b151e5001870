"""What one System is in this Run: who it is, how it spells values, which users and fields it shows.

A session is made once a System is identified (``Engine.identify``) and handed to every step. A field that the System
showed before and hides now is left alone, and the others go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from connector.base import Capabilities, Connector, Identity, Limits, User
from connector.errors import AuthFailed, ConnectorError, Unsupported
from mappings.fields import FieldType
from mappings.model import Mapping as FieldMapping
from mappings.people import NOBODY_SPECIAL, People
from mappings.systems import SystemMapping
from mappings.values.record import Translator
from sync.core.plan import CallsFor
from sync.ledger.ledger import Ledger
from sync.model.definitions import FieldsRead
from sync.model.records import SystemName
from sync.model.spelling import Spelling
from sync.model.users import UserDirectory

T = TypeVar("T")

#: Owners change seldom; they are read again after this long, or when somebody unknown turns up.
_USERS_KEPT = timedelta(hours=24)


class FieldAccess:
    """The account fields of one System that the connected user can see.

    A field is lost when it is refused: the user may not see it, or it was archived or never made. What Tandem needs to
    recognise accounts cannot be lost: without it the Run stops.
    """

    def __init__(self, connector: Connector, system: SystemMapping, ledger: Ledger) -> None:
        self._connector = connector
        self._system = system
        self._ledger = ledger
        self._before = ledger.fields.read(SystemName(connector.name))
        #: Canonical name -> the System's own name.
        self.lost: dict[str, str] = {}
        #: The same of fields that name people, while the System does not tell who its users are; and why.
        self.waiting: dict[str, str] = {}
        self.why_waiting: ConnectorError | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields to ask for, in the System's own words."""
        hidden = {*self.lost.values(), *self.waiting.values()}
        return tuple(name for name in self._system.native_names if name not in hidden)

    @property
    def read_before(self) -> bool:
        """Were the fields that are kept in step now all read before?"""
        return self._asked_for == self._before.names

    @property
    def _asked_for(self) -> frozenset[str]:
        """All fields but those that wait: once they do no more, everything is read."""
        return frozenset(self._system.native_names) - set(self.waiting.values())

    def wait_for(self, names: Iterable[str], why: ConnectorError) -> None:
        """Do without these canonical fields in this Run."""
        self.waiting = {name: self._system.fields[name].name for name in names if name in self._system.fields}
        self.why_waiting = why

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
        read = FieldsRead(names=self._asked_for, hidden=frozenset(self.lost.values()))
        self._ledger.fields.keep_read(SystemName(self._connector.name), read)

    def _lose(self, natives: Sequence[str]) -> bool:
        """Do without these fields; False where that cannot be."""
        identity = self._system.identity
        needed = {identity.name, identity.domain, identity.external_id}
        new = set(natives) & set(self.fields)
        names = {native: self._system.canonical_name(native) for native in new}
        further = set(identity.more_domains)
        if not new or new & needed or any(names[native] is None for native in new - further):
            return False
        self.lost.update((canonical or native, native) for native, canonical in names.items())
        return True


class KnownUsers:
    """The users of one System as far as they are known; read again when that was long ago, or on demand."""

    def __init__(
        self,
        connector: Connector,
        translator: Translator,
        ledger: Ledger,
        now: datetime,
        *,
        ours: str | None,
        people: People = NOBODY_SPECIAL,
    ) -> None:
        self._connector = connector
        self._translator = translator
        self._ledger = ledger
        self._name = SystemName(connector.name)
        self._ours = ours
        self._people = people
        #: Why the System does not tell who they are; None where it does.
        self.untold: ConnectorError | None = None
        #: They were read in this Run.
        self.fresh = False
        read_at = ledger.users.read_at(self._name)
        if read_at is None or now - read_at > _USERS_KEPT:
            self.refresh()
        else:
            self._know(ledger.users.all(self._name))

    def refresh(self) -> None:
        """Read the users from the System. Where it does not let us, nobody is known, and the fields that name people
        wait; the others go on."""
        try:
            users = self._connector.users()
        except (AuthFailed, Unsupported) as error:
            self.untold = error
            self._ledger.users.doubt(self._name)
            self._know(())
        else:
            self._ledger.users.replace(self._name, users)
            self._know(users)
        self.fresh = True

    def _know(self, users: Iterable[User]) -> None:
        self.directory = UserDirectory(users, ours=self._ours, people=self._people, system=self._name)
        self.spelling = Spelling(self._translator, self.directory)


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemSession:
    """What one System is in this Run."""

    name: SystemName
    identity: Identity
    connector: Connector
    #: How the mapping places canonical fields in it.
    system: SystemMapping
    access: FieldAccess
    users: KnownUsers
    #: Canonical fields that name a person.
    user_fields: frozenset[str]

    @classmethod
    def begin(
        cls, connector: Connector, identity: Identity, ledger: Ledger, mapping: FieldMapping, now: datetime
    ) -> SystemSession:
        """The session of a System that is known to be the ledger's own. Reads its users where that was long ago."""
        system = mapping.systems[connector.name]
        translator = mapping.translator(connector.name)
        access = FieldAccess(connector, system, ledger)
        user_fields = frozenset(name for name, spec in mapping.fields.items() if spec.type is FieldType.USER)
        users = KnownUsers(connector, translator, ledger, now, ours=identity.acting_as, people=mapping.people)
        if users.untold is not None:
            access.wait_for(user_fields, users.untold)
        return cls(
            name=SystemName(connector.name),
            identity=identity,
            connector=connector,
            system=system,
            access=access,
            users=users,
            user_fields=user_fields,
        )

    @property
    def capabilities(self) -> Capabilities:
        return self.connector.capabilities

    @property
    def limits(self) -> Limits:
        return self.connector.limits

    @property
    def acting_as(self) -> str | None:
        """Native id of the user or app whose name our writes carry; None where unknown."""
        return self.identity.acting_as

    @property
    def spelling(self) -> Spelling:
        """How this System spells values, with the users that are known now."""
        return self.users.spelling

    @property
    def directory(self) -> UserDirectory:
        return self.users.directory

    @property
    def lost(self) -> Mapping[str, str]:
        """Fields that it does not show, or whose people it does not tell: canonical name -> its own name."""
        return {**self.access.lost, **self.access.waiting}

    @property
    def calls_for(self) -> CallsFor:
        """Calls that writing so many rows takes."""
        return self.connector.limits.calls

    def names_people(self, fields: Iterable[str]) -> bool:
        """Is one of these canonical fields a person?"""
        return not self.user_fields.isdisjoint(fields)
