"""Who wants what: the sides of one field, and the values that want to win.

A side is what stands in a System now and what stood there when the field was last settled (Observed). It claims
its value when it left Observed, or when it was never settled and is not blank.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sync.model.records import Base, Covered, Evidence, Value


def _as_it_is(value: Value) -> Value:
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One System's view of one field."""

    current: Value
    observed: Value = None
    #: False where the field was never settled in this System.
    settled: bool = False
    #: The record does not exist yet; it is about to be created.
    new: bool = False
    #: What stands here was written by Tandem for a decision that another System has not taken over yet. It is
    #: nobody's edit; it only reminds of the value that is on its way.
    carried: bool = False
    #: When the value was edited, as far as known; only ``newest`` asks.
    edited_at: datetime | None = None
    #: It was edited no later than that, and nobody knows how long before.
    or_earlier: bool = False
    evidence: Evidence = Evidence.STAMP
    #: The edit that a write of ours covered: ``current`` is what we wrote over it, ``edited_at`` tells of the edit.
    covered: Covered | None = None
    #: Another writer replaces here, each time, the computed value that Tandem pushes.
    fought: bool = False
    #: How this System shows a value that is written to it (rounded, cut, a checkbox without blank …).
    shows: Callable[[Value], Value] = _as_it_is

    @property
    def blank(self) -> bool:
        return self.current is None or self.current == self.shows(None)

    @property
    def edited(self) -> bool:
        return self.settled and not self.carried and self.current != self.observed

    @property
    def joins(self) -> bool:
        """Is this field decided for the first time here?"""
        return not self.settled and not self.carried

    def has(self, value: Value) -> bool:
        """Does this System hold ``value``, in its own spelling?"""
        return self.current == value or self.current == self.shows(value)


def seen_in_time(sides: Mapping[str, Side], base: Base | None) -> tuple[Mapping[str, Side], Base | None]:
    """Sides and Base as they would have stood, had the edits that our writes covered been seen before: each edit on its
    side, what the write carried on the others, and what both replaced beneath. What an undo wrote had come from no
    other side: they stand as they are."""
    covered = [side.covered for side in sides.values() if side.covered is not None]
    if not covered:
        return sides, base
    carrying = [each for each in covered if not each.undo]
    if not carrying:
        return {name: _uncovered(side) for name, side in sides.items()}, base
    before = carrying[0].instead_of
    copies = {name for each in carrying for name in each.copies}
    answered = _carried_is_answered(sides.values())
    seen = {
        name: side
        if side.new
        else _uncovered(side)
        if side.covered is not None and side.covered.undo
        else replace(
            side,
            current=side.covered.value if side.covered is not None else side.current,
            observed=_stood_on(side, before, answered=answered),
            settled=True,
            # A copy of what the write carried has no voice of its own: nobody entered it there.
            carried=name in copies
            and side.covered is None
            and not side.edited
            and side.current != side.shows(before),
            covered=None,
        )
        for name, side in sides.items()
    }
    return seen, Base(before)


def _uncovered(side: Side) -> Side:
    """A side as it would stand by itself, had no write of ours covered the edit."""
    edit = side.covered
    if edit is None:
        return side
    return replace(
        side,
        current=edit.value,
        observed=side.shows(edit.instead_of),
        settled=True,
        carried=False,
        covered=None,
    )


def _carried_is_answered(sides: Collection[Side]) -> bool:
    """Has somebody edited what our write carried, having seen it, in a System where it covered nothing?"""
    written = {side.current for side in sides if side.covered is not None}
    return any(
        side.edited
        and side.covered is None
        and any(side.observed in (value, side.shows(value)) for value in written)
        for side in sides
    )


def _stood_on(side: Side, before: Value, *, answered: bool) -> Value:
    """What a side's value is held against: what our write replaced. An edit that put that back, on top of what our
    write had carried or others had agreed on with it, is an edit all the same. Where somebody has answered what our
    write carried, whoever holds that still has nothing more to say."""
    back = side.edited and side.current == side.shows(before)
    done = answered and side.settled and side.current == side.observed
    return side.observed if side.covered is None and (back or done) else side.shows(before)


def claims_of(sides: Mapping[str, Side], base: Base | None) -> dict[str, Value]:
    """The values that want to win.

    A System that joins with a value of its own meets what the others stand on as an equal: then those claim
    what they hold, too, although they did not move, unless one of them has left it. Without a Base nothing was
    ever agreed on by all, and every value that stands is such an equal, unless somebody replaced that very value
    where it had been taken over already.
    """
    moved = {name for name, side in sides.items() if side.edited}
    carried = _on_its_way(sides, moved, base)
    if base is not None:
        joining = {
            name for name, side in sides.items() if side.joins and not side.blank and not side.has(base.value)
        }
        claiming = moved | carried | joining
        if joining and not moved and not carried:
            claiming |= {name for name, side in sides.items() if side.settled and not side.blank}
    else:
        equals = {
            name
            for name, side in sides.items()
            if not side.carried and not side.blank and not _is_answered(name, sides, moved)
        }
        claiming = moved | carried | equals
    return {name: side.current for name, side in sides.items() if name in claiming}


def _is_answered(name: str, sides: Mapping[str, Side], moved: Collection[str]) -> bool:
    """Did somebody put something else in the place of this value where it had been carried, and nobody here?"""
    side = sides[name]
    stands = name not in moved and side.current == side.observed
    return stands and any(side.has(sides[other].observed) for other in moved)


def _on_its_way(sides: Mapping[str, Side], moved: Collection[str], base: Base | None) -> set[str]:
    """The Systems whose value was carried to some Systems and not yet to all.

    What was carried has no voice of its own: where the System that it came from has thought better of it, or
    has made another edit on top of it, it is not wanted any more. An edit of what was agreed on long before is none on
    top of it, though it be the same value that is on its way once more.
    """
    on_top = {
        other
        for other in moved
        if base is None or sides[other].observed not in {base.value, sides[other].shows(base.value)}
    }
    names: set[str] = set()
    for side in sides.values():
        if side.carried and not any(side.has(sides[other].observed) for other in on_top):
            names |= {
                name
                for name, origin in sides.items()
                if origin.settled and origin.current == origin.observed and side.has(origin.current)
            }
    return names
