"""Who touched a value since a Run wrote it, asked of the CRMs: an edit that was taken back leaves no other trace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from connector.base import Version
from sync.core.landing import is_ours
from sync.core.undo import Overwrite
from sync.model.records import SystemName
from sync.pull import Puller


def touched(pullers: Mapping[SystemName, Puller], overwrites: Iterable[Overwrite]) -> list[Overwrite]:
    """Those of these that somebody set to something else after the Run, by the history of the field; none where there
    is no such history."""
    by_system: dict[SystemName, list[Overwrite]] = {}
    for item in overwrites:
        if item.record_id is not None:
            by_system.setdefault(item.system, []).append(item)
    found: list[Overwrite] = []
    for system, items in by_system.items():
        puller = pullers[system]
        native = {name: one.name for name, one in puller.system.fields.items()}
        kept = puller.connector.history(
            puller.system.account_object,
            sorted({native[item.field] for item in items}),
            sorted({str(item.record_id) for item in items}),
        )
        for item in items:
            versions = kept.get(str(item.record_id), {}).get(native[item.field], ())
            if _moved_since(item, versions, native[item.field], puller):
                found.append(item)
    return found


def _moved_since(item: Overwrite, versions: Sequence[Version], native: str, puller: Puller) -> bool:
    """Did somebody else's value follow the one that the Run wrote? ``versions``: the newest first. Where the CRM kept
    no version of ours, because the value stood there already, whoever entered it last meant it to stand."""
    shown = {item.written, puller.spelling.shows(item.field, item.written)}
    moved = entered = False
    for number, version in enumerate(versions):
        values = puller.spelling.translator.read({native: version.value}, puller.directory).values
        # A value without a meaning in the mapping is somebody's all the same.
        same = item.field in values and values[item.field] in shown
        ours = is_ours(version, puller.acting_as)
        if ours and same:
            return moved
        moved = moved or not (ours or same)
        entered = entered or (number == 0 and same)
    return entered
