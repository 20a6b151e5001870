"""Query cursors: answers that are read page by page, for two days.

Source: Salesforce, API query cursor limits. Cursors live in memory: after a restart their locators are dead, which is
what a client has to be ready for anyway.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from emulator.salesforce.errors import refuse
from emulator.salesforce.parts import Home
from emulator.salesforce.soql import QueryAnswer

#: rows of a page unless the caller asks for fewer; the least and the most that may be asked for
PAGE, LEAST, MOST = 2000, 200, 2000
_LIFE = timedelta(days=2)


@dataclass(frozen=True, kw_only=True, slots=True)
class Cursor:
    """An answer that is not read to its end."""

    answer: QueryAnswer
    user_id: str
    opened: datetime


class Cursors:
    """The open cursors of an org."""

    def __init__(self, org: Home) -> None:
        self._org = org
        self._open: dict[str, Cursor] = {}

    def first(self, answer: QueryAnswer, *, user_id: str, size: int, base: str) -> dict[str, Any]:
        """Return the first page of a fresh answer, as the query resource prints it."""
        if answer.total_size <= size or not (records := answer.records(0, size)):
            return {"totalSize": answer.total_size, "done": True, "records": answer.records()}
        locator = self._org.next_id("01g")
        self._open[locator] = Cursor(answer=answer, user_id=user_id, opened=self._org.clock.now())
        return _page(answer, records, f"{base}/{locator}-{size}")

    def following(self, locator: str, *, user_id: str, size: int, base: str) -> dict[str, Any]:
        """Return the page that a locator (``01g…-2000``) points at. Raises CallError INVALID_QUERY_LOCATOR."""
        name, _, start_text = locator.rpartition("-")
        cursor = self._open.get(name)
        living = cursor is not None and self._org.clock.now() - cursor.opened < _LIFE
        if cursor is None or not living or cursor.user_id != user_id or not start_text.isdigit():
            raise refuse("INVALID_QUERY_LOCATOR", "invalid query locator")
        start = int(start_text)
        stop = start + size
        done = stop >= cursor.answer.total_size
        return _page(
            cursor.answer, cursor.answer.records(start, stop), None if done else f"{base}/{name}-{stop}"
        )

    def close_all(self) -> None:
        """Kill every cursor."""
        self._open.clear()


def page_size(options: str | None) -> int:
    """Return the rows per page that ``Sforce-Query-Options: batchSize=N`` asks for; out of bounds is moved inside."""
    for part in (options or "").split(","):
        name, _, value = part.strip().partition("=")
        if name.strip().lower() == "batchsize" and value.strip().isdigit():
            return min(MOST, max(LEAST, int(value)))
    return PAGE


def _page(answer: QueryAnswer, records: list[dict[str, Any]], following: str | None) -> dict[str, Any]:
    head: dict[str, Any] = {"totalSize": answer.total_size, "done": following is None}
    if following is not None:
        head["nextRecordsUrl"] = following
    return {**head, "records": records}
