from typing import Any

import pytest

from tests.emulator.hubspot.judged import Judged

BASE = "/crm/v3/pipelines/deals"
STAGES = f"{BASE}/default/stages"
DEALS = "/crm/v3/objects/deals"
STAMP = "2026-10-05T12:00:00.250Z"


def stage(label: str, probability: str | None, order: int = 9) -> dict[str, Any]:
    metadata = {} if probability is None else {"probability": probability}
    return {"label": label, "displayOrder": order, "metadata": metadata}


def test_a_fresh_portal_has_the_sales_pipeline(hubspot: Judged) -> None:
    (pipeline,) = hubspot("GET", BASE).json()["results"]
    assert pipeline["id"] == "default"
    closed = {
        one["id"]: one["metadata"] for one in pipeline["stages"] if one["metadata"]["isClosed"] == "true"
    }
    assert closed == {
        "closedwon": {"isClosed": "true", "probability": "1.0"},
        "closedlost": {"isClosed": "true", "probability": "0.0"},
    }
    assert (
        hubspot("GET", "/crm/pipelines/2026-09/deals/default/stages/closedwon").json()["label"]
        == "Closed Won"
    )


def test_lifecycle_stages_are_a_pipeline_of_companies(hubspot: Judged) -> None:
    (pipeline,) = hubspot("GET", "/crm/v3/pipelines/companies").json()["results"]
    assert len(pipeline["stages"]) == 8
    path = f"/crm/v3/pipelines/companies/{pipeline['id']}/stages"
    made = hubspot("POST", path, {"label": "Partner", "displayOrder": 8, "metadata": {}}).json()
    assert made["id"].isdigit()
    options = hubspot("GET", "/crm/v3/properties/companies/lifecyclestage").json()["options"]
    assert options[-1]["value"] == made["id"]
    assert hubspot.company(lifecyclestage=made["id"])


@pytest.mark.parametrize(
    ("sent", "kept", "closed"),
    [("0.50", "0.5", "false"), ("1", "1.0", "true"), ("0", "0.0", "true"), ("0.85", "0.85", "false")],
)
def test_closed_follows_from_the_probability(hubspot: Judged, sent: str, kept: str, closed: str) -> None:
    body = stage("Odd", sent)
    body["metadata"]["isClosed"] = "true" if closed == "false" else "false"
    made = hubspot("POST", STAGES, body)
    assert made.status_code == 201
    assert made.json()["metadata"] == {"isClosed": closed, "probability": kept}


@pytest.mark.parametrize("probability", [None, "2", "-0.1", "much"])
def test_a_deal_stage_needs_a_probability(hubspot: Judged, probability: str | None) -> None:
    assert hubspot("POST", STAGES, stage("Odd", probability)).status_code == 400


def test_labels_are_unique_whatever_their_case_and_spaces(hubspot: Judged) -> None:
    answer = hubspot("POST", STAGES, stage("CLOSED  won", "0.4"))
    assert answer.status_code == 400
    assert answer.json()["subCategory"] == "PipelineError.STAGE_LABEL_EXISTS"
    again = hubspot("POST", BASE, {"label": "sales pipeline", "displayOrder": 1, "stages": []})
    assert again.json()["subCategory"] == "PipelineError.PIPELINE_LABEL_EXISTS"


def test_a_label_says_nothing_of_the_outcome(hubspot: Judged) -> None:
    hubspot("PATCH", f"{STAGES}/closedlost", {"metadata": {"probability": "0.8"}})
    deal = hubspot.deal(dealstage="closedlost")
    assert hubspot.values("deals", deal, "hs_is_closed", "hs_deal_stage_probability") == {
        "hs_is_closed": "false",
        "hs_deal_stage_probability": "0.8",
    }


def test_put_deletes_the_stages_it_leaves_out(hubspot: Judged) -> None:
    deal = hubspot.deal(dealstage="closedwon")
    body = {
        "label": "Sales",
        "displayOrder": 0,
        "stages": [stage("Only", "0.5", 0) | {"stageId": "closedlost"}],
    }
    refused = hubspot("PUT", f"{BASE}/default?validateReferencesBeforeDelete=true", body)
    assert refused.status_code == 400
    assert refused.json()["subCategory"] == "PipelineError.STAGE_ID_IN_USE"
    assert refused.json()["context"] == {"stageIds": ["closedwon"], "objectIds": [deal]}
    put = hubspot("PUT", f"{BASE}/default", body, version="v3")
    assert [one["id"] for one in put.json()["stages"]] == ["closedlost"]


def test_a_refused_pipeline_leaves_nothing_behind(hubspot: Judged) -> None:
    twice = [stage("Open", "0.2", 0), stage("open", "0.3", 1)]
    assert hubspot("POST", BASE, {"label": "New", "displayOrder": 1, "stages": twice}).status_code == 400
    before = hubspot("GET", BASE).json()
    assert [pipeline["id"] for pipeline in before["results"]] == ["default"]
    put = {"label": "Sales", "displayOrder": 0, "stages": twice}
    assert hubspot("PUT", f"{BASE}/default", put).status_code == 400
    assert hubspot("GET", BASE).json() == before


def test_a_used_stage_can_vanish_before_the_version_of_2026_09(hubspot: Judged) -> None:
    hubspot.deal(dealstage="contractsent")
    refused = hubspot("DELETE", f"{STAGES}/contractsent", version="2026-09")
    assert refused.json()["subCategory"] == "PipelineError.STAGE_ID_IN_USE"
    assert hubspot("DELETE", f"{STAGES}/contractsent", version="2026-03").status_code == 204
    assert hubspot("DELETE", f"{STAGES}/never_there", version="v3").status_code == 204


def test_changes_are_audited(hubspot: Judged) -> None:
    made = hubspot(
        "POST", BASE, {"label": "Renewals", "displayOrder": 1, "stages": [stage("Open", "0.2", 0)]}
    )
    pipeline = made.json()["id"]
    hubspot("PATCH", f"{BASE}/{pipeline}", {"label": "Renewal"})
    audits = hubspot("GET", f"{BASE}/{pipeline}/audit").json()["results"]
    assert [entry["action"] for entry in audits] == ["CREATE", "UPDATE"]
    assert hubspot("DELETE", f"{BASE}/{pipeline}").status_code == 204
    assert hubspot("GET", f"{BASE}/{pipeline}").status_code == 404
    assert hubspot("DELETE", f"{BASE}/default").status_code == 400


def test_a_deals_stage_must_be_one_of_its_pipeline(hubspot: Judged) -> None:
    made = hubspot(
        "POST", BASE, {"label": "Other", "displayOrder": 1, "stages": [stage("Open", "0.2", 0)]}
    ).json()
    other = made["stages"][0]["id"]
    refused = hubspot("POST", DEALS, {"properties": {"dealname": "x", "dealstage": other}})
    assert refused.json()["errors"][0]["code"] == "INVALID_OPTION"
    deal = hubspot.deal(dealstage=other, pipeline=made["id"])
    assert hubspot.values("deals", deal, "pipeline") == {"pipeline": made["id"]}
    assert hubspot.values("deals", hubspot.deal(), "pipeline") == {"pipeline": "default"}


def test_closing_a_deal_rewrites_its_close_date(hubspot: Judged) -> None:
    deal = hubspot.deal(dealstage="qualifiedtobuy", closedate="2026-12-31T00:00:00Z", amount="1500.00")
    names = (
        "closedate",
        "hs_is_closed",
        "hs_is_closed_won",
        "hs_is_closed_lost",
        "hs_deal_stage_probability",
    )
    assert hubspot.values("deals", deal, *names) == {
        "closedate": "2026-12-31T00:00:00Z",
        "hs_is_closed": "false",
        "hs_is_closed_won": "false",
        "hs_is_closed_lost": "false",
        "hs_deal_stage_probability": "0.4",
    }
    hubspot("PATCH", f"{DEALS}/{deal}", {"properties": {"dealstage": "closedwon"}})
    assert hubspot.values("deals", deal, *names) == {
        "closedate": STAMP,
        "hs_is_closed": "true",
        "hs_is_closed_won": "true",
        "hs_is_closed_lost": "false",
        "hs_deal_stage_probability": "1.0",
    }
    found = hubspot("GET", f"{DEALS}/{deal}?propertiesWithHistory=closedate,dealstage").json()
    history = found["propertiesWithHistory"]
    assert [entry["sourceType"] for entry in history["closedate"]] == ["CALCULATED", "INTEGRATION"]
    assert history["dealstage"][0]["sourceType"] == "INTEGRATION"


def test_a_close_date_sent_with_the_stage_stands(hubspot: Judged) -> None:
    deal = hubspot.deal(dealstage="qualifiedtobuy")
    sent = {"dealstage": "closedlost", "closedate": "2026-09-30", "closed_lost_reason": "Price"}
    hubspot("PATCH", f"{DEALS}/{deal}", {"properties": sent})
    assert hubspot.values("deals", deal, "closedate", "hs_is_closed_lost") == {
        "closedate": "2026-09-30T00:00:00Z",
        "hs_is_closed_lost": "true",
    }


def test_stage_times_are_kept(hubspot: Judged) -> None:
    deal = hubspot.deal(dealstage="qualifiedtobuy")
    hubspot.advance(60)
    hubspot("PATCH", f"{DEALS}/{deal}", {"properties": {"dealstage": "contractsent"}})
    names = (
        "hs_v2_date_entered_qualifiedtobuy",
        "hs_v2_date_exited_qualifiedtobuy",
        "hs_v2_date_entered_contractsent",
        "hs_v2_date_entered_current_stage",
    )
    later = "2026-10-05T12:01:00.250Z"
    assert list(hubspot.values("deals", deal, *names).values()) == [STAMP, later, later, later]


def test_derived_values_cannot_be_written(hubspot: Judged) -> None:
    answer = hubspot("POST", DEALS, {"properties": {"dealname": "x", "hs_is_closed_won": "true"}})
    assert answer.json()["errors"][0]["code"] == "READ_ONLY_VALUE"


def test_an_imported_deal_keeps_its_age(hubspot: Judged) -> None:
    deal = hubspot.deal(createdate="2024-05-01T00:00:00Z")
    assert hubspot.values("deals", deal, "createdate") == {"createdate": "2024-05-01T00:00:00Z"}
