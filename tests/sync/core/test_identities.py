"""Whether the Systems that answer are the ones that the ledger knows."""

from __future__ import annotations

from sync.core.identities import Tenant, mismatches

ORG = Tenant(kind="salesforce", id="00D1", name="Acme", called="org")
PORTAL = Tenant(kind="hubspot", id="123456", name="", called="portal")
OTHER = Tenant(kind="hubspot", id="777", name="Other", called="portal")
KNOWN = {"salesforce": ORG, "hubspot": PORTAL}


def told(known: dict[str, Tenant], answering: dict[str, Tenant]) -> list[str]:
    return [wrong.message for wrong in mismatches(known, answering)]


def cures(known: dict[str, Tenant], answering: dict[str, Tenant]) -> str:
    return " ".join(wrong.remedy for wrong in mismatches(known, answering))


def test_the_same_ones_and_new_ones_are_well() -> None:
    assert mismatches({}, KNOWN) == []
    assert mismatches(KNOWN, KNOWN) == []
    assert mismatches(KNOWN, {**KNOWN, "hubspot_two": OTHER}) == []


def test_a_system_under_another_name_is_told_with_the_command() -> None:
    answering = {"salesforce": ORG, "hubspot_main": PORTAL}
    assert told(KNOWN, answering) == ["hubspot_main is portal 123456, known as hubspot."]
    assert "tandem systems rename hubspot hubspot_main" in cures(KNOWN, answering)


def test_two_systems_that_are_one_are_told_known_or_not() -> None:
    for known in ({}, KNOWN):
        assert told(known, {**KNOWN, "second": PORTAL}) == ["hubspot and second are the same portal 123456."]
    three = {**KNOWN, "second": PORTAL, "third": PORTAL}
    assert told({}, three) == ["hubspot and second and third are the same portal 123456."]


def test_an_id_of_one_kind_says_nothing_about_another_kind() -> None:
    alike = Tenant(kind="salesforce", id="123456", name="", called="org")
    assert told({"hubspot": PORTAL}, {"hubspot": PORTAL, "salesforce": alike}) == []


def test_another_org_than_the_ledger_knows_is_told_with_the_cure() -> None:
    assert told(KNOWN, {"hubspot": OTHER}) == [
        "hubspot is portal 777 (Other), but this ledger belongs to portal 123456."
    ]
    assert "sandbox" not in cures(KNOWN, {"hubspot": OTHER})
    copy = Tenant(kind="salesforce", id="00D2", name="Acme", called="org", is_copy=True)
    assert "where a sandbox was refreshed" in cures(KNOWN, {"salesforce": copy})
    assert "tandem systems forget salesforce" in cures(KNOWN, {"salesforce": copy})


def test_credentials_the_wrong_way_round_are_told_once_for_each() -> None:
    known = {"one": PORTAL, "two": OTHER}
    assert told(known, {"one": OTHER, "two": PORTAL}) == [
        "one is portal 777 (Other) and two is portal 123456: the other way round than the ledger knows them.",
        "two is portal 123456 and one is portal 777 (Other): the other way round than the ledger knows them.",
    ]


def test_a_wrong_credential_that_leads_to_another_known_system_names_it() -> None:
    known = {"one": PORTAL, "two": OTHER}
    assert told(known, {"one": OTHER}) == [
        "one is portal 777 (Other), but this ledger belongs to portal 123456; it knows portal 777 as two."
    ]


def test_everything_that_is_wrong_is_told_at_once() -> None:
    answering = {"sales": ORG, "hubspot": OTHER, "second": OTHER}
    assert len(told(KNOWN, answering)) == 3
