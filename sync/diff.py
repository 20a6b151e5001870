"""The decision table: one field of one account, any number of Systems, one outcome.

Every System has a *side*: what stands there now and what stood there when the field was last settled
(Observed). A side *claims* its value when it left Observed, or when it was never settled and is not blank.
No claim, no Change. One claim is carried to the others. Several claims are an agreement, or are decided by
the field's rule, or are a Conflict. Nothing here knows time, order, names or the ledger: swapping Systems
swaps the outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from mappings.fields import CanonicalField, DirectionKind, OnConflictKind
from sync.records import Value


class Why(StrEnum):
    """The reason of a decision, as it is stored and shown."""

    QUIET = "quiet"
    #: Settled for the first time: equal, blank, or left as they stand by the rule.
    MET = "met"
    #: Every System that moved made the same edit.
    AGREED = "agreed"
    #: One System edited it; carried to the others.
    EDITED = "edited"
    #: First meeting: a blank side takes the other's value.
    FILLED = "filled"
    #: The rule names a System that leads.
    LEADS = "leads"
    #: Systems edited it differently; the rule decided.
    NEWEST = "newest"
    FURTHEST = "furthest"
    PREFERRED = "preferred"
    #: A value computed outside the CRMs.
    PUSHED = "pushed"
    #: A person decided the Conflict.
    DECIDED = "decided"
    #: Conflict: edited differently, the rule asks for a person.
    BOTH_EDITED = "both_edited"
    #: Conflict: different values at the first meeting.
    FIRST_MEETING = "first_meeting"
    #: Conflict: the rule could not tell (equal or unknown times, values off the ladder).
    UNDECIDABLE = "undecidable"


#: Reasons that stand for an open question instead of a value.
CONFLICTS = frozenset({Why.BOTH_EDITED, Why.FIRST_MEETING, Why.UNDECIDABLE})


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
    #: When the value was edited, where that is known for this very field; only ``newest`` asks.
    edited_at: datetime | None = None
    #: How this System shows a value that is written to it (rounded, cut, a checkbox without blank …).
    shows: Callable[[Value], Value] = _as_it_is

    @property
    def blank(self) -> bool:
        return self.current == self.shows(None)

    @property
    def edited(self) -> bool:
        return self.settled and self.current != self.observed

    def has(self, value: Value) -> bool:
        """Does this System hold ``value``, in its own spelling?"""
        return self.current == self.shows(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A person's decision of a Conflict; it counts only while the sides still hold what the person saw."""

    value: Value
    seen: Mapping[str, Value]
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is to become of one field."""

    why: Why
    #: The value that all Systems shall hold; meaningless where ``why`` is a conflict.
    value: Value = None
    #: Systems to be written.
    writes: tuple[str, ...] = ()
    #: Systems whose value decided.
    led_by: tuple[str, ...] = ()
    #: Edits that the rule puts aside, by System; they stay in the ledger.
    overruled: Mapping[str, Value] = field(default_factory=dict)
    #: The value becomes the Base once the writes are confirmed. False where nothing is agreed on.
    is_base: bool = True

    @property
    def is_conflict(self) -> bool:
        return self.why in CONFLICTS


def decide(
    spec: CanonicalField,
    sides: Mapping[str, Side],
    *,
    base: Value = None,
    has_base: bool = False,
    pushed: Value = None,
    has_pushed: bool = False,
    verdict: Verdict | None = None,
) -> Decision:
    """Decide one field of one account.

    ``sides`` holds the Systems that keep the field and can be read; at least one. ``pushed`` is the value
    computed outside the CRMs, if there is one (``has_pushed``).
    """
    direction = spec.rule.direction
    if direction.kind is DirectionKind.NONE:
        return Decision(why=Why.QUIET, value=base, is_base=False)
    if direction.kind is DirectionKind.PUSH:
        return _push(spec, sides, pushed=pushed, has_pushed=has_pushed, base=base)
    claims = _claims(sides)
    if verdict is not None and all(verdict.seen.get(name) == side.current for name, side in sides.items()):
        return _towards(verdict.value, Why.DECIDED, sides, claims, led_by=())
    if not claims:
        return _no_claim(sides, base=base, has_base=has_base)
    if direction.system is not None:
        return _led(spec, direction.system, sides, claims, base=base, has_base=has_base)
    return _two_way(spec, sides, claims)


def _claims(sides: Mapping[str, Side]) -> dict[str, Value]:
    """The values that want to win.

    A System that joins with a value of its own meets what the others stand on as an equal: then those claim
    what they hold, too, although they did not move.
    """
    newcomers = any(not side.settled and not side.blank for side in sides.values())
    return {
        name: side.current for name, side in sides.items() if side.edited or (newcomers and not side.blank)
    }


def _towards(
    value: Value, why: Why, sides: Mapping[str, Side], claims: Mapping[str, Value], *, led_by: Iterable[str]
) -> Decision:
    writes = tuple(name for name, side in sides.items() if not side.has(value))
    return Decision(
        why=why,
        value=value,
        writes=writes,
        led_by=tuple(led_by),
        overruled={name: claim for name, claim in claims.items() if name in writes},
    )


def _no_claim(sides: Mapping[str, Side], *, base: Value, has_base: bool) -> Decision:
    """Nobody moved; only a side that was never settled may still lack what the others stand on."""
    unsettled = {name: side for name, side in sides.items() if not side.settled}
    if not unsettled:
        return Decision(why=Why.QUIET, value=base, is_base=has_base)
    if not has_base:
        return Decision(why=Why.MET, value=None)
    writes = tuple(name for name, side in unsettled.items() if not side.has(base))
    return Decision(why=Why.FILLED if writes else Why.MET, value=base, writes=writes)


def _agreed(sides: Mapping[str, Side], claims: Mapping[str, Value]) -> tuple[bool, Value]:
    """A claimed value that every claiming side already holds in its own spelling, if there is one."""
    for value in claims.values():
        if all(sides[name].has(value) for name in claims):
            return True, value
    return False, None


def _two_way(spec: CanonicalField, sides: Mapping[str, Side], claims: Mapping[str, Value]) -> Decision:
    agreed, value = _agreed(sides, claims)
    if agreed:
        edited = any(sides[name].edited for name in claims)
        if len(claims) > 1:
            return _towards(value, Why.AGREED, sides, claims, led_by=claims)
        return _towards(value, Why.EDITED if edited else Why.FILLED, sides, claims, led_by=claims)
    rule = spec.rule.on_conflict
    winner: str | None = None
    why = Why.PREFERRED
    if rule.kind is OnConflictKind.SYSTEM and rule.system in claims:
        winner = rule.system
    elif rule.kind is OnConflictKind.NEWEST:
        winner, why = _newest(sides, claims), Why.NEWEST
    elif rule.kind is OnConflictKind.FURTHEST:
        winner, why = _furthest(spec, claims), Why.FURTHEST
    if winner is not None:
        return _towards(claims[winner], why, sides, claims, led_by=(winner,))
    if rule.kind is not OnConflictKind.MANUAL:
        return Decision(why=Why.UNDECIDABLE, is_base=False)
    met = all(sides[name].settled for name in claims)
    return Decision(why=Why.BOTH_EDITED if met else Why.FIRST_MEETING, is_base=False)


def _newest(sides: Mapping[str, Side], claims: Mapping[str, Value]) -> str | None:
    """The side with the youngest edit; None where a time is missing or the youngest two differ in value
    but not in time (a tie decides nothing)."""
    times = {name: sides[name].edited_at for name in claims}
    known = {name: at for name, at in times.items() if at is not None}
    if len(known) < len(times):
        return None
    youngest = max(known.values())
    winners = [name for name, at in known.items() if at == youngest]
    return winners[0] if len({claims[name] for name in winners}) == 1 else None


def _furthest(spec: CanonicalField, claims: Mapping[str, Value]) -> str | None:
    """The side highest on the ladder; blank is below the first rung; None for a value off the ladder."""
    ranks: dict[str, int] = {}
    for name, value in claims.items():
        rank = -1 if value is None else spec.rank(value)
        if rank is None:
            return None
        ranks[name] = rank
    return max(ranks, key=lambda name: ranks[name])


def _led(
    spec: CanonicalField,
    leader: str,
    sides: Mapping[str, Side],
    claims: Mapping[str, Value],
    *,
    base: Value,
    has_base: bool,
) -> Decision:
    lead = sides.get(leader)
    if lead is None:
        # The leading System does not know this account (yet): nobody may decide in its place.
        return Decision(why=Why.QUIET, value=base, is_base=False)
    if lead.blank and not lead.edited:
        others = {name: value for name, value in claims.items() if name != leader and not sides[name].blank}
        if others and (spec.rule.fill_blank or lead.new):
            agreed, value = _agreed(sides, others)
            if agreed:
                return _towards(value, Why.FILLED, sides, {}, led_by=others)
            return Decision(why=Why.FIRST_MEETING, is_base=False)
        if not has_base:
            # A field that was just created is blank everywhere in the leading System. That is no wish to blank
            # the others; it leads from the first value that somebody gives it.
            return Decision(why=Why.MET, is_base=False)
    others_claim = {name: value for name, value in claims.items() if name != leader}
    return _towards(lead.current, Why.LEADS, sides, others_claim, led_by=(leader,))


def _push(
    spec: CanonicalField, sides: Mapping[str, Side], *, pushed: Value, has_pushed: bool, base: Value
) -> Decision:
    if not has_pushed:
        return Decision(why=Why.QUIET, value=base, is_base=False)
    writes = tuple(
        name
        for name, side in sides.items()
        if not side.has(pushed) and not _within(spec.rule.dead_band, side.current, pushed)
    )
    overruled = {name: sides[name].current for name in writes if sides[name].edited}
    return Decision(why=Why.PUSHED, value=pushed, writes=writes, overruled=overruled)


def _within(dead_band: Decimal | None, current: Value, wanted: Value) -> bool:
    """Is the difference too small to be worth a write (and whatever a write sets off in the CRM)?"""
    if dead_band is None or current is None or wanted is None:
        return False
    return abs(Decimal(current) - Decimal(wanted)) < dead_band


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What a field's Base and Observed become once its writes are confirmed."""

    base: Value
    has_base: bool
    observed: Mapping[str, Value]


def settle(decision: Decision, sides: Mapping[str, Side]) -> Settled | None:
    """None for a Conflict: its sides stay unsettled until somebody decides."""
    if decision.is_conflict:
        return None
    return Settled(
        base=decision.value,
        has_base=decision.is_base,
        observed={
            name: side.shows(decision.value) if name in decision.writes else side.current
            for name, side in sides.items()
        },
    )
