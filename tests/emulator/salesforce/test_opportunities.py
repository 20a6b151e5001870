"""Opportunities mean what their stage means."""

from typing import Any

from tests.emulator.salesforce.client import Api


def _deal(api: Api, **values: Any) -> str:
    body = {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-05-04", "Amount": 1000, **values}
    answered = api.post("/sobjects/Opportunity", body)
    assert answered.status_code == 201, answered.text
    return str(answered.json()["id"])


def _read(api: Api, deal: str) -> dict[str, Any]:
    found: dict[str, Any] = api.get(f"/sobjects/Opportunity/{deal}").json()
    return found


def test_name_stage_and_close_date_are_required(api: Api) -> None:
    error = api.post("/sobjects/Opportunity", {"Amount": 1}).json()[0]
    assert error["message"] == "Required fields are missing: [Name, StageName, CloseDate]"


def test_the_stage_decides_closed_won_probability_and_forecast(api: Api) -> None:
    deal = _deal(api)
    row = _read(api, deal)
    assert (row["IsClosed"], row["IsWon"], row["Probability"], row["ForecastCategory"]) == (
        False,
        False,
        10,
        "Pipeline",
    )
    assert (row["ExpectedRevenue"], row["Fiscal"]) == (100, "2026 2")
    api.patch(f"/sobjects/Opportunity/{deal}", {"StageName": "Closed Won"})
    row = _read(api, deal)
    assert (row["IsClosed"], row["IsWon"], row["Probability"], row["ForecastCategory"]) == (
        True,
        True,
        100,
        "Closed",
    )
    api.patch(f"/sobjects/Opportunity/{deal}", {"StageName": "Closed Lost"})
    row = _read(api, deal)
    assert (row["IsClosed"], row["IsWon"], row["Probability"], row["ForecastCategory"]) == (
        True,
        False,
        0,
        "Omitted",
    )
    refused = api.patch(f"/sobjects/Opportunity/{deal}", {"IsWon": True})
    assert refused.json()[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_a_probability_of_its_own_stays_until_the_stage_moves(api: Api) -> None:
    deal = _deal(api, Probability=42)
    assert _read(api, deal)["Probability"] == 42
    api.patch(f"/sobjects/Opportunity/{deal}", {"Amount": 50})
    assert _read(api, deal)["Probability"] == 42
    api.patch(f"/sobjects/Opportunity/{deal}", {"StageName": "Value Proposition"})
    assert _read(api, deal)["Probability"] == 50
    api.patch(f"/sobjects/Opportunity/{deal}", {"StageName": "Negotiation/Review", "Probability": 33})
    assert _read(api, deal)["Probability"] == 33


def test_history_has_a_row_per_change_of_stage_amount_or_date(api: Api) -> None:
    deal = _deal(api)
    for change in (
        {"StageName": "Closed Won"},
        {"NextStep": "nothing"},
        {"StageName": "Prospecting"},
        {"Amount": 7},
    ):
        api.clock.advance(60)
        assert api.patch(f"/sobjects/Opportunity/{deal}", change).status_code == 204
    rows = api.query(
        "SELECT StageName, Amount, CloseDate, ForecastCategory, CreatedDate FROM OpportunityHistory"
        f" WHERE OpportunityId = '{deal}' ORDER BY CreatedDate"
    )
    assert [(row["StageName"], row["Amount"]) for row in rows] == [
        ("Prospecting", 1000),
        ("Closed Won", 1000),
        ("Prospecting", 1000),
        ("Prospecting", 7),
    ]
    assert _read(api, deal)["IsClosed"] is False


def test_stages_can_be_renamed_and_several_can_be_won(api: Api) -> None:
    won = _deal(api, StageName="Closed Won")
    stages = api.door("stages", rename="Closed Won", label="Signed")["done"]
    assert next(stage["label"] for stage in stages if stage["name"] == "Closed Won") == "Signed"
    stages += [
        {
            "name": "Renewed",
            "label": "Renewed",
            "probability": 100,
            "forecast_category": "Closed",
            "closed": True,
            "won": True,
        }
    ]
    api.door("stages", stages=stages)
    assert _read(api, won)["IsWon"] is True
    assert _read(api, _deal(api, StageName="Renewed"))["IsWon"] is True
    found = api.query(
        "SELECT ApiName, MasterLabel FROM OpportunityStage WHERE IsWon = true ORDER BY SortOrder"
    )
    assert [(row["ApiName"], row["MasterLabel"]) for row in found] == [
        ("Closed Won", "Signed"),
        ("Renewed", "Renewed"),
    ]
    described = api.get("/sobjects/Opportunity/describe").json()["fields"]
    values = next(field for field in described if field["name"] == "StageName")["picklistValues"]
    assert {"Signed", "Renewed"} <= {value["label"] for value in values}


def test_a_stage_left_out_is_deactivated_and_its_records_keep_it(api: Api) -> None:
    deal = _deal(api, StageName="Needs Analysis")
    stages = [stage for stage in api.door("stages", stages=[])["done"] if stage["name"] != "Needs Analysis"]
    api.door("stages", stages=[{**stage, "active": True} for stage in stages])
    row = api.query("SELECT IsActive FROM OpportunityStage WHERE ApiName = 'Needs Analysis'")[0]
    assert row["IsActive"] is False
    assert _read(api, deal)["StageName"] == "Needs Analysis"


def test_changing_a_stages_meaning_changes_its_records_by_automation(api: Api) -> None:
    deal = _deal(api, StageName="Proposal/Price Quote")
    stages = api.door("stages", stages=[])["done"]
    api.clock.advance(60)
    changed = [
        {
            **stage,
            "active": True,
            **({"closed": True, "won": True} if stage["name"].startswith("Proposal") else {}),
        }
        for stage in stages
    ]
    api.door("stages", stages=changed)
    row = _read(api, deal)
    assert row["IsWon"] is True
    assert row["LastModifiedDate"] < row["SystemModstamp"]


def test_tracked_fields_keep_their_history(api: Api) -> None:
    api.door("settings", tracked=["Account.Rating", "Account.OwnerId"])
    account = api.account(Rating="Hot")
    api.patch(f"/sobjects/Account/{account}", {"Rating": "Cold", "Phone": "1"})
    rows = api.query("SELECT Field, OldValue, NewValue FROM AccountHistory")
    assert [(row["Field"], row["OldValue"], row["NewValue"]) for row in rows] == [
        ("created", None, None),
        ("Rating", "Hot", "Cold"),
    ]


def test_a_task_knows_its_account_through_the_opportunity(api: Api) -> None:
    account = api.account()
    deal = _deal(api, AccountId=account)
    made = api.post("/sobjects/Task", {"Subject": "Call", "WhatId": deal, "Priority": "High"}).json()["id"]
    task = api.get(f"/sobjects/Task/{made}").json()
    assert (task["AccountId"], task["Status"], task["IsHighPriority"]) == (account, "Not Started", True)
