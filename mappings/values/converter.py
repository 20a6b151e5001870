"""The shape of a conversion, and the people that it may have to ask for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from mappings.errors import Unreadable
from mappings.fields import Value


class Directory(Protocol):
    """The users of one System: native user or owner ids <-> canonical e-mails."""

    def email_of(self, native_id: str) -> str | None:
        """The e-mail behind an id, of inactive users too; None when the id is no user's."""

    def id_of(self, email: str) -> str | None:
        """The id of the active user with this canonical e-mail; None when there is not exactly one."""

    def why_nobody(self, email: str) -> str:
        """Why ``id_of`` knows nobody of this e-mail, for people."""


#: What a CRM's JSON can hold for one field.
Sendable = str | bool | int | float | None
#: raw, users -> canonical; raises Unreadable. Only users are looked up in the Directory.
Reader = Callable[[object, Directory], Value]
#: canonical, users -> raw; raises Unwritable. A writer of one type never sees a blank.
Writer = Callable[[str, Directory], Sendable]


class _Mirror:
    """A Directory in which everybody's id is the e-mail: enough to see what a write would leave."""

    def email_of(self, native_id: str) -> str | None:
        return native_id

    def id_of(self, email: str) -> str | None:
        return email

    def why_nobody(self, email: str) -> str:
        return f"nobody is {email}"


_MIRROR = _Mirror()


@dataclass(frozen=True, kw_only=True)
class Converter:
    """The compiled conversions of one field in one System."""

    read: Reader
    write: Callable[[Value, Directory], Sendable]

    def holds(self, value: Value, users: Directory = _MIRROR) -> Value:
        """What the System shows after `value` is written; raises Unwritable where it cannot be.

        Every write is shaped so that the CRM keeps it as it stands (rounded, cut to seconds),
        which is why reading our own write back tells what it will show.
        """
        return self.read(self.write(value, users), users)


def not_a(wanted: str, raw: object) -> Unreadable:
    """The refusal of a raw value whose JSON type is wrong."""
    return Unreadable(f"{raw!r} is not {wanted}")
