"""Answers to questions about two records: by key, in bulk, in a spreadsheet, one at a time."""

from __future__ import annotations

import csv
import io

import pytest

from tests.commands.test_matches import linked, listed, namesakes, sync
from tests.ids import HUBSPOT, SALESFORCE
from tests.scene import Town
from tests.world import Ran


def duplicates(town: Town, *names: str) -> tuple[str, list[str]]:
    """Acme in Salesforce, and companies of its domain in HubSpot."""
    account = town.people.new_in_salesforce(Name="Acme", Website="acme.com", ABM_Tier__c="tier_1")
    companies = [town.people.new_in_hubspot(name=name, domain="acme.com") for name in names]
    sync(town)
    return account, companies


def test_of_duplicates_the_best_is_asked_about_and_the_others_when_the_answer_has_come(town: Town) -> None:
    account, companies = duplicates(town, "Acme Holding", "Acme Ltd")
    (match,) = listed(town)
    assert {record["id"] for record in match["records"]} == {account, companies[1]}
    waiting = [each for each in listed(town, "--all") if each["state"] == "waiting"]
    assert [companies[0] in {record["id"] for record in each["records"]} for each in waiting] == [True]
    assert "1 more waits" in town.world.run("matches", "list").text
    refused = town.world.run("matches", "accept", waiting[0]["key"], "--yes")
    assert refused.code == 2
    assert "is asked when another question" in refused.text
    assert town.world.run("matches", "accept", match["key"], "--yes").code == 0
    sync(town)
    assert linked(town, account) == {"salesforce": account, "hubspot": companies[1]}
    # It stands in HubSpot twice, or is a company of its own.
    (twice,) = listed(town)
    assert twice["kind"] == "duplicate"
    assert {record["id"] for record in twice["records"]} == set(companies)
    accepted = town.world.run("matches", "accept", twice["key"], "--yes")
    assert accepted.code == 0, accepted.text
    assert f"hubspot {companies[0]} is left alone." in accepted.text
    sync(town)
    town.people.in_hubspot(companies[0], name="Acme (old)")
    sync(town)
    assert listed(town) == []
    assert linked(town, account)["hubspot"] == companies[1]
    # Until somebody says that it is an account, too.
    assert town.world.run("matches", "reject", twice["key"], "--yes").code == 0
    sync(town)
    with town.world.ledger() as ledger:
        other = ledger.accounts.record(HUBSPOT, companies[0])
        assert other is not None
        assert other.link_id is not None
        own = ledger.accounts.by_link(other.link_id)
    assert own is not None
    assert own.records[SALESFORCE].id != account


def test_where_the_best_is_rejected_the_next_is_asked_about(town: Town) -> None:
    account, companies = duplicates(town, "Acme Holding", "Acme Ltd")
    (match,) = listed(town)
    told = town.world.run("matches", "reject", match["key"], "--dry-run").text
    assert f"Acme Ltd (hubspot {companies[1]}) is asked about beside hubspot:{companies[0]} next." in told
    assert f"Acme (salesforce {account}) is asked about beside hubspot:{companies[0]} next." in told
    assert town.world.run("matches", "reject", match["key"], "--yes").code == 0
    sync(town)
    (second,) = listed(town)
    assert {record["id"] for record in second["records"]} == {account, companies[0]}


def test_two_that_fit_as_well_are_not_accepted_in_bulk(town: Town) -> None:
    duplicates(town, "Acme", "Acme Ltd")
    (match,) = listed(town)
    assert match["evidence"].endswith("fits as well")
    ran = town.world.run("matches", "accept", "--all", "--min-score", "0.95", "--yes")
    assert "Open are 1 match below 0.95; nothing was decided." in ran.text


def three(town: Town) -> list[str]:
    """Three companies of whom each CRM has one record, without a common domain; the keys of the questions."""
    for name in ("Acme", "Umbrella", "Initech"):
        town.people.new_in_salesforce(Name=f"{name} GmbH", Website=f"{name}.com")
        town.people.new_in_hubspot(name=name)
    sync(town)
    keys = [match["key"] for match in listed(town)]
    assert len(keys) == 3
    return keys


def test_many_are_accepted_at_once_and_it_is_said_how_many(town: Town) -> None:
    keys = three(town)
    bulk = ("matches", "accept", "--all", "--min-score", "0.95")
    rehearsed = town.world.run(*bulk, "--dry-run")
    assert "3 matches would be accepted. Nothing was decided." in rehearsed.text
    assert len(listed(town)) == 3
    asked = town.world.run(*bulk)
    assert asked.code == 2
    assert "--yes" in asked.text
    assert "3 matches accepted" in town.world.run(*bulk, "--yes").text
    sync(town)
    assert listed(town) == []
    again = town.world.run("matches", "accept", *keys, "--yes")
    assert again.code == 2
    assert all(f"{key} was accepted already" in again.text for key in keys)


def test_the_key_may_be_cut_short_and_a_wrong_one_is_told_with_the_nearest(town: Town) -> None:
    namesakes(town)
    (match,) = listed(town)
    key = match["key"]
    wrong = key[:-1] + ("a" if key[-1] != "a" else "b")
    ran = town.world.run("matches", "accept", wrong, "nonsense", "--yes")
    assert ran.code == 2
    assert f"did you mean {key}?" in ran.text
    assert "There is no match nonsense." in ran.text
    assert len(listed(town)) == 1
    assert town.world.run("matches", "accept", key[:6], "--yes").code == 0


def test_a_rejection_says_what_is_created_then_and_can_leave_it_alone(town: Town) -> None:
    account, company = namesakes(town)
    (match,) = listed(town)
    told = town.world.run("matches", "reject", match["key"], "--dry-run").text
    assert f"The next Run then creates Acme GmbH (salesforce {account}) in hubspot." in told
    assert f"ACME (hubspot {company}) has no website" in told
    assert len(listed(town)) == 1
    ran = town.world.run("matches", "reject", match["key"], "--leave-alone", "--yes")
    assert ran.code == 0, ran.text
    sync(town)
    town.people.in_salesforce(account, Name="Acme SE")
    sync(town)
    assert linked(town, account) == {}
    assert len(town.world.portal.shelf("companies").records) == 1
    assert listed(town) == []
    assert "Left alone by" in town.world.run("explain", account, "--no-live", "--json").text
    # A person may still say that they are one after all.
    assert town.world.run("matches", "accept", match["key"], "--yes").code == 0
    sync(town)
    assert linked(town, account) == {"salesforce": account, "hubspot": company}


# -- in a spreadsheet ----------------------------------------------------------------------------------------


def exported(town: Town) -> list[dict[str, str]]:
    ran = town.world.run("matches", "export", "questions.csv")
    assert ran.code == 0, ran.text
    text = (town.world.folder / "questions.csv").read_text(encoding="utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def imported(town: Town, rows: list[dict[str, str]], *options: str, delimiter: str = ",") -> Ran:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, fieldnames=list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    path = town.world.folder / "questions.csv"
    path.write_text(out.getvalue(), encoding="utf-8-sig", newline="")
    return town.world.run("matches", "import", "questions.csv", "--yes", *options)


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_answers_come_back_from_a_spreadsheet(town: Town, delimiter: str) -> None:
    three(town)
    rows = exported(town)
    assert all(row["url 1"] and row["name 2"] and row["score"] == "1.00" for row in rows)
    for row, answer in zip(rows, ("y", "N", ""), strict=True):
        row["answer"] = answer
    rehearsed = imported(town, rows, "--dry-run", delimiter=delimiter)
    assert "Nothing was decided." in rehearsed.text
    assert len(listed(town)) == 3
    done = imported(town, rows, delimiter=delimiter)
    assert done.code == 0, done.text
    assert "1 of 2 answers accept, 1 reject." in done.text
    states = {each["key"]: each["state"] for each in listed(town, "--all")}
    assert [states[row["key"]] for row in rows] == ["accepted", "rejected", "open"]


def test_a_table_with_faults_is_refused_with_every_line_and_nothing_is_decided(town: Town) -> None:
    three(town)
    rows = exported(town)
    rows[0] |= {"answer": "y", "id 1": "2.73E+10"}
    rows[1] |= {"answer": "perhaps"}
    rows[2] |= {"answer": "y"}
    rows.append(rows[2] | {"answer": "n"})
    rows.append(rows[2] | {"key": "mnosuchkey"})
    refused = imported(town, rows)
    assert refused.code == 2
    for line, said in (
        (2, "the ids in this line were edited"),
        (3, "the answer 'perhaps' is neither y nor n"),
        (5, "it is answered in line 4, too"),
        (6, "this ledger has no such question"),
    ):
        assert f"questions.csv, line {line}: " in refused.text
        assert said in refused.text
    assert {each["state"] for each in listed(town, "--all")} == {"open"}


def test_a_row_whose_records_are_called_otherwise_by_now_is_stale(town: Town) -> None:
    three(town)
    rows = exported(town)
    for row in rows:
        row["answer"] = "y"
    (company,) = (row["id 1"] for row in rows if row["name 1"] == "Acme")
    town.people.in_hubspot(company, name="Acme Inc.")
    sync(town)
    refused = imported(town, rows)
    assert refused.code == 5
    assert "its records are called otherwise by now" in refused.text
    assert len(listed(town)) == 3


def test_the_table_goes_to_standard_output_too(town: Town) -> None:
    three(town)
    ran = town.world.run("matches", "export", "-")
    assert ran.code == 0
    assert len(list(csv.DictReader(io.StringIO(ran.out)))) == 3


# -- one at a time -------------------------------------------------------------------------------------------


def test_a_review_needs_a_person(town: Town) -> None:
    ran = town.world.run("matches", "review")
    assert ran.code == 2
    assert "tandem matches export" in ran.text


class Keyboard(io.StringIO):
    def isatty(self) -> bool:
        return True


def reviewed(town: Town, monkeypatch: pytest.MonkeyPatch, keys: str, lines: str = "") -> Ran:
    """A review in which a person presses these keys, and answers longer questions with these lines."""
    pressed = iter(keys)
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setattr("sys.stdin", Keyboard(lines))
    monkeypatch.setattr("click.getchar", lambda: next(pressed, ""))
    try:
        return town.world.run("matches", "review")
    finally:
        monkeypatch.undo()


def test_a_review_asks_one_at_a_time_and_keeps_each_answer_at_once(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    three(town)
    ran = reviewed(town, monkeypatch, "ywxlq")
    assert ran.code == 0, ran.text
    assert "3 of 3" in ran.text
    assert "Names: the same name (1.00)." in ran.text
    assert "1 answer kept, 2 matches left." in ran.text
    assert sorted(each["state"] for each in listed(town, "--all")) == ["accepted", "open", "open"]


def test_a_review_says_what_a_no_creates_and_offers_to_leave_it_alone(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    account, _ = namesakes(town)
    ran = reviewed(town, monkeypatch, "n", "y\n")
    assert f"The next Run then creates Acme GmbH (salesforce {account}) in hubspot." in ran.text
    (match,) = listed(town, "--all")
    assert match["state"] == "rejected"
    assert len(match["left_alone"]) == 2
