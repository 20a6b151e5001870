"""Records that meet again after the Link that held them has ended: what had been settled there still is. Pure.

A Link ends where one of its Records is deleted or merged away. The others still hold what Tandem had brought them, and
what people made of it since. Were they to meet as for the first time, a copy of Tandem's would pass for somebody's
word, and a field that somebody has emptied for one that nobody ever filled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sync.model.records import EMPTY, Link, LinkId, Record, RecordKey, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Parting:
    """What was known of a Record within the Link that it left, when it left it."""

    link_id: LinkId
    #: Values on which the Systems had last agreed there.
    base: Mapping[str, Value]
    observed: Mapping[str, Value]
    echo: Mapping[str, Value]
    #: What stood in the Record.
    current: Mapping[str, Value]


def reunited(
    link: Link, members: Sequence[Record], left: Mapping[RecordKey, Parting]
) -> tuple[Link, tuple[Record, ...]]:
    """The Link that these Records are about to join, and the Records as they join it.

    Those that were one account before go on where they stopped; whoever comes from elsewhere meets them for the first
    time. A Link that has ended has its Base again; an open one (``stored``) keeps its own.
    """
    going_on = _going_on(link, [left[each.key] for each in members if each.key in left])
    bases = [left[each.key].base for each in members if _goes_on(each, left, going_on)]
    if not bases:
        return link, tuple(members)
    if link.stored:
        bases.append(link.base)
    first = bases[0]
    moved = {
        name for base in bases for name in {*base, *first} if base.get(name, _NONE) != first.get(name, _NONE)
    }
    base = {name: value for name, value in first.items() if name not in moved}
    return (
        link if link.stored else replace(link, base=base),
        tuple(
            _recalled(each, left[each.key], moved, link) if _goes_on(each, left, going_on) else each
            for each in members
        ),
    )


def _goes_on(record: Record, left: Mapping[RecordKey, Parting], link_id: LinkId | None) -> bool:
    known = left.get(record.key)
    return known is not None and known.link_id == link_id


def _going_on(link: Link, known: Iterable[Parting]) -> LinkId | None:
    """Which Link goes on with these Records: the very one, else the one that most of them come from. None where that
    is not clear."""
    counted = Counter(each.link_id for each in known)
    if link.stored or link.id in counted:
        return link.id
    ranked = counted.most_common(2)
    if not ranked or (len(ranked) > 1 and ranked[0][1] == ranked[1][1]):
        return None
    return ranked[0][0]


def _recalled(record: Record, left: Parting, moved: Iterable[str], link: Link) -> Record:
    """The Record as it would be known, had it not been without a Link meanwhile."""
    observed, echo = dict(left.observed), dict[str, Value]()
    for name, written in left.echo.items():
        if record.current.get(name, _NONE) == written:
            echo[name] = written
        else:
            # Somebody's edit, on top of what we wrote.
            observed[name] = written
    for name, stood in left.current.items():
        emptied = record.current.get(name, _NONE) in EMPTY and stood not in EMPTY
        if emptied and name not in observed and name not in echo:
            observed[name] = stood
    for name in moved:
        # The others have gone on without it: what stands here unmoved is no word of anybody's.
        settled = observed.pop(name, _NONE)
        if link.stored and settled != _NONE and record.current.get(name) == settled:
            echo[name] = record.current[name]
    return replace(
        record,
        observed={name: value for name, value in observed.items() if name in record.current},
        echo={name: value for name, value in echo.items() if name in record.current},
    )


#: In place of a value where there is none, not even a blank.
_NONE = "\0"
