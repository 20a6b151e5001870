"""Whose time an edit carries: a value that Tandem wrote somewhere is as old as the edit that it goes back to. Pure.

Tandem carries values from one System to another and writes back what it had covered. Its own version in a history, and
its own name under a record's stamp, tell when that was; the edit was somebody's, earlier, there or in another System.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from connector.base import Version
from sync.core.landing import SKEW, is_ours
from sync.model.records import Edited, Evidence, SystemName, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """Somebody entered a value in one System, as a history tells or a reading first showed."""

    system: SystemName
    value: Value
    at: datetime
    #: What the System calls who did it; None where nobody says.
    by: str | None = None
    evidence: Evidence = Evidence.STAMP


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A value of a field's history, and the version that brought it; versions that repeat it later are no edits."""

    value: Value | object
    brought: Version


#: In place of a value that means nothing in the mapping.
_NO_MEANING = object()


def entries(versions: Sequence[Version], meant: Callable[[Version], tuple[Value] | None]) -> list[Entry]:
    """A field's history without repetitions, the newest first. ``meant``: a version's canonical value, if any."""
    result: list[Entry] = []
    for version in versions:
        read = meant(version)
        value = read[0] if read is not None else _NO_MEANING
        if result and result[-1].value == value:
            result[-1] = Entry(value=value, brought=version)
        else:
            result.append(Entry(value=value, brought=version))
    return result


def by_people(system: SystemName, history: Iterable[Entry], acting_as: str | None) -> list[Sighting]:
    """What others than us have entered, as this System's history of the field tells."""
    return [
        Sighting(
            system=system,
            value=entry.value,
            at=entry.brought.at,
            by=entry.brought.author,
            evidence=Evidence.FIELD_HISTORY,
        )
        for entry in history
        if (entry.value is None or isinstance(entry.value, str)) and not is_ours(entry.brought, acting_as)
    ]


def origin(
    system: SystemName,
    has: Callable[[Value], bool],
    written_at: datetime,
    by: str | None,
    sightings: Iterable[Sighting],
) -> Edited:
    """The edit that a value goes back to which we wrote to this System at that time. Where no edit of it is known, the
    value is older than our writing of it, and nobody knows by how much. ``has``: is it the value, as shown here?"""
    earlier = [each for each in sightings if each.at <= written_at + SKEW and has(each.value)]
    if not earlier:
        return Edited(at=written_at, by=by, evidence=Evidence.CARRIED)
    last = max(earlier, key=lambda each: (each.at, each.evidence is Evidence.FIELD_HISTORY))
    return Edited(at=last.at, by=last.by if last.system == system else by, evidence=last.evidence)
