"""Who can own an account: the users of each System, found by e-mail."""

from __future__ import annotations

from collections.abc import Iterable

from connector.base import User
from mappings.people import NOBODY_SPECIAL, People
from mappings.values.canonical import email as canonical_email

_COUNT = {2: "two", 3: "three"}


class UserDirectory:
    """Users of one System. An inactive user is known by name but is given nothing; an e-mail that two active
    users share names nobody. ``ours``: the id of the user or app whose name our writes carry. ``people``: who goes by
    several addresses, and who is given in ``system`` what belongs to nobody there."""

    def __init__(
        self,
        users: Iterable[User],
        *,
        ours: str | None = None,
        people: People = NOBODY_SPECIAL,
        system: str | None = None,
    ) -> None:
        self._ours = ours
        self._people = people
        self._emails: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._active: dict[str, list[str]] = {}
        self._left: set[str] = set()
        everybody = list(users)
        for user in everybody:
            self._names[user.id] = user.name
            email = canonical_email(user.email) if user.email is not None else None
            if email is None:
                continue
            self._emails[user.id] = people.person(email)[0]
            if user.active:
                self._active.setdefault(email, []).append(user.id)
            else:
                self._left.add(email)
        self._fallback = people.fallback.get(system) if system is not None else None
        for user in everybody:
            if user.writes_as is not None:
                self._names.setdefault(user.writes_as, user.name)

    def email_of(self, native_id: str) -> str | None:
        return self._emails.get(native_id)

    def id_of(self, email: str) -> str | None:
        """Of a person with several addresses the user who has the first of them that names one user alone; where there
        is nobody, the stand-in."""
        known = self._known(email)
        return known if known is not None or self._fallback is None else self._known(self._fallback)

    def _known(self, email: str) -> str | None:
        for address in self._people.person(email):
            ids = self._active.get(address, ())
            if len(ids) == 1:
                return ids[0]
        return None

    def why_nobody(self, email: str) -> str:
        """Why nobody is given what belongs to this address."""
        why = self._why_unknown(email)
        if self._fallback is None:
            return why
        return f"{why}, and the stand-in is nobody either: {self._why_unknown(self._fallback)}"

    def _why_unknown(self, email: str) -> str:
        addresses = self._people.person(email)
        for address in addresses:
            ids = self._active.get(address, ())
            if len(ids) > 1:
                names = ", ".join(f"{self._names[id]} ({id})" for id in ids)
                return f"{_COUNT.get(len(ids), len(ids))} active users have the e-mail {address}: {names}"
        left = [address for address in addresses if address in self._left]
        if left:
            return f"no active user has the e-mail {email}: the user with {' or '.join(left)} is not active"
        return f"no active user has the e-mail {' or '.join(addresses)}"

    def name_of(self, native_id: str | None) -> str | None:
        """By the id that owns records, or by the one that histories name."""
        return self._names.get(native_id) if native_id is not None else None

    def writer(self, native_id: str | None) -> str | None:
        """Who edited, for people: by name, else by the CRM's own id. None for our own: a record that we saved last
        was edited by somebody before that, and nothing tells by whom."""
        return None if native_id == self._ours else self.name_of(native_id) or native_id
