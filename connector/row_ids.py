"""Rows whose ids are none: each is refused alone, and none of them reaches an address, a statement or a batch. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from connector.base import RowUpdate, WriteResult
from connector.errors import Refusal

#: The code of their refusal.
MALFORMED = "MALFORMED_ID"
#: Characters of such an id that a message shows.
_SHOWN = 60


def updated(
    rows: Sequence[RowUpdate],
    is_id: Callable[[str], bool],
    write: Callable[[Sequence[RowUpdate]], list[WriteResult]],
) -> list[WriteResult]:
    """Write the rows that have an id, and answer for each of all rows."""
    results = iter(write([row for row in rows if is_id(row.id)]))
    return [
        next(results) if is_id(row.id) else WriteResult(id=None, refusal=_refusal(row.id)) for row in rows
    ]


def _refusal(id: str) -> Refusal:
    shown = id if len(id) <= _SHOWN else f"{id[:_SHOWN]} …"
    return Refusal(
        code=MALFORMED,
        message=f"{shown!r} is no id of a record",
        remedy="Nothing was sent. If the ledger holds it: tandem ledger check.",
    )
