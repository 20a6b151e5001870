"""A plan shows first which records become one account, the least alike on top."""

import io
from datetime import UTC, datetime

from rich.console import Console

from commands.views.plan import plan_view
from sync.core.matching.grounds import Ground, grounds
from sync.core.matching.match import Proposal, propose_link
from sync.core.plan import Plan
from sync.model.records import NativeId, Record, SystemName
from tests.ids import HUBSPOT, SALESFORCE


def record(system: SystemName, id: str, name: str, domain: str) -> Record:
    return Record(system=system, id=NativeId(id), name=name, domain=domain)


def proposal(kind: Ground, one: Record, *others: Record) -> Proposal:
    members = (one, *others)
    link = propose_link(members, evidence=kind.value)
    return Proposal(link=link, members=members, grounds=grounds(kind, members, kind.value))


#: Written by Tandem's id, whatever the names say.
UNLIKE = proposal(
    Ground.TANDEM_ID,
    record(HUBSPOT, "1", "Zebra Foods", "zebra.com"),
    record(SALESFORCE, "2", "Amazon Web Services", "amazon.com"),
)
ALIKE = proposal(
    Ground.DOMAIN_AND_NAMES,
    record(HUBSPOT, "3", "Acme Inc.", "acme.com"),
    record(SALESFORCE, "4", "Acme", "acme.com"),
)
ALONE = proposal(Ground.ALONE, record(HUBSPOT, "5", "Lonely Ltd", "lonely.com"))


def shown(*proposals: Proposal, accounts: int | None = None, width: int = 120) -> str:
    made = Plan(created_at=datetime(2026, 3, 2, tzinfo=UTC), identities={}, proposals=proposals)
    console = Console(file=io.StringIO(), width=width)
    console.print(plan_view(made, accounts=accounts))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_records_with_unlike_names_stand_on_top_with_names_websites_and_evidence() -> None:
    told = shown(ALIKE, UNLIKE)
    assert told.index("Amazon Web Services") < told.index("Acme Inc.")
    for piece in ("Zebra Foods", "zebra.com", "amazon.com", "same Tandem id", "same domain and name"):
        assert piece in told


def test_a_record_that_becomes_an_account_of_its_own_is_no_pair_to_look_at() -> None:
    assert "Lonely Ltd" not in shown(ALONE)


def test_what_is_not_shown_is_counted() -> None:
    told = shown(ALIKE, UNLIKE, accounts=1)
    assert "Acme Inc." not in told
    assert "1 more new Link, more alike (--all shows them)" in told


def test_a_website_stands_in_one_piece_at_80_columns() -> None:
    long = proposal(
        Ground.DOMAIN_AND_NAMES,
        record(HUBSPOT, "6", "Ember Logistics", "emberlogistics-and-freight.de"),
        record(SALESFORCE, "7", "Ember Logistics Group", "emberlogistics-and-freight.de"),
    )
    assert shown(long, width=80).count("emberlogistics-and-freight.de") == 2
