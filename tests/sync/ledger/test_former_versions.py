"""Ledgers of earlier versions: everything that they hold is carried over, or they are left as they are."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import make_url

from sync.errors import LedgerError
from sync.ledger import Ledger
from sync.ledger.database.connections import file_engine
from sync.ledger.database.transactions import Store
from sync.ledger.lifecycle import migrate, server
from sync.ledger.lifecycle.copy import copy_rows
from sync.model.definitions import DefinitionsSeen, Drift, FieldsRead, ProbeMarks
from sync.model.inbox import Match, MatchState, match_key
from sync.model.records import NativeId, RecordKey, SystemName
from sync.model.service import ServiceState
from tests.ids import HUBSPOT, SALESFORCE
from tests.postgresql import Server
from tests.sync.ledger.makers import HandClock, former_ledger

#: When that ledger was left.
LEFT = datetime(2026, 3, 2, 12, 40, tzinfo=UTC)
#: What it knew last, as it had been put back before.
KNEW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
#: What is carried over as it is.
UNTOUCHED = (
    *("links", "records", "runs", "writes", "jobs", "events", "conflicts", "held", "scores"),
    *("outcomes", "outcome_history", "systems", "users", "lease"),
)


@pytest.fixture
def former(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    path = folder / "tandem.db"
    former_ledger(path)
    if getattr(request, "param", "") == "groups":
        _put_groups(path)
    return path


def _put_groups(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("UPDATE records SET unmatched = 0")
    link = "tdmgroup"
    names = [row[1] for row in connection.execute("PRAGMA table_info(links)")]
    told = ", ".join(":id" if name == "id" else name for name in names)
    connection.execute(
        f"INSERT INTO links SELECT {told} FROM links WHERE closed_at IS NULL LIMIT 1",
        {"id": link},
    )
    columns = [row[1] for row in connection.execute("PRAGMA table_info(records)")]
    for number, kind, members, state in GROUPS:
        decided = (None, None) if state == "open" else ("ann", "2026-03-02T10:00:00.000000Z")
        connection.execute(
            "INSERT INTO matches VALUES(?,?,?,?,'same domain',?,'2026-03-02T09:00:00.000000Z',?,?,NULL)",
            (number, kind, f"group{number}.com", json.dumps(members), state, *decided),
        )
        for system, id in members:
            linked = link if state == "accepted" and id != "98" else None
            given = {
                "system": system,
                "id": id,
                "name": id,
                "domain": None,
                "tandem_id": None,
                "link_id": linked,
                "unmatched": 0,
            }
            told = ", ".join(":" + name if name in given else name for name in columns)
            connection.execute(
                f"INSERT INTO records SELECT {told} FROM records WHERE rowid = 1",
                given,
            )
    connection.commit()
    connection.close()


def rows(path: Path, *tables: str) -> dict[str, list[tuple[object, ...]]]:
    connection = sqlite3.connect(path)
    try:
        return {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in tables}
    finally:
        connection.close()


@pytest.fixture(params=["file", "PostgreSQL"])
def carried_over(request: pytest.FixtureRequest, former: Path, clock: HandClock) -> Iterator[Ledger]:
    """The former ledger, opened by this version."""
    if request.param == "file":
        url = f"sqlite:///{former}"
    else:
        postgres: Server = request.getfixturevalue("postgres")
        url = postgres.make("former")
        _on_server(former, url, clock)
    with Ledger.open(url, clock, beside=former.parent) as ledger:
        yield ledger


def _on_server(path: Path, url: str, clock: HandClock) -> None:
    """What stands in the file stands on the server, in the same version."""
    source, store = Store(engine=file_engine(path), clock=clock), server.connect(make_url(url), clock)
    with source.reading() as given, store.writing() as connection:
        migrate.upgrade(connection, "0003")
        copy_rows(given, connection)
    source.engine.dispose()
    store.engine.dispose()


def test_every_fact_that_was_kept_by_key_has_its_place(carried_over: Ledger, former: Path) -> None:
    ledger = carried_over
    assert ledger.check() == []
    native = {
        "salesforce": {
            "engagement_score": "Engagement_Score__c",
            "mqa_stage": "MQA_Stage__c",
            "owner": "OwnerId",
            "target_account": "Target_Account__c",
            "tier": "ABM_Tier__c",
        },
        "hubspot": {
            "engagement_score": "tandem_engagement_score",
            "mqa_stage": "tandem_mqa_stage",
            "owner": "hubspot_owner_id",
            "target_account": "hs_is_target_account",
            "tier": "hs_ideal_customer_profile",
        },
    }
    identity = {
        "salesforce": {"Name", "Website", "Tandem_Id__c"},
        "hubspot": {"name", "domain", "tandem_id"},
    }
    hidden = {"salesforce": frozenset({"MQA_Stage__c"}), "hubspot": frozenset[str]()}
    for system, names in native.items():
        everything = frozenset(names.values()) | identity[system]
        assert ledger.fields.native_names(SystemName(system)) == names
        assert ledger.fields.read(SystemName(system)) == FieldsRead(names=everything, hidden=hidden[system])
        assert ledger.fields.builtin(SystemName(system)) == everything
    assert ledger.fields.hidden() == {"salesforce": ["MQA_Stage__c"]}
    assert ledger.fields.seen(SALESFORCE) == DefinitionsSeen(at=LEFT, digest="e057cbc2a8b622c4")
    assert ledger.fields.seen(HUBSPOT) is None
    provisioned = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    digests = ledger.fields.written(HUBSPOT, since=provisioned - timedelta(seconds=1))
    assert {name: digest[:8] for name, digest in digests.items()} == {
        "tandem_id": "650d4d50",
        "tandem_engagement_score": "d288020d",
        "tandem_mqa_stage": "98f34d23",
    }
    assert ledger.fields.written(HUBSPOT, since=provisioned) == {}
    assert ledger.fields.marks(SALESFORCE) == ProbeMarks(
        object="Account",
        record="0015e0000000001AAA",
        marks={"Engagement_Score__c": 0, "MQA_Stage__c": "identified", "Website": "tandem-probe"},
    )
    assert ledger.drift.get() == Drift(
        since=LEFT - timedelta(days=2),
        lines=("salesforce Account.ABM_Tier__c options: tier_1, tier_2, tier_3 → tier_2, tier_3",),
    )
    assert ledger.drift.is_to_look_again()
    assert ledger.service.get() == ServiceState(
        pid=4711,
        host="crm-sync",
        since=LEFT - timedelta(days=1),
        seen_at=LEFT - timedelta(seconds=30),
        next={"sync": LEFT + timedelta(seconds=30), "full": LEFT + timedelta(hours=5)},
        troubles={"outcomes": "HubSpot or its edge failed with 503"},
        doing="sync",
    )
    assert ledger.restored.as_of() == KNEW
    assert {system: ledger.users.read_at(SystemName(system)) for system in native} == {
        "salesforce": datetime(2026, 3, 2, 9, 10, tzinfo=UTC),
        "hubspot": datetime(2026, 3, 2, 9, 10, tzinfo=UTC),
    }
    with ledger._store.reading() as connection:
        left = connection.exec_driver_sql("SELECT key, value FROM meta").all()
    assert [tuple(row) for row in left] == [("written_by", migrate.tandem_version())]


#: Groups of an earlier version: number, kind, members, state.
GROUPS = (
    (11, "duplicate", [("hubspot", "91"), ("hubspot", "92"), ("salesforce", "93")], "open"),
    (12, "ambiguous", [("hubspot", "94"), ("hubspot", "95"), ("salesforce", "96")], "rejected"),
    (13, "duplicate", [("hubspot", "97"), ("hubspot", "98"), ("salesforce", "99")], "accepted"),
)


@pytest.mark.parametrize("former", ["groups"], indirect=True)
def test_a_question_about_a_group_becomes_questions_about_two_records(carried_over: Ledger) -> None:
    ledger = carried_over
    by_id = {stored.id: stored for stored in ledger.matches.list(None)}

    def of(state: MatchState) -> list[tuple[int, list[str]]]:
        return [
            (id, [key[1] for key in each.match.members]) for id, each in by_id.items() if each.state is state
        ]

    # A question about two stays as it was; a group is asked anew, for its Records are looked at again.
    assert of(MatchState.OPEN) == [(1, ["27300000006", "0015e0000000004AAA"])]
    assert {record.id for group in ledger.accounts.unmatched_groups() for record in group} == {
        "91",
        "92",
        "93",
    }
    assert of(MatchState.REJECTED) == [(12, ["94", "95"]), (14, ["94", "96"]), (15, ["95", "96"])]
    assert of(MatchState.ACCEPTED) == [(13, ["97", "99"]), (16, ["97", "98"])]
    assert ledger.matches.left_alone() == {(HUBSPOT, NativeId("98"))}
    assert all(stored.match.key == match_key(stored.match.members) for stored in by_id.values())
    assert {by_id[id].decided_by for id in (12, 14, 15, 13, 16)} == {"ann"}
    first, second = RecordKey(SALESFORCE, NativeId("1")), RecordKey(SALESFORCE, NativeId("2"))
    (asked,) = ledger.matches.record([Match(kind="name", members=(first, second), evidence="the same name")])
    assert asked.id > 16


def test_nothing_else_is_changed(former: Path, clock: HandClock) -> None:
    before = rows(former, *UNTOUCHED, "cursors")
    Ledger.open(f"sqlite:///{former}", clock).close()
    after = rows(former, *UNTOUCHED, "cursors")
    assert after.pop("cursors") == [row for row in before.pop("cursors") if row[1] != "users"]
    # Further domains and addresses are read with a record the next time.
    before["records"] = [(*row, "[]", "[]") for row in before["records"]]
    assert after == before
    assert sum(map(len, before.values())) > 60


def test_the_ledger_as_it_was_is_kept_and_can_be_put_back(former: Path, clock: HandClock) -> None:
    before = rows(former, *UNTOUCHED, "meta", "cursors")
    Ledger.open(f"sqlite:///{former}", clock).close()
    kept = former.with_name("tandem.db.0003.bak")
    assert rows(kept, *UNTOUCHED, "meta", "cursors") == before
    with Ledger.open(f"sqlite:///{former}", clock) as ledger:
        ledger.restored.clear()
        seen = ledger.accounts.counts()
    assert Ledger.restore(f"sqlite:///{former}", kept, clock) is not None
    with Ledger.open(f"sqlite:///{former}", clock) as ledger:
        assert ledger.restored.as_of() == KNEW
        assert ledger.accounts.counts() == seen
        assert ledger.fields.hidden() == {"salesforce": ["MQA_Stage__c"]}


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        ("CREATE TABLE drift (since TEXT)", "table drift already exists"),
        ("UPDATE meta SET value = '{' WHERE key = 'names:hubspot'", "could not be brought up to date"),
        ("UPDATE meta SET value = 'once' WHERE key = 'restored'", "could not be brought up to date"),
        ("DROP TABLE meta", "belongs to another program"),
    ],
)
def test_a_ledger_that_cannot_be_carried_over_is_left_as_it_is(
    former: Path, clock: HandClock, spoil: str, says: str
) -> None:
    connection = sqlite3.connect(former)
    connection.execute(spoil)
    connection.commit()
    before = list(connection.iterdump())
    connection.close()
    with pytest.raises(LedgerError, match=says) as caught:
        Ledger.open(f"sqlite:///{former}", clock)
    assert caught.value.remedy
    connection = sqlite3.connect(former)
    assert list(connection.iterdump()) == before
    connection.close()
