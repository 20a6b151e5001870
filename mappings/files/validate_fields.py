"""Written canonical fields -> CanonicalFields, with everything that is wrong with them."""

from __future__ import annotations

import re
from collections import abc
from typing import Protocol

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
from mappings.files.schema import FieldWritten, OptionWritten, RuleWritten
from mappings.files.yaml_lines import Path
from mappings.systems import SystemKind

#: Reports and scoring read these five, so their types are fixed.
REQUIRED: dict[str, FieldType] = {
    "target_account": FieldType.BOOLEAN,
    "tier": FieldType.ENUM,
    "owner": FieldType.USER,
    "engagement_score": FieldType.NUMBER,
    "mqa_stage": FieldType.ENUM,
}

#: The one of the five whose options have an order.
LADDER = "mqa_stage"

#: A record's identity has these names already.
_TAKEN = ("name", "domain", "external_id")

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}\Z")
SALESFORCE_OPTION_LENGTH = 255
_SALESFORCE_DIGITS = 18
_LONGEST_TEXT = 65_536


class Say(Protocol):
    """Notes a problem at a path of the file that is being judged.

    When two paths are at odds, `or_at` gives the other one: the problem is told where somebody
    wrote, not where the built-in file stood before them.
    """

    def __call__(self, path: Path, message: str, remedy: str, *, or_at: Path = ()) -> None: ...


def judge_field(
    name: str, written: FieldWritten, systems: abc.Mapping[str, SystemKind], say: Say
) -> CanonicalField | None:
    """The field as far as it can be understood; None only when it has no type at all."""
    at: Path = ("fields", name)
    if not _NAME.match(name):
        say(at, f"{name!r} is no field name", "Use small letters, digits and underscores.")
    if name in _TAKEN:
        say(at, f"{name} already is part of an account's identity", "Choose another name.")
    if written.type is None:
        say(at, f"{name} is not one of the built-in fields", "Say what it is: add a type.")
        return None
    expected = REQUIRED.get(name, written.type)
    if written.type is not expected:
        say((*at, "type"), f"{name} is {written.type.noun}", f"It must stay {expected.noun}.")
    if name == LADDER and written.ladder is None:
        say(at, f"{name} has no ladder", "List its rungs under ladder, lowest first.")
    _judge_limits(at, written.type, written, say)
    return CanonicalField(
        name=name,
        type=written.type,
        label=written.label if written.label is not None else _spoken(name),
        help=(written.help or "").strip(),
        rule=_rule((*at, "rule"), written, systems, say),
        options=_options(at, written.type, written, say),
        ladder=written.ladder is not None,
        length=written.length,
        precision=written.precision,
        scale=written.scale,
        minimum=written.minimum,
        maximum=written.maximum,
    )


def _spoken(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _options(at: Path, kind: FieldType, written: FieldWritten, say: Say) -> tuple[Option, ...]:
    key = "ladder" if written.ladder is not None else "options"
    listed = written.ladder if written.ladder is not None else written.options
    if written.ladder is not None and written.options is not None:
        say((*at, "options"), "options and ladder both list the values", "Keep one of the two.")
    if listed is None or not listed:
        if kind.has_options:
            say(at, f"{at[-1]} has no options", "List its values under options or ladder.")
        return ()
    if not kind.has_options:
        say((*at, key), f"{kind.noun} has no {key}", f"Remove {key}, or make the field an enum.")
        return ()
    if kind is FieldType.MULTI_ENUM and key == "ladder":
        say((*at, key), "several values at once have no rung on a ladder", "Use options.")
    _judge_options((*at, key), listed, say)
    return tuple(
        Option(
            value=option.value,
            label=option.label,
            order=order,
            description=option.description.strip(),
            owner=option.owner.strip(),
        )
        for order, option in enumerate(listed)
    )


def _judge_options(at: Path, listed: list[OptionWritten], say: Say) -> None:
    values: set[str] = set()
    labels: set[str] = set()
    for index, option in enumerate(listed):
        here: Path = (*at, index)
        if option.value in values:
            say((*here, "value"), f"the value {option.value} is listed twice", "Remove one of them.")
        if option.label.casefold() in labels:
            say(
                (*here, "label"),
                f"the label {option.label!r} is used twice",
                "People could not tell the two apart: give each a label of its own.",
            )
        if ";" in option.value:
            say((*here, "value"), f"{option.value!r} contains ';'", "Both CRMs part values with it.")
        for part, text in (("value", option.value), ("label", option.label)):
            if len(text) > SALESFORCE_OPTION_LENGTH:
                message = f"this {part} has {len(text)} characters"
                say((*here, part), message, f"Salesforce takes {SALESFORCE_OPTION_LENGTH}.")
        values.add(option.value)
        labels.add(option.label.casefold())


def _judge_limits(at: Path, kind: FieldType, written: FieldWritten, say: Say) -> None:
    if written.length is not None:
        if kind is not FieldType.TEXT:
            say((*at, "length"), f"{kind.noun} has no length", "Remove length.")
        elif written.length > _LONGEST_TEXT:
            say((*at, "length"), f"length is {written.length}", f"HubSpot takes {_LONGEST_TEXT}.")
    if not kind.is_numeric:
        for key in ("precision", "scale", "minimum", "maximum"):
            if getattr(written, key) is not None:
                say((*at, key), f"{kind.noun} has no {key}", f"Remove {key}.")
        return
    judge_digits(at, written.precision, written.scale, say)
    if written.minimum is not None and written.maximum is not None and written.minimum > written.maximum:
        message = f"minimum {written.minimum} is above maximum {written.maximum}"
        say((*at, "minimum"), message, "Swap or correct them.")


def judge_digits(at: Path, precision: int | None, scale: int | None, say: Say) -> None:
    """Salesforce: at most 18 digits in all, and no more after the point than there are."""
    if precision is not None and precision > _SALESFORCE_DIGITS:
        remedy = f"Salesforce takes {_SALESFORCE_DIGITS} digits in all."
        say((*at, "precision"), f"precision is {precision}", remedy)
    if scale is not None and scale > (precision if precision is not None else _SALESFORCE_DIGITS):
        say(
            (*at, "scale"),
            f"scale is {scale}, more than all digits together",
            "precision counts all digits, scale those after the point.",
        )


def _rule(at: Path, written: FieldWritten, systems: abc.Mapping[str, SystemKind], say: Say) -> SyncRule:
    rule = written.rule if written.rule is not None else RuleWritten()
    direction = _direction((*at, "direction"), rule.direction, systems, say)
    on_conflict = _on_conflict((*at, "on_conflict"), rule.on_conflict, systems, say)
    if on_conflict.kind is OnConflictKind.FURTHEST and written.ladder is None:
        remedy = "List the values under ladder, or use manual, newest or a System's name."
        say((*at, "on_conflict"), "furthest needs a ladder", remedy)
    if rule.fill_blank and rule.direction is not None and not rule.direction.startswith("from_"):
        say(
            (*at, "fill_blank"),
            f"fill_blank does nothing when direction is {rule.direction}",
            "Use it with from_<System>: another System may fill that one's blank.",
        )
    if rule.dead_band is not None:
        if written.type is not None and not written.type.is_numeric:
            say((*at, "dead_band"), f"{written.type.noun} has no dead_band", "Remove dead_band.")
        if rule.dead_band <= 0:
            say((*at, "dead_band"), f"dead_band is {rule.dead_band}", "Use a number above 0.")
    return SyncRule(
        direction=direction,
        on_conflict=on_conflict,
        fill_blank=bool(rule.fill_blank) and direction.kind is DirectionKind.FROM,
        dead_band=rule.dead_band,
    )


_TWO_WAY = Direction(kind=DirectionKind.TWO_WAY)
_MANUAL = OnConflict(kind=OnConflictKind.MANUAL)


def _direction(at: Path, text: str | None, systems: abc.Mapping[str, SystemKind], say: Say) -> Direction:
    if text is None:
        return _TWO_WAY
    try:
        direction = Direction.parse(text)
    except ValueError:
        say(at, f"direction is {text!r}", "Use two_way, from_<System>, push or none.")
        return _TWO_WAY
    if direction.system is None:
        return direction
    system = _system(at, direction.system, systems, say)
    return Direction(kind=DirectionKind.FROM, system=system) if system is not None else _TWO_WAY


def _on_conflict(at: Path, text: str | None, systems: abc.Mapping[str, SystemKind], say: Say) -> OnConflict:
    if text is None:
        return _MANUAL
    on_conflict = OnConflict.parse(text)
    if on_conflict.system is None:
        return on_conflict
    system = _system(at, on_conflict.system, systems, say)
    return OnConflict(kind=OnConflictKind.SYSTEM, system=system) if system is not None else _MANUAL


def _system(at: Path, name: str, systems: abc.Mapping[str, SystemKind], say: Say) -> str | None:
    """The System that a rule names; None when there is none and the rule has nothing to decide.

    A kind's name stands for the only System of that kind, so that the built-in rules hold
    whatever an administrator calls the org. With one System in all there is nobody to keep in
    step with, and a rule that names the absent CRM waits for it.
    """
    if name in systems:
        return name
    if name in tuple(SystemKind):
        of_kind = [system for system, kind in systems.items() if kind == name]
        if len(of_kind) == 1:
            return of_kind[0]
        if not of_kind and len(systems) <= 1:
            return None
        if of_kind:
            say(at, f"{name} could be any of {', '.join(of_kind)}", "Name one of them.")
            return None
    say(at, f"no System is called {name!r}", f"Use one of {', '.join(systems) or '(none)'}.")
    return None
