"""init: what it writes loads, and nothing is replaced unasked."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from commands.init import SYSTEMS, written_files
from sync.settings.load import load
from sync.settings.systems import HubSpotSystem, SalesforceSystem
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
