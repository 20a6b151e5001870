"""matches: records that may be one account, and what a person says about them."""

from dataclasses import replace
from typing import Any

from sync.model.records import LinkId, RecordState
from tests.e2e.people import SETTLED
from tests.ids import HUBSPOT, SALESFORCE
from tests.scene import Town


def sync(town: Town) -> None:
    town.world.clock.advance(SETTLED)
    ran = town.world.run("sync", "--json")
    assert ran.code in {0, 4}, ran.text


def listed(town: Town, *options: str) -> list[dict[str, Any]]:
    ran = town.world.run("matches", "list", "--json", *options)
    assert ran.code in {0, 4}
    return list(ran.json)


def linked(town: Town, account: str) -> dict[str, str]:
    """The records of the account that a Salesforce record belongs to, by System."""
    with town.world.ledger() as ledger:
        record = ledger.accounts.record(SALESFORCE, account)
        assert record is not None
        if record.link_id is None:
            return {}
        found = ledger.accounts.by_link(record.link_id)
        assert found is not None
        return {system: member.id for system, member in found.records.items()}


def namesakes(town: Town) -> tuple[str, str]:
    """Acme in Salesforce with a domain, and a company of the same name in HubSpot without one."""
    account = town.people.new_in_salesforce(Name="Acme GmbH", Website="acme.com", ABM_Tier__c="tier_1")
    company = town.people.new_in_hubspot(name="ACME")
    sync(town)
    return account, company


def test_namesakes_wait_and_nothing_is_created_for_them_meanwhile(town: Town) -> None:
    namesakes(town)
    (match,) = listed(town)
    assert (match["kind"], match["score"]) == ("name", 1.0)
    assert all(record["url"] for record in match["records"])
    assert match["evidence"] == "the same name, and no common domain"
    assert len(town.world.portal.shelf("companies").records) == 1
    shown = town.world.run("matches", "list")
    assert shown.code == 4
    assert f"{match['key']}\t" in shown.out
    assert "tandem matches accept" in shown.text


def test_an_accepted_match_is_one_account_from_the_next_run_on(town: Town) -> None:
    account, company = namesakes(town)
    (match,) = listed(town)
    ran = town.world.run("matches", "accept", str(match["id"]), "--yes")
    assert ran.code == 0, ran.text
    sync(town)
    assert linked(town, account) == {"salesforce": account, "hubspot": company}
    record = town.world.portal.shelf("companies").records.find(company)
    assert record is not None
    assert record.values["hs_ideal_customer_profile"] == "tier_1"
    assert listed(town) == []


def test_a_rejected_match_is_two_accounts_for_good(town: Town) -> None:
    account, company = namesakes(town)
    (match,) = listed(town)
    assert town.world.run("matches", "reject", str(match["id"]), "--yes").code == 0
    sync(town)
    # The one with a domain is an account like any other now, and gets a company of its own.
    assert linked(town, account)["hubspot"] != company
    town.people.in_hubspot(company, name="Acme Inc.")
    sync(town)
    assert listed(town) == []
    assert linked(town, account)["hubspot"] != company


def test_a_question_ends_when_one_of_the_duplicates_is_gone(town: Town) -> None:
    account = town.people.new_in_salesforce(Name="Acme", Website="acme.com")
    companies = [town.people.new_in_hubspot(name=name, domain="acme.com") for name in ("Acme", "Acme Ltd")]
    sync(town)
    town.people.archives_in_hubspot(companies[0])
    sync(town)
    assert listed(town) == []
    assert linked(town, account)["hubspot"] == companies[1]


def test_a_question_ends_when_a_duplicate_gets_a_domain_of_its_own(town: Town) -> None:
    account = town.people.new_in_salesforce(Name="Acme", Website="acme.com")
    companies = [town.people.new_in_hubspot(name=name, domain="acme.com") for name in ("Acme", "Acme Iberia")]
    sync(town)
    assert len(listed(town)) == 1
    town.people.in_hubspot(companies[1], domain="iberia.es")
    sync(town)
    assert listed(town) == []
    assert linked(town, account)["hubspot"] == companies[0]


def test_a_question_about_names_ends_when_one_of_them_gets_another_name(town: Town) -> None:
    account, company = namesakes(town)
    town.people.in_hubspot(company, domain="initech.de", name="Initech")
    sync(town)
    assert listed(town) == []
    assert linked(town, account)["hubspot"] != company


def test_a_newcomer_that_is_rejected_is_an_account_of_its_own_and_the_account_that_stood_still_stands(
    town: Town,
) -> None:
    scene = town.scene()
    other = town.people.new_in_salesforce(
        Name=f"{scene.name} Iberia", Website=scene.domain, ABM_Tier__c="tier_3"
    )
    sync(town)
    (match,) = listed(town)
    ran = town.world.run("matches", "reject", str(match["id"]), "--yes")
    assert ran.code == 0, ran.text
    assert f"tandem matches reject hubspot:{scene.company} salesforce:{scene.account}" in ran.text
    sync(town)
    assert linked(town, scene.account) == {"salesforce": scene.account, "hubspot": scene.company}
    made = linked(town, other)["hubspot"]
    assert made != scene.company
    assert scene.tiers == ("tier_2", "tier_2")
    # Nor does it matter what becomes of the company that the newcomer might have been.
    town.people.in_hubspot(scene.company, name=f"{scene.name} Iberia")
    sync(town)
    assert listed(town) == []
    assert linked(town, other)["hubspot"] == made


def test_two_records_of_one_system_are_kept_apart_by_name(town: Town) -> None:
    scene = town.scene()
    other = town.people.new_in_salesforce(Name="Acme Iberia", Website=scene.domain)
    sync(town)
    ran = town.world.run("matches", "reject", f"salesforce:{other}", f"salesforce:{scene.account}", "--yes")
    assert ran.code == 0, ran.text
    sync(town)
    assert listed(town) == []
    assert linked(town, scene.account)["hubspot"] == scene.company
    assert linked(town, other)["hubspot"] != scene.company


def test_an_account_that_is_taken_apart_is_two_accounts_and_no_record_is_written_over(town: Town) -> None:
    scene = town.scene()
    ran = town.world.run(
        "matches", "reject", f"salesforce:{scene.account}", f"hubspot:{scene.company}", "--yes"
    )
    assert ran.code == 0, ran.text
    sync(town)
    sync(town)
    assert scene.in_salesforce("Name") == scene.name
    assert linked(town, scene.account)["hubspot"] != scene.company
    with town.world.ledger() as ledger:
        company = ledger.accounts.record(HUBSPOT, scene.company)
        assert company is not None
        assert company.link_id is not None
        account = ledger.accounts.by_link(company.link_id)
    assert account is not None
    assert account.records[SALESFORCE].id != scene.account
    assert town.world.run("plan", "--full", "--json").json["changes"] == []
    assert listed(town) == []
    told = town.world.run("explain", scene.company, "--json").json
    assert "parted" in {moment["what"] for moment in told["timeline"]}


def test_an_accepted_match_that_is_rejected_later_is_taken_apart(town: Town) -> None:
    account, company = namesakes(town)
    (match,) = listed(town)
    assert town.world.run("matches", "accept", str(match["id"]), "--yes").code == 0
    sync(town)
    assert town.world.run("matches", "reject", str(match["id"]), "--yes").code == 0
    sync(town)
    assert linked(town, account).get("hubspot") != company


def test_a_record_is_named_by_the_15_characters_that_salesforce_shows(town: Town) -> None:
    account = town.people.new_in_salesforce(Name="Acme", Website="acme.com")
    companies = [town.people.new_in_hubspot(name=name, domain="acme.com") for name in ("Acme", "Acme Ltd")]
    sync(town)
    (match,) = listed(town)
    stranger = town.world.run("matches", "accept", str(match["id"]), account, "999", "--yes")
    assert stranger.code == 2
    assert "999 is not among the records of match" in stranger.text
    chosen = (account[:15], f"hubspot:{companies[0]}")
    ran = town.world.run("matches", "accept", str(match["id"]), *chosen, "--yes")
    assert ran.code == 0, ran.text
    sync(town)
    assert linked(town, account) == {"salesforce": account, "hubspot": companies[0]}


def test_an_account_is_unlinked_from_a_record_that_is_out_of_sight(town: Town) -> None:
    scene = town.scene()
    sync(town)
    with town.world.ledger() as ledger:
        company = ledger.accounts.record(HUBSPOT, scene.company)
        assert company is not None
        ledger.accounts.put([replace(company, state=RecordState.INVISIBLE)])
    sync(town)
    assert "tandem matches reject RECORD RECORD" in town.world.run("status", "--json").text
    ran = town.world.run("matches", "reject", scene.account, scene.company, "--yes")
    assert ran.code == 0, ran.text
    assert linked(town, scene.account).get("hubspot") is None


def test_a_company_that_is_renamed_and_moves_keeps_its_account_under_its_new_name(town: Town) -> None:
    scene = town.scene()
    town.people.in_salesforce(scene.account, Name="Umbrella", Website="https://umbrella.com")
    sync(town)
    assert linked(town, scene.account)["hubspot"] == scene.company
    town.people.in_hubspot(scene.company, name="Umbrella Inc.", domain="umbrella.com")
    sync(town)
    with town.world.ledger() as ledger:
        account = ledger.accounts.by_link(LinkId(scene.link))
    assert account is not None
    assert (account.link.label, account.link.domain) == ("Umbrella Inc.", "umbrella.com")
    told = town.world.run("explain", "umbrella.com", "--json").json
    assert {"renamed", "domain changed"} <= {moment["what"] for moment in told["timeline"]}


def test_any_two_records_are_pinned_by_id(town: Town) -> None:
    account = town.people.new_in_salesforce(Name="Acme", Website="acme.com", ABM_Tier__c="tier_1")
    company = town.people.new_in_hubspot(name="Umbrella", domain="umbrella.example")
    town.world.configure("scope: {accounts: linked, create: false}")
    sync(town)
    ran = town.world.run("matches", "pin", f"salesforce:{account[:15]}", company, "--yes")
    assert ran.code == 0, ran.text
    sync(town)
    assert linked(town, account) == {"salesforce": account, "hubspot": company}
    # And taken apart again, for good.
    assert (
        town.world.run("matches", "reject", f"salesforce:{account}", f"hubspot:{company}", "--yes").code == 0
    )
    sync(town)
    assert linked(town, account).get("hubspot") is None
    town.people.in_hubspot(company, name="Umbrella Corp")
    sync(town)
    assert linked(town, account).get("hubspot") is None


def test_a_record_that_belongs_to_another_account_is_not_pinned_away(town: Town) -> None:
    one, other = town.scene(), town.scene()
    ran = town.world.run("matches", "pin", f"salesforce:{one.account}", f"hubspot:{other.company}", "--yes")
    assert ran.code == 2
    assert "is linked with one of them already" in ran.text
    assert linked(town, one.account) == {"salesforce": one.account, "hubspot": one.company}


def test_what_is_not_known_is_told_as_such(town: Town) -> None:
    town.scene()
    ran = town.world.run("matches", "pin", "salesforce:001000000000000AAA", "hubspot:1", "--yes")
    assert ran.code == 2
    assert "is not known to the ledger" in ran.text
    assert town.world.run("matches", "accept", "77", "--yes").code == 2
    assert "There is no match 77." in town.world.run("matches", "reject", "77", "--yes").text


def test_a_company_is_known_by_its_additional_domains(town: Town) -> None:
    account = town.people.new_in_salesforce(Name="Acme", Website="acme.com", ABM_Tier__c="tier_1")
    company = town.people.new_in_hubspot(
        name="Acme Ltd", domain="acme.io", hs_additional_domains="acme.net;acme.com"
    )
    sync(town)
    assert linked(town, account) == {"salesforce": account, "hubspot": company}


def test_two_companies_of_one_marketplace_are_not_linked(town: Town) -> None:
    account = town.people.new_in_salesforce(Name="Whole Foods Market", Website="amazon.com/wholefoods")
    town.people.new_in_hubspot(name="Amazon Web Services", domain="aws.amazon.com")
    sync(town)
    assert linked(town, account) == {}
    (match,) = listed(town)
    assert (
        "they stand at /wholefoods and aws." in match["evidence"]
        or "aws. and /wholefoods" in match["evidence"]
    )
