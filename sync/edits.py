"""What people did between two readings: a value that moved, and by whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sync.ledger.events import Event
from sync.records import Record


def edits(before: Record | None, after: Record, who: Callable[[str | None], str | None]) -> Iterator[Event]:
    """An event for each value of an account that a reading shows moved, settled or still waiting to be. First sight of
    a value is no edit, and neither is a CRM's own spelling of what Tandem wrote, which ``absorb`` has made Observed or
    kept as an echo."""
    if before is None or before.link_id is None:
        return
    for name, value in after.current.items():
        if name not in before.current or before.current[name] == value:
            continue
        respelled = name in before.echo and value in (
            after.echo.get(name, _NOTHING),
            after.observed.get(name),
        )
        if not respelled:
            yield Event(
                kind="edited",
                link_id=before.link_id,
                system=after.system,
                field=name,
                old=before.current[name],
                new=value,
                by=who(after.modified_by),
                at=after.stamp,
            )


_NOTHING = object()
