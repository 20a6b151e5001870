"""Writing values: rows matched by id, bad rows found, good rows written, nothing silent."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.base import FieldDefinition, FieldKind, RowUpdate, RowUpsert
from connector.errors import QuotaSpent, Unavailable, Unsupported, WrongIdentity
from connector.hubspot.client import HubSpotConnector
from tests.connector.hubspot.stub import (
    START,
    Clock,
    Pool,
    Said,
    Sent,
    batch,
    company,
    properties,
    refusal,
    stamp,
    stubbed,
)

UPDATE = "POST /crm/v3/objects/companies/batch/update"
UPSERT = "POST /crm/v3/objects/companies/batch/upsert"
READ = "POST /crm/v3/objects/companies/batch/read"


def written(sent: Sent) -> Said:
    """All rows written, answered in another order than they were sent, as HubSpot may."""
    return batch(*(company(row["id"], START, **row["properties"]) for row in reversed(sent.inputs)))


def invalid(name: str, value: str) -> Said:
    text = f"{value} was not one of the allowed options: [tier_1, tier_2, tier_3]"
    detail = {"message": text, "code": "INVALID_OPTION", "context": {"propertyName": [name]}}
    return refusal(
        400, f"Property values were not valid: {text}", errors=[detail], category="VALIDATION_ERROR"
    )


def unknown(name: str) -> Said:
    detail = {
        "message": f'Property "{name}" does not exist',
        "code": "PROPERTY_DOESNT_EXIST",
        "context": {"propertyName": [name]},
    }
    return refusal(400, "Property values were not valid", errors=[detail], category="VALIDATION_ERROR")


def refusing(bad: Callable[[Mapping[str, Any]], Said | None]) -> Callable[[Sent], Said]:
    """A HubSpot that refuses a whole batch for the first bad row, as batch/update does."""

    def answer(sent: Sent) -> Said:
        return next((said for row in sent.inputs if (said := bad(row)) is not None), written(sent))

    return answer


def rows(*ids: str, **values: str) -> list[RowUpdate]:
    return [RowUpdate(id=id, values=values or {"tandem_tier": "tier_1"}) for id in ids]


# -- update --------------------------------------------------------------------------------------------------


def test_results_stand_in_the_order_of_the_rows_whatever_the_order_of_the_answer(
    hubspot: HubSpotConnector, pool: Pool
) -> None:
    pool.on(UPDATE, written)
    ids = [str(number) for number in range(1, 251)]
    results = hubspot.update("companies", [RowUpdate(id=id, values={"name": f"n{id}"}) for id in ids])
    assert [result.id for result in results] == ids
    assert [result.stored["name"] for result in results] == [f"n{id}" for id in ids]
    assert {result.not_before for result in results} == {START}
    assert [len(sent.inputs) for sent in pool.to(UPDATE)] == [100, 100, 50]


def test_what_hubspot_made_of_a_value_is_told(hubspot: HubSpotConnector, pool: Pool) -> None:
    pool.on(UPDATE, batch(company("1", score="1500.00", other="x")))
    (result,) = hubspot.update("companies", [RowUpdate(id="1", values={"score": "1500", "tier": None})])
    assert result.stored == {"score": "1500.00"}


def test_a_blank_is_sent_as_empty_text(hubspot: HubSpotConnector, pool: Pool) -> None:
    pool.on(UPDATE, written)
    hubspot.update("companies", [RowUpdate(id="1", values={"tier": None, "score": 3.5, "target": True})])
    assert pool.sent[0].inputs[0]["properties"] == {"tier": "", "score": "3.5", "target": "true"}


def test_a_row_that_is_gone_does_not_stop_the_others(hubspot: HubSpotConnector, pool: Pool) -> None:
    error = {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "message": "Could not get some COMPANY objects, they may be deleted or not exist. Check that ids are valid.",
        "context": {"ids": ["2"]},
    }
    pool.on(UPDATE, batch(company("1"), company("3"), errors=[error]))
    first, second, third = hubspot.update("companies", rows("1", "2", "3"))
    assert (first.refusal, third.refusal) == (None, None)
    assert second.refusal is not None
    assert second.refusal.gone


def test_one_bad_value_in_a_hundred_rows_costs_two_calls_and_no_good_row(
    hubspot: HubSpotConnector, pool: Pool
) -> None:
    pool.on(
        UPDATE,
        refusing(
            lambda row: invalid("tandem_tier", "gold") if row["properties"]["tandem_tier"] == "gold" else None
        ),
    )
    changes = rows(*map(str, range(1, 101)))
    changes[41] = RowUpdate(id="42", values={"tandem_tier": "gold"})
    results = hubspot.update("companies", changes)
    (bad,) = [result.refusal for result in results if result.refusal]
    assert results[41].refusal is bad
    assert (bad.code, bad.fields) == ("INVALID_OPTION", ("tandem_tier",))
    assert "correlation id c-1" in bad.message
    assert len(pool.sent) == 2


def test_a_property_that_does_not_exist_refuses_its_rows_and_no_others(
    hubspot: HubSpotConnector, pool: Pool
) -> None:
    pool.on(UPDATE, refusing(lambda row: unknown("typo") if "typo" in row["properties"] else None))
    changes = [*rows("1", "2", typo="x"), *rows("3", name="y")]
    results = hubspot.update("companies", changes)
    assert [result.refusal and result.refusal.code for result in results] == [
        "PROPERTY_DOESNT_EXIST",
        "PROPERTY_DOESNT_EXIST",
        None,
    ]
    assert len(pool.sent) == 2


def test_a_refusal_that_names_nothing_is_found_by_halving(hubspot: HubSpotConnector, pool: Pool) -> None:
    pool.on(
        UPDATE,
        refusing(
            lambda row: (
                refusal(400, "Something is wrong", category="VALIDATION_ERROR") if row["id"] == "77" else None
            )
        ),
    )
    results = hubspot.update("companies", rows(*map(str, range(1, 101))))
    assert [result.id for result in results if result.refusal is None] == [
        str(number) for number in range(1, 101) if number != 77
    ]
    assert results[76].refusal is not None
    assert len(pool.sent) <= 15


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bad=st.sets(st.integers(1, 40), max_size=12), named=st.booleans(), quoted=st.booleans())
def test_whatever_rows_are_bad_exactly_they_are_refused(bad: set[int], named: bool, quoted: bool) -> None:
    def judge(row: Mapping[str, Any]) -> Said | None:
        if int(row["id"]) not in bad:
            return None
        if named:
            return invalid("tier", row["properties"]["tier"] if quoted else "…")
        return refusal(400, "No.")

    with stubbed() as (hubspot, pool):
        pool.on(UPDATE, refusing(judge))
        changes = [
            RowUpdate(id=str(number), values={"tier": f"bad {number % 3}" if number in bad else "good"})
            for number in range(1, 41)
        ]
        results = hubspot.update("companies", changes)
    assert {number for number, result in enumerate(results, 1) if result.refusal} == bad


def test_a_unique_value_that_another_record_holds_names_that_record(
    hubspot: HubSpotConnector, pool: Pool
) -> None:
    text = (
        "Cannot set PropertyValueCoordinates{portalId=1, objectTypeId=ObjectTypeId{legacyObjectType=COMPANY}, "
        "propertyName=tandem_key, value=k} on 2. 9 already has that value."
    )
    pool.on(
        UPDATE,
        refusing(lambda row: refusal(400, text, category="VALIDATION_ERROR") if row["id"] == "2" else None),
    )
    first, second = hubspot.update("companies", rows("1", "2", tandem_key="k"))
    assert first.refusal is None
    assert second.refusal is not None
    assert (second.refusal.holder, second.refusal.fields) == ("9", ("tandem_key",))


def test_a_success_that_does_not_mention_a_row_is_no_success_for_it(
    hubspot: HubSpotConnector, pool: Pool
) -> None:
    pool.on(UPDATE, batch(company("1")))
    pool.on(READ, batch(company("2"), company("30", hs_merged_object_ids="3")))
    first, second, third, fourth = hubspot.update("companies", rows("1", "2", "3", "4"))
    assert first.refusal is None
    assert second.refusal is not None
    assert second.refusal.code == "NOT_WRITTEN"
    assert not second.refusal.gone
    assert third.refusal is not None
    assert third.refusal.gone
    assert fourth.refusal is not None
    assert fourth.refusal.gone


def test_an_error_that_names_no_row_belongs_to_the_rows_that_were_not_written(
    hubspot: HubSpotConnector, pool: Pool
) -> None:
    error = {"status": "error", "category": "VALIDATION_ERROR", "message": "no", "context": {}}
    pool.on(UPDATE, batch(company("1"), errors=[error]))
    first, second = hubspot.update("companies", rows("1", "2"))
    assert first.refusal is None
    assert second.refusal is not None
    assert second.refusal.message == "no"


def test_an_id_twice_in_one_call_is_refused_before_anything_is_sent(
    hubspot: HubSpotConnector, pool: Pool
) -> None:
    with pytest.raises(ValueError, match="distinct"):
        hubspot.update("companies", rows("1", "1"))
    assert pool.sent == []


def test_no_rows_cost_no_call(hubspot: HubSpotConnector, pool: Pool) -> None:
    assert hubspot.update("companies", []) == []
    assert hubspot.upsert("companies", "tandem_key", []) == []
    assert pool.sent == []


def test_an_error_before_anything_was_written_is_raised(hubspot: HubSpotConnector, pool: Pool) -> None:
    pool.on(UPDATE, Said("<html>bad gateway</html>", status=502))
    with pytest.raises(Unavailable) as caught:
        hubspot.update("companies", rows("1", "2"))
    assert caught.value.maybe_done


def test_an_error_after_some_rows_were_written_is_the_refusal_of_the_rest(
    hubspot: HubSpotConnector, pool: Pool
) -> None:
    daily = refusal(429, "You have reached your daily limit.", policyName="DAILY")
    pool.on(UPDATE, written, daily)
    results = hubspot.update("companies", rows(*map(str, range(1, 151))))
    assert all(result.refusal is None for result in results[:100])
    refusals = [result.refusal for result in results[100:]]
    assert {refused.code for refused in refusals if refused} == {"DAILY"}
    assert len(refusals) == 50
    assert len(pool.sent) == 2


def test_a_spent_day_stops_a_write_that_did_nothing_yet(hubspot: HubSpotConnector, pool: Pool) -> None:
    pool.on(UPDATE, refusal(429, "You have reached your daily limit.", policyName="DAILY"))
    with pytest.raises(QuotaSpent):
        hubspot.update("companies", rows("1"))


def test_an_error_while_a_refused_batch_is_taken_apart_spares_what_was_written(
    hubspot: HubSpotConnector, pool: Pool
) -> None:
    vague = refusal(400, "Something is wrong", category="VALIDATION_ERROR")
    daily = refusal(429, "You have reached your daily limit.", policyName="DAILY")
    pool.on(UPDATE, vague, written, daily)
    results = hubspot.update("companies", rows("1", "2", "3", "4"))
    assert [result.refusal and result.refusal.code for result in results] == [None, None, "DAILY", "DAILY"]


def test_an_error_while_nothing_of_a_refused_batch_is_written_is_raised(
    hubspot: HubSpotConnector, pool: Pool
) -> None:
    daily = refusal(429, "You have reached your daily limit.", policyName="DAILY")
    pool.on(UPDATE, refusal(400, "Something is wrong"), daily)
    with pytest.raises(QuotaSpent):
        hubspot.update("companies", rows("1", "2", "3", "4"))


def test_a_row_whose_fate_could_not_be_asked_may_be_tried_again(
    hubspot: HubSpotConnector, pool: Pool
) -> None:
    pool.on(UPDATE, batch(company("1")))
    pool.on(READ, Said("<html>bad gateway</html>", status=502))
    first, second = hubspot.update("companies", rows("1", "2"))
    assert first.refusal is None
    assert second.refusal is not None
    assert second.refusal.retryable


# -- a property that is only just there ----------------------------------------------------------------------


def define(hubspot: HubSpotConnector, pool: Pool, name: str) -> None:
    pool.on(f"GET /crm/v3/properties/companies/{name}", refusal(404, "resource not found"))
    pool.on("GET /crm/v3/properties/companies/groups/tandem", Said({"name": "tandem", "label": "Tandem"}))
    pool.on(
        "POST /crm/v3/properties/companies",
        lambda sent: Said({"options": [], "description": "", **sent.body}, status=201),
    )
    hubspot.create_field("companies", FieldDefinition(name=name, label="Tier", kind=FieldKind.TEXT))


def test_a_property_just_created_is_waited_for(hubspot: HubSpotConnector, pool: Pool, clock: Clock) -> None:
    define(hubspot, pool, "tandem_tier")
    pool.on(UPDATE, unknown("tandem_tier"), unknown("tandem_tier"), written)
    results = hubspot.update("companies", rows("1", "2"))
    assert [result.refusal for result in results] == [None, None]
    assert clock.slept == [1.0, 2.0]


def test_only_the_rows_that_met_a_new_property_too_early_are_sent_again(
    hubspot: HubSpotConnector, pool: Pool
) -> None:
    define(hubspot, pool, "tandem_tier")
    error = {
        "status": "error",
        "category": "VALIDATION_ERROR",
        "message": "Property values were not valid",
        "context": {"objectWriteTraceId": ["2"]},
        "errors": [
            {
                "message": "unknown",
                "code": "PROPERTY_DOESNT_EXIST",
                "context": {"propertyName": ["tandem_tier"]},
            }
        ],
    }
    pool.on(UPDATE, batch(company("1"), errors=[error]), written)
    results = hubspot.update("companies", [*rows("1", name="x"), *rows("2")])
    assert [result.refusal for result in results] == [None, None]
    assert [[row["id"] for row in sent.inputs] for sent in pool.to(UPDATE)] == [["1", "2"], ["2"]]


@pytest.mark.parametrize("early", [1, 4])
@pytest.mark.parametrize(
    ("then", "code"),
    [
        (invalid("tandem_tier", "tier_1"), "INVALID_OPTION"),
        (refusal(429, "You have reached your daily limit.", policyName="DAILY"), "DAILY"),
    ],
)
def test_another_failure_of_the_rows_sent_again_spares_what_was_written(
    hubspot: HubSpotConnector, pool: Pool, early: int, then: Said, code: str
) -> None:
    define(hubspot, pool, "tandem_tier")
    error = {
        "status": "error",
        "category": "VALIDATION_ERROR",
        "message": "Property values were not valid",
        "context": {"ids": ["2"]},
        "errors": [
            {
                "message": "unknown",
                "code": "PROPERTY_DOESNT_EXIST",
                "context": {"propertyName": ["tandem_tier"]},
            }
        ],
    }
    met_early = [batch(company("1"), errors=[error]), *[batch(errors=[error])] * (early - 1)]
    pool.on(UPDATE, *met_early, then)
    first, second = hubspot.update("companies", [*rows("1", name="x"), *rows("2")])
    assert first.refusal is None
    assert second.refusal is not None
    assert second.refusal.code == code


def test_a_property_that_stays_unknown_is_refused_in_the_end(
    hubspot: HubSpotConnector, pool: Pool, clock: Clock
) -> None:
    define(hubspot, pool, "tandem_tier")
    pool.on(UPDATE, unknown("tandem_tier"))
    (result,) = hubspot.update("companies", rows("1"))
    assert result.refusal is not None
    assert result.refusal.code == "PROPERTY_DOESNT_EXIST"
    assert sum(clock.slept) == 15


def test_a_property_that_was_never_created_is_not_waited_for(
    hubspot: HubSpotConnector, pool: Pool, clock: Clock
) -> None:
    pool.on(UPDATE, unknown("typo"))
    hubspot.update("companies", rows("1", typo="x"))
    assert clock.slept == []


# -- upsert --------------------------------------------------------------------------------------------------


def upserted(sent: Sent, *, new: bool = True) -> Said:
    found = [
        {**company(f"9{place}", START, **row["properties"]), "new": new}
        for place, row in enumerate(sent.inputs)
    ]
    return batch(*reversed(found))


def test_records_are_created_by_their_unique_key(hubspot: HubSpotConnector, pool: Pool) -> None:
    pool.on(UPSERT, upserted)
    results = hubspot.upsert(
        "companies", "tandem_key", [RowUpsert(key=f"k{n}", values={"name": f"n{n}"}) for n in range(150)]
    )
    assert all(result.created and result.refusal is None for result in results)
    assert [result.stored["name"] for result in results] == [f"n{n}" for n in range(150)]
    assert pool.sent[0].inputs[7] == {
        "id": "k7",
        "idProperty": "tandem_key",
        "objectWriteTraceId": "k7",
        "properties": {"name": "n7", "tandem_key": "k7"},
    }


@pytest.mark.parametrize("status", [500, 502, 503, 504, 524])
def test_rows_whose_answer_was_lost_are_not_sent_again_unread(
    hubspot: HubSpotConnector, pool: Pool, status: int
) -> None:
    for path in (UPSERT, UPDATE):
        pool.on(path, Said("<html>timeout</html>", status=status))
    with pytest.raises(Unavailable) as lost:
        hubspot.upsert("companies", "tandem_key", [RowUpsert(key="k", values={"name": "n"})])
    assert lost.value.maybe_done
    with pytest.raises(Unavailable) as lost:
        hubspot.update("companies", [RowUpdate(id="1", values={"name": "n"})])
    assert lost.value.maybe_done
    assert len(pool.sent) == 2


def test_rows_that_are_sent_in_a_smaller_batch_and_whose_answer_is_lost_are_not_called_refused(
    hubspot: HubSpotConnector, pool: Pool
) -> None:
    pool.on(
        UPDATE,
        refusal(400, "something is wrong with one of them", category="VALIDATION_ERROR"),
        written,
        Said("<html>timeout</html>", status=504),
    )
    rows = [RowUpdate(id=id, values={"name": "n"}) for id in ("1", "2")]
    first, second = hubspot.update("companies", rows)
    assert (first.id, first.refusal, first.lost) == ("1", None, None)
    assert second.refusal is None
    assert second.lost is not None


def test_a_key_that_somebody_created_at_the_same_moment_is_updated(
    hubspot: HubSpotConnector, pool: Pool
) -> None:
    error = {
        "status": "error",
        "category": "CONFLICT",
        "message": "Company already exists. Existing ID: 77",
        "context": {"objectWriteTraceId": ["k2"], "existingId": ["77"]},
    }
    pool.on(UPSERT, batch({**company("91", tandem_key="k1"), "new": True}, errors=[error]))
    pool.on(READ, batch(company("77", tandem_key="k2")))
    pool.on("GET /crm/v3/properties/companies", properties("name", "tandem_key"))
    pool.on(UPDATE, written)
    first, second = hubspot.upsert(
        "companies", "tandem_key", [RowUpsert(key=key, values={"name": key}) for key in ("k1", "k2")]
    )
    assert first.created
    assert (second.id, second.created, second.refusal) == ("77", False, None)
    assert [row["id"] for row in pool.to(UPDATE)[0].inputs] == ["77"]


def test_a_conflict_that_left_no_record_behind_is_tried_once_more(
    hubspot: HubSpotConnector, pool: Pool
) -> None:
    pool.on(UPSERT, refusal(409, "Company already exists", category="CONFLICT"), upserted)
    pool.on(READ, batch())
    (result,) = hubspot.upsert("companies", "tandem_key", [RowUpsert(key="k", values={"name": "n"})])
    assert result.created
    assert len(pool.to(UPSERT)) == 2


def test_a_conflict_over_another_unique_value_names_its_holder(hubspot: HubSpotConnector, pool: Pool) -> None:
    text = (
        "Cannot set PropertyValueCoordinates{portalId=1, objectTypeId=ObjectTypeId{legacyObjectType=COMPANY}, "
        "propertyName=vat_id, value=DE1} on 5. 9 already has that value."
    )
    pool.on(UPSERT, refusal(400, text, category="VALIDATION_ERROR"))
    pool.on(READ, batch())
    (result,) = hubspot.upsert("companies", "tandem_key", [RowUpsert(key="k", values={"vat_id": "DE1"})])
    assert result.refusal is not None
    assert (result.refusal.holder, result.refusal.fields) == ("9", ("vat_id",))
    assert len(pool.to(UPSERT)) == 1


def test_an_upsert_that_does_not_mention_a_row_is_no_success_for_it(
    hubspot: HubSpotConnector, pool: Pool
) -> None:
    pool.on(UPSERT, batch({**company("91", tandem_key="k1"), "new": True}))
    first, second = hubspot.upsert(
        "companies", "tandem_key", [RowUpsert(key=key, values={}) for key in ("k1", "k2")]
    )
    assert first.created
    assert second.refusal is not None
    assert second.refusal.code == "NOT_WRITTEN"


def test_a_conflict_that_cannot_be_settled_spares_what_was_written(
    hubspot: HubSpotConnector, pool: Pool
) -> None:
    error = {
        "status": "error",
        "category": "CONFLICT",
        "message": "exists",
        "context": {"objectWriteTraceId": ["k2"]},
    }
    pool.on(UPSERT, batch({**company("91", tandem_key="k1"), "new": True}, errors=[error]))
    pool.on(READ, Said("<html>bad gateway</html>", status=502))
    first, second = hubspot.upsert(
        "companies", "tandem_key", [RowUpsert(key=key, values={}) for key in ("k1", "k2")]
    )
    assert first.created
    assert second.refusal is not None
    assert second.refusal.retryable


def test_an_upsert_by_a_property_that_is_not_unique_ends_the_run(
    hubspot: HubSpotConnector, pool: Pool
) -> None:
    pool.on(
        UPSERT,
        refusal(400, "Unable to perform update/upsert by non-unique 0-2 property domain in portal ID 1"),
    )
    with pytest.raises(Unsupported, match="non-unique"):
        hubspot.upsert("companies", "domain", [RowUpsert(key="acme.example", values={})])


def test_a_key_twice_in_one_call_is_refused_before_anything_is_sent(
    hubspot: HubSpotConnector, pool: Pool
) -> None:
    with pytest.raises(ValueError, match="distinct"):
        hubspot.upsert("companies", "tandem_key", [RowUpsert(key="k", values={})] * 2)
    assert pool.sent == []


# -- the wrong portal ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["update", "upsert", "create_field", "update_field"])
def test_nothing_is_written_to_a_portal_that_is_not_expected(clock: Clock, verb: str) -> None:
    definition = FieldDefinition(name="x", label="X", kind=FieldKind.TEXT)
    arguments: dict[str, tuple[Any, ...]] = {
        "update": (rows("1"),),
        "upsert": ("tandem_key", [RowUpsert(key="k", values={})]),
        "create_field": (definition,),
        "update_field": (definition,),
    }
    with stubbed(clock, expect_portal_id="42") as (hubspot, pool):
        pool.on("GET /account-info/v3/details", Said({"portalId": 43, "accountType": "STANDARD"}))
        with pytest.raises(WrongIdentity, match="43"):
            getattr(hubspot, verb)("companies", *arguments[verb])
        assert pool.routes() == ["GET /account-info/v3/details"]


def test_stamps_of_the_answer_are_read_whatever_their_form(hubspot: HubSpotConnector, pool: Pool) -> None:
    pool.on(UPDATE, batch({**company("1"), "updatedAt": stamp(START)}))
    (result,) = hubspot.update("companies", rows("1"))
    assert result.not_before == START
