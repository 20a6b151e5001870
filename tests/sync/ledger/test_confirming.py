"""What is stored of a row that was written, refused, overtaken or never answered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, cast

import pytest

from connector.base import Limits, NativeRecord, RowUpdate, WriteResult
from connector.errors import Refusal, Unavailable
from mappings.fields import CanonicalField, FieldType
from mappings.systems import SystemMapping
from sync.core.diff import Why
from sync.core.plan import Agreement, Change, Create, Plan
from sync.ledger import Ledger
from sync.model.journal import Write, WriteState
from sync.model.records import Base, Covered, LinkId, NativeId, Record, SystemName, Value
from sync.model.spelling import Spelling
from sync.model.users import UserDirectory
from sync.reading.pull import Puller
from sync.system_session import SystemSession
from sync.writing.apply import Applied, Applier
from tests.ids import HUBSPOT
from tests.sync.core.desk import NOON, TIERS, a_field, a_mapping, spellings
from tests.sync.ledger.makers import account, hubspot_id

FIELDS: dict[str, CanonicalField] = {
    "tier": a_field("tier", FieldType.ENUM, options=TIERS),
    "size": a_field("size", FieldType.NUMBER),
}
MAPPING = a_mapping(FIELDS, ("salesforce", "hubspot"))
SPELLINGS = spellings(MAPPING)
ANN = "77"
REFUSED = Refusal(code="INVALID_OPTION", message="tier_2 is not allowed", fields=("tier__c",))


@dataclass
class Crm:
    """A System that answers each call with what it was told to, and keeps the rows."""

    answers: list[list[WriteResult] | Exception]
    name: SystemName = HUBSPOT
    acting_as: str | None = "app"
    directory: UserDirectory = field(default_factory=lambda: UserDirectory(()))
    limits: Limits = field(
        default_factory=lambda: Limits(write_batch=100, read_batch=100, page=100, guarded=10)
    )
    sent: list[Sequence[RowUpdate]] = field(default_factory=list)
    #: What another look at the rows shows.
    now: Mapping[str, Record] = field(default_factory=dict)
    #: Its histories cannot be asked for.
    silent: bool = False

    @property
    def connector(self) -> Crm:
        return self

    @property
    def system(self) -> SystemMapping:
        return MAPPING.systems[self.name]

    @property
    def spelling(self) -> Spelling:
        return SPELLINGS[self.name]

    def names_people(self, fields: Iterable[str]) -> bool:
        return False

    def read_again(self, ids: Iterable[str], **_: object) -> Mapping[str, Record]:
        return {id: self.now[id] for id in ids if id in self.now}

    def read_by_link(self, ids: Iterable[str], **_: object) -> Mapping[str, Record]:
        return {}

    def history(self, object: str, fields: Sequence[str], ids: Sequence[str]) -> Mapping[str, Any]:
        if self.silent:
            raise Unavailable("no answer")
        return {}

    def update(
        self, object: str, rows: Sequence[RowUpdate], *, watch: Sequence[str], begun: Callable[[str], None]
    ) -> list[WriteResult]:
        self.sent.append(rows)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


ID = hubspot_id(1)


def a_change(name: str = "tier", value: Value = "tier_2", expected: Value = "tier_1") -> Change:
    return Change(
        link_id=LinkId("tdm001"),
        label="Acme 1",
        system=HUBSPOT,
        record_id=NativeId(ID),
        field=name,
        expected=expected,
        value=value,
        why=Why.EDITED,
    )


AGREED = Agreement(
    link_id=LinkId("tdm001"),
    field="tier",
    base=Base("tier_2"),
    observed={HUBSPOT: "tier_2"},
    after=(HUBSPOT,),
    why=Why.EDITED,
)


def stood(tier: Value, **more: Any) -> NativeRecord:
    return NativeRecord(id=ID, values={"tier__c": tier, **more}, modified_at=NOON, modified_by=ANN)


def an_applier(ledger: Ledger, crm: Crm, run_id: str, **more: Any) -> Applier:
    return Applier(ledger, {HUBSPOT: cast(SystemSession, crm)}, {HUBSPOT: cast(Puller, crm)}, run_id, **more)


def carried_out(
    ledger: Ledger, crm: Crm, *changes: Change, age: timedelta = timedelta()
) -> tuple[Applied, list[Write], Record]:
    """What came of writing these Changes, or the tier alone."""
    account(ledger)
    run = ledger.runs.start("sync", "tandem sync")
    applier = an_applier(ledger, crm, run.id, age=lambda: age)
    plan = Plan(created_at=NOON, identities={}, changes=changes or (a_change(),), agreements=(AGREED,))
    applied = applier.apply(plan)
    return applied, ledger.writes.of_run(run.id), ledger.accounts.records(HUBSPOT, [ID])[ID]


def base(ledger: Ledger) -> Value | None:
    found = ledger.accounts.by_link(LinkId("tdm001"))
    assert found is not None
    return found.link.base.get("tier")


def test_a_row_that_was_written_is_known_as_ours_and_settles(ledger: Ledger) -> None:
    crm = Crm([[WriteResult(id=ID, not_before=NOON)]])
    applied, (write,), record = carried_out(ledger, crm)
    assert write.state is WriteState.CONFIRMED
    assert (record.current["tier"], record.observed["tier"]) == ("tier_2", "tier_2")
    assert (record.echo["tier"], record.not_before) == ("tier_2", NOON)
    assert (set(applied.confirmed), base(ledger)) == ({("tdm001", HUBSPOT)}, "tier_2")


def test_what_the_system_says_that_it_holds_is_what_stands_there(ledger: Ledger) -> None:
    crm = Crm([[WriteResult(id=ID, stored={"tier__c": "tier_3"})]])
    _, _, record = carried_out(ledger, crm)
    assert (record.current["tier"], record.observed["tier"], record.echo["tier"]) == 3 * ("tier_3",)


def test_a_refused_row_is_held_and_settles_nothing(ledger: Ledger) -> None:
    crm = Crm([[WriteResult(id=ID, refusal=REFUSED)]])
    applied, (write,), record = carried_out(ledger, crm)
    assert (write.state, write.refusal) == (WriteState.REFUSED, REFUSED)
    assert (record.current["tier"], record.observed["tier"], dict(record.echo)) == ("tier_1", "tier_1", {})
    assert [(hold.field, hold.code) for hold in applied.held] == [("tier", "INVALID_OPTION")]
    assert (applied.confirmed, base(ledger), len(crm.sent)) == ({}, None, 1)


def test_what_was_not_refused_of_a_row_is_sent_again_without_the_rest(ledger: Ledger) -> None:
    crm = Crm([[WriteResult(id=ID, refusal=REFUSED)], [WriteResult(id=ID)]])
    _, writes, record = carried_out(ledger, crm, a_change(), a_change("size", "40", None))
    assert [write.state for write in writes] == [WriteState.REFUSED, WriteState.CONFIRMED]
    assert [set(rows[0].values) for rows in crm.sent] == [{"tier__c", "size__c"}, {"size__c"}]
    assert (record.current["tier"], record.current["size"], base(ledger)) == ("tier_1", "40", None)


def test_a_row_that_somebody_overtook_in_this_field_waits_for_the_next_run(ledger: Ledger) -> None:
    crm = Crm([[WriteResult(id=ID, overtaken=True, before=stood("tier_3"))]])
    _, (write,), record = carried_out(ledger, crm)
    assert (write.state, len(crm.sent), base(ledger)) == (WriteState.SUPERSEDED, 1, None)
    assert record.current["tier"] == "tier_1"


def test_a_row_that_was_overtaken_in_another_field_is_sent_again_from_what_stands_now(ledger: Ledger) -> None:
    crm = Crm([[WriteResult(id=ID, overtaken=True, before=stood("tier_1"))], [WriteResult(id=ID)]])
    _, writes, _ = carried_out(ledger, crm)
    assert [write.state for write in writes] == [WriteState.SUPERSEDED, WriteState.CONFIRMED]
    assert crm.sent[1][0].unless_after == NOON
    assert base(ledger) == "tier_2"


def test_a_row_of_which_nothing_is_told_but_that_it_was_overtaken_is_not_sent_again(ledger: Ledger) -> None:
    crm = Crm([[WriteResult(id=ID, overtaken=True)]])
    _, (write,), _ = carried_out(ledger, crm)
    assert (write.state, len(crm.sent)) == (WriteState.SUPERSEDED, 1)


def test_an_edit_that_the_call_saw_right_before_is_kept_to_be_decided(ledger: Ledger) -> None:
    crm = Crm([[WriteResult(id=ID, before=stood("tier_3"))]])
    _, _, record = carried_out(ledger, crm)
    assert record.covered == {"tier": Covered(value="tier_3", instead_of="tier_1", at=NOON, by=ANN)}
    (told,) = [event for event in ledger.events.of_link(LinkId("tdm001"), "tier") if event.kind == "covered"]
    assert (told.old, told.new) == ("tier_3", "tier_2")


@pytest.mark.parametrize(
    ("result", "unchecked"),
    [
        (WriteResult(id=ID), True),
        (WriteResult(id=ID, before=stood("tier_1")), False),
        (WriteResult(id=ID, before=stood("tier_2")), True),
        (WriteResult(id=ID, refusal=REFUSED), False),
        (WriteResult(id=ID, overtaken=True), False),
    ],
    ids=["saw nothing", "saw what was expected", "saw itself", "refused", "overtaken"],
)
def test_a_write_is_looked_up_later_where_the_call_could_not_see_what_it_covered(
    ledger: Ledger, result: WriteResult, unchecked: bool
) -> None:
    _, writes, _ = carried_out(ledger, Crm([[result]]))
    assert ledger.writes.unchecked(HUBSPOT) == (writes if unchecked else [])


@pytest.mark.parametrize("maybe_done", [False, True])
def test_a_row_of_which_nobody_can_tell_stays_open_and_settles_nothing(
    ledger: Ledger, maybe_done: bool
) -> None:
    crm = Crm([Unavailable("no answer", maybe_done=maybe_done)], silent=True)
    applied, (write,), record = carried_out(ledger, crm)
    assert write.state is WriteState.INTENDED
    assert ledger.writes.open() == [write]
    assert isinstance(applied.errors[HUBSPOT], Unavailable)
    assert (record.current["tier"], base(ledger)) == ("tier_1", None)


def test_a_row_whose_answer_was_lost_is_sent_again_only_where_what_it_replaces_still_stands(
    ledger: Ledger,
) -> None:
    there = Record(system=HUBSPOT, id=NativeId(ID), current={"tier": "tier_1", "size": "70"})
    crm = Crm([Unavailable("no answer", maybe_done=True), [WriteResult(id=ID)]], now={ID: there})
    applied, writes, _ = carried_out(ledger, crm, a_change(), a_change("size", "40", None))
    assert [(write.state, set(write.fields)) for write in writes] == [
        (WriteState.SUPERSEDED, {"tier", "size"}),
        (WriteState.CONFIRMED, {"tier"}),
    ]
    assert [change.field for change in applied.moved] == ["size"]
    assert (base(ledger), set(applied.confirmed)) == ("tier_2", {("tdm001", HUBSPOT)})


def test_a_row_is_sent_five_times_at_the_most(ledger: Ledger) -> None:
    there = Record(system=HUBSPOT, id=NativeId(ID), current={"tier": "tier_1"})
    crm = Crm([Unavailable("no answer", maybe_done=True) for _ in range(9)], now={ID: there})
    applied, writes, _ = carried_out(ledger, crm)
    assert [write.state for write in writes] == [*4 * [WriteState.SUPERSEDED], WriteState.INTENDED]
    assert isinstance(applied.errors[HUBSPOT], Unavailable)
    assert base(ledger) is None


def test_what_was_read_a_while_ago_and_has_moved_is_not_written(ledger: Ledger) -> None:
    there = Record(system=HUBSPOT, id=NativeId(ID), current={"tier": "tier_3", "size": None})
    old = timedelta(minutes=1)
    crm = Crm([[WriteResult(id=ID)]], now={ID: there})
    _, writes, _ = carried_out(ledger, crm, a_change(), a_change("size", "40", None), age=old)
    assert [set(write.fields) for write in writes] == [{"size"}]
    assert base(ledger) is None


def test_a_record_that_is_no_longer_found_is_not_written(ledger: Ledger) -> None:
    crm = Crm([], now={})
    _, writes, _ = carried_out(ledger, crm, age=timedelta(minutes=1))
    assert (writes, crm.sent) == ([], [])


def test_what_was_read_a_moment_ago_is_not_read_again(ledger: Ledger) -> None:
    moved = Record(system=HUBSPOT, id=NativeId(ID), current={"tier": "tier_3"})
    crm = Crm([[WriteResult(id=ID)]], now={ID: moved})
    _, writes, _ = carried_out(ledger, crm)
    assert [write.state for write in writes] == [WriteState.CONFIRMED]


def test_two_writes_of_one_run_are_settled_together_only_where_both_are_confirmed(ledger: Ledger) -> None:
    agreed = replace(AGREED, after=(HUBSPOT, SystemName("salesforce")))
    account(ledger)
    run = ledger.runs.start("sync", "tandem sync")
    applier = an_applier(ledger, Crm([[WriteResult(id=ID)]]), run.id)
    applier.apply(Plan(created_at=NOON, identities={}, changes=(a_change(),), agreements=(agreed,)))
    record = ledger.accounts.records(HUBSPOT, [ID])[ID]
    assert (record.current["tier"], record.observed["tier"], record.echo["tier"]) == (
        "tier_2",
        "tier_1",
        "tier_2",
    )
    assert base(ledger) is None


def test_a_row_of_an_account_that_has_ended_since_it_was_planned_is_not_sent(ledger: Ledger) -> None:
    """A record that was read back while the Run wrote turned out to be merged into another account's."""
    link_id = account(ledger)
    run = ledger.runs.start("sync", "tandem sync")
    crm = Crm([])
    applier = an_applier(ledger, crm, run.id)
    ledger.accounts.close(link_id, "hubspot: merged into another one")
    made = replace(a_change(), record_id=None)
    create = Create(link_id=link_id, label="Acme 1", system=HUBSPOT, name="Acme 1", domain="acme1.com")
    applied = applier.apply(Plan(created_at=NOON, identities={}, changes=(made,), creates=(create,)))
    assert (crm.sent, ledger.writes.of_run(run.id)) == ([], [])
    assert applied.moved == [made]
