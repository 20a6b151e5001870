"""The decision table: one field of one account, any number of Systems, one outcome.

Every System has a *side*, and a side that moved *claims* its value (``sync.core.sides``). No claim, no Change. One
claim is carried to the others. Several claims are an agreement, or are decided by the field's rule, or are a
Conflict. Nothing here knows time, order, names or the ledger: swapping Systems swaps the outcome. All that bears on a
decision is given to it, and nobody alters it afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from mappings.fields import CanonicalField, DirectionKind, OnConflictKind
from sync.core.sides import Side, claims_of, seen_in_time
from sync.model.records import Base, Evidence, Value

__all__ = ["CONFLICTS", "Decision", "Side", "Verdict", "Why", "decide", "settle"]


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
    #: What a Run overwrote is put back.
    UNDONE = "undone"
    #: Conflict: edited differently, the rule asks for a person.
    BOTH_EDITED = "both_edited"
    #: Conflict: different values at the first meeting.
    FIRST_MEETING = "first_meeting"
    #: Conflict: the rule could not tell (equal or unknown times, values off the ladder).
    UNDECIDABLE = "undecidable"
    #: Conflict: it went back and forth, and is parked.
    FLIP_FLOP = "flip_flop"


#: Reasons that stand for an open question instead of a value.
CONFLICTS = frozenset({Why.BOTH_EDITED, Why.FIRST_MEETING, Why.UNDECIDABLE, Why.FLIP_FLOP})


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A person's decision of a Conflict. It counts only while the Conflict stands and the sides hold what the
    person saw, or already what was decided."""

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
    #: By what the rule knew, where it asked for times: ``by field history``.
    evidence: str = ""
    #: The value becomes the Base once the writes are confirmed. False where nothing is agreed on.
    is_base: bool = True
    #: Systems that lack the value and are left alone, because another writer replaces it there each time.
    fought: tuple[str, ...] = ()
    #: Systems in which the field stays unsettled: what is computed for the account is not at hand.
    awaiting: tuple[str, ...] = ()

    @property
    def base(self) -> Base | None:
        """What becomes the Base."""
        return Base(self.value) if self.is_base and not self.is_conflict else None

    @property
    def is_conflict(self) -> bool:
        return self.why in CONFLICTS


#: Directions in which an edit that a person makes counts for something.
_HEARS_PEOPLE = (DirectionKind.TWO_WAY, DirectionKind.FROM)


def decide(
    spec: CanonicalField,
    sides: Mapping[str, Side],
    *,
    base: Base | None = None,
    pushed: Value = None,
    verdict: Verdict | None = None,
    parked: bool = False,
) -> Decision:
    """Decide one field of one account.

    ``sides`` holds the Systems that keep the field and can be read; at least one. ``base`` is None where they never
    agreed. ``pushed`` is the value computed outside the CRMs; None where there is none. ``parked``: it went back and
    forth, so that only a person writes it.
    """
    seen, base = seen_in_time(sides, base)
    decision = _decide(spec, seen, base=base, pushed=pushed, verdict=verdict, parked=parked)
    if seen is sides or decision.is_conflict:
        return decision
    covered = [name for name, side in sides.items() if side.covered is not None]
    if decision.why is Why.QUIET:
        if spec.rule.direction.kind not in _HEARS_PEOPLE:
            return decision
        # The edit put back what was settled; what our write left on top of it is nobody's word.
        decision = replace(decision, why=Why.EDITED, led_by=tuple(sorted(covered)))
    # The decision is about the covered edit; what stands there is what covered it.
    others = [name for name in decision.writes if name not in covered]
    lacking = [name for name in covered if not sides[name].has(decision.value)]
    return replace(decision, writes=(*others, *lacking))


def _decide(
    spec: CanonicalField,
    sides: Mapping[str, Side],
    *,
    base: Base | None,
    pushed: Value,
    verdict: Verdict | None,
    parked: bool,
) -> Decision:
    direction = spec.rule.direction
    if direction.kind is DirectionKind.NONE:
        return _undecided(base)
    if direction.kind is DirectionKind.PUSH:
        return _nothing_to_push(sides, base) if pushed is None else _pushed(spec, sides, pushed, base)
    if all(side.settled and side.current == side.observed for side in sides.values()):
        return Decision(why=Why.QUIET, value=base.value if base else None, is_base=base is not None)
    claims = claims_of(sides, base)
    if direction.system is not None:
        decision = _led(spec, direction.system, sides, claims, base)
    elif claims:
        decision = _two_way(spec, sides, claims, base)
    else:
        decision = _unclaimed(sides, base)
    if parked and decision.writes and not decision.is_conflict:
        decision = Decision(why=Why.FLIP_FLOP, is_base=False)
    if verdict is None or not _fits(verdict, sides):
        return decision
    carried_out = base == Base(verdict.value) and not decision.is_conflict
    return decision if carried_out else _towards(verdict.value, Why.DECIDED, sides, claims)


def _undecided(base: Base | None) -> Decision:
    """Nobody has anything to say about it."""
    return Decision(why=Why.QUIET, value=base.value if base else None, is_base=False)


def _nothing_to_push(sides: Mapping[str, Side], base: Base | None) -> Decision:
    """Were a System that is new to the field settled by this, it would pass for one that shows what was pushed in its
    own way."""
    new = () if base is None else tuple(name for name, side in sides.items() if not side.settled)
    return replace(_undecided(base), awaiting=new)


def _pushed(spec: CanonicalField, sides: Mapping[str, Side], pushed: Value, base: Base | None) -> Decision:
    edits = {name: side.current for name, side in sides.items() if side.edited}
    decision = _towards(pushed, Why.PUSHED, sides, edits, band=spec.rule.dead_band)
    due = decision.writes
    if base == Base(pushed):
        # It was pushed before. A System that shows something else and that nobody edited since has its own
        # spelling of it, or an undo put back what stood there: it waits for the next score.
        due = tuple(n for n in due if not sides[n].settled or sides[n].current != sides[n].observed)
    fought = tuple(name for name in due if sides[name].fought)
    return replace(
        decision,
        writes=tuple(name for name in due if name not in fought),
        overruled={name: edit for name, edit in decision.overruled.items() if name not in fought},
        fought=fought,
    )


def _fits(verdict: Verdict, sides: Mapping[str, Side]) -> bool:
    """Do all sides still hold what the person saw, or already what was decided? Then nobody has said anything since,
    and the person's word counts, even where the rule could tell by now: by a time that it did not know before."""
    return all(
        (side.current == verdict.seen[name] if name in verdict.seen else side.blank)
        or side.has(verdict.value)
        for name, side in sides.items()
    )


def _towards(
    value: Value,
    why: Why | None,
    sides: Mapping[str, Side],
    claims: Mapping[str, Value],
    *,
    led_by: Iterable[str] = (),
    band: Decimal | None = None,
) -> Decision:
    """Everybody shall hold ``value``. Without ``why``: a value that nobody contradicts says itself why."""
    writes = _lacking(sides, value, band)
    return Decision(
        why=why or _unopposed(sides, claims, writes),
        value=value,
        writes=writes,
        led_by=tuple(led_by),
        overruled={name: claim for name, claim in claims.items() if name in writes},
    )


def _lacking(sides: Mapping[str, Side], value: Value, band: Decimal | None) -> tuple[str, ...]:
    """The Systems that do not hold ``value``; a number that is off by less than ``band`` is left alone."""
    return tuple(
        name for name, side in sides.items() if not side.has(value) and not _within(band, side.current, value)
    )


def _within(band: Decimal | None, current: Value, intended: Value) -> bool:
    """Is the difference too small to be worth a write (and whatever a write sets off in the CRM)?"""
    if band is None or current is None or intended is None:
        return False
    return abs(Decimal(current) - Decimal(intended)) < band


def _unclaimed(sides: Mapping[str, Side], base: Base | None) -> Decision:
    """Nobody wants anything. A side that joins may still lack what the others stand on, and one may still hold
    what was carried there of an edit that was taken back since."""
    value = base.value if base else None
    lacking = {
        name: side for name, side in sides.items() if (side.joins or side.carried) and not side.has(value)
    }
    if any(side.carried for side in lacking.values()):
        led_by = tuple(name for name, side in sides.items() if side.settled and not side.carried)
        return Decision(why=Why.EDITED, value=value, writes=tuple(lacking), led_by=led_by)
    return Decision(why=Why.FILLED if lacking else Why.MET, value=value, writes=tuple(lacking))


def _agreed(sides: Mapping[str, Side], claims: Mapping[str, Value]) -> tuple[bool, Value]:
    """A claimed value that every claiming side already holds in its own spelling, if there is one."""
    values = set(claims.values())
    if len(values) == 1:
        return True, values.pop()
    agreed = [value for value in values if all(sides[name].has(value) for name in claims)]
    # Where two spellings do, the one that says more, so that the order of the Systems decides nothing.
    return bool(agreed), max(agreed, key=lambda value: (len(value or ""), value or ""), default=None)


def _two_way(
    spec: CanonicalField, sides: Mapping[str, Side], claims: Mapping[str, Value], base: Base | None
) -> Decision:
    agreed, value = _agreed(sides, claims)
    band = spec.rule.dead_band
    if agreed:
        return _towards(value, None, sides, claims, led_by=claims, band=band)
    rule = spec.rule.on_conflict
    leaders: list[str] = []
    why = Why.PREFERRED
    if rule.kind is OnConflictKind.SYSTEM:
        leaders = [name for name in claims if name == rule.system]
    elif rule.kind is OnConflictKind.NEWEST:
        leaders, why = _newest(sides, claims), Why.NEWEST
    elif rule.kind is OnConflictKind.FURTHEST:
        leaders, why = _furthest(spec, claims), Why.FURTHEST
    if len({claims[name] for name in leaders}) == 1:
        decision = _towards(claims[leaders[0]], why, sides, claims, led_by=leaders, band=band)
        return replace(decision, evidence=_evidence(sides, claims)) if why is Why.NEWEST else decision
    if rule.kind is not OnConflictKind.MANUAL:
        return Decision(why=Why.UNDECIDABLE, is_base=False)
    return Decision(why=_disagreement(sides, claims, base), is_base=False)


def _unopposed(sides: Mapping[str, Side], claims: Mapping[str, Value], writes: Collection[str]) -> Why:
    """The reason of a value that nobody contradicts."""
    if any(sides[name].edited for name in claims):
        return Why.AGREED if len(claims) > 1 else Why.EDITED
    if not writes:
        return Why.MET
    return Why.FILLED if all(sides[name].blank for name in writes) else Why.EDITED


def _disagreement(sides: Mapping[str, Side], claims: Mapping[str, Value], base: Base | None) -> Why:
    met = base is not None and not any(sides[name].joins for name in claims)
    return Why.BOTH_EDITED if met else Why.FIRST_MEETING


def _newest(sides: Mapping[str, Side], claims: Mapping[str, Value]) -> list[str]:
    """The sides with the youngest edit; none where a time is missing, or where one of which only the latest moment is
    known may be the youngest. Within one second nobody was first: a CRM may keep whole seconds."""
    times: dict[str, datetime] = {}
    for name in claims:
        at = sides[name].edited_at
        if at is None:
            return []
        times[name] = at.replace(microsecond=0)
    youngest = max(times.values())
    leaders = [name for name, at in times.items() if at == youngest]
    return [] if any(sides[name].or_earlier for name in leaders) else leaders


def _evidence(sides: Mapping[str, Side], claims: Mapping[str, Value]) -> str:
    """By what the times are known; System by System where that differs."""
    by_evidence: dict[Evidence, list[str]] = {}
    for name in sorted(claims):
        by_evidence.setdefault(sides[name].evidence, []).append(name)
    if len(by_evidence) == 1:
        return f"by {next(iter(by_evidence))}"
    return ", ".join(
        f"by {evidence} in {' and '.join(names)}" for evidence, names in sorted(by_evidence.items())
    )


def _furthest(spec: CanonicalField, claims: Mapping[str, Value]) -> list[str]:
    """The sides highest on the ladder; blank is below the first rung; none for a value off the ladder."""
    ranks: dict[str, int] = {}
    for name, value in claims.items():
        rank = -1 if value is None else spec.rank(value)
        if rank is None:
            return []
        ranks[name] = rank
    highest = max(ranks.values())
    return [name for name, rank in ranks.items() if rank == highest]


# -- one System leads ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Led:
    """A field in which one System leads, as the rows of the table below see it."""

    spec: CanonicalField
    leader: str
    lead: Side
    sides: Mapping[str, Side]
    claims: Mapping[str, Value]
    base: Base | None

    @property
    def stands(self) -> bool:
        """Does the leader hold what was agreed on?"""
        return (
            self.base is not None
            and self.lead.settled
            and not self.lead.edited
            and self.lead.has(self.base.value)
        )

    @property
    def agreed_value(self) -> bool:
        return self.stands and self.base is not None and self.base.value is not None

    @property
    def shows_false(self) -> bool:
        """A checkbox shows its blank as false; one that somebody set to false is not blank."""
        return self.lead.current is not None and (self.leader in self.claims or self.agreed_value)

    @property
    def fills(self) -> Mapping[str, Value]:
        """What the others would fill the leader's blank with, where the rule lets them."""
        if not self.lead.blank or self.shows_false or not (self.spec.rule.fill_blank or self.lead.new):
            return {}
        return {
            name: side.current
            for name, side in self.sides.items()
            if name != self.leader
            and not side.blank
            and not side.carried
            and (name in self.claims or self.lead.joins)
        }

    @property
    def never_agreed_to_blank(self) -> bool:
        return self.lead.blank and self.leader not in self.claims and not self.stands


def _others_fill(led: _Led) -> Decision:
    _, value = _agreed(led.sides, led.fills)
    return _towards(value, Why.FILLED, led.sides, led.claims, led_by=led.fills, band=led.spec.rule.dead_band)


def _others_disagree(led: _Led) -> Decision:
    return Decision(why=_disagreement(led.sides, led.fills, led.base), is_base=False)


def _left_blank(led: _Led) -> Decision:
    """The leading System has not agreed to this blank: a field that was just created is blank everywhere, and so is an
    account that just joined. That is no wish to blank the others; it leads from the first value that somebody gives it.
    Only what was carried from here and then thought better of goes."""
    before = _unclaimed(led.sides, led.base)
    taken_back = tuple(name for name in before.writes if led.sides[name].carried)
    why = Why.EDITED if taken_back else Why.MET
    return replace(before, why=why, writes=taken_back, led_by=(led.leader,), is_base=False)


def _leads(led: _Led) -> Decision:
    # What was agreed on says more than the leader's spelling of it.
    value = led.base.value if led.stands and led.base is not None else led.lead.current
    decision = _towards(
        value, Why.LEADS, led.sides, led.claims, led_by=(led.leader,), band=led.spec.rule.dead_band
    )
    moved = any(side.edited for side in led.sides.values())
    return decision if decision.writes or moved else replace(decision, why=Why.MET)


#: Where one System leads: the first row whose condition holds decides.
_LED: tuple[tuple[Callable[[_Led], bool], Callable[[_Led], Decision]], ...] = (
    (lambda led: bool(led.fills) and _agreed(led.sides, led.fills)[0], _others_fill),
    (lambda led: bool(led.fills), _others_disagree),
    (lambda led: led.never_agreed_to_blank, _left_blank),
    (lambda _led: True, _leads),
)


def _led(
    spec: CanonicalField,
    leader: str,
    sides: Mapping[str, Side],
    claims: Mapping[str, Value],
    base: Base | None,
) -> Decision:
    lead = sides.get(leader)
    if lead is None:
        # The leading System does not know this account (yet): nobody may decide in its place.
        return _undecided(base)
    if lead.carried and not any(lead.has(value) for value in claims.values()):
        # What was carried here was taken back where it came from: the leader is asked for its own word.
        lead = replace(lead, current=lead.observed, carried=False)
    led = _Led(spec=spec, leader=leader, lead=lead, sides=sides, claims=claims, base=base)
    return next(decided(led) for applies, decided in _LED if applies(led))


# -- what becomes of it ----------------------------------------------------------------------------------------


def settle(decision: Decision, sides: Mapping[str, Side]) -> dict[str, Value] | None:
    """What becomes Observed in each System once the field's writes are confirmed; the Base becomes the decision's. None
    for a Conflict: its sides stay unsettled until somebody decides."""
    if decision.is_conflict:
        return None
    return {
        name: side.shows(decision.value) if name in decision.writes else side.current
        for name, side in sides.items()
        if name not in decision.awaiting
    }
