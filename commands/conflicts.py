"""conflicts: the inbox of what no rule could decide."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from typing import Any

import click
from rich.text import Text

from commands.app import App, json_option, pass_app, yes_option
from commands.conflict_files import export, import_
from commands.exit_codes import Exit, end
from commands.filters import meant, named_filters, told_filters
from commands.views.conflicts import answer_line, conflict_view, conflicts_view, labels_of
from commands.views.listing import show as show_view
from commands.views.text import plural
from mappings.fields import DirectionKind
from mappings.files.edit_rule import remember
from mappings.files.load import CANONICAL
from sync.core.resolutions import RULES, Resolution, Undecidable, by_name, by_value, check_as_seen
from sync.errors import SettingsError
from sync.ledger.ledger import Ledger
from sync.model.inbox import StoredConflict
from sync.model.records import SystemName
from sync.settings.load import load


@click.group()
def conflicts() -> None:
    """The inbox: base, each side, who and when, and what each rule would do."""


conflicts.add_command(export)
conflicts.add_command(import_)

_FIELD = click.option("--field", help="Only Conflicts of this canonical field.")
_SYSTEM = click.option("--system", help="Only Conflicts in which this System takes part.")


@conflicts.command("list", epilog="Example: tandem conflicts list --field tier")
@_FIELD
@_SYSTEM
@json_option
@pass_app
def list_(app: App, field: str | None, system: SystemName | None, *, as_json: bool) -> None:
    """Open Conflicts, oldest first."""
    field, system = named_filters(app, field, system)
    found = app.ledger.conflicts.list(field=field, system=system)
    labels = labels_of(app.ledger, found)
    if as_json:
        app.json([_as_json(conflict, labels) for conflict in found])
    else:
        show_view(app.console, conflicts_view(found, labels, told_filters(field=field, system=system)))
    if found:
        end(Exit.CONFLICTS)


@conflicts.command(epilog="Example: tandem conflicts show 3")
@click.argument("number", type=int)
@json_option
@pass_app
def show(app: App, number: int, *, as_json: bool) -> None:
    """Everything that is known about one Conflict."""
    conflict = _get(app.ledger, number)
    labels = labels_of(app.ledger, [conflict])
    if as_json:
        app.json(_as_json(conflict, labels))
    else:
        account = app.ledger.accounts.by_link(conflict.finding.link_id)
        show_view(app.console, conflict_view(conflict, account, labels))


@conflicts.command(epilog="Example: tandem conflicts resolve 3 --use hubspot")
@click.argument("numbers", type=int, nargs=-1)
@click.option("--value", help='Decide for this canonical value, or the label of it; "" for blank.')
@click.option(
    "--use", help="Decide for what this System holds, or for what this rule (newest, furthest) would do."
)
@click.option("--all", "every", is_flag=True, help="All open Conflicts that the filters leave.")
@_FIELD
@_SYSTEM
@click.option("--note", help="Why; kept with the decision.")
@click.option(
    "--remember",
    "remembered",
    is_flag=True,
    help="Make --use the rule for these fields, in your mapping: the next such Conflict decides itself.",
)
@yes_option
@pass_app
def resolve(
    app: App,
    numbers: tuple[int, ...],
    value: str | None,
    use: str | None,
    *,
    every: bool,
    field: str | None,
    system: SystemName | None,
    note: str | None,
    remembered: bool,
    yes: bool,
) -> None:
    """Decide Conflicts: one, several, or all that a filter leaves. The next Run carries it out."""
    if (value is None) == (use is None):
        raise SettingsError(["Say what to decide for."], remedy="Give either --value VALUE or --use SYSTEM.")
    if bool(numbers) == every:
        raise SettingsError(
            ["Say which Conflicts."], remedy="Give their numbers, or --all (with --field, --system)."
        )
    if numbers and (field is not None or system is not None):
        raise SettingsError(
            ["A number says which Conflict it is; nothing else chooses one."],
            remedy="Leave out --field and --system, or give them with --all.",
        )
    ledger = app.ledger
    field, system = named_filters(app, field, system)
    if use is not None:
        _check_use(app, use)
    found = ledger.conflicts.list(field=field, system=system) if every else _numbered(ledger, numbers)
    if not found:
        asked = told_filters(field=field, system=system)
        if asked:
            raise SettingsError(
                [f"No Conflict{asked} is open; nothing was decided."],
                remedy="See those that are with: tandem conflicts list",
            )
        app.console.print("No Conflict is open; nothing was decided.")
        return
    answers = _answers(app, found, value=value, use=use)
    rules = _rules(app, found, use) if remembered else {}
    labels = labels_of(ledger, found)
    for answer in answers:
        app.console.print(answer_line(answer, labels))
    for name, rule in rules.items():
        app.console.print(f"From now on {rule} decides every Conflict of {name}.")
    app.confirm(f"Decide {plural(len(answers), 'Conflict')}?", yes=yes)
    # The lease is not held while a person thinks about the question.
    with app.writer("tandem conflicts resolve", patient=True) as ledger:
        check_as_seen(answers, ledger.conflicts.by_id(answer.conflict.id for answer in answers))
        _remember(app, rules)
        ledger.conflicts.decide_all(
            [(answer.conflict.id, answer.value, note) for answer in answers], by=getpass.getuser()
        )
    app.console.print("Decided. Carry it out with: tandem apply")


def _get(ledger: Ledger, number: int) -> StoredConflict:
    conflict = ledger.conflicts.get(number)
    if conflict is None:
        raise SettingsError(
            [f"There is no Conflict {number}."], remedy="See them with: tandem conflicts list"
        )
    return conflict


def _numbered(ledger: Ledger, numbers: Sequence[int]) -> list[StoredConflict]:
    """The Conflicts of these numbers, each once; ``SettingsError`` with every number that is none."""
    known = ledger.conflicts.by_id(numbers)
    unknown = [number for number in dict.fromkeys(numbers) if number not in known]
    if unknown:
        raise SettingsError(
            [f"There is no Conflict {number}." for number in unknown],
            remedy="Nothing was decided. See them with: tandem conflicts list",
        )
    return [known[number] for number in dict.fromkeys(numbers)]


def _check_use(app: App, use: str) -> None:
    """``SettingsError`` where this is the name of no System and of no rule, whatever Conflicts there are."""
    able = list(dict.fromkeys([*app.settings.systems, *app.ledger.systems.known(), *RULES]))
    if use not in able:
        raise SettingsError(
            [f"There is no System and no rule {use}{meant(use, able)}"],
            remedy=f"Nothing was decided. Use one of {', '.join(able)}.",
        )


def _answers(
    app: App, found: Sequence[StoredConflict], *, value: str | None, use: str | None
) -> list[Resolution]:
    """What each Conflict is decided for. All problems at once, and then nothing is decided."""
    problems: list[str] = []
    answers: list[Resolution] = []
    for conflict in found:
        try:
            decided = (
                by_name(conflict, use)
                if use is not None
                else by_value(conflict, value, app.settings.mapping.fields)
            )
        except Undecidable as error:
            problems.append(f"Conflict {conflict.id}: {error}")
        else:
            answers.append(Resolution(conflict=conflict, value=decided))
    if problems:
        raise SettingsError(
            problems, remedy="Nothing was decided. See the Conflicts with: tandem conflicts list"
        )
    return answers


def _rules(app: App, found: Sequence[StoredConflict], use: str | None) -> dict[str, str]:
    """The rules that a decision becomes, by field. ``SettingsError`` where it cannot become one."""
    if use is None:
        raise SettingsError(
            ["A single value is no rule."], remedy="Give --use SYSTEM, newest or furthest with --remember."
        )
    if app.settings.mapping_folder is None:
        raise SettingsError(
            ["The built-in mapping is used, and it is not yours to change."],
            remedy="Write a mapping of your own with: tandem init. Then name it in tandem.yaml: mapping: mappings/",
        )
    fields = app.settings.mapping.fields
    names = {conflict.finding.field for conflict in found}
    fixed = [
        f"{name} travels {fields[name].rule.direction}: no rule decides its Conflicts"
        for name in sorted(names)
        if name in fields and fields[name].rule.direction.kind is not DirectionKind.TWO_WAY
    ]
    if fixed:
        raise SettingsError(fixed, remedy="Decide them without --remember.")
    return dict.fromkeys(sorted(names), use)


def _remember(app: App, rules: dict[str, str]) -> None:
    """Write the rules into the mapping; where it would no longer load, it stands as it was."""
    folder = app.settings.mapping_folder
    if folder is None or not rules:
        return
    path = folder / CANONICAL
    before = path.read_text(encoding="utf-8") if path.exists() else None
    try:
        remember(folder, rules)
        load(app.config)
    except (OSError, ValueError, SettingsError) as error:
        if before is not None:
            path.write_text(before, encoding="utf-8")
        else:
            path.unlink(missing_ok=True)
        problems = error.problems if isinstance(error, SettingsError) else [f"{path}: {error}"]
        raise SettingsError(
            problems, remedy="Nothing was decided and the mapping stands as it was. Edit it by hand."
        ) from error
    for name, rule in rules.items():
        app.console.print(Text.assemble(("rule ", "green"), f"{name}: on_conflict {rule}  ({path})"))


def _as_json(conflict: StoredConflict, labels: dict[str, str]) -> dict[str, Any]:
    finding = conflict.finding
    return {
        "id": conflict.id,
        "account": labels.get(finding.link_id),
        "link_id": finding.link_id,
        "field": finding.field,
        "reason": finding.reason,
        "state": conflict.state.value,
        "base": finding.base.value if finding.base else None,
        "has_base": finding.base is not None,
        "sides": {
            name: {
                "value": side.value,
                "at": side.at.isoformat() if side.at else None,
                "by": side.by,
                "evidence": side.evidence.value,
            }
            for name, side in finding.sides.items()
        },
        "proposals": dict(finding.proposals),
        "opened_at": conflict.opened_at.isoformat(),
    }
