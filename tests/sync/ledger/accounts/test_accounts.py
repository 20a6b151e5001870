"""Records as the ledger keeps them, and Accounts as the diff gets them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sync.ledger import Ledger, RecordCounts
from sync.ledger.accounts import accounts
from sync.ledger.database import transactions
from sync.model.journal import Settlement
from sync.model.records import Link, LinkId, NativeId, RecordKey, RecordState, SystemName
from tests.ids import HUBSPOT, SALESFORCE
from tests.sync.ledger.makers import ACME, HandClock, account, hubspot_id, record, salesforce_id


@pytest.mark.every_database
def test_a_record_comes_back_as_it_was_put(ledger: Ledger) -> None:
    full = record(
        name='Zürich "Re" \N{SNOWMAN}',
        tandem_id="tdm9",
        unreadable={"tier": "'Gold' is no tier"},
        echo={"owner": "ann@acme.com"},
        not_before=datetime(2025, 2, 2, 10, 0, 0, 123456, tzinfo=UTC),
        modified_by="005000000000001AAA",
        state=RecordState.INVISIBLE,
    )
    ledger.accounts.put([full])
    assert ledger.accounts.records(SALESFORCE, [full.id, "unknown"]) == {full.id: full}
    assert ledger.accounts.record(SALESFORCE, full.id) == full
    assert ledger.accounts.records(HUBSPOT, [full.id]) == {}


def test_a_record_that_is_put_again_replaces_the_one_before(ledger: Ledger) -> None:
    ledger.accounts.put([ACME])
    later = record(current={"tier": None}, stamp=datetime(2025, 2, 3, tzinfo=UTC))
    assert ledger.accounts.put([later]) == 1
    assert ledger.accounts.record(SALESFORCE, ACME.id) == later


def test_half_a_character_in_one_name_does_not_stop_the_records_beside_it(ledger: Ledger) -> None:
    broken = record(id="1", name="a\ud83d\0", current={"tier": "\ud83d"})
    ledger.accounts.put([broken, record(id="2")])
    assert ledger.accounts.record(SALESFORCE, "1") == replace(broken, name="a??")
    assert ledger.accounts.record(SALESFORCE, "2") == record(id="2")


def test_more_ids_than_one_statement_can_hold_are_found(ledger: Ledger) -> None:
    ledger.accounts.put(record(id=f"{number}") for number in range(2 * transactions.CHUNK + 5))
    ids = [f"{number}" for number in range(3 * transactions.CHUNK)]
    assert len(ledger.accounts.records(SALESFORCE, ids)) == 2 * transactions.CHUNK + 5
    assert len(ledger.accounts.versions(SALESFORCE, ids)) == 2 * transactions.CHUNK + 5


def test_versions_are_the_stamps_of_records_that_stand(ledger: Ledger) -> None:
    ledger.accounts.put(
        [
            record(id="1"),
            record(id="2", stamp=None),
            record(id="3", state=RecordState.DELETED),
            record(id="4", system="hubspot"),
        ]
    )
    assert ledger.accounts.versions(SALESFORCE, ["1", "2", "3", "4"]) == {"1": ACME.stamp}


def test_records_that_were_not_seen_since_are_told(ledger: Ledger, clock: HandClock) -> None:
    ledger.accounts.put(
        [record(id="old"), record(id="touched"), record(id="gone", state=RecordState.DELETED)]
    )
    began = clock.wait(minutes=1)
    ledger.accounts.put([record(id="read")])
    ledger.accounts.touch(SALESFORCE, ["touched"])
    assert list(ledger.accounts.unseen(SALESFORCE, began)) == [["old"]]


@pytest.mark.every_database
def test_unseen_records_are_told_in_chunks(
    ledger: Ledger, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "CHUNK", 2)
    ledger.accounts.put(record(id=f"{number}") for number in range(5))
    began = clock.wait(minutes=1)
    assert list(ledger.accounts.unseen(SALESFORCE, began)) == [["0", "1"], ["2", "3"], ["4"]]


def test_linking_is_no_sight_of_a_record(ledger: Ledger, clock: HandClock) -> None:
    ledger.accounts.put([record(id=salesforce_id(1)), record(system="hubspot", id=hubspot_id(1))])
    began = clock.wait(minutes=1)
    ledger.accounts.link(
        [
            (
                Link(id=LinkId("tdm1"), label="Acme", domain=None, evidence="x"),
                [RecordKey(SALESFORCE, salesforce_id(1))],
            )
        ]
    )
    assert list(ledger.accounts.unseen(SALESFORCE, began)) == [[salesforce_id(1)]]


# -- what waits for a decision ---------------------------------------------------------------------------


def dirty(ledger: Ledger) -> list[str]:
    return [found.link.id for found in ledger.accounts.dirty()]


def test_an_account_that_is_settled_is_not_looked_at(ledger: Ledger) -> None:
    account(ledger)
    assert dirty(ledger) == []


def test_a_record_that_left_observed_brings_its_whole_account(ledger: Ledger) -> None:
    link = account(ledger)
    account(ledger, 2)
    stored = ledger.accounts.records(HUBSPOT, [hubspot_id(1)])[hubspot_id(1)]
    edited = replace(stored, current={**stored.current, "tier": "tier_2"})
    ledger.accounts.put([edited])
    (found,) = ledger.accounts.dirty()
    assert found.link.id == link
    assert found.link.stored
    assert found.records[HUBSPOT] == edited
    assert found.records[SALESFORCE].current["tier"] == "tier_1"


def test_a_value_without_meaning_waits_too(ledger: Ledger) -> None:
    link = account(ledger)
    stored = ledger.accounts.records(HUBSPOT, [hubspot_id(1)])[hubspot_id(1)]
    ledger.accounts.put([replace(stored, unreadable={"tier": "'Gold' is no tier"})])
    assert dirty(ledger) == [link]


def test_a_record_without_a_link_waits_for_matching_alone(ledger: Ledger) -> None:
    ledger.accounts.put([record(current={"tier": "tier_2"})])
    assert dirty(ledger) == []


@pytest.mark.every_database
def test_a_record_that_is_gone_does_not_wait_and_is_not_given(ledger: Ledger) -> None:
    link = account(ledger)
    stored = ledger.accounts.records(HUBSPOT, [hubspot_id(1)])[hubspot_id(1)]
    hidden = replace(stored, state=RecordState.INVISIBLE, current={"tier": "tier_3"})
    ledger.accounts.put([hidden])
    assert dirty(ledger) == []
    ledger.accounts.mark_for_decision([link])
    (found,) = ledger.accounts.dirty()
    assert set(found.records) == {"salesforce"}
    assert [(lost.id, gone) for lost, gone in ledger.accounts.lost()] == [(link, hidden)]


def test_a_record_that_comes_back_is_looked_at_though_it_did_not_change(ledger: Ledger) -> None:
    link = account(ledger)
    stored = ledger.accounts.records(HUBSPOT, [hubspot_id(1)])[hubspot_id(1)]
    ledger.accounts.put([replace(stored, state=RecordState.INVISIBLE)])
    ledger.accounts.put([stored])
    assert dirty(ledger) == [link]
    ledger.accounts.rest([link])
    assert dirty(ledger) == []


def test_an_account_that_was_woken_is_looked_at_until_it_rests(ledger: Ledger) -> None:
    link, other = account(ledger), account(ledger, 2)
    ledger.accounts.mark_for_decision([link, other])
    assert dirty(ledger) == [link, other]
    ledger.accounts.rest([link])
    assert dirty(ledger) == [other]


def test_rest_does_not_hide_what_is_not_settled(ledger: Ledger) -> None:
    link = account(ledger, current={"tier": "tier_2"})
    ledger.accounts.rest([link])
    assert dirty(ledger) == [link]


def test_a_long_list_is_walked_in_chunks_each_account_once(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "_LINKS", 2)
    made = [account(ledger, number) for number in range(1, 6)]
    ledger.accounts.mark_for_decision(made)
    assert dirty(ledger) == made
    assert [found.link.id for found in ledger.accounts.all_linked()] == made


def test_the_ledger_can_be_written_while_accounts_are_walked(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "_LINKS", 1)
    made = [account(ledger, number) for number in range(1, 4)]
    ledger.accounts.mark_for_decision(made)
    seen = []
    for found in ledger.accounts.dirty():
        seen.append(found.link.id)
        ledger.accounts.rest([found.link.id])
    assert seen == made
    assert dirty(ledger) == []


# -- settling --------------------------------------------------------------------------------------------


@pytest.mark.every_database
def test_settling_moves_base_and_observed_of_the_named_fields_alone(ledger: Ledger) -> None:
    link = account(
        ledger, current={"tier": "tier_2", "owner": None}, observed={"tier": "tier_1", "owner": "x"}
    )
    ledger.accounts.settle(
        [
            Settlement(
                link_id=link,
                base={"tier": "tier_2"},
                observed={"salesforce": {"tier": "tier_2"}, "pipedrive": {"tier": "tier_2"}},
            )
        ]
    )
    found = ledger.accounts.by_link(link)
    assert found is not None
    assert found.link.base == {"tier": "tier_2"}
    assert found.records[SALESFORCE].observed == {"tier": "tier_2", "owner": "x"}
    assert found.records[HUBSPOT].observed == {"tier": "tier_1", "owner": "x"}


def test_several_settlements_of_one_link_add_up(ledger: Ledger) -> None:
    link = account(ledger)
    ledger.accounts.settle(
        Settlement(link_id=link, base={name: "1"}, observed={"hubspot": {name: "1"}}) for name in ("p", "q")
    )
    found = ledger.accounts.by_link(link)
    assert found is not None
    assert found.link.base == {"p": "1", "q": "1"}
    assert {"p": "1", "q": "1"}.items() <= found.records[HUBSPOT].observed.items()


def test_what_is_settled_no_longer_waits(ledger: Ledger) -> None:
    link = account(ledger, current={"tier": "tier_2"}, observed={"tier": "tier_1"})
    assert dirty(ledger) == [link]
    both = {"salesforce": {"tier": "tier_2"}, "hubspot": {"tier": "tier_2"}}
    ledger.accounts.settle([Settlement(link_id=link, observed=both)])
    assert dirty(ledger) == []


def test_settling_what_a_record_holds_now_can_make_it_wait(ledger: Ledger) -> None:
    link = account(ledger)
    ledger.accounts.settle([Settlement(link_id=link, current={"hubspot": {"tier": "tier_3"}})])
    assert dirty(ledger) == [link]


def test_a_base_of_blank_differs_from_no_base(ledger: Ledger) -> None:
    link = account(ledger)
    ledger.accounts.settle([Settlement(link_id=link, base={"owner": None})])
    found = ledger.accounts.by_link(link)
    assert found is not None
    assert found.link.base == {"owner": None}


# -- figures and finding ---------------------------------------------------------------------------------


def test_counts_tell_how_records_stand(ledger: Ledger) -> None:
    account(ledger)
    account(ledger, 2, current={"tier": "tier_9"})
    ledger.accounts.put(
        [
            record(id="1"),
            record(id="2", state=RecordState.DELETED),
            record(id="3", state=RecordState.MERGED),
            record(id="4", state=RecordState.INVISIBLE),
        ]
    )
    assert ledger.accounts.counts() == {
        "hubspot": RecordCounts(present=2, linked=2, dirty=1),
        "salesforce": RecordCounts(
            present=3, linked=2, dirty=1, unmatched=1, deleted=1, merged=1, invisible=1
        ),
    }
    assert ledger.accounts.open_links() == 2


@pytest.mark.every_database
@pytest.mark.parametrize(
    "typed",
    [
        "tdm007",
        " tdm007 ",
        "001000000000007AAA",
        "001000000000007",
        "9007",
        "acme7.com",
        "ACME7.com",
        "acme 7",
    ],
)
def test_an_account_is_found_by_what_people_know_of_it(ledger: Ledger, typed: str) -> None:
    for number in (6, 7, 8):
        account(ledger, number)
    assert [found.link.id for found in ledger.accounts.find(typed)] == ["tdm007"]


@pytest.mark.every_database
@pytest.mark.parametrize("typed", ["", " ", "nobody", "001000000000009", "%", "_"])
def test_what_nobody_has_finds_nothing(ledger: Ledger, typed: str) -> None:
    account(ledger, 7)
    assert ledger.accounts.find(typed) == []


def test_the_short_form_of_a_salesforce_id_tells_upper_from_lower_case(ledger: Ledger) -> None:
    ledger.accounts.put(
        [record(id="001A0000000aBcDIAU", domain=None), record(id="001A0000000abcdIAM", domain=None)]
    )
    (found,) = ledger.accounts.find("001A0000000aBcD")
    assert found.records[SALESFORCE].id == "001A0000000aBcDIAU"


def test_a_record_without_a_link_is_found_as_an_account_of_its_own(ledger: Ledger) -> None:
    ledger.accounts.put([ACME])
    (found,) = ledger.accounts.find("acme.com")
    assert not found.link.stored
    assert found.link.label == "Acme"
    assert found.records == {"salesforce": ACME}


def test_a_piece_of_a_name_finds_all_that_have_it(ledger: Ledger) -> None:
    made = [account(ledger, number) for number in (1, 2, 3)]
    assert [found.link.id for found in ledger.accounts.find("ACME")] == made
    assert len(ledger.accounts.find("ACME", limit=2)) <= 2


def test_the_accounts_that_changed_last_come_first(ledger: Ledger) -> None:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    for number, day in ((1, 1), (2, 3), (3, 2)):
        account(ledger, number, stamp=at + timedelta(days=day))
    assert [found.link.id for found in ledger.accounts.latest(2)] == ["tdm002", "tdm003"]
    ledger.accounts.close(LinkId("tdm002"), "later")
    assert [found.link.id for found in ledger.accounts.latest(2)] == ["tdm003", "tdm001"]


@pytest.mark.every_database
def test_an_account_whose_link_was_closed_is_found_by_what_it_left(ledger: Ledger) -> None:
    link = account(ledger, tandem_id="tdm001")
    ledger.accounts.close(link, "hubspot: was deleted there")
    (found,) = ledger.accounts.find("acme1.com")
    assert (found.link.id, sorted(found.records)) == (link, ["hubspot", "salesforce"])
    ledger.accounts.put([record(id="001000000000099AAA", domain="acme1.com")])
    assert {found.link.id for found in ledger.accounts.find("acme1.com")} >= {link}


def test_the_whole_name_beats_a_piece_of_it_whatever_its_capitals(ledger: Ledger) -> None:
    for number, name in ((1, "Müller"), (2, "Müller Nord")):
        account(ledger, number, name=name)
    ledger.accounts.put([record(id="001000000000098AAA", name="Müller Süd", domain=None)])
    assert len(ledger.accounts.find("MÜLLER")) == 1
    assert len(ledger.accounts.find("müller n")) == 1
    assert len(ledger.accounts.find("üller")) == 3


def test_linked_gives_open_links_alone(ledger: Ledger) -> None:
    link, other = account(ledger), account(ledger, 2)
    ledger.accounts.close(other, "deleted in hubspot")
    assert set(ledger.accounts.linked([link, other, "unknown"])) == {link}
    assert ledger.accounts.by_link(LinkId("unknown")) is None


def test_a_full_compare_finds_what_differs_what_lacks_a_record_and_what_was_woken(ledger: Ledger) -> None:
    def put(link_id: str, *, systems: tuple[str, ...] = ("salesforce", "hubspot"), **change: Any) -> None:
        keys = [RecordKey(SystemName(system), NativeId(f"{link_id}-{system}")) for system in systems]
        settled: dict[str, Any] = {
            "current": {"tier": "tier_1"},
            "observed": {"tier": "tier_1"},
            "tandem_id": link_id,
        }
        ledger.accounts.put(
            replace(record(), system=system, id=id, link_id=None, **{**settled, **(change if n == 0 else {})})
            for n, (system, id) in enumerate(keys)
        )
        ledger.accounts.link([(Link(id=LinkId(link_id), label=link_id, domain=None, evidence="test"), keys)])
        ledger.accounts.settle(
            [
                Settlement(
                    link_id=LinkId(link_id),
                    observed={system: change.get("observed", {"tier": "tier_1"}) for system, _ in keys},
                )
            ]
        )

    put("quiet")
    put("edited", current={"tier": "tier_2"})
    put("unmarked", tandem_id=None)
    put("lonely", systems=("salesforce",))
    put("closed", current={"tier": "tier_2"})
    ledger.accounts.close(LinkId("closed"), "test")
    put("woken")
    ledger.accounts.rest(["quiet", "edited", "unmarked", "lonely"])
    found = [account.link.id for account in ledger.accounts.decision_candidates(2)]
    assert found == ["edited", "lonely", "unmarked", "woken"]


@pytest.mark.every_database
def test_incomplete_are_records_without_a_link_and_accounts_that_a_system_lacks(ledger: Ledger) -> None:
    account(ledger, 1)
    account(ledger, 2)
    ledger.accounts.put(
        [
            record(id=salesforce_id(3), name="Alone", more_domains=("alone.com", "alone.de")),
            record(id=salesforce_id(4), name="Gone", state=RecordState.DELETED),
            # Out of sight it keeps its place.
            record(system="hubspot", id=hubspot_id(2), link_id=LinkId("tdm002"), state=RecordState.INVISIBLE),
            record(system="hubspot", id=hubspot_id(5), name="Linked alone"),
        ]
    )
    own = Link(id=LinkId("tdm005"), label="Linked alone", domain=None, evidence="only in hubspot")
    ledger.accounts.link([(own, [RecordKey(HUBSPOT, hubspot_id(5))])])
    found = {one.id: one for one in ledger.accounts.incomplete()}
    assert set(found) == {salesforce_id(3), hubspot_id(5)}
    assert found[salesforce_id(3)].current == record().current
    assert found[salesforce_id(3)].more_domains == ("alone.com", "alone.de")
    assert ledger.accounts.systems_of([LinkId("tdm002"), LinkId("tdm005")]) == {
        "tdm002": {SALESFORCE, HUBSPOT},
        "tdm005": {HUBSPOT},
    }
