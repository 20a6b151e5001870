"""Records become one, or go, while Tandem is not looking. Named by what was once false."""

from __future__ import annotations

from typing import Any
from unittest import mock

import pytest

from sync.ledger.accounts.accounts import Accounts
from tests.simulation.acme import Acme, write_to
from tests.simulation.book import read_book
from tests.simulation.crms import ADMIN, Crms
from tests.simulation.fields import living
from tests.simulation.wire_tap import Killed


@pytest.mark.parametrize("primary", ["acme", "beta"])
def test_a_survivor_goes_on_with_the_account_that_is_left_when_its_own_was_deleted(
    crms: Crms, acme: Acme, primary: str
) -> None:
    made = crms.salesforce("POST", "sobjects/Account", {"Name": "Beta", "Website": "beta.com"})
    body = {"properties": {"name": "Beta", "domain": "beta.com"}}
    company = str(crms.hubspot("POST", "objects/companies", body)["id"])
    acme.run()
    stays, goes = (acme.ids["hubspot"], company) if primary == "acme" else (company, acme.ids["hubspot"])
    crms.hubspot("POST", "objects/companies/merge", {"primaryObjectId": stays, "objectIdToMerge": goes})
    lost = str(made["id"]) if primary == "acme" else acme.ids["salesforce"]
    crms.salesforce("DELETE", f"sobjects/Account/{lost}", user=ADMIN)
    for _ in range(3):
        acme.run()
    [survivor], [account] = living(crms, "hubspot"), living(crms, "salesforce")
    assert [*read_book(acme.ledger).links.values()] == [{"hubspot": survivor, "salesforce": account}]


@pytest.mark.parametrize("after", ["close", "move"])
def test_a_process_that_dies_while_it_follows_a_merge_leaves_no_account_that_is_made_once_more(
    crms: Crms, acme: Acme, after: str
) -> None:
    crms.salesforce("POST", "sobjects/Account", {"Name": "Beta", "Website": "beta.com"})
    body = {"properties": {"name": "Beta", "domain": "beta.com"}}
    company = str(crms.hubspot("POST", "objects/companies", body)["id"])
    acme.run()
    order = {"primaryObjectId": acme.ids["hubspot"], "objectIdToMerge": company}
    acme.ids["hubspot"] = str(crms.hubspot("POST", "objects/companies/merge", order)["id"])
    done = getattr(Accounts, after)

    def die(*given: Any, **more: Any) -> None:
        done(*given, **more)
        raise Killed

    with mock.patch.object(Accounts, after, die), pytest.raises(Killed):
        acme.run()
    acme.close()
    for _ in range(3):
        acme.run()
    assert living(crms, "hubspot") == [acme.ids["hubspot"]]
    assert len(read_book(acme.ledger).links) == 1


@pytest.mark.parametrize("primary", ["acme", "beta"])
def test_an_edit_of_a_survivor_that_a_write_to_the_merged_company_covers_is_not_lost(
    crms: Crms, acme: Acme, primary: str
) -> None:
    beta = str(crms.salesforce("POST", "sobjects/Account", {"Name": "Beta", "Website": "beta.com"})["id"])
    body = {"properties": {"name": "Beta", "domain": "beta.com"}}
    company = str(crms.hubspot("POST", "objects/companies", body)["id"])
    acme.run()
    stays, goes = (acme.ids["hubspot"], company) if primary == "acme" else (company, acme.ids["hubspot"])

    def merge_and_edit() -> None:
        order = {"primaryObjectId": stays, "objectIdToMerge": goes}
        acme.ids["hubspot"] = str(crms.hubspot("POST", "objects/companies/merge", order)["id"])
        acme.edit("hubspot", "territory", "south")

    crms.salesforce("PATCH", f"sobjects/Account/{beta}", {"Territory__c": "north"})
    acme.run_while(write_to("hubspot"), merge_and_edit)
    for _ in range(3):
        acme.run()
    [members] = [each for each in read_book(acme.ledger).links.values() if "hubspot" in each]
    acme.ids = members
    assert "south" in {*acme.values("territory").values(), *(acme.conflict("territory") or {}).values()}


def test_an_edit_that_put_back_what_was_settled_is_restored_where_our_write_covered_it(
    crms: Crms, acme: Acme
) -> None:
    acme.edit("salesforce", "territory", "south")
    acme.run()
    beta = str(crms.salesforce("POST", "sobjects/Account", {"Name": "Beta", "Website": "beta.com"})["id"])
    body = {"properties": {"name": "Beta", "domain": "beta.com", "tandem_territory": "west"}}
    company = str(crms.hubspot("POST", "objects/companies", body)["id"])
    acme.run()

    def merge_and_edit() -> None:
        order = {"primaryObjectId": acme.ids["hubspot"], "objectIdToMerge": company}
        acme.ids["hubspot"] = str(crms.hubspot("POST", "objects/companies/merge", order)["id"])
        acme.edit("hubspot", "territory", "")
        acme.edit("hubspot", "territory", "south")

    crms.salesforce("PATCH", f"sobjects/Account/{beta}", {"Territory__c": "north"})
    acme.run_while(write_to("hubspot"), merge_and_edit)
    for _ in range(3):
        acme.run()
    assert acme.values("territory") == {"salesforce": "south", "hubspot": "south"}


def test_what_a_merge_kept_is_not_given_up_for_an_edit_that_was_covered_in_the_record_that_it_ended(
    crms: Crms, acme: Acme
) -> None:
    body = {"properties": {"name": "Beta", "domain": "beta.com"}}
    company = str(crms.hubspot("POST", "objects/companies", body)["id"])
    acme.edit("hubspot", "territory", "south")
    acme.run()
    crms.hubspot("PATCH", f"objects/companies/{company}", {"properties": {"tandem_territory": "west"}})
    [beta] = [id for id in living(crms, "salesforce") if id != acme.ids["salesforce"]]

    def edit() -> None:
        crms.salesforce("PATCH", f"sobjects/Account/{beta}", {"Territory__c": "east"})

    with acme.configured(bulk_from=1):
        acme.run_while("/batches", edit)
    acme.close()
    crms.door("salesforce", "merge", {"master": acme.ids["salesforce"], "losers": [beta]})
    for _ in range(3):
        acme.run()
    assert acme.values("territory") == {"salesforce": "south", "hubspot": "south"}


@pytest.mark.parametrize("carried", [True, False])
def test_what_two_accounts_agreed_on_alike_is_not_given_up_for_a_write_to_the_one_that_was_merged_away(
    crms: Crms, acme: Acme, *, carried: bool
) -> None:
    acme.edit("salesforce", "territory", "south")
    if not carried:
        acme.edit("hubspot", "territory", "south")
    given = {"Name": "Beta", "Website": "beta.com", "Territory__c": "south"}
    beta = str(crms.salesforce("POST", "sobjects/Account", given)["id"])
    body = {"properties": {"name": "Beta", "domain": "beta.com", "tandem_territory": "south"}}
    company = str(crms.hubspot("POST", "objects/companies", body)["id"])
    acme.run()

    def merge() -> None:
        order = {"primaryObjectId": acme.ids["hubspot"], "objectIdToMerge": company}
        acme.ids["hubspot"] = str(crms.hubspot("POST", "objects/companies/merge", order)["id"])

    crms.salesforce("PATCH", f"sobjects/Account/{beta}", {"Territory__c": "north"})
    acme.run_while(write_to("hubspot"), merge)
    for _ in range(3):
        acme.run()
    assert acme.values("territory") == {"salesforce": "south", "hubspot": "south"}
