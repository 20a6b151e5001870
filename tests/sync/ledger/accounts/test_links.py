"""How Records come to a Link, leave it, and follow a merge."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sync.errors import LedgerError
from sync.ledger import Ledger
from sync.model.inbox import MovedLink
from sync.model.journal import Settlement
from sync.model.records import Link, LinkId, NativeId, Record, RecordKey, RecordState, SystemName
from tests.ids import HUBSPOT, SALESFORCE
from tests.sync.ledger.makers import HandClock, account, hubspot_id, record, salesforce_id

LINK = Link(
    id=LinkId("tdm001"),
    label="Acme",
    domain="acme.com",
    evidence="same domain acme.com",
    base={"tier": "tier_1"},
)


def pair(ledger: Ledger) -> tuple[Record, Record]:
    records = (record(id=salesforce_id(1)), record(system="hubspot", id=hubspot_id(1)))
    ledger.accounts.put(records)
    return records


def keys(*records: Record) -> list[RecordKey]:
    return [item.key for item in records]


def get(ledger: Ledger, system: str, id: str) -> Record:
    found = ledger.accounts.record(SystemName(system), id)
    assert found is not None
    return found


def test_a_new_link_holds_its_records_and_is_looked_at(ledger: Ledger) -> None:
    salesforce, hubspot = pair(ledger)
    ledger.accounts.link([(LINK, keys(salesforce, hubspot))])
    (found,) = ledger.accounts.dirty()
    assert found.link == replace(LINK, stored=True)
    assert found.records == {
        "salesforce": replace(salesforce, link_id=LinkId("tdm001")),
        "hubspot": replace(hubspot, link_id=LinkId("tdm001")),
    }
    assert list(ledger.accounts.unmatched_groups()) == []


def test_a_record_joins_a_link_that_is_open(ledger: Ledger, clock: HandClock) -> None:
    salesforce, hubspot = pair(ledger)
    ledger.accounts.link([(LINK, keys(salesforce))])
    opened = clock.now
    clock.wait(days=1)
    ledger.accounts.settle([Settlement(link_id=LinkId("tdm001"), base={"owner": "ann@acme.com"})])
    ledger.accounts.link([(replace(LINK, base={}, evidence="same Tandem id", stored=True), keys(hubspot))])
    stored = ledger.accounts.links(["tdm001"])[LinkId("tdm001")]
    assert stored.link.base == {"tier": "tier_1", "owner": "ann@acme.com"}
    assert stored.opened_at == opened
    found = ledger.accounts.by_link(LinkId("tdm001"))
    assert found is not None
    assert set(found.records) == {"salesforce", "hubspot"}


@pytest.mark.every_database
def test_all_links_of_one_call_are_stored_or_none(ledger: Ledger) -> None:
    salesforce, hubspot = pair(ledger)
    other = replace(LINK, id=LinkId("tdm002"))
    with pytest.raises(LedgerError, match="not known to the ledger"):
        ledger.accounts.link(
            [
                (LINK, keys(salesforce, hubspot)),
                (other, [RecordKey(HUBSPOT, NativeId("unknown"))]),
            ]
        )
    assert ledger.accounts.links(["tdm001", "tdm002"]) == {}
    assert get(ledger, "salesforce", salesforce.id).link_id is None


def test_a_record_of_another_link_is_not_taken_away(ledger: Ledger) -> None:
    account(ledger, 1)
    with pytest.raises(LedgerError, match="belongs to Link tdm001 already"):
        ledger.accounts.link([(replace(LINK, id=LinkId("tdm002")), [RecordKey(HUBSPOT, hubspot_id(1))])])


def test_one_record_is_not_given_to_two_links(ledger: Ledger) -> None:
    salesforce, _ = pair(ledger)
    with pytest.raises(LedgerError, match="two Links"):
        ledger.accounts.link(
            [(LINK, keys(salesforce)), (replace(LINK, id=LinkId("tdm002")), keys(salesforce))]
        )


def test_a_link_holds_one_record_of_each_system(ledger: Ledger) -> None:
    salesforce, hubspot = pair(ledger)
    second = replace(salesforce, id=salesforce_id(2))
    ledger.accounts.put([second])
    with pytest.raises(LedgerError):
        ledger.accounts.link([(LINK, keys(salesforce, hubspot, second))])
    assert ledger.accounts.links(["tdm001"]) == {}


# -- closing ---------------------------------------------------------------------------------------------


def test_a_closed_link_lets_its_records_go_and_says_why(ledger: Ledger, clock: HandClock) -> None:
    link = account(ledger)
    ledger.accounts.mark_for_decision([link])
    clock.wait(days=1)
    ledger.accounts.close(link, "hubspot: deleted")
    stored = ledger.accounts.links([link])[link]
    assert (stored.closed_at, stored.close_reason) == (clock.now, "hubspot: deleted")
    left = get(ledger, "salesforce", salesforce_id(1))
    assert (left.link_id, left.observed) == (None, {})
    assert list(ledger.accounts.dirty()) == []
    assert list(ledger.accounts.all_linked()) == []


def test_a_link_is_closed_once_and_keeps_the_first_reason(ledger: Ledger, clock: HandClock) -> None:
    link = account(ledger)
    ledger.accounts.close(link, "first")
    clock.wait(days=1)
    ledger.accounts.close(link, "second")
    assert ledger.accounts.links([link])[link].close_reason == "first"


@pytest.mark.every_database
def test_a_closed_link_cannot_be_woken(ledger: Ledger) -> None:
    link = account(ledger)
    ledger.accounts.close(link, "hubspot: deleted")
    ledger.accounts.mark_for_decision([link])
    assert list(ledger.accounts.dirty()) == []


def test_the_record_that_is_left_is_not_matched_again_until_it_changes(ledger: Ledger) -> None:
    link = account(ledger)
    ledger.accounts.put([replace(get(ledger, "hubspot", hubspot_id(1)), state=RecordState.DELETED)])
    ledger.accounts.close(link, "hubspot: deleted")
    left = get(ledger, "salesforce", salesforce_id(1))
    ledger.accounts.put([replace(left, stamp=None)])
    assert list(ledger.accounts.unmatched_groups()) == []
    renamed = replace(left, name="Acme Inc.")
    ledger.accounts.put([renamed])
    assert list(ledger.accounts.unmatched_groups()) == [[renamed]]


@pytest.mark.every_database
def test_a_link_that_was_closed_opens_again_with_what_was_settled_there(
    ledger: Ledger, clock: HandClock
) -> None:
    salesforce, hubspot = pair(ledger)
    ledger.accounts.link([(LINK, keys(salesforce, hubspot))])
    ledger.accounts.close(LinkId("tdm001"), "hubspot: deleted")
    emptied = replace(get(ledger, "salesforce", salesforce.id), current={"tier": None, "owner": None})
    ledger.accounts.put([emptied])
    clock.wait(days=1)
    assert set(ledger.accounts.left(keys(salesforce, hubspot))) == set(keys(salesforce, hubspot))
    ledger.accounts.link([(replace(LINK, base={}), keys(salesforce, hubspot))])
    stored = ledger.accounts.links(["tdm001"])[LinkId("tdm001")]
    assert (stored.closed_at, stored.close_reason, stored.opened_at) == (None, None, clock.now)
    assert stored.link.base == {"tier": "tier_1"}
    (found,) = ledger.accounts.dirty()
    assert found.records[SALESFORCE].current["tier"] is None
    assert {each.observed["tier"] for each in found.records.values()} == {"tier_1"}
    assert ledger.accounts.left(keys(salesforce, hubspot)) == {}


def test_the_records_of_a_closed_link_take_what_was_settled_to_a_link_of_another_name(ledger: Ledger) -> None:
    salesforce, hubspot = pair(ledger)
    ledger.accounts.link([(LINK, keys(salesforce, hubspot))])
    ledger.accounts.close(LinkId("tdm001"), "salesforce_emea: deleted")
    again = replace(LINK, id=LinkId("tdm002"), base={})
    ledger.accounts.link([(again, keys(salesforce, hubspot))])
    account = ledger.accounts.by_link(LinkId("tdm002"))
    assert account is not None
    assert account.link.base == {"tier": "tier_1"}
    assert all(each.settled for each in account.records.values())


@pytest.mark.every_database
def test_what_was_settled_in_a_record_without_a_link_follows_it_into_a_merge(ledger: Ledger) -> None:
    salesforce, hubspot = pair(ledger)
    ledger.accounts.link([(LINK, keys(salesforce, hubspot))])
    ledger.accounts.close(LinkId("tdm001"), "hubspot: deleted")
    ledger.accounts.put([record(id=salesforce_id(2), observed={})])
    ledger.accounts.move(SALESFORCE, salesforce.id, salesforce_id(2))
    kept = ledger.accounts.left(
        [RecordKey(SALESFORCE, salesforce.id), RecordKey(SALESFORCE, salesforce_id(2))]
    )
    assert list(kept) == [(SALESFORCE, salesforce_id(2))]


def test_a_survivor_that_takes_a_place_in_a_link_forgets_the_link_that_it_left(ledger: Ledger) -> None:
    first = account(ledger)
    second = account(ledger, 2)
    ledger.accounts.close(second, "hubspot: deleted")
    ledger.accounts.move(SALESFORCE, salesforce_id(1), salesforce_id(2))
    assert get(ledger, "salesforce", salesforce_id(2)).link_id == first
    assert ledger.accounts.left([RecordKey(SALESFORCE, salesforce_id(2))]) == {}


def test_a_field_that_was_mapped_anew_was_never_settled_in_a_record_that_left(ledger: Ledger) -> None:
    link = account(ledger)
    ledger.accounts.close(link, "hubspot: deleted")
    ledger.accounts.forget_fields(SALESFORCE, ["tier"])
    kept = ledger.accounts.left([RecordKey(SALESFORCE, salesforce_id(1)), RecordKey(HUBSPOT, hubspot_id(1))])
    assert [set(each.observed) for _, each in sorted(kept.items())] == [{"tier", "owner"}, {"owner"}]


def test_a_detached_record_leaves_the_link_to_the_others(ledger: Ledger) -> None:
    link = account(ledger)
    assert ledger.accounts.detach(HUBSPOT, hubspot_id(1)) == link
    (found,) = ledger.accounts.dirty()
    assert set(found.records) == {"salesforce"}
    assert get(ledger, "hubspot", hubspot_id(1)).observed == {}
    assert ledger.accounts.detach(HUBSPOT, hubspot_id(1)) is None
    assert ledger.accounts.detach(HUBSPOT, "unknown") is None


# -- merging ---------------------------------------------------------------------------------------------


def test_the_link_follows_a_merge_to_a_survivor_that_was_known(ledger: Ledger) -> None:
    link = account(ledger)
    ledger.accounts.put([record(system="hubspot", id="9999", current={"tier": "tier_2"}, observed={})])
    moved = ledger.accounts.move(HUBSPOT, hubspot_id(1), NativeId("9999"))
    assert moved == MovedLink(link_id=link, survivor_link_id=link)
    assert not moved.left_behind
    survivor = get(ledger, "hubspot", "9999")
    assert survivor.link_id == link
    assert survivor.current == {"tier": "tier_2"}
    assert survivor.observed == {"tier": "tier_1", "owner": None}
    gone = get(ledger, "hubspot", hubspot_id(1))
    assert (gone.state, gone.link_id) == (RecordState.MERGED, None)
    assert [found.link.id for found in ledger.accounts.dirty()] == [link]


def test_the_link_follows_a_merge_to_a_survivor_that_nobody_has_read_yet(ledger: Ledger) -> None:
    link = account(ledger)
    ledger.accounts.move(HUBSPOT, hubspot_id(1), NativeId("9999"))
    survivor = get(ledger, "hubspot", "9999")
    assert survivor.link_id == link
    assert survivor.stamp is None
    assert survivor.observed == {"tier": "tier_1", "owner": None}


@pytest.mark.every_database
def test_a_survivor_that_has_a_link_keeps_it_and_the_other_is_told(ledger: Ledger) -> None:
    link, other = account(ledger, 1), account(ledger, 2)
    moved = ledger.accounts.move(HUBSPOT, hubspot_id(1), hubspot_id(2))
    assert moved == MovedLink(link_id=link, survivor_link_id=other)
    assert moved.left_behind
    assert [found.link.id for found in ledger.accounts.dirty()] == [link, other]


def test_a_merge_of_what_nobody_knows_changes_nothing(ledger: Ledger) -> None:
    assert ledger.accounts.move(HUBSPOT, "1", NativeId("2")) == MovedLink(link_id=None, survivor_link_id=None)
    link = account(ledger)
    assert ledger.accounts.move(HUBSPOT, "1", hubspot_id(1)) == MovedLink(link_id=None, survivor_link_id=link)


def test_a_merged_id_still_finds_the_account_through_two_merges(ledger: Ledger) -> None:
    link = account(ledger)
    ledger.accounts.move(HUBSPOT, hubspot_id(1), NativeId("9998"))
    ledger.accounts.move(HUBSPOT, "9998", NativeId("9999"))
    for id in (hubspot_id(1), "9998", "9999"):
        assert [found.link.id for found in ledger.accounts.find(id)] == [link]


def test_a_merge_told_twice_is_one(ledger: Ledger) -> None:
    link = account(ledger)
    ledger.accounts.move(HUBSPOT, hubspot_id(1), NativeId("9999"))
    again = ledger.accounts.move(HUBSPOT, hubspot_id(1), NativeId("9999"))
    assert again.survivor_link_id == link
    assert not again.left_behind
    assert get(ledger, "hubspot", "9999").link_id == link
