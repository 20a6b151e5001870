"""What a read changes in what is known of a Record: stale reads, our own echo, a CRM's spelling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sync.records import Record, RecordState, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One record as just read, in canonical words."""

    system: str
    id: str
    name: str | None
    domain: str | None
    tandem_id: str | None
    values: Mapping[str, Value]
    unreadable: Mapping[str, str]
    modified_at: datetime
    #: Native id of the last writer, where known.
    modified_by: str | None


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
            tandem_id=reading.tandem_id,
            current=dict(reading.values),
            unreadable=dict(reading.unreadable),
            stamp=reading.modified_at,
            modified_by=reading.modified_by,
        )
    if before.not_before is not None and reading.modified_at < before.not_before:
        # The CRM answered from a copy that does not know our last write yet (read-after-write lag).
        return None
    current = {**before.current, **reading.values}
    observed = dict(before.observed)
    if before.echo and acting_as is not None and reading.modified_by == acting_as:
        for name, written in before.echo.items():
            if name in reading.values and reading.values[name] != written:
                observed[name] = reading.values[name]
    after = replace(
        before,
        name=reading.name,
        domain=reading.domain,
        tandem_id=reading.tandem_id,
        current=current,
        observed=observed,
        unreadable=dict(reading.unreadable),
        echo={},
        stamp=reading.modified_at,
        not_before=None,
        modified_by=reading.modified_by,
        state=RecordState.PRESENT,
    )
    return None if after == before else after
