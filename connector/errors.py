"""What can go wrong with a CRM, grouped by what the caller must do about it.

    ConnectorError
    ├── Retryable      the same call may succeed later; carries the shortest sensible wait
    │   ├── Throttled      a rate policy of seconds said no; nothing was done
    │   ├── Unavailable    the CRM or its edge is down; the work may or may not have been done
    │   └── RowLocked      rows were held by another transaction; nothing was done to them
    ├── Rejected       this record (or this field of it) is refused; others are not concerned
    └── Fatal          nothing more can be done in this Run
        ├── AuthFailed     credentials are wrong, expired for good, or lack a right
        ├── QuotaSpent     the daily allowance is gone; says when it comes back, if known
        ├── WrongIdentity  the org or portal is not the one that the ledger or configuration expects
        └── Unsupported    the CRM does not know an object, field or call that we need

Only the ``wire`` module of a CRM knows its error codes; everybody else decides by these classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from connector.printable import printable_message
from connector.secrecy import scrub


class ConnectorError(Exception):
    """Root of everything a Connector raises. ``str(error)`` is a sentence for people."""

    def __init__(self, message: str, *, code: str | None = None, remedy: str | None = None) -> None:
        # A server or a proxy may have repeated what it was sent, and may say what steers a terminal.
        super().__init__(printable_message(scrub(message)))
        #: The CRM's own code, for example ``UNABLE_TO_LOCK_ROW`` or ``MISSING_SCOPES``.
        self.code = None if code is None else printable_message(scrub(code))
        #: What a person can do about it, as a sentence that can be typed or clicked.
        self.remedy = None if remedy is None else printable_message(scrub(remedy))
        #: The name of the System, filled in by the Connector at its border.
        self.system: str | None = None


class Retryable(ConnectorError):
    """The same call may succeed later."""

    def __init__(
        self,
        message: str,
        *,
        wait: float = 1.0,
        code: str | None = None,
        remedy: str | None = None,
        maybe_done: bool = False,
    ) -> None:
        super().__init__(message, code=code, remedy=remedy)
        #: Seconds to wait before the next try, at least.
        self.wait = wait
        #: True where the CRM may have done the work although it did not say so.
        self.maybe_done = maybe_done


class Throttled(Retryable):
    """A rate policy of seconds refused the call before any work was done."""


class Unavailable(Retryable):
    """The CRM, its edge or the network did not answer properly; the work may have been done."""


class RowLocked(Retryable):
    """Another transaction holds the row; try again alone, after a pause."""


class Rejected(ConnectorError):
    """One record is refused for what it holds; nothing else is concerned."""

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        fields: tuple[str, ...] = (),
        remedy: str | None = None,
        gone: bool = False,
        holder: str | None = None,
    ) -> None:
        super().__init__(message, code=code, remedy=remedy)
        #: Native fields that the CRM named; empty where it named none (the whole record is held then).
        self.fields = fields
        #: True where the record no longer exists under this id (deleted or merged away).
        self.gone = gone
        #: Native id of the record that already holds a unique value, where the CRM told it.
        self.holder = holder


class Fatal(ConnectorError):
    """Nothing more can be done in this Run."""


class AuthFailed(Fatal):
    """Credentials are wrong, expired for good, or lack a right or scope."""


class QuotaSpent(Fatal):
    """The daily allowance of API calls is spent, or our share of it."""

    def __init__(
        self,
        message: str,
        *,
        resets_at: datetime | None = None,
        code: str | None = None,
        remedy: str | None = None,
    ) -> None:
        super().__init__(message, code=code, remedy=remedy)
        #: When calls are allowed again, if the CRM says so.
        self.resets_at = resets_at


class WrongIdentity(Fatal):
    """The org or portal behind the credentials is not the expected one."""


class Unsupported(Fatal):
    """The CRM does not know an object, field or call that is needed (or hides it from this user)."""

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        remedy: str | None = None,
        fields: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message, code=code, remedy=remedy)
        #: Native fields that are missing or hidden, where that is all that is wrong.
        self.fields = fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why one row of a write was refused, as data that can be stored in the ledger."""

    code: str
    #: The CRM's own words.
    message: str
    fields: tuple[str, ...] = ()
    #: What a person can do about it.
    remedy: str | None = None
    #: The row may be tried again unchanged (a lock, a passing fault).
    retryable: bool = False
    #: The record no longer exists under this id.
    gone: bool = False
    #: Native id of the record that already holds the unique value, where told.
    holder: str | None = None
    #: It names somebody (or a record) who is not there, or who may own nothing any more.
    nobody: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "code", printable_message(scrub(self.code)))
        object.__setattr__(self, "message", printable_message(scrub(self.message)))
