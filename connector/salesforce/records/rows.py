"""Rows, positions and dates: Salesforce's bodies turned into the seam's data. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from connector.base import (
    NativeRecord,
    NativeValue,
    Opportunity,
    Removal,
    Stage,
    User,
)
from connector.salesforce.api.errors import to_18
from connector.salesforce.api.stamps import moment


def optional_moment(text: str | None) -> datetime | None:
    """The same, where there may be none."""
    return None if text is None else moment(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far an object has been read."""

    #: The server's time when the read began; the next read starts there, less the overlap.
    since: datetime
    #: The last row (SystemModstamp, Id) of a read that is not complete.
    after: tuple[datetime, str] | None = None
    #: The read that is not complete is a first one, which leaves out deleted rows.
    full: bool = False

    def __str__(self) -> str:
        parts: dict[str, Any] = {"since": self.since.isoformat()}
        if self.after is not None:
            parts |= {"after": [self.after[0].isoformat(), self.after[1]], "full": self.full}
        return json.dumps(parts, separators=(",", ":"))

    @classmethod
    def parse(cls, text: str) -> Position:
        """Read what ``str`` wrote; ValueError for anything else."""
        try:
            parts = json.loads(text)
            after = parts.get("after")
            position = cls(
                since=datetime.fromisoformat(parts["since"]),
                after=None if after is None else (datetime.fromisoformat(after[0]), str(after[1])),
                full=bool(parts.get("full", False)),
            )
        except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
            raise ValueError(f"{text[:80]!r} is not a position in a Salesforce object") from error
        if position.since.tzinfo is None:
            raise ValueError(f"{text[:80]!r} has no time zone")
        return position


def reader_of(fields: Sequence[str]) -> Callable[[Mapping[str, Any]], dict[str, NativeValue]]:
    """A function that takes the asked fields out of a row, under the names asked for.

    Salesforce answers with its own spelling of a name and nests related fields (``Owner.Email``).
    """

    def fast(row: Mapping[str, Any]) -> dict[str, NativeValue]:
        try:
            return {field: row[field] for field in fields}
        except KeyError:
            return {field: _find(row, field.split(".")) for field in fields}

    return fast


def _find(row: Mapping[str, Any] | None, path: Sequence[str]) -> NativeValue:
    """A value by its path in any case; null relationships give null. KeyError where a name is not there."""
    value: Any = row
    for part in path:
        if value is None:
            return None
        if part not in value:
            lower = part.lower()
            part = next((key for key in value if key.lower() == lower), part)  # noqa: PLW2901
        value = value[part]
    found: NativeValue = value
    return found


def record(row: Mapping[str, Any], values: Mapping[str, NativeValue]) -> NativeRecord:
    """A row that is there."""
    return NativeRecord(
        id=row["Id"],
        values=values,
        modified_at=moment(row["SystemModstamp"]),
        modified_by=row.get("LastModifiedById"),
    )


def removal(row: Mapping[str, Any]) -> Removal:
    """A row that was deleted, or merged into another."""
    master = row.get("MasterRecordId")
    return Removal(
        id=row["Id"],
        at=optional_moment(row.get("SystemModstamp")),
        merged_into=to_18(master) if master else None,
    )


def opportunity(row: Mapping[str, Any]) -> Opportunity:
    """An Opportunity by its own flags; Salesforce's probability is a percentage."""
    probability = row.get("Probability")
    close = row.get("CloseDate")
    return Opportunity(
        id=row["Id"],
        name=row.get("Name") or "",
        account_id=row.get("AccountId"),
        pipeline=None,
        stage=row.get("StageName") or "",
        amount=plain_decimal(row.get("Amount")),
        currency=row.get("CurrencyIsoCode"),
        close_date=None if close is None else date.fromisoformat(close),
        closed=row.get("IsClosed") is True,
        won=row.get("IsWon") is True,
        probability=None if probability is None else probability / 100,
        owner_id=row.get("OwnerId"),
        created_at=moment(row["CreatedDate"]),
        modified_at=moment(row["SystemModstamp"]),
    )


def plain_decimal(number: float | None) -> str | None:
    """A number without exponent and without zeros that say nothing: 12345.50 -> "12345.5"."""
    if number is None:
        return None
    text = f"{Decimal(str(number)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def stage(row: Mapping[str, Any]) -> Stage:
    """A row of OpportunityStage. ``StageName`` of an opportunity holds the ApiName."""
    return Stage(
        id=row.get("ApiName") or row["MasterLabel"],
        label=row["MasterLabel"],
        pipeline=None,
        pipeline_label=None,
        order=int(row.get("SortOrder") or 0),
        closed=row.get("IsClosed") is True,
        won=row.get("IsWon") is True,
        probability=float(row.get("DefaultProbability") or 0) / 100,
        active=row.get("IsActive") is True,
    )


def user(row: Mapping[str, Any]) -> User:
    """A row of User, with the e-mail that the person has outside of a sandbox."""
    email = row.get("Email")
    return User(
        id=row["Id"],
        email=own_email(email) if email else None,
        name=row.get("Name") or "",
        active=row.get("IsActive") is True,
    )


_OLD_SANDBOX = re.compile(r"([^@=]+)=([^@=]+)@example\.com", re.IGNORECASE)


def own_email(email: str) -> str:
    """Undo what a sandbox does to its users' addresses, so that owners match there as well: it appends ``.invalid``
    (older ones: ``jo=acme.com@example.com``), neither of which can be anybody's real address."""
    email = email.strip().removesuffix(".invalid")
    found = _OLD_SANDBOX.fullmatch(email)
    return f"{found[1]}@{found[2]}" if found else email
