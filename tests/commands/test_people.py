"""Owners: a person with several addresses, two with one, a stand-in; and what goes on where a right is missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from emulator.hubspot.tokens import PRIVATE_TOKEN
from tests.e2e.people import SETTLED
from tests.scene import Scene

CONFIG = ("scope: {accounts: all}", "mapping: mappings/")
BEN, CHLOE = "ben.ortiz@example.com", "chloe.park@example.com"


def mapped(scene: Scene, people: str) -> None:
    folder = scene.world.folder / "mappings"
    folder.mkdir(exist_ok=True)
    (folder / "canonical.yaml").write_text(f"people:\n{people}", encoding="utf-8")
    scene.world.configure(*CONFIG)


def invited(scene: Scene, email: str) -> str:
    order = {"email": email, "first": email.split("@", maxsplit=1)[0], "last": "X"}
    id = str(scene.people.door("hubspot", "owners", order)["id"])
    # The users are read again once a day.
    scene.world.clock.advance(25 * 3600)
    return id


def owner(scene: Scene) -> object:
    return scene.in_hubspot("hubspot_owner_id")


def of_salesforce(scene: Scene, email: str) -> str:
    return scene.people.users_of_salesforce()[email]


def test_a_person_with_another_address_in_the_other_crm_is_the_same_person(scene: Scene) -> None:
    ada = "ada.marsh@example.com"
    other = invited(scene, "a.marsh@marsh.example")
    scene.sales(OwnerId=of_salesforce(scene, ada))
    scene.sync()
    # Without a word of it the one with the same address is meant.
    assert owner(scene) == scene.people.owner_in_hubspot(ada)
    mapped(scene, "  addresses:\n    - [a.marsh@marsh.example, ADA.MARSH@example.com]\n")
    scene.sales(OwnerId=of_salesforce(scene, BEN))
    scene.sync()
    scene.sales(OwnerId=of_salesforce(scene, ada))
    scene.sync()
    assert owner(scene) == other
    assert scene.pending() == []


def test_two_active_users_with_one_address_are_said_to_be_two(scene: Scene) -> None:
    twin = "twin@example.com"
    first, second = invited(scene, twin), invited(scene, "other@example.com")
    other = scene.world.portal.owners.person("other@example.com")
    assert other is not None
    other["email"] = twin
    user = scene.world.org.store.get("User", of_salesforce(scene, CHLOE))
    assert isinstance(user, dict)
    user["Email"] = twin
    scene.sales(OwnerId=of_salesforce(scene, twin))
    scene.world.clock.advance(25 * 3600)
    scene.sync()
    (held,) = scene.run("held", "list", "--field", "owner", "--json").json
    assert held["message"].startswith(f"two active users have the e-mail {twin}: ")
    assert first in held["message"]
    assert second in held["message"]
    assert "people:" in held["remedy"]


def test_who_is_nobody_there_is_stood_in_for_and_nothing_comes_back(scene: Scene) -> None:
    mapped(scene, f"  fallback: {{hubspot: {BEN}}}\n")
    nobody = next(
        email
        for email in scene.people.users_of_salesforce()
        if scene.world.portal.owners.person(email) is None
    )
    account = scene.people.new_in_salesforce(
        Name="Orphan",
        Website="https://orphan.com",
        ABM_Tier__c="tier_2",
        OwnerId=of_salesforce(scene, nobody),
    )
    company = scene.people.new_in_hubspot(name="Orphan", domain="orphan.com")
    for _ in range(3):
        scene.sync()
    record = scene.world.portal.shelf("companies").records.find(company)
    assert record is not None
    assert record.values["hubspot_owner_id"] == scene.people.owner_in_hubspot(BEN)
    row = scene.world.org.store.get("Account", account)
    assert row is not None
    assert row["OwnerId"] == of_salesforce(scene, nobody)
    planned = scene.run("plan", "--full", "--json").json
    assert [change for change in planned["changes"] if change["field"] == "owner"] == []
    # A person of flesh and blood takes over, in sales.
    scene.world.clock.advance(SETTLED)
    scene.people.in_salesforce(account, OwnerId=of_salesforce(scene, CHLOE))
    scene.sync()
    assert record.values["hubspot_owner_id"] == scene.people.owner_in_hubspot(CHLOE)


def test_a_stand_in_who_is_nobody_either_is_told(scene: Scene) -> None:
    mapped(scene, "  fallback: {hubspot: ghost@example.com}\n")
    nobody = next(
        email
        for email in scene.people.users_of_salesforce()
        if scene.world.portal.owners.person(email) is None
    )
    scene.sales(OwnerId=of_salesforce(scene, nobody))
    scene.sync()
    (held,) = scene.run("held", "list", "--field", "owner", "--json").json
    assert (
        "and the stand-in is nobody either: no active user has the e-mail ghost@example.com"
        in held["message"]
    )


@contextmanager
def without_scope(scene: Scene, scope: str) -> Iterator[None]:
    tokens = scene.world.portal.tokens
    before = tokens.by_text[PRIVATE_TOKEN]
    tokens.add(replace(before, scopes=before.scopes - {scope}))
    try:
        yield
    finally:
        tokens.add(before)


def told_as_a_whole(scene: Scene, system: str, field: str, words: str) -> None:
    """A field that waits in every account is held for every command that tells of what is held."""
    (item,) = scene.run("held", "list", "--field", field, "--json").json
    assert (item["system"], item["field"], item["account"]) == (system, field, None)
    assert words in item["message"]
    assert item["remedy"] in scene.run("held", "list").text
    assert scene.run("held", "list", "--field", "tier", "--json").json == []
    assert words in scene.run("status").text
    retried = scene.run("held", "retry", "--field", field)
    assert (retried.code, words in retried.text) == (2, True), retried
    failed = scene.run("sync", "--fail-on-held")
    assert (failed.code, "1 field as a whole held: tandem held list" in failed.text) == (1, True), failed


def test_without_the_right_to_see_owners_the_owner_waits_and_all_others_go_on(scene: Scene) -> None:
    before = owner(scene)
    with without_scope(scene, "crm.objects.owners.read"):
        scene.world.clock.advance(25 * 3600)
        scene.sales(ABM_Tier__c="tier_1", OwnerId=of_salesforce(scene, CHLOE))
        ran = scene.run("sync")
        assert ran.code == 0, ran.text
        assert scene.tiers == ("tier_1", "tier_1")
        assert owner(scene) == before
        scene.world.clock.advance(SETTLED)
        told = scene.run("plan", "--json").json
        (held,) = [item for item in told["held"] if item["field"] == "owner"]
        assert "hubspot does not tell who its users are, so owner waits in every System" in held["message"]
        assert "crm.objects.owners.read" in held["message"] + held["remedy"]
        told_as_a_whole(scene, "hubspot", "owner", "hubspot does not tell who its users are")
        scene.marketing(hs_ideal_customer_profile="tier_3")
        scene.sync()
        assert scene.tiers == ("tier_3", "tier_3")
    scene.sync()
    assert owner(scene) == scene.people.owner_in_hubspot(CHLOE)
    assert scene.pending() == []


def test_a_first_run_without_the_right_to_see_owners_links_and_fills_all_else(scene: Scene) -> None:
    with without_scope(scene, "crm.objects.owners.read"):
        for file in scene.world.folder.glob("tandem.db*"):
            file.unlink()
        scene.sales(ABM_Tier__c="tier_1")
        scene.sync()
        assert scene.in_hubspot("hs_ideal_customer_profile") is not None
        assert scene.run("outcomes", "pull").code == 0
    scene.sync()
    assert owner(scene) is not None


@pytest.mark.parametrize("first", [True, False], ids=["from the first Run on", "since the last Run"])
def test_a_hidden_field_waits_and_the_others_go_on(scene: Scene, first: bool) -> None:
    if first:
        for file in scene.world.folder.glob("tandem.db*"):
            file.unlink()
    scene.world.org.withdraw(["Account.MQA_Stage__c"])
    try:
        scene.sales(ABM_Tier__c="tier_1")
        scene.sync()
        scene.sync()
        (held,) = [item for item in scene.run("plan", "--json").json["held"] if item["field"] == "mqa_stage"]
        assert "MQA_Stage__c" in held["message"]
        assert "tandem provision apply" in held["remedy"]
        told_as_a_whole(scene, "salesforce", "mqa_stage", "no longer shows MQA_Stage__c")
        if not first:
            assert scene.tiers == ("tier_1", "tier_1")
    finally:
        scene.world.org.withdraw(["Account.MQA_Stage__c"], hidden=False)
    scene.sync()
    planned = scene.run("plan", "--json").json
    assert [item for item in planned["held"] if item["field"] == "mqa_stage"] == []
    assert scene.run("held", "list", "--json").json == []


def test_a_deleted_field_waits_until_it_is_provisioned_again(scene: Scene) -> None:
    definitions = scene.world.portal.shelf("companies").definitions
    definitions.archive("tandem_mqa_stage", now=scene.world.clock.now())
    scene.sales(ABM_Tier__c="tier_1")
    scene.sync()
    assert scene.tiers == ("tier_1", "tier_1")
    (held,) = [item for item in scene.run("plan", "--json").json["held"] if item["field"] == "mqa_stage"]
    assert "tandem provision apply" in held["remedy"]
    assert scene.run("provision", "apply", "--yes").code == 0
    scene.sales(MQA_Stage__c="engaged")
    scene.sync()
    assert scene.in_hubspot("tandem_mqa_stage") == "engaged"
