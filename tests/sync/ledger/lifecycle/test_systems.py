"""A System that goes by another name, or goes altogether."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from connector.base import Identity
from sync.ledger import Ledger
from sync.ledger.database.tables import METADATA
from sync.model.abm import Score
from sync.model.inbox import ConflictSide, Finding, HoldReason, Match, MatchState, match_key
from sync.model.journal import FieldWrite, Intent, WriteState
from sync.model.records import RecordKey, SystemName
from tests.ids import HUBSPOT, SALESFORCE
from tests.sync.ledger.makers import HandClock, account, hubspot_id, record, salesforce_id

MAIN = SystemName("zz_main")


def lived_in(ledger: Ledger, clock: HandClock) -> None:
    """A ledger in which something of every kind is kept of both Systems."""
    for name, id in ((SALESFORCE, "00D1"), (HUBSPOT, "123456")):
        identity = Identity(id=id, name=f"{name} of Acme", environment="production", acting_as=None)
        ledger.systems.bind(name, name, identity)
        ledger.cursors.set(name, "accounts", "here")
        ledger.users.replace(name, [])
        ledger.fields.keep_native_names(name, {"tier": "Tier"})
    link = account(ledger)
    account(ledger, 2)
    run = ledger.runs.start("sync", "command")
    ledger.runs.finish(
        run.id, "ok", counts={"written.hubspot": 2, "linked": 1}, calls={"hubspot": 7, "salesforce": 3}
    )
    fields = {"tier": FieldWrite(value="tier_1")}
    ledger.writes.intend(
        run.id,
        [Intent(link_id=link, system=HUBSPOT, kind="update", native_id=hubspot_id(1), fields=fields)],
    )
    sides: dict[str, ConflictSide] = {
        HUBSPOT: ConflictSide(value="tier_1"),
        SALESFORCE: ConflictSide(value="tier_2"),
    }
    ledger.conflicts.record(
        [
            Finding(
                link_id=link,
                field="tier",
                reason="edited",
                sides=sides,
                proposals={"hubspot": "tier_1", "newest": None},
            )
        ],
        looked_at=[link],
        run_id=run.id,
    )
    ledger.held.hold([HoldReason(link_id=link, system=HUBSPOT, field="tier", code="X", message="no")])
    pair = (RecordKey(HUBSPOT, hubspot_id(1)), RecordKey(SALESFORCE, salesforce_id(2)))
    (stored,) = ledger.matches.record([Match(kind="pair", members=pair, evidence="apart")])
    ledger.matches.decide(stored.id, MatchState.REJECTED, by="ann", left_alone=[pair[0]])
    ledger.scores.put(
        [Score(key=hubspot_id(2), key_kind=HUBSPOT, score="5", as_of=clock.now)], source="scores.csv"
    )


def names_in(ledger: Ledger) -> set[str]:
    """Every name of a System that stands anywhere in the ledger."""
    with ledger._store.reading() as connection:
        return {
            str(name)
            for table in METADATA.sorted_tables
            if "system" in table.c
            for name in connection.scalars(select(table.c.system).distinct())
        }


@pytest.mark.every_database
def test_what_was_known_of_a_system_is_known_under_its_new_name(ledger: Ledger, clock: HandClock) -> None:
    lived_in(ledger, clock)
    ledger.rename_system(HUBSPOT, MAIN)
    assert ledger.systems.known().keys() == {SALESFORCE, MAIN}
    assert ledger.systems.mentioned() == names_in(ledger) == {SALESFORCE, MAIN}
    (link,) = ledger.accounts.linked(["tdm001"]).values()
    assert set(link.records) == {SALESFORCE, MAIN}
    (conflict,) = ledger.conflicts.list()
    assert set(conflict.finding.sides) == {SALESFORCE, MAIN}
    assert set(conflict.finding.proposals) == {MAIN, "newest"}
    (run,) = ledger.runs.latest(1)
    assert run.counts == {f"written.{MAIN}": 2, "linked": 1}
    assert run.calls == {MAIN: 7, "salesforce": 3}
    (match,) = ledger.matches.list(None)
    assert match.match.members == ((SALESFORCE, salesforce_id(2)), (MAIN, hubspot_id(1)))
    assert ledger.matches.by_keys([match_key(match.match.members)]) == {match.match.key: match}
    assert ledger.matches.left_alone() == {(MAIN, hubspot_id(1))}
    assert set(ledger.scores.of_links(["tdm002"])) == {"tdm002"}


@pytest.mark.every_database
def test_a_name_that_only_begins_like_it_stays(ledger: Ledger, clock: HandClock) -> None:
    lived_in(ledger, clock)
    run = ledger.runs.start("sync", "command")
    ledger.runs.finish(run.id, "ok", counts={"written.hubspot_emea": 1}, calls={"my_hubspot": 2})
    ledger.rename_system(HUBSPOT, MAIN)
    (last,) = ledger.runs.latest(1)
    assert (dict(last.counts), dict(last.calls)) == ({"written.hubspot_emea": 1}, {"my_hubspot": 2})


@pytest.mark.every_database
def test_what_would_be_lost_is_told_and_then_lost(ledger: Ledger, clock: HandClock) -> None:
    lived_in(ledger, clock)
    ledger.accounts.put([record(system=HUBSPOT, id=hubspot_id(9), domain="nine.com")])
    losses = ledger.losses(HUBSPOT)
    assert (losses.records, losses.links, losses.conflicts, losses.held) == (3, 0, 1, 1)
    assert (losses.decisions, losses.scores, losses.writes) == (1, 1, 1)
    ledger.forget_system(HUBSPOT)
    assert ledger.systems.known().keys() == {SALESFORCE}
    assert ledger.systems.mentioned() == {SALESFORCE}
    (link,) = ledger.accounts.linked(["tdm001"]).values()
    assert set(link.records) == {SALESFORCE}
    assert (ledger.conflicts.list(), ledger.held.list(), ledger.matches.list(None)) == ([], [], [])
    assert ledger.losses(HUBSPOT).records == 0
    (write,) = ledger.writes.of_run(ledger.runs.latest(1)[0].id)
    assert write.state is WriteState.SUPERSEDED
    assert {found.link.id for found in ledger.accounts.dirty()} == {"tdm001", "tdm002"}


@pytest.mark.every_database
def test_an_account_that_stands_nowhere_else_ends(ledger: Ledger, clock: HandClock) -> None:
    lived_in(ledger, clock)
    ledger.forget_system(HUBSPOT)
    assert ledger.losses(SALESFORCE).links == 2
    ledger.forget_system(SALESFORCE)
    assert ledger.accounts.open_links() == 0
    assert ledger.systems.mentioned() == set()
