"""What a read changes in what is known of a Record: stale reads, our own echo, a CRM's spelling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sync.model.records import EMPTY, Covered, NativeId, Record, RecordState, SystemName, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One record as just read, in canonical words."""

    system: SystemName
    id: NativeId
    name: str | None
    domain: str | None
    tandem_id: str | None
    values: Mapping[str, Value]
    unreadable: Mapping[str, str]
    modified_at: datetime
    #: Native id of the last writer, where known.
    modified_by: str | None
    more_domains: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()


def absorb(before: Record | None, reading: Reading, *, acting_as: str | None) -> Record | None:
    """The Record after this reading; None where nothing is to be stored.

    ``acting_as`` is the native id of the user whose name our own writes carry: a value that differs from what we
    wrote although nobody else has touched the record since is the CRM's own spelling of it (rounded, trimmed,
    rewritten by a trigger), not an edit.
    """
    if before is None:
        return Record(
            system=reading.system,
            id=reading.id,
            name=reading.name,
            domain=reading.domain,
            more_domains=reading.more_domains,
            sites=reading.sites,
            tandem_id=reading.tandem_id,
            current=dict(reading.values),
            unreadable=dict(reading.unreadable),
            stamp=reading.modified_at,
            modified_by=reading.modified_by,
        )
    if _is_stale(before, reading):
        return None
    observed, echo = _own_writes(before, reading, acting_as)
    observed |= _emptied(before, reading)
    after = replace(
        before,
        name=reading.name,
        domain=reading.domain,
        more_domains=reading.more_domains,
        sites=reading.sites,
        tandem_id=reading.tandem_id,
        current={**before.current, **reading.values},
        observed=observed,
        unreadable=dict(reading.unreadable),
        echo=echo,
        covered=_still_covered(before, reading, acting_as),
        stamp=reading.modified_at,
        not_before=None,
        modified_by=reading.modified_by,
        state=RecordState.PRESENT,
    )
    return None if after == before else after


def after_write(record: Record, there: Mapping[str, Value], *, not_before: datetime | None) -> Record:
    """The Record after a write of ours that the CRM confirmed, with what stands there now.

    What an earlier write left and is settled echoes no longer: should the next read show something else there, the
    stamp of this write would pass it off as the CRM's own spelling, and it may be somebody's edit in between.
    """
    waiting = {
        name: value
        for name, value in record.echo.items()
        if name not in record.observed or record.observed[name] != record.current.get(name)
    }
    return replace(
        record,
        current={**record.current, **there},
        echo={**waiting, **there},
        not_before=not_before or record.not_before,
    )


def _is_stale(before: Record, reading: Reading) -> bool:
    """Did the CRM answer from a copy that is older than what we know of, such as our own last write?"""
    return any(
        known is not None and reading.modified_at < known for known in (before.not_before, before.stamp)
    )


def _own_writes(
    before: Record, reading: Reading, acting_as: str | None
) -> tuple[dict[str, Value], dict[str, Value]]:
    """Observed, and what is left of the echo, now that our writes were read back."""
    observed, echo = dict(before.observed), dict(before.echo)
    untouched = _is_ours(before, reading, acting_as)
    for name, written in before.echo.items():
        if name not in reading.values:
            continue
        shown = reading.values[name]
        if shown != written and not untouched:
            # Somebody's edit, on top of what we wrote; also where it goes back to what stood here before.
            observed[name] = written
            del echo[name]
        elif name in observed and observed[name] == before.current.get(name):
            observed[name] = shown
            del echo[name]
        else:
            # Other Systems have not taken the value over yet. Until they have, it must not look like an edit.
            echo[name] = shown
    return observed, echo


def _emptied(before: Record, reading: Reading) -> dict[str, Value]:
    """What stood in fields of a linked Record that somebody emptied before they were ever settled, as while a Conflict
    is open. Kept as Observed it makes the blank an edit; else it would pass for one that was never filled, and take
    the other System's value. Whose name the version carries says nothing: we may have written another field since."""
    if before.link_id is None:
        return {}
    return {
        name: before.current[name]
        for name, value in reading.values.items()
        if value in EMPTY
        and before.current.get(name) not in EMPTY
        and name not in before.observed
        and name not in before.echo
    }


def _still_covered(before: Record, reading: Reading, acting_as: str | None) -> dict[str, Covered]:
    """Without the fields that somebody edited since: who did saw our value and replaced it."""
    if not before.covered or _is_ours(before, reading, acting_as):
        return dict(before.covered)
    return {
        name: covered
        for name, covered in before.covered.items()
        if reading.values.get(name, before.current.get(name)) == before.current.get(name)
    }


def edited_since(record: Record | None, at: datetime, acting_as: str | None) -> bool:
    """Has anybody else saved this record since then?"""
    if record is None or record.stamp is None or record.stamp <= at:
        return False
    if acting_as is not None and record.modified_by is not None:
        return record.modified_by != acting_as
    return record.not_before is None or record.stamp > record.not_before


def _is_ours(before: Record, reading: Reading, acting_as: str | None) -> bool:
    """Is this the version that our own last write left, with nobody's edit after it?"""
    if acting_as is not None and reading.modified_by is not None:
        return reading.modified_by == acting_as
    return before.not_before is not None and reading.modified_at == before.not_before
