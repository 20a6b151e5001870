"""The rows of a write as they stood a moment before, read in the call that writes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connector.base import NativeRecord
from connector.salesforce.api import soql
from connector.salesforce.records import rows


class Glance:
    """Part of a composite call; goes before the parts that write."""

    def __init__(self, object: str, fields: Sequence[str]) -> None:
        self._object = soql.name(object)
        self._selected = soql.columns(("Id", "SystemModstamp", "LastModifiedById"), fields)
        self._values = rows.reader_of(fields)
        #: Rows by id. A call that is repeated may see its own first try, so the first sight counts.
        self.seen: dict[str, NativeRecord] = {}

    def part(self, ids: Sequence[str]) -> dict[str, Any]:
        """The part that reads these records."""
        path = f"composite/sobjects/{self._object}"
        return {"method": "POST", "path": path, "body": {"ids": list(ids), "fields": self._selected}}

    def take(self, status: int, body: Any) -> None:
        """Keep what that part answered; what could not be read is not known."""
        if status < 300 and isinstance(body, list):
            for row in body:
                if row is not None:
                    self.seen.setdefault(row["Id"], rows.record(row, self._values(row)))
