"""Who changed what, and in which Run, as the witness saw it."""

from __future__ import annotations

import pytest

from tests.simulation.acme import Acme
from tests.simulation.diary import Diary, Ran
from tests.simulation.under_way import Row
from tests.simulation.wire_tap import Request
from tests.simulation.witness import Witness

_JOB = "/services/data/v62.0/jobs/ingest/750"


def asked(method: str, url: str) -> Request:
    return Request(port=None, method=method, url=url, body=None)


@pytest.mark.parametrize(("url", "run"), [(_JOB, 0), ("/services/data/v62.0/composite", 1)])
def test_what_a_job_writes_later_is_of_the_run_that_filled_it(acme: Acme, url: str, run: int) -> None:
    diary = Diary()
    witness = Witness(acme.crms, diary)
    witness.look()
    record = acme.ids["salesforce"]
    row = Row(system="salesforce", record=record, values={"territory": "north"}, stood={})
    diary.runs.append(Ran(began=diary.tick(), undo=False))
    witness.answered("salesforce", clear=True, request=asked("PUT", f"{_JOB}/batches"), rows=[row])
    diary.runs.append(Ran(began=diary.tick(), undo=True))
    acme.edit("salesforce", "territory", "north")
    witness.answered("salesforce", clear=True, request=asked("GET", url))
    [landed] = diary.landed
    assert (landed.run, landed.undo, landed.before, landed.after) == (run, run == 1, None, "north")


@pytest.mark.parametrize("brought", [False, True])
def test_a_field_is_respelled_by_its_crm_only_where_the_request_did_not_bring_it(
    acme: Acme, *, brought: bool
) -> None:
    acme.edit("salesforce", "territory", "north")
    diary = Diary()
    diary.runs.append(Ran(began=diary.tick(), undo=False))
    witness = Witness(acme.crms, diary)
    witness.look()
    acme.edit("salesforce", "territory", "NORTH")
    field = "territory" if brought else "region"
    row = Row(system="salesforce", record=acme.ids["salesforce"], values={field: "x"}, stood={})
    witness.answered("salesforce", clear=True, request=asked("POST", "/composite"), rows=[row])
    assert diary.landed == []
    assert [(each.before, each.after) for each in diary.respelled] == (
        [] if brought else [("north", "NORTH")]
    )
