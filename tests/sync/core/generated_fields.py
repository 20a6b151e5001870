"""Generated fields, Systems and states of a field, for the laws of the decision table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from itertools import product

from hypothesis import strategies as st

from mappings.fields import (
    CanonicalField,
    Direction,
    DirectionKind,
    FieldType,
    OnConflict,
    OnConflictKind,
    Option,
    SyncRule,
)
from sync.core.diff import Decision, Side, decide, settle
from sync.model.records import Base, Value

NAMES = ("salesforce", "hubspot", "salesforce_emea", "hubspot_apac", "salesforce_latam")
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
RUNGS = ("identified", "awareness", "engaged", "closed")

Shows = Callable[[Value], Value]


def exact(value: Value) -> Value:
    return value


def checkbox(value: Value) -> Value:
    """Knows no blank."""
    return "false" if value is None else value


def cut(value: Value) -> Value:
    return value if value is None else value[:4]


def rounded(digits: str) -> Shows:
    def shows(value: Value) -> Value:
        if value is None:
            return None
        text = f"{Decimal(value).quantize(Decimal(digits), ROUND_HALF_UP):f}"
        return text.rstrip("0").rstrip(".") if "." in text else text

    return shows


TENTHS, WHOLE = rounded("0.1"), rounded("1")


@dataclass(frozen=True)
class Flavour:
    """A kind of field: what people enter, and how Systems show it."""

    type: FieldType
    values: tuple[str, ...]
    shows: tuple[Shows, ...] = (exact,)
    ladder: bool = False

    def field(self, rule: SyncRule) -> CanonicalField:
        options = tuple(
            Option(value=value, label=value, order=order)
            for order, value in enumerate(RUNGS if self.ladder else ())
        )
        return CanonicalField(
            name="field", type=self.type, label="Field", rule=rule, options=options, ladder=self.ladder
        )


FLAVOURS = (
    Flavour(FieldType.ENUM, RUNGS, ladder=True),
    Flavour(FieldType.BOOLEAN, ("true", "false"), shows=(exact, checkbox)),
    Flavour(FieldType.NUMBER, ("40", "40.4", "40.44", "41", "70"), shows=(exact, TENTHS, WHOLE)),
    Flavour(FieldType.TEXT, ("Acme", "Acme Ltd", "Acme Inc", "Bolt"), shows=(exact, cut)),
)


@dataclass(frozen=True, kw_only=True)
class GeneratedField:
    """One field of one account, as it stands."""

    spec: CanonicalField
    sides: Mapping[str, Side]
    base: Base | None = None
    pushed: Value = None

    @property
    def rule(self) -> SyncRule:
        return self.spec.rule

    def decide(self) -> Decision:
        return decide(
            self.spec,
            self.sides,
            base=self.base,
            pushed=self.pushed,
        )

    def after(self, decision: Decision) -> GeneratedField:
        """What stands once every write is confirmed and the decision is settled."""
        observed = settle(decision, self.sides)
        if observed is None:
            return self
        sides = {
            name: replace(
                side,
                current=side.shows(decision.value) if name in decision.writes else side.current,
                observed=observed[name],
                settled=True,
                new=False,
                carried=False,
            )
            if name in observed
            # It awaits what is computed.
            else replace(side, new=False)
            for name, side in self.sides.items()
        }
        return replace(self, sides=sides, base=decision.base or self.base)

    def edited(self) -> dict[str, Value]:
        return {name: side.current for name, side in self.sides.items() if side.edited}


@lru_cache
def _rules(names: tuple[str, ...], flavour: Flavour, two_way: bool) -> list[SyncRule]:
    directions = [Direction(kind=DirectionKind.TWO_WAY)]
    if not two_way:
        directions += [Direction(kind=DirectionKind.FROM, system=name) for name in names[:2]]
        directions += [Direction(kind=DirectionKind.NONE), Direction(kind=DirectionKind.PUSH)]
    wins = [OnConflict(kind=OnConflictKind.SYSTEM, system=name) for name in names[:2]]
    wins += [OnConflict(kind=OnConflictKind.MANUAL), OnConflict(kind=OnConflictKind.NEWEST)]
    if flavour.ladder:
        wins.append(OnConflict(kind=OnConflictKind.FURTHEST))
    bands = (None, Decimal(1)) if flavour.type is FieldType.NUMBER else (None,)
    return [
        SyncRule(direction=direction, on_conflict=wins_, fill_blank=fill, dead_band=band)
        for direction, wins_, fill, band in product(directions, wins, (False, True), bands)
    ]


HOURS = (None, *(START + timedelta(hours=hours) for hours in range(3)))
TIMES = st.sampled_from(HOURS)
KINDS = ("quiet", "quiet", "edited", "joins", "new")


def _every_side(flavour: Flavour) -> list[tuple[Shows, str, Value, Value, datetime | None]]:
    values = (None, *flavour.values)
    return list(product(flavour.shows, KINDS, values, values, HOURS))


_SIDES = {flavour: _every_side(flavour) for flavour in FLAVOURS}


@st.composite
def generated_fields(
    draw: st.DrawFn,
    *,
    most: int = 5,
    two_way: bool = False,
    exactly: bool = False,
    history: bool = True,
) -> GeneratedField:
    """States of a field. With ``history`` they come about by agreement, edits and joining; without, anything goes
    that a change of rules, a crash or a restored ledger could leave. ``exactly``: no System has a spelling of its
    own."""
    flavour = draw(st.sampled_from(FLAVOURS))
    names = NAMES[: draw(st.integers(2, most))]
    base, pushed = draw(st.tuples(*2 * [st.sampled_from((None, *flavour.values))]))
    has_base, has_pushed, based = draw(st.tuples(*3 * [st.booleans()]))
    sides: dict[str, Side] = {}
    for name in names:
        shows, kind, entered, stood, at = draw(st.sampled_from(_SIDES[flavour]))
        shows = exact if exactly else shows
        if kind == "new":
            sides[name] = Side(current=shows(None), new=True, shows=shows)
        elif kind == "joins" or not has_base:
            sides[name] = Side(current=shows(entered), shows=shows, edited_at=at)
        else:
            observed = shows(base) if history else shows(stood)
            current = shows(entered) if kind == "edited" else observed
            sides[name] = Side(current=current, observed=observed, settled=True, shows=shows, edited_at=at)
    if not history:
        has_base = based
    return GeneratedField(
        spec=flavour.field(draw(st.sampled_from(_rules(names, flavour, two_way)))),
        sides=sides,
        base=Base(base) if has_base else None,
        pushed=pushed if has_pushed else None,
    )


@dataclass(frozen=True)
class Users:
    """A Directory over a plain table of native id -> e-mail."""

    by_id: Mapping[str, str] = field(default_factory=dict)

    def email_of(self, native_id: str) -> str | None:
        return self.by_id.get(native_id)

    def id_of(self, email: str) -> str | None:
        return next((key for key, value in self.by_id.items() if value == email), None)

    def why_nobody(self, email: str) -> str:
        return f"no active user has the e-mail {email}"
