"""Thousands of rows as one Bulk API 2.0 job: what is sent, what comes back, and what may go missing on the way."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import requests
from requests import PreparedRequest

from connector.base import NativeValue, RowUpdate, RowUpsert, WriteResult
from connector.clock import Pace
from connector.errors import QuotaSpent, Rejected, Unavailable, Unsupported
from connector.network import Network
from connector.salesforce import ClientCredentials, SalesforceSettings, connect
from connector.salesforce.records.bulk import faults_of_cell, fits, job_error, table
from emulator.kit.clock import Clock
from emulator.kit.server import serve
from emulator.kit.state import StateFile
from emulator.salesforce.app import build
from tests.connector.salesforce.org import START, Org, Reply, sent
from tests.connector.salesforce.test_emulator import KEY, SCORE, TIER, EmulatedOrg

LOST: Reply = (503, "<html>busy</html>")
CSV = {"Content-Type": "text/csv"}


def id_of(number: int) -> str:
    return f"001{number:012d}AAA"


def updates(number: int) -> list[RowUpdate]:
    return [RowUpdate(id=id_of(n), values={"Name": f"n{n}"}) for n in range(number)]


class Jobs:
    """Answers one job after the other: each row's fate by ``fate``, the files in reverse order."""

    def __init__(self, org: Org, fate: Callable[[dict[str, str]], str | None] = lambda row: "") -> None:
        self.org, self._fate = org, fate
        self.made: list[Any] = []
        self.uploads: list[str] = []
        self.states: dict[str, str] = {}
        self.info: dict[str, Any] = {}
        #: Answers to give instead, by what is asked; each is given once.
        self.instead: dict[str, list[Reply]] = {}
        self.polls = 1
        org.on("POST", "/jobs/ingest", self._make)

    def _make(self, request: PreparedRequest) -> Reply:
        self.made.append(sent(request))
        job = f"750{len(self.made):012d}AAA"
        self.states[job] = "Open"
        at = f"/jobs/ingest/{job}"
        self.org.on("PUT", f"{at}/batches", self._upload)
        self.org.on("PATCH", at, lambda request: self._change(job, request))
        self.org.on("GET", at, lambda _: self._look(job))
        for number, name in enumerate(("successfulResults", "failedResults", "unprocessedrecords")):
            self.org.on("GET", f"{at}/{name}", partial(self._send, number))
        return 200, {"id": job, "state": "Open"}

    def _send(self, number: int, _: PreparedRequest) -> Reply:
        return 200, self._file(number), CSV

    def _upload(self, request: PreparedRequest) -> Reply:
        assert request.headers["Content-Type"] == "text/csv; charset=UTF-8"
        assert isinstance(request.body, bytes)
        self.uploads.append(request.body.decode())
        return self._answer("upload", (201, None))

    def _change(self, job: str, request: PreparedRequest) -> Reply:
        answer = self._answer("close", (200, {"id": job, "state": sent(request)["state"]}))
        if answer != (500, "before"):
            self.states[job] = sent(request)["state"]
        return answer

    def _look(self, job: str) -> Reply:
        if self.states[job] in {"UploadComplete", "InProgress"}:
            self.polls -= 1
            self.states[job] = "JobComplete" if self.polls < 1 else "InProgress"
        told = {"id": job, "state": self.states[job], **self.info}
        return self._answer("look", (200, told))

    def _answer(self, what: str, usual: Reply) -> Reply:
        left = self.instead.get(what, [])
        return left.pop(0) if left else usual

    def _file(self, number: int) -> str:
        rows = list(csv.DictReader(io.StringIO(self.uploads[-1])))[::-1]
        names = list(rows[0])
        added: Sequence[str] = (("sf__Id", "sf__Created"), ("sf__Id", "sf__Error"), ())[number]
        lines = [[*added, *names]]
        for row in rows:
            error = self._fate(row)
            cells = [row[name] for name in names]
            if number == 0 and error == "":
                lines.append([row.get("Id") or id_of(7), "false" if "Id" in row else "true", *cells])
            elif number == 1 and error:
                lines.append(["", error, *cells])
        text = io.StringIO()
        csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(lines)
        return text.getvalue()


# -- CSV -------------------------------------------------------------------------------------------------------


def test_a_table_has_its_key_first_and_tells_null_from_a_field_that_is_left_alone() -> None:
    rows: list[dict[str, NativeValue]] = [
        {"Id": "1", "Tier__c": None, "Name": 'A "big", one\nof two', "Score__c": 4.50},
        {"Id": "2", "Active__c": True, "Name": ""},
    ]
    assert table("Id", rows) == (
        'Id,Active__c,Name,Score__c,Tier__c\n1,,"A ""big"", one\nof two",4.5,#N/A\n2,true,#N/A,,\n'
    )


def test_a_text_that_reads_like_null_or_is_too_long_does_not_fit_into_a_csv() -> None:
    assert fits(["N/A", None, 4, True, "x" * 32_000])
    assert not fits(["#N/A"])
    assert not fits([" #n/a "])
    assert not fits(["x" * 32_001])


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST:ABM Tier: bad value: gold:ABM_Tier__c --",
            [("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "ABM Tier: bad value: gold", ("ABM_Tier__c",))],
        ),
        (
            "UNABLE_TO_LOCK_ROW:unable to obtain exclusive access: 001xxx,001yyy:--",
            [("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access: 001xxx,001yyy", ())],
        ),
        (
            "NUMBER_OUTSIDE_VALID_RANGE:a:A__c, B__c --;FIELD_INTEGRITY_EXCEPTION:b:C__c --",
            [
                ("NUMBER_OUTSIDE_VALID_RANGE", "a", ("A__c", "B__c")),
                ("FIELD_INTEGRITY_EXCEPTION", "b", ("C__c",)),
            ],
        ),
        ("something else", [("UNKNOWN_EXCEPTION", "something else", ())]),
        ("", [("UNKNOWN_EXCEPTION", "Salesforce gave no reason", ())]),
    ],
)
def test_the_error_of_a_row_is_taken_apart(
    cell: str, expected: list[tuple[str, str, tuple[str, ...]]]
) -> None:
    assert [(fault.code, fault.message, fault.fields) for fault in faults_of_cell(cell)] == expected


def test_a_job_that_failed_says_what_is_to_be_done() -> None:
    unknown = job_error("InvalidBatch : Field name not found : Tier__c")
    assert isinstance(unknown, Unsupported)
    assert (unknown.code, unknown.fields) == ("INVALID_FIELD", ("Tier__c",))
    assert isinstance(job_error("ExceededQuota : ApiBatchItems Limit exceeded."), QuotaSpent)
    assert isinstance(job_error("InternalServerError : try again"), Unavailable)
    assert isinstance(job_error("InvalidBatch : no header"), Rejected)


# -- a job -----------------------------------------------------------------------------------------------------


def test_a_job_takes_five_calls_and_rows_are_matched_by_id_and_not_by_order(org: Org) -> None:
    jobs = Jobs(org)
    connector = org.connect(bulk_from=3)
    results = connector.update("Account", updates(4))
    assert [result.id for result in results] == [id_of(n) for n in range(4)]
    assert all(result.refusal is None and not result.created for result in results)
    # Made, filled, closed, looked at once, and one file, in which every row is found.
    assert connector.calls == 5
    assert jobs.made == [
        {"object": "Account", "operation": "update", "contentType": "CSV", "lineEnding": "LF"}
    ]
    assert jobs.uploads[0].splitlines()[:2] == ["Id,Name", f"{id_of(0)},n0"]
    assert results[0].not_before == START


def test_every_row_has_its_own_fate(org: Org) -> None:
    fates = {"n0": "", "n1": "STRING_TOO_LONG:too long:Name --", "n2": None}
    jobs = Jobs(org, lambda row: fates[row["Name"]])
    good, bad, lost = org.connect(bulk_from=3).update("Account", updates(3))
    assert good.refusal is None
    assert bad.refusal is not None
    assert (bad.id, bad.refusal.code, bad.refusal.fields) == (id_of(1), "STRING_TOO_LONG", ("Name",))
    assert lost.refusal is not None
    assert (lost.id, lost.refusal.code, lost.refusal.retryable) == (id_of(2), "UNPROCESSED", True)
    assert len(jobs.uploads) == 1


def test_an_upsert_is_matched_by_its_key(org: Org) -> None:
    jobs = Jobs(org)
    rows = [RowUpsert(key=key, values={"Name": key, "key__c": "no"}) for key in ("tdm1", "tdm2")]
    results = org.connect(bulk_from=2).upsert("Account", "Key__c", rows)
    assert [(result.id, result.created) for result in results] == [(id_of(7), True)] * 2
    assert jobs.made[0]["externalIdFieldName"] == "Key__c"
    assert jobs.uploads == ["Key__c,Name\ntdm1,tdm1\ntdm2,tdm2\n"]


def test_the_looks_at_a_job_come_ever_more_seldom(org: Org) -> None:
    jobs = Jobs(org)
    jobs.polls = 9
    org.connect(bulk_from=1).update("Account", updates(1))
    assert org.slept == pytest.approx([1, 1.5, 2.25, 3.375, 5.0625, 7.59375, 10, 10, 10])


def test_a_job_whose_upload_was_lost_never_runs_and_another_is_made(org: Org) -> None:
    jobs = Jobs(org)
    jobs.instead["upload"] = [LOST]
    (result,) = org.connect(bulk_from=1).update("Account", updates(1))
    assert result.refusal is None
    assert jobs.states == {"750000000000001AAA": "Aborted", "750000000000002AAA": "JobComplete"}
    assert len(jobs.uploads) == 2


def test_a_closing_whose_answer_was_lost_is_looked_at_before_it_is_sent_again(org: Org) -> None:
    jobs = Jobs(org)
    jobs.instead["close"] = [LOST]
    org.connect(bulk_from=1).update("Account", updates(1))
    assert (
        org.paths().count("/jobs/ingest/750000000000001AAA") == 3
    )  # closed, looked at and seen to run, looked at
    jobs.polls = 1
    jobs.instead["close"] = [(500, "before")]
    (result,) = org.connect(bulk_from=1).update("Account", updates(1))
    assert result.refusal is None
    assert (len(jobs.made), len(jobs.uploads)) == (2, 2)


def test_a_lost_look_is_taken_up_by_the_jobs_id(org: Org) -> None:
    jobs = Jobs(org)
    jobs.instead["look"] = [LOST] * 7
    (result,) = org.connect(bulk_from=1).update("Account", updates(1))
    assert result.refusal is None
    assert len(jobs.made) == len(jobs.uploads) == 1


def test_a_job_that_cannot_be_seen_any_more_leaves_the_fate_of_its_rows_unknown(org: Org) -> None:
    jobs = Jobs(org)
    jobs.instead["look"] = [LOST] * 100
    with pytest.raises(Unavailable) as raised:
        org.connect(bulk_from=1).update("Account", updates(1))
    assert raised.value.maybe_done
    assert len(jobs.uploads) == 1


def test_a_job_that_does_not_end_is_stopped_after_an_hour(org: Org) -> None:
    jobs = Jobs(org, lambda row: None)
    jobs.polls = 10_000
    (result,) = org.connect(bulk_from=1).update("Account", updates(1))
    assert jobs.states == {"750000000000001AAA": "Aborted"}
    assert result.refusal is not None
    assert (result.refusal.code, result.refusal.retryable) == ("UNPROCESSED", True)
    assert timedelta(hours=1) < org.present - START < timedelta(hours=1, minutes=1)


def test_a_job_that_failed_before_its_first_row_raises_its_own_words(org: Org) -> None:
    jobs = Jobs(org)
    jobs.instead["look"] = [
        (
            200,
            {
                "id": "750000000000001AAA",
                "state": "Failed",
                "errorMessage": "InvalidBatch : Field name not found : X",
            },
        )
    ]
    with pytest.raises(Unsupported, match="Field name not found : X") as raised:
        org.connect(bulk_from=1).update("Account", updates(1))
    assert raised.value.system == "salesforce"


def test_a_text_that_reads_like_null_goes_by_collections_and_the_results_keep_their_order(org: Org) -> None:
    jobs = Jobs(org)
    written: list[Any] = []

    def collection(request: PreparedRequest) -> Reply:
        written.extend(sent(request)["records"])
        return 200, [{"id": row["id"], "success": True, "errors": []} for row in sent(request)["records"]]

    org.on("PATCH", "/composite/sobjects", collection)
    rows = [*updates(2), RowUpdate(id=id_of(2), values={"Name": "#N/A"}), RowUpdate(id=id_of(3), values={})]
    results = org.connect(bulk_from=4).update("Account", rows)
    assert [result.id for result in results] == [id_of(n) for n in range(4)]
    assert [row["Name"] for row in written] == ["#N/A"]
    assert "#N/A" not in jobs.uploads[0]


def test_a_row_that_stands_twice_in_a_job_is_the_callers_mistake(org: Org) -> None:
    connector = org.connect(bulk_from=2)
    with pytest.raises(ValueError, match="same Id"):
        connector.update(
            "Account", [RowUpdate(id=id_of(1), values={}), RowUpdate(id=id_of(1)[:15], values={})]
        )
    assert connector.calls == 0


def test_a_job_larger_than_its_rows_allowed_is_refused_in_the_settings() -> None:
    with pytest.raises(ValueError, match="bulk_from must be above 0 and at most 50000"):
        SalesforceSettings(
            name="s", auth=ClientCredentials(client_id="a", client_secret="b"), bulk_from=50_001
        )


# -- a server that behaves as Salesforce does -------------------------------------------------------------------


@pytest.fixture(scope="module")
def scene() -> Iterator[EmulatedOrg]:
    clock = Clock.virtual(START)
    with serve(build(StateFile(None), clock)) as url, requests.Session() as http:
        settings = SalesforceSettings(
            name="salesforce",
            login_url=url,
            auth=ClientCredentials(client_id="emulator", client_secret="emulator"),
            bulk_from=5,
        )
        connector = connect(settings, pace=Pace.virtual(clock.now, clock.advance), network=Network())
        made = EmulatedOrg(url=url, clock=clock, http=http, salesforce=connector)
        for field in (KEY, TIER, SCORE):
            connector.create_field("Account", field)
        connector.grant("Account", [KEY.name, TIER.name, SCORE.name])
        yield made
        connector.close()


def accounts(scene: EmulatedOrg, prefix: str, number: int = 500) -> list[str]:
    rows = [
        RowUpsert(key=f"{prefix}{n}", values={"Name": f"Acme {n}", "Tier__c": "tier_1"})
        for n in range(number)
    ]
    results = scene.salesforce.upsert("Account", "Key__c", rows)
    assert all(result.refusal is None and result.created for result in results)
    return [str(result.id) for result in results]


def refused(results: list[WriteResult]) -> dict[int, str]:
    return {n: result.refusal.code for n, result in enumerate(results) if result.refusal is not None}


def test_500_accounts_are_made_and_changed_and_one_bad_row_stops_nobody(scene: EmulatedOrg) -> None:
    ids = accounts(scene, "a")
    rows = [RowUpdate(id=id, values={"Tier__c": "tier_2", "Score__c": n / 10}) for n, id in enumerate(ids)]
    rows[77] = RowUpdate(id=ids[77], values={"Tier__c": "gold"})
    rows[78] = RowUpdate(id=ids[78], values={"Tier__c": None})
    rows[79] = RowUpdate(id=ids[79], values={"Name": "#N/A"})
    before = scene.salesforce.calls
    results = scene.salesforce.update("Account", rows)
    assert scene.salesforce.calls - before <= 9
    assert [result.id for result in results] == ids
    assert refused(results) == {77: "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"}
    assert results[77].refusal is not None
    assert results[77].refusal.fields == ("Tier__c",)
    tiers = scene.tiers(ids)
    assert tiers[76:81] == ["tier_2", "tier_1", None, "tier_1", "tier_2"]
    found = scene.salesforce.read("Account", ["Name", "Score__c"], [ids[79], ids[80]])
    assert found[ids[79]].values["Name"] == "#N/A"
    assert found[ids[80]].values["Score__c"] == 8
    floor = results[80].not_before
    assert floor is not None
    assert floor <= found[ids[80]].modified_at


def test_rows_that_end_in_no_file_are_tried_again(scene: EmulatedOrg) -> None:
    ids = accounts(scene, "b", 20)
    scene.fault("F48", rows=[3, 4])
    rows = [RowUpdate(id=id, values={"Tier__c": "tier_2"}) for id in ids]
    results = scene.salesforce.update("Account", rows)
    assert refused(results) == {3: "UNPROCESSED", 4: "UNPROCESSED"}
    assert scene.tiers(ids[2:6]) == ["tier_2", "tier_1", "tier_1", "tier_2"]


def test_an_unknown_field_fails_the_job_and_nothing_is_written(scene: EmulatedOrg) -> None:
    ids = accounts(scene, "c", 5)
    with pytest.raises(Unsupported, match="Nope__c"):
        scene.salesforce.update(
            "Account", [RowUpdate(id=id, values={"Tier__c": "tier_2", "Nope__c": "x"}) for id in ids]
        )
    assert scene.tiers(ids) == ["tier_1"] * 5


def test_a_session_that_ends_in_the_middle_of_a_job_is_renewed(scene: EmulatedOrg) -> None:
    ids = accounts(scene, "d", 5)
    scene.door("faults", status=401, body=[{"errorCode": "INVALID_SESSION_ID", "message": "Session expired"}],
               match={"path": ".*/batches"})  # fmt: skip
    results = scene.salesforce.update(
        "Account", [RowUpdate(id=id, values={"Tier__c": "tier_2"}) for id in ids]
    )
    assert refused(results) == {}
    assert scene.tiers(ids) == ["tier_2"] * 5
