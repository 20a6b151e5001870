"""No answer tells what became of a write. Named by what was once false of sending it again."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulation.acme import Acme, write_to
from tests.simulation.crms import Crms

BOTH = [("hubspot", "salesforce"), ("salesforce", "hubspot")]
#: How an answer is lost whose work is done: an edge gives up waiting, the connection breaks.
DONE: list[dict[str, Any]] = [{"status": 504, "fault": "F68", "work_done": True}, {"drop": "after"}]
MADE_BY = {"hubspot": "/batch/upsert", "salesforce": "/composite/sobjects/Account/"}


def lose(crms: Crms, system: str, path: str, how: dict[str, Any], times: int = 1) -> None:
    server = crms.world.hubspot if system == "hubspot" else crms.world.salesforce
    given = how if system == "hubspot" or "drop" in how else {"drop": "after"}
    server.fault(**given, match={"path": f".*{path}.*"}, times=times)


def sent_values(crms: Crms, acme: Acme, name: str) -> list[str]:
    """What HubSpot was given for the property, oldest first."""
    company = crms.companies()[acme.ids["hubspot"]]
    return [version.value for version in company.history.get(f"tandem_{name}", [])]


@pytest.mark.parametrize("how", DONE)
@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize(("edited", "written"), BOTH)
def test_a_row_whose_answer_was_lost_does_not_cover_what_was_edited_on_top_of_it(
    acme: Acme, crms: Crms, edited: str, written: str, how: dict[str, Any], *, back: bool
) -> None:
    """Nor where the edit goes back to what stood there before."""
    acme.edit(edited, "territory", "north")
    acme.run()
    acme.edit(edited, "territory", "west")
    lose(crms, written, "/composite" if written == "salesforce" else "/batch/update", how)
    entered = "north" if back else "south"
    acme.run_while(
        "/composite" if written == "salesforce" else write_to(written),
        lambda: acme.edit(written, "territory", entered),
        unanswered=True,
    )
    for _ in range(2):
        acme.run()
    assert acme.values("territory") == {"salesforce": entered, "hubspot": entered}
    assert acme.conflict("territory") is None


@pytest.mark.parametrize("how", DONE)
@pytest.mark.parametrize("tracked", [[], ["Account.Territory__c"]])
@pytest.mark.parametrize(("edited", "made"), BOTH)
def test_a_record_that_a_run_made_and_somebody_edited_before_the_answer_came_is_not_ours(
    acme: Acme, crms: Crms, edited: str, made: str, how: dict[str, Any], tracked: list[str]
) -> None:
    crms.door("salesforce", "settings", {"tracked": tracked})
    acme.ids = {edited: _entered(crms, edited)}
    lose(crms, made, MADE_BY[made], how)

    def edit() -> None:
        (acme.ids[made],) = _there(crms, made)
        acme.edit(made, "territory", "south")

    acme.run_while(MADE_BY[made], edit, unanswered=True)
    for _ in range(2):
        acme.run()
    assert len(_there(crms, made)) == 1
    assert acme.values("territory") == {"salesforce": "south", "hubspot": "south"}


@pytest.mark.parametrize("system", ["salesforce", "hubspot"])
def test_a_row_that_did_not_land_is_sent_again_in_the_same_run(acme: Acme, crms: Crms, system: str) -> None:
    acme.edit("hubspot" if system == "salesforce" else "salesforce", "territory", "north")
    server = crms.world.hubspot if system == "hubspot" else crms.world.salesforce
    lost = {"hubspot": "/batch/update", "salesforce": "/composite$"}[system]
    server.fault(drop="before", match={"path": f".*{lost}", "method": "POST"}, times=2)
    acme.run()
    assert acme.values("territory") == {"salesforce": "north", "hubspot": "north"}


def test_a_row_that_landed_is_not_sent_again_though_no_answer_said_so(acme: Acme, crms: Crms) -> None:
    acme.edit("salesforce", "territory", "north")
    lose(crms, "hubspot", "/batch/update", DONE[0])
    before = len(sent_values(crms, acme, "territory"))
    acme.run_while("/batch/update", lambda: acme.edit("hubspot", "region", "east"), unanswered=True)
    assert len(sent_values(crms, acme, "territory")) == before + 1
    acme.run()
    assert acme.values("territory") == {"salesforce": "north", "hubspot": "north"}
    assert acme.values("region") == {"salesforce": "east", "hubspot": "east"}
    assert acme.app is not None
    assert not acme.app.ledger.writes.open()


def test_where_every_answer_is_lost_the_run_ends_and_the_next_one_finds_what_landed(
    acme: Acme, crms: Crms
) -> None:
    acme.edit("salesforce", "territory", "north")
    lose(crms, "hubspot", "/batch/update", {"fault": "F68", "status": 504, "work_done": False}, times=200)
    acme.run()
    assert acme.app is not None
    assert [write.state for write in acme.app.ledger.writes.open()] == ["intended"]
    crms.quiet()
    acme.run()
    assert acme.values("territory") == {"salesforce": "north", "hubspot": "north"}
    assert not acme.app.ledger.writes.open()


def _entered(crms: Crms, system: str) -> str:
    """A new account with a territory."""
    if system == "salesforce":
        fields = {"Name": "Beta", "Website": "beta.com", "Territory__c": "north"}
        return str(crms.salesforce("POST", "sobjects/Account", fields)["id"])
    properties = {"name": "Beta", "domain": "beta.com", "tandem_territory": "north"}
    return str(crms.hubspot("POST", "objects/companies", {"properties": properties})["id"])


def _there(crms: Crms, system: str) -> list[str]:
    if system == "salesforce":
        return [id for id, row in crms.accounts().items() if row.get("Website") == "beta.com"]
    return [id for id, record in crms.companies().items() if record.values.get("domain") == "beta.com"]
