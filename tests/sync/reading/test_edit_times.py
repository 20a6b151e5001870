"""What is asked of histories, stamps and our own journal about a contested field, and what counts of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from connector.base import Version
from mappings.fields import CanonicalField, FieldType, OnConflict, SyncRule
from mappings.systems import SystemMapping
from sync.ledger.ledger import Ledger
from sync.model.journal import Event, FieldWrite, Write, WriteState
from sync.model.records import (
    Covered,
    Edited,
    Evidence,
    LinkedField,
    LinkId,
    NativeId,
    Record,
    RecordField,
    SystemName,
    Value,
)
from sync.model.spelling import Spelling
from sync.reading.edit_times import look_up
from sync.system_session import SystemSession
from tests.ids import HUBSPOT, SALESFORCE
from tests.sync.core.desk import NOON, PEOPLE, TIERS, a_field, a_mapping, a_record, an_account, spellings

US, ANN = "005TANDEM", "005ANN"
LINK = LinkId("tdm1")
NEWEST = SyncRule(on_conflict=OnConflict.parse("newest"))
FIELDS: dict[str, CanonicalField] = {
    "tier": a_field("tier", FieldType.ENUM, options=TIERS, rule=NEWEST),
    "size": a_field("size", FieldType.NUMBER),
}
MAPPING = a_mapping(FIELDS, ("salesforce", "hubspot"))
SPELLINGS = spellings(MAPPING)
KEY = RecordField(SALESFORCE, NativeId("1"), "tier")


def at(minutes: int) -> datetime:
    return NOON + timedelta(minutes=minutes)


@dataclass
class Crm:
    """A System that answers from a table, and remembers what it was asked."""

    name: SystemName = SALESFORCE
    #: Native field -> versions of record 1, the newest first.
    kept: Mapping[str, Sequence[Version]] = field(default_factory=dict)
    tracked: frozenset[str] = frozenset()
    acting_as: str | None = US
    directory: Any = PEOPLE
    asked: list[tuple[Sequence[str], Sequence[str]]] = field(default_factory=list)

    @property
    def connector(self) -> Crm:
        return self

    @property
    def system(self) -> SystemMapping:
        return MAPPING.systems[self.name]

    @property
    def spelling(self) -> Spelling:
        return SPELLINGS[self.name]

    def history(
        self, object: str, fields: Sequence[str], ids: Sequence[str]
    ) -> Mapping[str, Mapping[str, Sequence[Version]]]:
        self.asked.append((fields, ids))
        return {"1": self.kept} if "1" in ids else {}

    def remembers(self, object: str) -> frozenset[str]:
        return self.tracked


@dataclass
class Journal:
    """A ledger with nothing but what was edited and what was written."""

    edits: Iterable[Event] = ()
    wrote: Iterable[Write] = ()

    def opened(self) -> Ledger:
        events = SimpleNamespace(of_links=lambda ids, *, kind: list(self.edits))
        writes = SimpleNamespace(of_links=lambda ids: list(self.wrote))
        return cast(Ledger, SimpleNamespace(events=events, writes=writes))


def stands(value: Value = "tier_1", **more: object) -> Record:
    given: dict[str, object] = {"current": {"tier": value}, "stamp": at(60), "modified_by": ANN}
    return replace(a_record("salesforce"), **{**given, **more})  # type: ignore[arg-type]


def version(value: str, minutes: int, *, by: str = ANN) -> Version:
    return Version(value=value, at=at(minutes), by=by, by_app=by == US)


def kept(*versions: Version) -> Mapping[str, Sequence[Version]]:
    return {"tier__c": versions}


def an_edit(value: Value, minutes: int, *, by: str | None = ANN, system: SystemName = SALESFORCE) -> Event:
    return Event(kind="edited", link_id=LINK, system=system, field="tier", new=value, by=by, at=at(minutes))


def a_write(value: Value, minutes: int, **more: Any) -> Write:
    made = Write(
        id=1,
        run_id="run",
        link_id=LINK,
        system=SALESFORCE,
        kind="update",
        native_id=NativeId("1"),
        fields={"tier": FieldWrite(value=value)},
        state=WriteState.CONFIRMED,
        intended_at=at(minutes),
        settled_at=None,
        refusal=None,
    )
    return replace(made, **more)


def known(
    record: Record | None = None, crm: Crm | None = None, journal: Journal | None = None
) -> Edited | None:
    """What is known of the edit behind the tier that stands in salesforce."""
    crm = crm or Crm()
    found = look_up(
        (journal or Journal()).opened(),
        {crm.name: cast(SystemSession, crm)},
        FIELDS,
        {LINK: an_account(record or stands())},
        [LinkedField(LINK, "tier")],
    )
    return found.get(KEY)


# -- histories ------------------------------------------------------------------------------------------------


def test_a_value_is_as_old_as_the_version_that_brought_it_and_whose_it_was() -> None:
    crm = Crm(kept=kept(version("tier_1", 30), version("tier_1", 20), version("tier_2", 10)))
    assert known(crm=crm) == Edited(at=at(20), by=ANN, evidence=Evidence.FIELD_HISTORY)


def test_of_a_value_that_stood_there_twice_the_last_time_counts() -> None:
    crm = Crm(kept=kept(version("tier_1", 30), version("tier_2", 20), version("tier_1", 10)))
    found = known(crm=crm)
    assert found is not None
    assert found.at == at(30)


def test_a_history_that_does_not_hold_the_value_yet_tells_nothing_of_it() -> None:
    assert known(crm=Crm(kept=kept(version("tier_2", 30)))) is None


def test_a_covered_edit_counts_in_place_of_what_stands_there() -> None:
    crm = Crm(kept=kept(version("tier_1", 30, by=US), version("tier_3", 20), version("tier_2", 10)))
    covered = Covered(value="tier_3", instead_of="tier_2", at=at(20), by=ANN)
    assert known(stands(covered={"tier": covered}), crm) == Edited(
        at=at(20), by=ANN, evidence=Evidence.FIELD_HISTORY
    )


def test_a_version_of_ours_has_the_time_of_the_edit_that_we_carried() -> None:
    crm = Crm(kept=kept(version("tier_1", 30, by=US), version("tier_2", 10)))
    found = known(crm=crm, journal=Journal(edits=[an_edit("tier_1", 25, system=HUBSPOT)]))
    assert found is not None
    assert (found.at, found.evidence) == (at(25), Evidence.STAMP)


def test_a_version_of_ours_that_put_a_value_back_has_the_time_of_the_edit_before() -> None:
    crm = Crm(kept=kept(version("tier_1", 30, by=US), version("tier_2", 20), version("tier_1", 10)))
    assert known(crm=crm) == Edited(at=at(10), by=ANN, evidence=Evidence.FIELD_HISTORY)


def test_a_persons_own_version_counts_whatever_somebody_entered_elsewhere_a_moment_later() -> None:
    crm = Crm(kept=kept(version("tier_1", 20), version("tier_2", 10)))
    found = known(crm=crm, journal=Journal(edits=[an_edit("tier_1", 21, system=HUBSPOT)]))
    assert found == Edited(at=at(20), by=ANN, evidence=Evidence.FIELD_HISTORY)


# -- our own journal ------------------------------------------------------------------------------------------


def test_a_value_that_we_wrote_has_the_time_of_the_edit_that_we_carried_also_without_a_history() -> None:
    journal = Journal(wrote=[a_write("tier_1", 30)], edits=[an_edit("tier_1", 25, system=HUBSPOT)])
    found = known(journal=journal)
    assert found is not None
    assert found.at == at(25)


@pytest.mark.parametrize(
    "write",
    [
        a_write("tier_2", 30),
        a_write("tier_1", 30, state=WriteState.REFUSED),
        a_write("tier_1", 30, system=HUBSPOT),
        a_write("tier_1", 30, link_id=LinkId("tdm2")),
        a_write("tier_1", 30, fields={"size": FieldWrite(value="tier_1")}),
    ],
    ids=["another value", "refused", "another System", "another account", "another field"],
)
def test_a_write_that_did_not_bring_the_value_says_nothing_of_it(write: Write) -> None:
    assert known(journal=Journal(wrote=[write])) is None


def test_an_edit_that_was_read_after_we_wrote_the_same_is_somebodys_own() -> None:
    found = known(journal=Journal(wrote=[a_write("tier_1", 30)], edits=[an_edit("tier_1", 40)]))
    assert found == Edited(at=at(40), by=None, evidence=Evidence.STAMP)


# -- stamps ---------------------------------------------------------------------------------------------------


def test_a_value_has_the_stamp_of_the_version_in_which_it_was_first_read() -> None:
    assert known(journal=Journal(edits=[an_edit("tier_1", 40)])) == Edited(at=at(40))
    # The record may have been saved since for another field; younger than its stamp the value is not.
    assert known(journal=Journal(edits=[an_edit("tier_1", 60)])) == Edited(at=at(60), by=ANN)
    assert known(journal=Journal(edits=[an_edit("tier_1", 90)])) == Edited(at=at(60), by=ANN)


def test_a_value_that_was_first_read_under_our_own_stamp_is_older_than_that() -> None:
    found = known(journal=Journal(edits=[an_edit("tier_1", 40, by=None)]))
    assert found is not None
    assert (found.at, found.evidence, found.or_earlier) == (at(40), Evidence.CARRIED, True)
    # A System that never says who saved a record does not say that it was us.
    anonymous = known(stands(modified_by=None), journal=Journal(edits=[an_edit("tier_1", 40, by=None)]))
    assert anonymous is not None
    assert anonymous.evidence is Evidence.STAMP


def test_the_first_reading_of_another_value_field_or_system_says_nothing() -> None:
    others = [
        an_edit("tier_2", 40),
        replace(an_edit("tier_1", 40), field="size"),
        an_edit("tier_1", 40, system=HUBSPOT),
        replace(an_edit("tier_1", 40), link_id=LinkId("tdm2")),
    ]
    for other in others:
        assert known(journal=Journal(edits=[other])) is None


def test_a_stamp_that_we_left_tells_of_no_time_and_one_of_somebody_else_is_left_to_the_record() -> None:
    assert known(stands(modified_by=US)) == Edited(at=None)
    assert known(stands(modified_by=ANN)) is None
    assert known(stands(modified_by=None), Crm(acting_as=None)) is None


def test_a_history_that_remembers_every_edit_and_none_of_this_value_tells_that_it_is_older() -> None:
    tracked = Crm(tracked=frozenset({"tier__c"}))
    assert known(crm=tracked) == Edited(at=at(60), evidence=Evidence.NO_EDIT_KNOWN)
    seen = Journal(edits=[an_edit("tier_1", 40)])
    assert known(crm=tracked, journal=seen) == Edited(at=at(40), evidence=Evidence.NO_EDIT_KNOWN)
    assert known(crm=Crm(tracked=frozenset({"size__c"}))) is None


# -- what is asked --------------------------------------------------------------------------------------------


def test_only_records_that_hold_the_field_are_asked_for_and_each_once() -> None:
    crm = Crm()
    accounts = {
        LinkId(f"tdm{n}"): an_account(
            stands(id=NativeId(f"{n}")), a_record("hubspot", current={"tier": "tier_2"})
        )
        for n in (1, 2)
    }
    accounts[LinkId("tdm3")] = an_account(a_record("salesforce", id="3", current={"size": "1"}))
    accounts[LinkId("tdm4")] = an_account(a_record("hubspot", current={"tier": "tier_2"}))
    contested = [LinkedField(link_id, "tier") for link_id in accounts]
    look_up(Journal().opened(), {SALESFORCE: cast(SystemSession, crm)}, FIELDS, accounts, contested)
    assert crm.asked == [(["tier__c"], ["1", "2"])]


def test_nothing_is_asked_where_nothing_is_contested() -> None:
    crm = Crm()
    assert look_up(Journal().opened(), {SALESFORCE: cast(SystemSession, crm)}, FIELDS, {}, []) == {}
    assert crm.asked == []


def test_what_only_people_read_is_asked_for_so_many_accounts_and_what_a_rule_needs_for_all() -> None:
    crm = Crm()
    accounts = {
        LinkId(f"tdm{n:03}"): an_account(
            stands(id=NativeId(f"{n:03}"), current={"tier": "tier_1", "size": "1"})
        )
        for n in range(205)
    }
    for name, asked in (("size", 200), ("tier", 205)):
        crm.asked.clear()
        contested = [LinkedField(link_id, name) for link_id in accounts]
        look_up(Journal().opened(), {SALESFORCE: cast(SystemSession, crm)}, FIELDS, accounts, contested)
        ((_, ids),) = crm.asked
        assert list(ids) == sorted(f"{n:03}" for n in range(asked))
