"""Which Records matching must look at together."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync.ledger import Ledger
from sync.ledger.accounts import match_groups
from sync.ledger.database import transactions
from sync.ledger.database.tables import METADATA
from sync.model.records import Link, LinkId, Record, RecordState
from tests.ids import HUBSPOT, SALESFORCE
from tests.sync.ledger.makers import Statements, account, hubspot_id, record, salesforce_id


def groups(ledger: Ledger) -> list[list[str]]:
    return [[item.id for item in group] for group in ledger.accounts.unmatched_groups()]


def looked(ledger: Ledger) -> None:
    ledger.accounts.matched(item.key for group in ledger.accounts.unmatched_groups() for item in group)


def test_records_of_one_domain_are_looked_at_together(ledger: Ledger) -> None:
    ledger.accounts.put(
        [
            record(id="1"),
            record(id="2", domain="other.com"),
            record(id="3", system="hubspot"),
            record(id="4", system="salesforce_emea"),
        ]
    )
    assert groups(ledger) == [["3", "1", "4"], ["2"]]


def test_records_of_one_external_id_are_looked_at_together_whatever_their_domains(ledger: Ledger) -> None:
    ledger.accounts.put(
        [
            record(id="1", tandem_id="tdm1", domain="b.com"),
            record(id="2", tandem_id="tdm1", domain="a.com", system="hubspot"),
            record(id="3", tandem_id="tdm2", domain=None),
            record(id="4", tandem_id="tdm2", domain=None, system="hubspot"),
        ]
    )
    assert groups(ledger) == [["2", "1"], ["4", "3"]]


def test_a_record_that_shares_nothing_comes_alone(ledger: Ledger) -> None:
    ledger.accounts.put([record(id="1", domain=None), record(id="2", domain=None, system="hubspot")])
    assert groups(ledger) == [["2"], ["1"]]


def test_what_matching_has_looked_at_does_not_come_again_by_itself(ledger: Ledger) -> None:
    ledger.accounts.put([record(id="1"), record(id="2", domain=None)])
    looked(ledger)
    assert groups(ledger) == []


@pytest.mark.every_database
def test_a_newcomer_brings_those_of_its_domain_that_were_looked_at_before(ledger: Ledger) -> None:
    ledger.accounts.put([record(id="1"), record(id="other", domain="other.com")])
    looked(ledger)
    ledger.accounts.put([record(id="2", system="hubspot")])
    assert groups(ledger) == [["2", "1"]]


def test_a_duplicate_of_a_linked_record_brings_the_whole_link(ledger: Ledger) -> None:
    account(ledger, 1)
    elsewhere = ledger.accounts.record(HUBSPOT, hubspot_id(1))
    assert elsewhere is not None
    ledger.accounts.put([replace(elsewhere, domain="acme.de")])
    looked(ledger)
    ledger.accounts.put([record(id="duplicate", system="hubspot", domain="acme1.com")])
    assert groups(ledger) == [[hubspot_id(1), "duplicate", salesforce_id(1)]]


def test_an_external_id_brings_the_link_that_it_names(ledger: Ledger) -> None:
    link = account(ledger, 1)
    ledger.accounts.put([record(id="third", system="pipedrive", domain=None, tandem_id=link)])
    assert groups(ledger) == [[hubspot_id(1), "third", salesforce_id(1)]]


@pytest.mark.parametrize("state", [RecordState.DELETED, RecordState.MERGED, RecordState.INVISIBLE])
def test_a_record_that_does_not_stand_is_not_matched(ledger: Ledger, state: RecordState) -> None:
    ledger.accounts.put([record(id="1"), record(id="2", system="hubspot", state=state)])
    assert groups(ledger) == [["1"]]


@pytest.mark.every_database
@pytest.mark.parametrize(
    "change",
    [{"name": "Acme Inc."}, {"domain": "acme.de"}, {"tandem_id": "tdm7"}],
    ids=lambda change: next(iter(change)),
)
def test_a_change_of_what_matching_looks_at_calls_for_it(ledger: Ledger, change: dict[str, str]) -> None:
    ledger.accounts.put([record(id="1")])
    looked(ledger)
    ledger.accounts.put([record(id="1", **change)])
    assert groups(ledger) == [["1"]]


def test_a_value_that_changed_may_bring_a_record_into_scope(ledger: Ledger) -> None:
    ledger.accounts.put([record(id="1")])
    looked(ledger)
    ledger.accounts.put([record(id="1", stamp=None)])
    assert groups(ledger) == []
    ledger.accounts.put([record(id="1", current={"tier": "tier_3"})])
    assert groups(ledger) == [["1"]]


def test_a_value_of_a_linked_record_is_no_business_of_matching(ledger: Ledger) -> None:
    account(ledger)
    ledger.accounts.put([replace(found, current={"tier": "tier_3"}) for found in stored(ledger, 1)])
    assert groups(ledger) == []


def test_our_own_external_id_on_a_linked_record_does_not_call_for_matching(ledger: Ledger) -> None:
    link = account(ledger)
    stored = ledger.accounts.record(HUBSPOT, hubspot_id(1))
    assert stored is not None
    ledger.accounts.put([replace(stored, tandem_id=link)])
    assert groups(ledger) == []


@pytest.mark.every_database
def test_a_record_that_comes_back_is_matched_again(ledger: Ledger) -> None:
    ledger.accounts.put([record(id="1")])
    looked(ledger)
    ledger.accounts.put([record(id="1", state=RecordState.INVISIBLE)])
    assert groups(ledger) == []
    ledger.accounts.put([record(id="1")])
    assert groups(ledger) == [["1"]]


def test_a_record_that_lost_its_link_is_matched_again(ledger: Ledger) -> None:
    account(ledger)
    ledger.accounts.put([replace(found, link_id=None) for found in stored(ledger, 1)])
    assert groups(ledger) == [[hubspot_id(1), salesforce_id(1)]]


def stored(ledger: Ledger, number: int) -> list[Record]:
    found = [
        ledger.accounts.record(HUBSPOT, hubspot_id(number)),
        ledger.accounts.record(SALESFORCE, salesforce_id(number)),
    ]
    return [item for item in found if item is not None]


def test_matching_can_link_while_it_reads_groups(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(match_groups, "CHUNK", 2)
    for number in range(7):
        ledger.accounts.put(
            [
                record(id=f"{number}", domain=f"acme{number}.com"),
                record(id=f"h{number}", domain=f"acme{number}.com", system="hubspot"),
            ]
        )
    for number, group in enumerate(ledger.accounts.unmatched_groups()):
        link = Link(id=LinkId(f"tdm{number}"), label="Acme", domain=group[0].domain, evidence="same domain")
        ledger.accounts.link([(link, [item.key for item in group])])
    assert ledger.accounts.open_links() == 7
    assert groups(ledger) == []


def test_a_page_of_groups_takes_a_handful_of_statements(ledger: Ledger, statements: Statements) -> None:
    ledger.accounts.put(
        record(id=f"{number}", domain=f"acme{number // 2}.com") for number in range(2 * transactions.CHUNK)
    )
    with statements() as sent:
        found = groups(ledger)
    assert len(found) == transactions.CHUNK
    assert len(sent) <= 8


Shape = tuple[int, int, int, bool]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    shapes=st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 2), st.booleans()), max_size=8
    ),
    page=st.integers(1, 3),
)
def test_each_new_record_comes_once_with_all_that_it_is_tied_to(
    ledger: Ledger, shapes: list[Shape], page: int
) -> None:
    empty(ledger)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(match_groups, "CHUNK", page)
        made = [stored_as(ledger, number, shape) for number, shape in enumerate(shapes)]
        ledger.accounts.matched(item.key for item in made)
        new = [replace(item, name="changed") for item, shape in zip(made, shapes, strict=True) if shape[-1]]
        ledger.accounts.put(new)
        found = [{item.id for item in group} for group in ledger.accounts.unmatched_groups()]
    expected = components(new)
    assert len(found) == len(expected)
    for together in expected:
        around = {item.id for item in made for one in together if tied(item, one)}
        assert any({item.id for item in together} | around <= group for group in found)


def empty(ledger: Ledger) -> None:
    with ledger._store.writing() as connection:
        for table in reversed(METADATA.sorted_tables):
            connection.execute(table.delete())


def stored_as(ledger: Ledger, number: int, shape: Shape) -> Record:
    """A record of a System of its own; zero is "none": of a domain, an external id, a Link."""
    domain, key, link, _ = shape
    made = record(
        id=f"{number}",
        system=f"system{number}",
        domain=f"d{domain}.com" if domain else None,
        tandem_id=f"tdm{key}" if key else None,
    )
    ledger.accounts.put([made])
    if link:
        held = Link(id=LinkId(f"tdm{link}"), label="x", domain=None, evidence="x")
        ledger.accounts.link([(held, [made.key])])
    known = ledger.accounts.record(made.system, made.id)
    assert known is not None
    return known


def tied(one: Record, other: Record) -> bool:
    keys = {one.tandem_id, one.link_id} - {None}
    return (one.domain is not None and one.domain == other.domain) or bool(
        keys & {other.tandem_id, other.link_id}
    )


def components(new: list[Record]) -> list[list[Record]]:
    found: list[list[Record]] = []
    for item in new:
        touched = [group for group in found if any(tied(item, one) for one in group)]
        found = [group for group in found if group not in touched]
        found.append([item, *(one for group in touched for one in group)])
    return found


@pytest.mark.every_database
def test_records_that_share_any_of_their_domains_are_looked_at_together(ledger: Ledger) -> None:
    ledger.accounts.put(
        [
            record(id="1", domain="acme.com"),
            record(id="2", system="hubspot", domain="acme.io", more_domains=("acme.com", "acme.net")),
            record(id="3", system="salesforce_emea", domain="acme.net"),
        ]
    )
    assert groups(ledger) == [["2", "1", "3"]]
    looked(ledger)
    # A domain that it names no longer binds it to nobody.
    ledger.accounts.put(
        [
            record(id="2", system="hubspot", domain="acme.io", sites=("shop1.acme.io",)),
            record(id="4", domain="acme.net"),
        ]
    )
    assert groups(ledger) == [["2"], ["4", "3"]]
    (stored,) = ledger.accounts.records(HUBSPOT, ["2"]).values()
    assert (stored.more_domains, stored.sites) == ((), ("shop1.acme.io",))
