"""Records that were one account before go on where they stopped; strangers meet for the first time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sync.model.records import Link, LinkId, NativeId, Record, RecordKey, SystemName, Value
from sync.model.reunion import Parting, reunited

OLD, NEW = LinkId("tdmold"), LinkId("tdmnew")
LINK = Link(id=NEW, label="Acme", domain="acme.com", evidence="same domain acme.com")


def record(system: str, **current: Value) -> Record:
    return Record(system=SystemName(system), id=NativeId("1"), current=current)


def left(link_id: LinkId = OLD, **known: dict[str, Value]) -> Parting:
    nothing: dict[str, Value] = {}
    return Parting(
        link_id=link_id,
        base=known.get("base", {"tier": "tier_1"}),
        observed=known.get("observed", {"tier": "tier_1"}),
        echo=known.get("echo", nothing),
        current=known.get("current", {"tier": "tier_1"}),
    )


def of(*known: tuple[Record, Parting]) -> dict[RecordKey, Parting]:
    return {each.key: kept for each, kept in known}


def test_records_that_were_one_account_have_their_base_and_what_was_settled_again() -> None:
    a, b = record("a", tier="tier_2"), record("b", tier="tier_1")
    link, (again, other) = reunited(LINK, (a, b), of((a, left()), (b, left())))
    assert (link.id, link.base) == (NEW, {"tier": "tier_1"})
    assert (again.observed, other.observed) == ({"tier": "tier_1"}, {"tier": "tier_1"})
    assert not again.settled
    assert other.settled


def test_a_field_that_somebody_emptied_meanwhile_is_an_edit_although_it_was_never_settled() -> None:
    a, b = record("a", tier=None), record("b", tier="tier_3")
    unsettled = left(base={}, observed={})
    _, (again, other) = reunited(LINK, (a, b), of((a, unsettled), (b, unsettled)))
    assert (again.observed, other.observed) == ({"tier": "tier_1"}, {})


def test_a_value_of_ours_that_was_on_its_way_is_nobodys_word_when_the_records_meet_again() -> None:
    a, b = record("a", tier="tier_2"), record("b", tier="tier_4")
    carried = left(echo={"tier": "tier_2"}, current={"tier": "tier_2"})
    _, (again, other) = reunited(LINK, (a, b), of((a, carried), (b, carried)))
    assert (again.observed, again.echo) == ({"tier": "tier_1"}, {"tier": "tier_2"})
    # Somebody's answer to what we wrote.
    assert (other.observed, other.echo) == ({"tier": "tier_2"}, {})


def test_a_record_from_elsewhere_meets_them_for_the_first_time() -> None:
    a, b, c = (record(system, tier="tier_2") for system in "abc")
    known = of((a, left()), (b, left()), (c, left(NEW)))
    _, joined = reunited(replace(LINK, id=LinkId("tdmnone")), (a, b, c), known)
    assert [each.observed for each in joined] == [{"tier": "tier_1"}, {"tier": "tier_1"}, {}]


def test_the_link_that_opens_again_goes_on_and_not_another() -> None:
    a, b, c = (record(system, tier="tier_2") for system in "abc")
    known = of((a, left()), (b, left()), (c, left(NEW, base={"tier": "tier_3"})))
    link, joined = reunited(LINK, (a, b, c), known)
    assert link.base == {"tier": "tier_3"}
    assert [each.observed for each in joined] == [{}, {}, {"tier": "tier_1"}]


def test_where_two_links_could_go_on_neither_does() -> None:
    a, b = record("a", tier="tier_2"), record("b", tier="tier_2")
    known = of((a, left()), (b, left(LinkId("tdmother"))))
    assert reunited(LINK, (a, b), known) == (LINK, (a, b))


def test_records_of_which_nothing_is_kept_stay_as_they_are() -> None:
    a, b = record("a", tier="tier_2"), record("b", tier="tier_2")
    assert reunited(LINK, (a, b), {}) == (LINK, (a, b))


@pytest.mark.parametrize(("now", "echo"), [("tier_1", {"tier": "tier_1"}), ("tier_3", {})])
def test_an_open_link_that_has_gone_on_hears_of_a_record_that_returns_only_what_somebody_entered(
    now: str, echo: dict[str, str]
) -> None:
    standing = replace(LINK, id=OLD, base={"tier": "tier_2"}, stored=True)
    a = record("a", tier=now)
    link, (again,) = reunited(standing, (a,), of((a, left())))
    assert link is standing
    assert (again.observed, again.echo) == ({}, echo)


def test_records_that_left_at_different_times_agree_on_nothing_that_moved_between() -> None:
    a, b = record("a", tier="tier_1", owner="x"), record("b", tier="tier_2", owner="x")
    early = left(base={"tier": "tier_1", "owner": "x"}, observed={"tier": "tier_1", "owner": "x"})
    late = left(base={"tier": "tier_2", "owner": "x"}, observed={"tier": "tier_2", "owner": "x"})
    link, joined = reunited(LINK, (a, b), of((a, early), (b, late)))
    assert link.base == {"owner": "x"}
    assert [each.observed for each in joined] == [{"owner": "x"}, {"owner": "x"}]


def test_what_stood_in_a_field_that_is_not_read_any_more_says_nothing() -> None:
    a = record("a")
    _, (again,) = reunited(LINK, (a,), of((a, left(echo={"owner": "x"}))))
    assert (again.observed, again.echo) == ({}, {})
