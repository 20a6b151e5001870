"""Records become one, or go, while Tandem is not looking. Named by what was once false."""

from __future__ import annotations

import pytest

from tests.simulation.acme import Acme
from tests.simulation.crms import ADMIN, Crms
from tests.simulation.judge import read_book
from tests.simulation.people import living


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
