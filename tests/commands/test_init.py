"""init: what it writes loads, and nothing is replaced unasked."""

import os
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from commands.init import SYSTEMS, org_address, written_files
from sync.settings.load import load
from sync.settings.systems import HubSpotSystem, SalesforceSystem
from tests.terminal import at_terminal
from tests.world import World


@pytest.mark.parametrize("options", [(), ("--emulator",), ("--salesforce",), ("--hubspot", "--emulator")])
def test_what_init_writes_loads_without_problems(world: World, options: tuple[str, ...]) -> None:
    world.config.unlink()
    ran = world.run("init", *options)
    assert ran.code == 0, ran.err
    settings = load(world.config)
    alone = [name for name in SYSTEMS if f"--{name}" in options]
    assert list(settings.systems) == (alone or list(SYSTEMS))
    assert settings.mapping.fields.keys() >= {
        "target_account",
        "tier",
        "owner",
        "engagement_score",
        "mqa_stage",
    }
    assert {path.name for path in (world.folder / "mappings").iterdir()} == {
        "canonical.yaml",
        *(f"{name}.yaml" for name in settings.systems),
    }


def test_init_points_at_the_emulators_where_asked(world: World) -> None:
    world.config.unlink()
    world.run("init", "--emulator")
    salesforce, hubspot = load(world.config).systems.values()
    assert isinstance(salesforce, SalesforceSystem)
    assert salesforce.login_url == "http://127.0.0.1:8701"
    assert isinstance(hubspot, HubSpotSystem)
    assert hubspot.base_url == "http://127.0.0.1:8702"


def test_both_systems_by_name_are_both(world: World) -> None:
    world.config.unlink()
    world.run("init", "--salesforce", "--hubspot")
    assert list(load(world.config).systems) == list(SYSTEMS)


def test_init_says_what_to_type_next(world: World) -> None:
    world.config.unlink()
    ran = world.run("init", "--emulator")
    for step in (
        "tandem emulator serve",
        "SF_CLIENT_ID=emulator",
        "HUBSPOT_ACCESS_TOKEN=pat-emulator",
        "doctor",
        "provision plan",
    ):
        assert step in ran.text


def test_init_replaces_nothing_and_names_all_that_exists(world: World) -> None:
    before = world.config.read_text()
    mapping = world.folder / "mappings" / "hubspot.yaml"
    mapping.parent.mkdir()
    mapping.write_text("# mine\n")
    ran = world.run("init")
    assert ran.code == 2
    assert "tandem.yaml exists already" in ran.text
    assert "mappings/hubspot.yaml exists already" in ran.text
    assert "tandem init --force" in ran.text
    assert world.config.read_text() == before
    assert mapping.read_text() == "# mine\n"
    assert not (mapping.parent / "canonical.yaml").exists()


def test_init_replaces_with_force(world: World) -> None:
    assert world.run("init", "--force").code == 0
    assert "https://YOUR-DOMAIN.my.salesforce.com" in world.config.read_text()


def test_init_writes_beside_the_configuration_that_is_named(world: World) -> None:
    ran = world.run("--config", "acme/tandem.yaml", "init", "--hubspot")
    assert ran.code == 0
    assert (world.folder / "acme" / "mappings" / "hubspot.yaml").is_file()
    assert "tandem --config acme/tandem.yaml doctor" in ran.text


def test_every_key_of_the_configuration_is_shown() -> None:
    text = written_files(Path("tandem.yaml"), SYSTEMS, emulator=False)[Path("tandem.yaml")]
    shown = YAML(typ="safe").load(text)
    assert shown.keys() == {"ledger", "systems", "mapping", "scope", "guard", "schedule", "scores"}
    assert "expect_org_id" in text
    assert "expect_portal_id" in text


# -- where it writes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("below", [".", "docs", "new/deep"])
def test_among_tandems_own_files_nothing_is_written_and_a_place_is_named(world: World, below: str) -> None:
    world.config.unlink()
    (world.folder / "pyproject.toml").write_text('[project]\nname = "tandem-sync"\n')
    ran = world.run("--config", f"{below}/tandem.yaml", "init", "--force")
    assert ran.code == 2
    assert f"Tandem's own files in {world.folder}; nothing was written." in ran.text
    assert f"mkdir -p {world.folder.parent / 'tandem'} && cd {world.folder.parent / 'tandem'}" in ran.text
    assert not list(world.folder.glob("**/tandem.yaml"))


def test_beside_another_project_it_writes(world: World) -> None:
    world.config.unlink()
    (world.folder / "pyproject.toml").write_text('[project]\nname = "ours"\n')
    assert world.run("init").code == 0


# -- questions ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("acme", "https://acme.my.salesforce.com"),
        (" https://acme.my.salesforce.com/ ", "https://acme.my.salesforce.com"),
        ("acme--dev.sandbox.my.salesforce.com", "https://acme--dev.sandbox.my.salesforce.com"),
        ("https://acme.lightning.force.com/lightning/page/home", "https://acme.my.salesforce.com"),
        ("http://127.0.0.1:8701", "http://127.0.0.1:8701"),
        ("http://acme.my.salesforce.com", "https://acme.my.salesforce.com"),
    ],
)
def test_a_domain_is_taken_as_people_write_it(said: str, meant: str) -> None:
    assert org_address(said) == meant


@pytest.mark.parametrize(
    "said", ["", "acme corp", "login.salesforce.com", "https://test.salesforce.com", "a_b.c"]
)
def test_what_is_no_orgs_own_domain_is_refused(world: World, said: str) -> None:
    with pytest.raises(ValueError, match=r"acme\.my\.salesforce\.com"):
        org_address(said)
    world.config.unlink()
    assert world.run("init", "--domain", said).code == 2
    assert not world.config.exists()


def test_off_a_terminal_options_say_all_of_it(world: World) -> None:
    world.config.unlink()
    ran = world.run("init", "--salesforce", "--domain", world.salesforce.url, "--test")
    assert ran.code == 0, ran.text
    assert "salesforce answers: Tandem Rehearsal (00D000000000001EAA). To work with no other" in ran.text
    assert 'write expect_org_id: "00D000000000001EAA"' in ran.text


def test_credentials_that_are_wrong_are_told_and_the_files_stay(world: World) -> None:
    world.config.unlink()
    world.secrets["SF_CLIENT_SECRET"] = "wrong"
    ran = world.run("init", "--salesforce", "--domain", world.salesforce.url, "--test")
    assert ran.code == 0
    assert "login refused" in ran.text
    assert "what to do Check client_id and client_secret." in ran.text
    assert world.config.exists()


def typed(world: World, *lines: str, **env: str) -> tuple[int, str]:
    words = [sys.executable, "-c", "import cli; cli.main()", "init"]
    path = str(Path(__file__).resolve().parents[2])
    return at_terminal(
        words,
        typed=lines,
        cwd=world.folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": path, "LC_ALL": "C.UTF-8", **env},
    )


def test_on_a_terminal_it_asks_one_question_at_a_time_and_again_where_the_answer_is_none(
    world: World,
) -> None:
    world.config.unlink()
    code, shown = typed(world, "salesforce", "login.salesforce.com", "acme", "n")
    assert code == 0, shown
    assert "is everybody's" in shown
    (salesforce,) = load(world.config).systems.values()
    assert isinstance(salesforce, SalesforceSystem)
    assert salesforce.login_url == "https://acme.my.salesforce.com"


def test_hubspot_alone_is_not_asked_for_an_org(world: World) -> None:
    world.config.unlink()
    code, shown = typed(world, "hubspot", "n")
    assert code == 0, shown
    assert "domain" not in shown.split("wrote")[0]


def test_who_leaves_before_the_last_answer_has_nothing_written(world: World) -> None:
    world.config.unlink()
    _, shown = typed(world, "both", "\x03")
    assert "wrote" not in shown
    assert not world.config.exists()
    assert not (world.folder / "mappings").exists()
