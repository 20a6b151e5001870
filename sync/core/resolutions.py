"""What a person's answer to a Conflict comes to: typed, chosen by System or rule, or written into a table of many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mappings.fields import CanonicalField
from sync.core.spreadsheets import from_csv, to_csv
from sync.errors import SettingsError, StalePlan
from sync.model.inbox import ConflictState, StoredConflict
from sync.model.records import Value

#: Typed into the column ``decision`` for a blank; an empty cell is no decision.
BLANK = "(blank)"
#: Rules that a decision may name, beside Systems.
RULES = ("newest", "furthest")
_FIXED = ("id", "account", "field", "reason", "base")
_OWN = ("decision", "note")


class Undecidable(Exception):
    """The answer does not decide this Conflict; the text says why."""


class OutdatedResolution(Undecidable):
    """The answer was right once: the Conflict is another one now, or is closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """A Conflict, and the value that a person wants."""

    conflict: StoredConflict
    value: Value
    note: str | None = None


def by_value(conflict: StoredConflict, value: Value, fields: Mapping[str, CanonicalField]) -> Value:
    """A typed canonical value; None or empty is blank."""
    _still_open(conflict)
    spec = fields.get(conflict.finding.field)
    if spec is None:
        raise Undecidable(f"{conflict.finding.field} is no longer mapped")
    value = of_label(spec, value)
    problem = unfit(spec, value)
    if problem is not None:
        raise Undecidable(problem)
    return value or None


def by_name(conflict: StoredConflict, name: str) -> Value:
    """What this System holds, or what this rule would do."""
    _still_open(conflict)
    finding = conflict.finding
    if name in finding.sides:
        return finding.sides[name].value
    if name in finding.proposals:
        return finding.proposals[name]
    able = ", ".join(dict.fromkeys([*finding.sides, *finding.proposals]))
    raise Undecidable(f"{name} cannot decide it; these can: {able}")


def of_label(spec: CanonicalField, value: Value) -> Value:
    """The value, where people typed the label of one; anything else stays as it is."""
    if not value or not spec.options:
        return value
    labels: dict[str, list[str]] = {}
    for option in spec.options:
        labels.setdefault(option.label.casefold(), []).append(option.value)

    def meant(part: str) -> str:
        fitting = labels.get(part.strip().casefold(), [])
        return fitting[0] if spec.option(part) is None and len(fitting) == 1 else part

    return ";".join(map(meant, value.split(";"))) if spec.type.value == "multi_enum" else meant(value)


def unfit(spec: CanonicalField, value: Value) -> str | None:
    """Why a typed value is none that this field can hold."""
    if not value or not spec.options:
        return None
    parts = value.split(";") if spec.type.value == "multi_enum" else [value]
    unknown = [part for part in parts if spec.option(part) is None]
    if not unknown:
        return None
    return f"{', '.join(unknown)} is no value of {spec.name}; use one of {', '.join(o.value for o in spec.options)}"


def check_as_seen(answers: Sequence[Resolution], stored: Mapping[int, StoredConflict]) -> None:
    """Raise ``StalePlan`` where the Systems moved on, or a Run closed a Conflict, while a person made up their mind.
    ``standing``: the same Conflicts as they are now; the caller holds the lease."""
    moved = [
        f"Conflict {answer.conflict.id} is no longer as it was shown"
        for answer in answers
        for now in [stored.get(answer.conflict.id)]
        if now is None or now.state is ConflictState.CLOSED or now.finding != answer.conflict.finding
    ]
    if moved:
        raise StalePlan(
            "\n".join([*moved, "Nothing was decided."]), remedy="See what stands now: tandem conflicts list"
        )


def _still_open(conflict: StoredConflict) -> None:
    if conflict.state is ConflictState.CLOSED:
        raise OutdatedResolution(f"it is closed: {conflict.close_reason}")


# -- as a table ----------------------------------------------------------------------------------------------


def to_table(conflicts: Sequence[StoredConflict], labels: Mapping[str, str]) -> str:
    """Conflicts as CSV, one a line, with an empty column ``decision`` for people to fill in.

    It holds a System's name, a rule's name, a value, or ``(blank)``; beside it stands what each rule would do. A cell
    that a spreadsheet would run as a formula begins with an apostrophe, as the spreadsheet itself would write it.
    """
    systems = sorted({system for conflict in conflicts for system in conflict.finding.sides})
    rules = sorted({rule for conflict in conflicts for rule in conflict.finding.proposals} - set(systems))
    columns = [column for system in systems for column in (system, f"{system} by", f"{system} at")]
    columns += [f"{rule} gives" for rule in rules]
    rows: list[list[str]] = []
    for conflict in conflicts:
        finding = conflict.finding
        row: list[str] = [
            str(conflict.id),
            labels.get(finding.link_id, finding.link_id),
            finding.field,
            finding.reason,
            (finding.base.value or "") if finding.base else "",
        ]
        for system in systems:
            side = finding.sides.get(system)
            row += (
                [side.value or "", side.by or "", side.at.isoformat() if side.at else ""]
                if side is not None
                else ["", "", ""]
            )
        row += [_given(finding.proposals, rule) for rule in rules]
        rows.append([*row, "", ""])
    return to_csv([*_FIXED, *columns, *_OWN], rows)


def _given(proposals: Mapping[str, Value], rule: str) -> str:
    """What a rule would do; empty where it cannot decide."""
    return (proposals[rule] or BLANK) if rule in proposals else ""


def from_table(
    text: str,
    known: Mapping[int, StoredConflict],
    fields: Mapping[str, CanonicalField],
    labels: Mapping[str, str],
) -> list[Resolution]:
    """The decisions of an edited table; lines without one are passed over. ``labels``: names of accounts, by Link.

    Raises ``SettingsError`` with every line that cannot be taken: an unknown id, a decision that decides nothing, a
    Conflict that is closed, of another account or field, or that the Systems have moved away from since; ``StalePlan``
    where all of them are of these last kinds, so that the table is right but old. Then nothing counts.
    """
    problems: list[str] = []
    stale = True
    answers: dict[int, Resolution] = {}
    for line, row in from_csv(
        text, ("id", "decision"), remedy="Begin with: tandem conflicts export FILE.csv"
    ):
        decision = row["decision"].strip()
        if not decision:
            continue
        number = row["id"].strip()
        conflict = known.get(int(number)) if number.isdecimal() else None
        if conflict is None:
            problems.append(f"line {line}: there is no Conflict {number or '(no id)'}")
            stale = False
            continue
        try:
            if conflict.id in answers:
                raise Undecidable("it stands in the table twice")
            _still_open(conflict)
            _not_stale(conflict, row, labels)
            value = _answer(conflict, decision, fields)
        except Undecidable as error:
            problems.append(f"line {line}: Conflict {conflict.id}: {error}")
            stale = stale and isinstance(error, OutdatedResolution)
        else:
            answers[conflict.id] = Resolution(
                conflict=conflict, value=value, note=row.get("note", "").strip() or None
            )
    if problems:
        remedy = "Nothing was decided. Correct these lines, or begin with: tandem conflicts export FILE.csv"
        raise (
            StalePlan("\n".join(problems), remedy=remedy) if stale else SettingsError(problems, remedy=remedy)
        )
    return list(answers.values())


def _answer(conflict: StoredConflict, decision: str, fields: Mapping[str, CanonicalField]) -> Value:
    if decision == BLANK:
        return by_value(conflict, None, fields)
    if decision in conflict.finding.sides or decision in conflict.finding.proposals:
        return by_name(conflict, decision)
    return by_value(conflict, decision, fields)


def _not_stale(conflict: StoredConflict, row: Mapping[str, str], labels: Mapping[str, str]) -> None:
    """Numbers begin anew with a ledger that was put back: the table may be of another one."""
    finding = conflict.finding
    about = {"account": labels.get(finding.link_id, finding.link_id), "field": finding.field}
    for column, now in about.items():
        if column in row and row[column] != now:
            raise OutdatedResolution(
                f"it is about the {column} {now}, the table says {row[column] or 'nothing'}"
            )
    for system, side in conflict.finding.sides.items():
        if system in row and row[system] != (side.value or ""):
            was, now = row[system] or "blank", side.value or "blank"
            raise OutdatedResolution(f"{system} holds {now} now, the table says {was}")
