"""Whatever names something, at whichever command, is held against what there is: told, with nothing done, never an
empty answer. A new parameter fails the first test until it stands here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import click
import pytest

import cli
from commands.lazy import Named
from mappings.files.load import default_files
from tests.e2e.crms import standing
from tests.scene import Scene

#: Parameters that take whatever is typed: remarks, numbers that are no names, and names that are made with them.
FREE = frozenset(
    {
        *(f"matches {name} --note" for name in ("accept", "reject", "pin")),
        "conflicts resolve --note",
        "demo --seed",
        "emulator serve --seed",
        *(
            f"emulator {name} {port}"
            for name in ("serve", "reset", "fault")
            for port in ("--salesforce-port", "--hubspot-port")
        ),
        # A regular expression of calls that are still to come.
        "emulator fault --path",
        # Nobody but the org itself can tell, and --test asks it.
        "init --domain",
        # The reader of it has tests of its own: a span or a date is no name.
        "runs list --since",
        # Asked of a server that is to be running: tests/e2e/test_emulator_commands.py.
        "emulator fault FAULT",
    }
)


class Wrong(NamedTuple):
    """How a name that fits nothing is given, and what is told of it."""

    words: Sequence[str]
    told: str


def _filters(*command: str) -> dict[str, Wrong]:
    name = " ".join(command[:2]) if command[0] in {"conflicts", "held"} else command[0]
    return {
        f"{name} --field": Wrong((*command, "--field", "teir"), "There is no field teir; did you mean tier?"),
        f"{name} --system": Wrong(
            (*command, "--system", "hubspt"), "There is no System hubspt; did you mean hubspot?"
        ),
    }


def _accounts(*command: str) -> dict[str, Wrong]:
    name = " ".join(command[:2]) if command[0] == "held" else command[0]
    return {f"{name} --account": Wrong((*command, "--account", "nosuch"), "No account fits 'nosuch'")}


WRONG: dict[str, Wrong] = {
    **_filters("plan"),
    **_accounts("plan"),
    **_filters("apply", "--yes"),
    **_accounts("apply", "--yes"),
    **_filters("sync"),
    **_accounts("sync"),
    **_filters("conflicts", "list"),
    **_filters("conflicts", "export", "x.csv"),
    **_filters("conflicts", "resolve", "--all", "--use", "hubspot", "--yes"),
    **_filters("held", "list"),
    **_accounts("held", "list"),
    **_filters("held", "retry"),
    **_accounts("held", "retry"),
    "undo RUN": Wrong(("undo", "260302-999999", "--yes"), "There is no Run 260302-999999."),
    "runs show RUN": Wrong(("runs", "show", "260302-999999"), "There is no Run 260302-999999."),
    "conflicts show NUMBER": Wrong(("conflicts", "show", "99"), "There is no Conflict 99."),
    "conflicts resolve NUMBERS": Wrong(
        ("conflicts", "resolve", "98", "99", "--use", "hubspot", "--yes"),
        "There is no Conflict 98. There is no Conflict 99.",
    ),
    "conflicts resolve --value": Wrong(
        ("conflicts", "resolve", "--all", "--value", "tier_9", "--yes"),
        "tier_9 is no value of tier; use one of",
    ),
    "conflicts resolve --use": Wrong(
        ("conflicts", "resolve", "--all", "--use", "newst", "--yes"),
        "There is no System and no rule newst; did you mean newest?",
    ),
    "matches accept KEYS": Wrong(("matches", "accept", "mxyzq", "--yes"), "There is no match mxyzq"),
    "matches reject WHAT": Wrong(("matches", "reject", "mxyzq", "--yes"), "There is no match mxyzq"),
    "matches pin FIRST": Wrong(("matches", "pin", "salesforce:0", "hubspot:1", "--yes"), "salesforce:0"),
    "matches pin SECOND": Wrong(("matches", "pin", "hubspt:1", "hubspot:1", "--yes"), "hubspt:1"),
    "systems rename OLD": Wrong(
        ("systems", "rename", "hubspt", "new", "--yes"),
        "The ledger knows no System hubspt; did you mean hubspot?",
    ),
    "systems rename NEW": Wrong(
        ("systems", "rename", "hubspot", "nosuch", "--yes"), "nosuch is no System in"
    ),
    "systems forget NAME": Wrong(
        ("systems", "forget", "hubspt", "--yes"), "The ledger knows no System hubspt; did you mean hubspot?"
    ),
    "explain ACCOUNT": Wrong(("explain", "nosuch"), "No account fits 'nosuch'."),
    "explain FIELD": Wrong(("explain", "acme", "teir"), "There is no field teir; did you mean tier?"),
    "provision plan --allow-destructive": Wrong(
        ("provision", "plan", "--allow-destructive", "ABM_Teir__c"),
        "No System has a field ABM_Teir__c in the mapping. Did you mean ABM_Tier__c?",
    ),
    "provision apply --allow-destructive": Wrong(
        ("provision", "apply", "--yes", "--allow-destructive", "ABM_Teir__c"),
        "No System has a field ABM_Teir__c in the mapping. Did you mean ABM_Tier__c?",
    ),
    "provision apply --probe-record": Wrong(
        ("provision", "apply", "--yes", "--probe", "--probe-record", "hubspt=1"),
        "--probe-record hubspt=1: tandem.yaml has no System hubspt.",
    ),
    "provision adopt FIELD": Wrong(
        ("provision", "adopt", "teir", "hubspot", "lifecyclestage", "--yes"),
        "There is no field teir; did you mean tier?",
    ),
    "provision adopt SYSTEM": Wrong(
        ("provision", "adopt", "tier", "hubspt", "lifecyclestage", "--yes"),
        "There is no System hubspt; did you mean hubspot?",
    ),
    "provision adopt NATIVE_NAME": Wrong(
        ("provision", "adopt", "tier", "salesforce", "AccountSorce", "--yes"),
        "salesforce has no field AccountSorce on Account; did you mean AccountSource?",
    ),
    "provision adopt --means": Wrong(
        ("provision", "adopt", "tier", "salesforce", "AccountSource", "--means", "Web=tier_9", "--yes"),
        "'Web' cannot mean 'tier_9': tier has no such value. Name one of tier_1",
    ),
    "provision export --system": Wrong(
        ("provision", "export", "--format", "hubspot", "--system", "hubspt", "out"),
        "hubspt is no System of kind hubspot; did you mean hubspot?",
    ),
    **{
        f"stages {name} --create-missing": Wrong(
            ("stages", name, "--create-missing", "hubspt", *yes),
            "there is no System hubspt; did you mean hubspot?",
        )
        for name, yes in (("plan", ()), ("apply", ("--yes",)))
    },
    **{
        f"stages {name} --pipeline": Wrong(
            ("stages", name, "--create-missing", "hubspot", "--pipeline", "nosuch", *yes),
            "hubspot has no pipeline 'nosuch'.",
        )
        for name, yes in (("plan", ()), ("apply", ("--yes",)))
    },
}


def _named(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Every parameter of every command that names something, as ``COMMAND --option`` or ``COMMAND ARGUMENT``."""
    found = command.load() if isinstance(command, Named) else command
    if isinstance(found, click.Group):
        for name, below in found.commands.items():
            yield from _named(below, (*path, name))
        return
    for parameter in found.params:
        # Ranges, choices and files are checked as they are read.
        if type(parameter.type) in {click.types.StringParamType, click.types.IntParamType}:
            what = parameter.name or "" if isinstance(parameter, click.Argument) else parameter.opts[0]
            yield " ".join((*path, what.upper() if isinstance(parameter, click.Argument) else what))


def test_every_parameter_that_names_something_stands_here() -> None:
    assert sorted(_named(cli.tandem)) == sorted({*WRONG, *FREE})


@pytest.fixture
def scene(scene: Scene) -> Scene:
    """An account with an open Conflict about its tier, and a mapping of its own to change."""
    scene.sales(ABM_Tier__c="tier_1")
    scene.marketing(hs_ideal_customer_profile="tier_3")
    scene.sync()
    return scene


@pytest.mark.parametrize("case", sorted(WRONG))
def test_a_name_that_fits_nothing_is_told_and_nothing_is_done(scene: Scene, case: str) -> None:
    before = standing(scene.world)
    wrong = WRONG[case]
    if case.startswith("provision adopt"):
        _with_a_mapping_of_its_own(scene)
    ran = scene.run(*wrong.words)
    assert (ran.code, wrong.told in ran.text) == (2, True), ran
    assert ran.out == "", "what went wrong stands on standard error"
    assert standing(scene.world) == before
    assert not (scene.world.folder / "x.csv").exists()
    assert not (scene.world.folder / "out").exists()
    with scene.world.ledger() as ledger:
        assert ledger.conflicts.count() == {"tier": 1}
        assert ledger.runs.latest(1)[0].outcome == "ok"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("conflicts", "resolve", "--all", "--use", "hubspot", "--yes"), "No Conflict{} is open"),
        (("conflicts", "export", "x.csv"), "No Conflict{} is open"),
        (("held", "retry"), "Nothing{} is held."),
    ],
)
@pytest.mark.parametrize(
    ("filters", "asked"),
    [
        (("--field", "MQA_Stage__c"), " of field {0}"),
        (("--field", "owner", "--system", "hubspot"), " of field {0} in hubspot"),
    ],
)
def test_a_filter_that_leaves_nothing_to_do_is_no_success(
    scene: Scene, words: tuple[str, ...], told: str, filters: tuple[str, ...], asked: str
) -> None:
    ran = scene.run(*words, *filters)
    field = {"MQA_Stage__c": "mqa_stage"}.get(filters[1], filters[1])
    shown = filters[1] if words[0] == "held" else field
    assert (ran.code, ran.out) == (2, ""), ran
    assert told.format(asked.format(shown)) in ran.text
    assert not (scene.world.folder / "x.csv").exists()


def test_without_a_filter_an_empty_inbox_is_no_failure(scene: Scene) -> None:
    assert scene.run("conflicts", "resolve", "--all", "--use", "hubspot", "--yes").code == 0
    scene.sync()
    ran = scene.run("conflicts", "resolve", "--all", "--use", "hubspot", "--yes")
    assert (ran.code, ran.text) == (0, "No Conflict is open; nothing was decided.")
    ran = scene.run("conflicts", "export", "x.csv")
    assert (ran.code, ran.text) == (0, "No Conflict is open, so x.csv holds none.")
    ran = scene.run("held", "retry", "--all")
    assert (ran.code, ran.text) == (0, "Nothing is held.")
    ran = scene.run("matches", "accept", "--all", "--yes")
    assert (ran.code, ran.text) == (0, "No match is open; nothing was decided.")


def test_a_filter_beside_a_number_is_refused_instead_of_passed_over(scene: Scene) -> None:
    ran = scene.run("conflicts", "resolve", "1", "--field", "owner", "--use", "hubspot", "--yes")
    assert (ran.code, "give them with --all" in ran.text) == (2, True), ran


def _with_a_mapping_of_its_own(scene: Scene) -> None:
    """As ``tandem init`` writes it."""
    folder = scene.world.folder / "own"
    folder.mkdir()
    for name, text in default_files().items():
        (folder / name).write_text(text, encoding="utf-8")
    scene.world.configure("scope: {accounts: all}\nmapping: own/")
