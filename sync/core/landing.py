"""What proves that a write landed of which nobody heard: pure, from what was sent, what stands and who is named.

A System takes a row whole, or not at all. That one value of a row stands there proves nothing all the same: a person
may have entered the very value. What proves it is the CRM's word that we were there after the row was meant, or that
every value of the row stands as it was written.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from connector.base import Version
from sync.core.readings import Reading
from sync.model.journal import Write
from sync.model.records import TANDEM_ID, Record, Value

#: The CRM's clock and ours may differ by as much when a version is recognised as our own write.
SKEW = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowHistory:
    """What the CRM's history tells of the fields of one row; a field of which it keeps nothing is in neither."""

    #: It holds what was sent, set by us after the row was meant.
    ours: Collection[str] = ()
    #: It goes on without it: whatever stands there, somebody else has set it.
    others: Collection[str] = ()


def landed(
    write: Write,
    shown: Mapping[str, Value],
    known: Record,
    reading: Reading,
    history: RowHistory,
    acting_as: str | None,
) -> frozenset[str] | None:
    """The fields that are known to have taken what the row brought; None where nothing proves that it arrived.

    ``shown``: what the row brought, as the System shows it. ``known``: the Record as the Run knew it that sent the
    row. What stands in the other fields, though it be the same, is for the field's rule like any other value.
    """
    if not (
        names_us(write, known, reading, history, acting_as)
        or _stands_whole(write, shown, known, reading, history)
    ):
        return None
    return frozenset(name for name in shown if name not in history.others)


def names_us(
    write: Write, known: Record, reading: Reading, history: RowHistory, acting_as: str | None
) -> bool:
    """Does the CRM itself say that we brought the row? Where it only stands there whole, all of it can be somebody
    else's: most of all where the row brought one value."""
    return (
        bool(history.ours) or _marked(write, known, reading) or _saved_by_us(write, known, reading, acting_as)
    )


def put_back(
    shown: Mapping[str, Value], known: Record, reading: Reading, history: RowHistory
) -> frozenset[str]:
    """The fields of an undo's row that stand as it was to put them back, and did not before, where nothing proves that
    the row arrived. Taken for edits they would travel, and write over what the undo meant to leave alone elsewhere."""
    return frozenset(
        name
        for name, value in shown.items()
        if name not in history.others
        and name in reading.values
        and reading.values[name] == value != known.current.get(name)
    )


def versions_of_ours(
    versions: Sequence[Version], write: Write, known: Record | None, acting_as: str | None
) -> Iterator[Version]:
    """Versions that this write can have made. The CRM's own clock tells them from those that stood there when the
    record was last read or written; ours may differ from it."""
    stood = _known_until(known)
    return (
        each
        for each in versions
        if is_ours(each, acting_as)
        and each.at >= write.intended_at - SKEW
        and (stood is None or each.at > stood)
    )


def is_ours(version: Version, acting_as: str | None) -> bool:
    """Did we set this value, as the CRM's history tells?"""
    return version.by_app and (acting_as is None or version.by == acting_as)


def _marked(write: Write, known: Record, reading: Reading) -> bool:
    """Does the record carry the Link's id, which nobody but this row can have given to it?"""
    return TANDEM_ID in write.fields and known.tandem_id != write.link_id == reading.tandem_id


def _saved_by_us(write: Write, known: Record, reading: Reading, acting_as: str | None) -> bool:
    """Were we the last to save the record, after it was last read and after the row was meant? The System may have a
    spelling of its own for what it was given."""
    stood = _known_until(known)
    return (
        acting_as is not None
        and reading.modified_by == acting_as
        and reading.modified_at >= write.intended_at - SKEW
        and stood is not None
        and reading.modified_at > stood
    )


def _stands_whole(
    write: Write, shown: Mapping[str, Value], known: Record, reading: Reading, history: RowHistory
) -> bool:
    """Does every value of the row stand there, which did not before, and none of them in somebody else's name?"""
    return (
        not history.others
        and (TANDEM_ID not in write.fields or reading.tandem_id == write.link_id)
        and all(name in reading.values and reading.values[name] == value for name, value in shown.items())
        and any(known.current.get(name) != value for name, value in shown.items())
    )


def _known_until(known: Record | None) -> datetime | None:
    """The CRM's own time of the version in which the record was last read or written."""
    if known is None:
        return None
    return max((at for at in (known.stamp, known.not_before) if at is not None), default=None)
