"""The recycle bin, merges, and the two calls that tell of changes and deletes."""

from typing import Any

import pytest

from tests.emulator.salesforce.client import Api


def _span(api: Api, what: str, start: str, end: str, name: str = "Account") -> Any:
    return api.get(f"/sobjects/{name}/{what}/", params={"start": start, "end": end})


def test_a_delete_takes_contacts_and_opportunities_along_and_an_undelete_brings_them_back(api: Api) -> None:
    account = api.account()
    kept_out = api.post("/sobjects/Contact", {"LastName": "Earlier", "AccountId": account}).json()["id"]
    api.delete(f"/sobjects/Contact/{kept_out}")
    contact = api.post("/sobjects/Contact", {"LastName": "L", "AccountId": account}).json()["id"]
    api.delete(f"/sobjects/Account/{account}")
    assert api.get(f"/sobjects/Contact/{contact}").status_code == 404
    api.door("undelete", ids=[account])
    assert api.get(f"/sobjects/Account/{account}").status_code == 200
    assert api.get(f"/sobjects/Contact/{contact}").status_code == 200
    assert api.get(f"/sobjects/Contact/{kept_out}").status_code == 404


def test_a_merge_leaves_a_loser_that_names_its_master(abm: Api) -> None:
    master, loser = abm.account(Name="Master"), abm.account(Name="Loser", Ext__c="L")
    contact = abm.post("/sobjects/Contact", {"LastName": "L", "AccountId": loser}).json()["id"]
    stamp = abm.get(f"/sobjects/Contact/{contact}").json()["SystemModstamp"]
    abm.clock.advance(10)
    abm.door("merge", master=master, losers=[loser])
    found = abm.query(
        "SELECT Id, MasterRecordId, Ext__c FROM Account WHERE IsDeleted = true AND MasterRecordId != null",
        deleted=True,
    )
    assert [(row["Id"], row["MasterRecordId"], row["Ext__c"]) for row in found] == [(loser, master, "L")]
    moved = abm.get(f"/sobjects/Contact/{contact}").json()
    assert (moved["AccountId"], moved["SystemModstamp"]) == (master, stamp)
    assert abm.get(f"/sobjects/Account/{master}").json()["Ext__c"] is None
    gone = abm.patch(f"/sobjects/Account/{loser}", {"Name": "x"})
    assert (gone.status_code, gone.json()[0]["errorCode"]) == (404, "ENTITY_IS_DELETED")
    assert abm.post("/__emulator__/undelete", {"ids": [loser]}).status_code == 400


def test_an_emptied_bin_hides_the_row_but_not_its_delete(api: Api) -> None:
    account = api.account()
    api.clock.advance(60)
    api.delete(f"/sobjects/Account/{account}")
    api.door("empty_bin")
    assert api.query("SELECT Id FROM Account", deleted=True) == []
    body = _span(api, "deleted", "2026-03-02T08:00:00Z", "2026-03-02T10:00:00Z").json()
    assert [row["id"] for row in body["deletedRecords"]] == [account]


def test_get_updated_names_what_changed_in_the_span(api: Api) -> None:
    first = api.account()
    api.clock.advance(120)
    second = api.account()
    whole = _span(api, "updated", "2026-03-02T08:00:00+00:00", "2026-03-02T12:00:00+00:00").json()
    assert whole == {"ids": [first, second], "latestDateCovered": "2026-03-02T09:02:00.000+0000"}
    late = _span(api, "updated", "2026-03-02T09:01:00Z", "2026-03-02T09:03:00Z").json()
    assert late["ids"] == [second]


def test_the_latest_date_covered_stops_before_what_is_not_committed(api: Api) -> None:
    api.door("settings", commit_lag=600)
    api.account()
    api.clock.advance(300)
    body = _span(api, "updated", "2026-03-02T08:00:00Z", "2026-03-02T09:05:00Z").json()
    assert body == {"ids": [], "latestDateCovered": "2026-03-02T09:00:00.000+0000"}
    api.fault("F20", lag=7200)
    assert (
        _span(api, "updated", "2026-03-02T08:00:00Z", "2026-03-02T09:05:00Z").json()["latestDateCovered"]
        == "2026-03-02T07:05:00.000+0000"
    )


def test_get_deleted_tells_how_far_its_log_reaches(api: Api) -> None:
    account = api.account()
    api.delete(f"/sobjects/Account/{account}")
    api.clock.advance(7200)
    api.log_in()
    span = ("2026-03-02T08:00:00Z", "2026-03-02T12:00:00Z")
    body = _span(api, "deleted", *span).json()
    assert body["deletedRecords"] == [{"deletedDate": "2026-03-02T09:00:00.000+0000", "id": account}]
    assert body["earliestDateAvailable"] == "2026-02-15T11:00:00.000+0000"
    assert body["latestDateCovered"] == "2026-03-02T11:00:00.000+0000"
    api.fault("F19", kept=3600)
    trimmed = _span(api, "deleted", *span).json()
    assert trimmed["deletedRecords"] == []
    assert trimmed["earliestDateAvailable"] == "2026-03-02T10:00:00.000+0000"


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-03-02T09:00:00Z", "2026-03-02T09:00:30Z"),
        ("2026-03-02T09:00:00Z", "2026-03-02T08:00:00Z"),
        ("2026-01-02T09:00:00Z", "2026-03-02T09:00:00Z"),
        ("yesterday", "2026-03-02T09:00:00Z"),
    ],
)
def test_a_bad_span_is_refused(api: Api, start: str, end: str) -> None:
    answered = _span(api, "updated", start, end)
    assert answered.status_code == 400
    assert answered.json()[0]["errorCode"] == "INVALID_REPLICATION_DATE"


def test_automation_moves_the_system_stamp_alone(api: Api) -> None:
    account = api.account()
    api.clock.advance(30)
    api.door("touch", ids=[account])
    row = api.get(f"/sobjects/Account/{account}").json()
    assert row["SystemModstamp"] == "2026-03-02T09:00:30.000+0000"
    assert row["LastModifiedDate"] == "2026-03-02T09:00:00.000+0000"


def test_a_formula_changes_without_a_stamp(abm: Api) -> None:
    account = abm.account(Engagement_Score__c=1)
    abm.clock.advance(30)
    abm.door("silent", id=account, values={"Engagement_Score__c": 2.0})
    row = abm.get(f"/sobjects/Account/{account}").json()
    assert (row["Engagement_Score__c"], row["SystemModstamp"]) == (2.0, "2026-03-02T09:00:00.000+0000")
