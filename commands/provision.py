"""provision: the fields, options and rights that Tandem needs in each CRM."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Group, RenderableType
from rich.text import Text

from commands.app import App, json_option, pass_app, yes_option
from commands.definition_plans import approve, output_option, read_plan, tell_plan
from commands.exit_codes import Exit, end
from commands.filters import closest
from commands.provision_adopt import adopt
from commands.provision_export import export
from commands.views.provision import provision_view
from commands.views.text import plural
from provision.fields.drift import drifted
from provision.fields.plan import PROVISION, DefinitionPlan, to_json
from provision.fields.provisioner import DESTRUCTIVE, Provisioner
from provision.fields.state import Action
from provision.fields.write_probe import Probe, probe
from sync.errors import SettingsError

_VERBOSE = click.option(
    "-v", "--verbose", is_flag=True, help="Show fields in order too, and where no existing record changes."
)


@click.group()
def provision() -> None:
    """Fields, options and rights: what is missing, wrong or off the contract."""


_DESTRUCTIVE = click.option(
    "--allow-destructive",
    "destructive",
    metavar="NAME",
    multiple=True,
    help="Let this field (the CRM's own name; SYSTEM:NAME in that System alone) be narrowed to the mapping: values "
    "beyond it retired, length and digits cut, other values refused, history no longer tracked. May be repeated.",
)


@provision.command(epilog="Example: tandem provision plan -v")
@output_option
@_DESTRUCTIVE
@_VERBOSE
@json_option
@pass_app
def plan(
    app: App, output: Path | None, destructive: tuple[str, ...], *, verbose: bool, as_json: bool
) -> None:
    """Compare the definitions of every CRM with the mapping. Writes to no CRM.

    + create, ~ change, * grant, - hold less (only what is named), ! off the contract and yours to fix,
    … written moments ago, = in order (counted; listed with -v).
    """
    with app.writer("tandem provision plan", patient=True):
        made = _plan(provisioner(app, destructive), app)
    hint = ""
    if output is not None:
        hint = f"Saved to {output}. Apply it with: tandem provision apply {output}"
    elif made.steps and not made.problems:
        named = "".join(f" --allow-destructive {name}" for name in destructive)
        hint = f"Carry it out with: tandem provision apply{named}"
    tell_plan(app, made, output=output, hint=hint, verbose=verbose, as_json=as_json)


@provision.command(epilog="Example: tandem provision apply --yes")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@_DESTRUCTIVE
@click.option(
    "--probe",
    "probing",
    is_flag=True,
    help="Then write the values of one record of each CRM over themselves, to prove the rights.",
)
@click.option(
    "--probe-record",
    "test_records",
    multiple=True,
    metavar="SYSTEM=ID",
    help="A record to test with: --probe also marks its blank fields for a moment. May be given several times.",
)
@_VERBOSE
@yes_option
@json_option
@pass_app
def apply(
    app: App,
    file: Path | None,
    destructive: tuple[str, ...],
    *,
    probing: bool,
    test_records: tuple[str, ...],
    verbose: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Create, amend and grant what is missing; with FILE only what that saved plan says.

    Nothing is deleted or retyped, and nothing is narrowed but fields named with --allow-destructive, of which a saved
    plan carries its own. It may be run again at any time.
    """
    if file is not None and destructive:
        raise SettingsError(
            ["--allow-destructive belongs to the plan, and a saved plan carries its own."],
            remedy=f"Leave it out, or save another plan: tandem provision plan -o {file} --allow-destructive NAME",
        )
    tested = _test_records(app, test_records)
    saved = read_plan(file, command=PROVISION) if file is not None else None
    if saved is not None:
        destructive = tuple(saved.asked.get(DESTRUCTIVE, ()))
    with app.writer("tandem provision apply", patient=True):
        work = provisioner(app, destructive)
        made = _plan(work, app)
        approve(app, made, saved, question=_question(made), verbose=verbose, yes=yes, as_json=as_json)
        with app.working("Writing definitions and grants …"):
            after = work.apply(made)
        probing = probing or bool(tested)
        probes = [_probe(app, work, name, tested.get(name)) for name in app.connectors] if probing else []
    if as_json:
        app.json(to_json(after) | ({"probes": [asdict(done) for done in probes]} if probing else {}))
    else:
        if made.steps:
            app.console.print(_report(made, after, verbose=verbose))
        for done in probes:
            app.console.print(_probed(done))
    if after.steps:
        end(Exit.PENDING)


@provision.command(epilog="Example: tandem provision drift --json")
@json_option
@pass_app
def drift(app: App, *, as_json: bool) -> None:
    """Whether definitions have moved away from the mapping: exit code 3 where they have. For cron and CI.

    The service looks after each full compare by itself; `tandem status` shows what it found.
    """
    with app.writer("tandem provision drift", patient=True):
        made = _plan(provisioner(app), app)
    found = drifted(made)
    if as_json:
        app.json({"drift": [asdict(line) for line in found]})
    elif found:
        app.console.print(provision_view(made))
    else:
        app.console.print(Text("No drift: all definitions are in order.", style="green"))
    if found:
        end(Exit.PENDING)


def _question(made: DefinitionPlan) -> str:
    narrow = list(dict.fromkeys(line.field for line in made.steps if line.narrows))
    less = f", so that {', '.join(narrow)} can hold less than now" if narrow else ""
    return f"Carry out {plural(len(made.steps), 'step')}{less}?"


def _test_records(app: App, given: tuple[str, ...]) -> dict[str, str]:
    """System -> the record that a person named to test with."""
    found: dict[str, str] = {}
    problems: list[str] = []
    for words in given:
        system, _, id = words.partition("=")
        if not id:
            problems.append(f"--probe-record {words} names no System and record.")
        elif system not in app.settings.systems:
            problems.append(f"--probe-record {words}: tandem.yaml has no System {system}.")
        elif system in found:
            problems.append(f"--probe-record names two records of {system}.")
        found[system] = id
    if problems:
        named = " or ".join(app.settings.systems)
        raise SettingsError(problems, remedy=f"Write --probe-record SYSTEM=ID, SYSTEM being {named}.")
    return found


def _probe(app: App, work: Provisioner, name: str, test_record: str | None) -> Probe:
    with app.working(f"Writing to one record of {name} …"):
        return probe(app.connectors[name], work.found(name), app.ledger, test_record=test_record)


def _probed(done: Probe) -> Text:
    tried = ((done.rewritten, "written over themselves"), (done.marked, "marked and cleared"))
    parts = [f"{', '.join(names)} {words}" for names, words in tried if names]
    told = Text()
    if parts:
        told.append("probed ", "green").append(
            f"{done.system} {done.object} {done.record}: {'; '.join(parts)}"
        )
    if done.untried:
        told.append("\n" if parts else "")
        told.append("not proven ", "yellow")
        why = "no value to write over itself"
        told.append(f"{done.system} {done.object}: the right to write {', '.join(done.untried)} ({why}). ")
        told.append(f"Name a record to test with: --probe-record {done.system}=ID")
    return told


def _report(made: DefinitionPlan, after: DefinitionPlan, *, verbose: bool) -> RenderableType:
    done = Text.assemble(("done ", "bold green"), f"{plural(len(made.steps), 'step')} carried out, ")
    if after.steps:
        done.append("and fields that were hidden until now differ:")
        return Group(done, provision_view(after, verbose=verbose))
    done.append(_read_back(after))
    return Group(done, Text("See what would be synced with: tandem plan", style="bold"))


def _read_back(after: DefinitionPlan) -> str:
    """What reading all definitions again has shown."""
    settling = [line.field for line in after.lines if line.action is Action.SETTLING]
    wrong = sum(1 for line in after.lines if line.action is Action.WRONG)
    if not (settling or wrong):
        return "all fields read back in order."
    told = []
    if settling:
        told.append(f"HubSpot may show the old definition of {', '.join(settling)} for some minutes")
    if wrong:
        told.append(f"{plural(wrong, 'finding')} off the contract left to you: tandem provision plan")
    return f"and all fields read back; {'; '.join(told)}."


def provisioner(app: App, destructive: Sequence[str] = ()) -> Provisioner:
    """What compares and writes definitions, as the configuration wants it."""
    mapping, assign_to = app.settings.mapping, app.settings.provision.assign_to
    known = {
        (system.name, name)
        for system in mapping.systems.values()
        for name in (
            *(field.name for field in mapping.definitions(system.name)),
            *(native.builtin for native in system.fields.values()),
        )
    }
    known |= {("", name) for _, name in known}
    unknown = [
        name for name in destructive if (name.rpartition(":")[0], name.rpartition(":")[2]) not in known
    ]
    if unknown:
        named = sorted({name for _, name in known if name is not None})
        raise SettingsError(
            [
                f"No System has a field {name} in the mapping." + (f" Did you mean {near}?" if near else "")
                for name, near in ((name, closest(name, named)) for name in unknown)
            ],
            remedy="Name fields as the plan does: tandem provision plan -v",
        )
    return Provisioner(
        app.connectors,
        app.ledger,
        mapping,
        clock=app.clock,
        users=assign_to.users,
        profiles=assign_to.profiles,
        destructive=destructive,
        report=app.report,
    )


def _plan(work: Provisioner, app: App) -> DefinitionPlan:
    with app.working("Reading definitions …"):
        return work.plan()


provision.add_command(adopt)
provision.add_command(export)
