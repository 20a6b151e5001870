"""What of several candidates fits best, and by what that is known."""

from __future__ import annotations

import pytest

from sync.core.matching.best_fit import closest
from sync.model.records import Record


def record(key: str, name: str = "Acme", **more: object) -> Record:
    system, _, id = key.partition(":")
    return Record(system=system, id=id, name=name, **more)  # type: ignore[arg-type]


def told(*records: Record) -> tuple[list[str], str]:
    found = closest(records)
    return [one.id for one in found.records], found.why


@pytest.mark.parametrize(
    ("account", "better", "other", "why"),
    [
        ({"link_id": "tdmX"}, {"link_id": "tdmX"}, {}, "linked already"),
        ({"tandem_id": "tdmX"}, {"tandem_id": "tdmX"}, {}, "they carry the same Tandem id"),
        ({"domain": "acme.com"}, {"domain": "acme.com"}, {}, "they share a domain"),
        ({}, {"name": "Acme Inc."}, {"name": "Acme Berlin"}, "names 100% alike, the next 53%"),
        (
            {"current": {"tier": "tier_1", "owner": "a@x.example"}},
            {"current": {"tier": "tier_1", "owner": None}},
            {"current": {"tier": "tier_2", "owner": None}},
            "1 of their values alike, the next 0",
        ),
    ],
)
def test_the_best_is_named_with_what_sets_it_above_the_next(
    account: dict[str, object], better: dict[str, object], other: dict[str, object], why: str
) -> None:
    group = [
        record("salesforce:1", **account),  # type: ignore[arg-type]
        record("hubspot:8", **other),  # type: ignore[arg-type]
        record("hubspot:9", **better),  # type: ignore[arg-type]
    ]
    assert told(*group) == (["9", "1"], why)
    assert told(*reversed(group)) == (["9", "1"], why)


def test_several_in_both_systems_are_weighed_in_every_way() -> None:
    group = [
        record("salesforce:1", "Acme Berlin"),
        record("salesforce:2", "Acme"),
        record("hubspot:8", "Acme Paris"),
        record("hubspot:9", "ACME"),
    ]
    assert told(*group)[0] == ["9", "2"]


def test_where_nothing_tells_them_apart_that_is_said() -> None:
    assert told(record("salesforce:1"), record("hubspot:8"), record("hubspot:9")) == (
        [],
        "nothing tells them apart",
    )


def test_duplicates_that_no_other_system_has_are_to_be_merged_where_they_are() -> None:
    assert told(record("hubspot:8"), record("hubspot:9")) == (
        [],
        "no other System has it; merge them in hubspot, or keep them apart",
    )


def test_a_hundred_duplicates_on_each_side_are_not_weighed() -> None:
    many = [record(f"{system}:{n}") for system in ("hubspot", "salesforce") for n in range(100)]
    assert told(*many) == ([], "too many to weigh")


def test_one_of_each_system_leaves_nothing_to_weigh() -> None:
    assert told(record("salesforce:1"), record("hubspot:9")) == (["9", "1"], "the only one in each System")
