"""What a reading shows to have happened since the last one: edits by people, spellings of the CRM's own, values that
mean nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sync.model.journal import Event
from sync.model.records import Record


def edits(before: Record | None, after: Record, who: Callable[[str | None], str | None]) -> Iterator[Event]:
    """An event for each value of a linked Record that a reading shows moved, and by whom. First sight of a value is no
    edit, and neither is a CRM's own spelling of what Tandem wrote, which ``absorb`` has made Observed or kept as an
    echo: that is told as what it is."""
    if before is None or before.link_id is None:
        return
    for name, value in after.current.items():
        if name not in before.current or before.current[name] == value:
            continue
        respelled = name in before.echo and value in (
            after.echo.get(name, _NOTHING),
            after.observed.get(name, _NOTHING),
        )
        yield Event(
            kind="respelled" if respelled else "edited",
            link_id=before.link_id,
            system=after.system,
            field=name,
            old=before.current[name],
            new=value,
            by=None if respelled else who(after.modified_by),
            at=after.stamp,
        )
    for name, reason in after.unreadable.items():
        if before.unreadable.get(name) != reason:
            yield Event(
                kind="unreadable",
                link_id=before.link_id,
                system=after.system,
                field=name,
                by=who(after.modified_by),
                note=reason,
                at=after.stamp,
            )


_NOTHING = object()
