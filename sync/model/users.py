"""Who can own an account: the users of each System, found by e-mail."""

from __future__ import annotations

from collections.abc import Iterable

from connector.base import User
from mappings.values.canonical import email as canonical_email


class UserDirectory:
    """Users of one System. An inactive user is known by name but is given nothing; an e-mail that two active
    users share names nobody. ``ours``: the id of the user or app whose name our writes carry."""

    def __init__(self, users: Iterable[User], *, ours: str | None = None) -> None:
        self._ours = ours
        self._emails: dict[str, str] = {}
        self._names: dict[str, str] = {}
        active: dict[str, list[str]] = {}
        everybody = list(users)
        for user in everybody:
            self._names[user.id] = user.name
            email = canonical_email(user.email) if user.email is not None else None
            if email is None:
                continue
            self._emails[user.id] = email
            if user.active:
                active.setdefault(email, []).append(user.id)
        self._ids = {email: ids[0] for email, ids in active.items() if len(ids) == 1}
        for user in everybody:
            if user.writes_as is not None:
                self._names.setdefault(user.writes_as, user.name)

    def email_of(self, native_id: str) -> str | None:
        return self._emails.get(native_id)

    def id_of(self, email: str) -> str | None:
        return self._ids.get(email)

    def name_of(self, native_id: str | None) -> str | None:
        """By the id that owns records, or by the one that histories name."""
        return self._names.get(native_id) if native_id is not None else None

    def writer(self, native_id: str | None) -> str | None:
        """Who edited, for people: by name, else by the CRM's own id. None for our own: a record that we saved last
        was edited by somebody before that, and nothing tells by whom."""
        return None if native_id == self._ours else self.name_of(native_id) or native_id
