"""The judge itself can fail a history: a made-up diary for each way to lose an edit, and for each excuse its limits."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from insight.apart import Apart
from sync.model.records import LinkId
from tests.simulation.acme import Acme
from tests.simulation.book import Book, read_book
from tests.simulation.crms import Crms
from tests.simulation.diary import Decided, Diary, Edit, Landed, Ran, Respelled, Restored
from tests.simulation.fate import Past
from tests.simulation.fields import FIELDS, Value
from tests.simulation.judge import judge

_START = datetime(2026, 3, 3, 9, tzinfo=UTC)
_LINK = "link"
#: The account in both CRMs, which have met.
MEMBERS = {"salesforce": "A", "hubspot": "1"}


@dataclass
class Story:
    """A diary and a ledger, made up line by line; each line a minute after the last."""

    diary: Diary = field(default_factory=Diary)
    at: datetime = _START
    book: Book = field(
        default_factory=lambda: Book(
            links={_LINK: dict(MEMBERS)},
            members={_LINK: set(MEMBERS.items())},
            bases={_LINK: {}},
            linked={},
            domains={_LINK: "acme.com"},
            current={},
            conflicts={},
            held={},
            replaced={},
            covered={},
            waiting=set(),
        )
    )

    def __post_init__(self) -> None:
        for name in FIELDS:
            for place in MEMBERS.items():
                self.diary.met.setdefault(place, {})
                self.diary.met[place] = {**self.diary.met[place], name: "old"}
        self.run()
        self.diary.settled.append((self.diary.moment, self.at, frozenset(MEMBERS.items())))

    def track(self, system: str, name: str) -> None:
        self.diary.tracked |= {(system, name)}

    def begin(self, *, undo: bool = False) -> None:
        self.at += timedelta(minutes=1)
        self.diary.runs.append(Ran(began=self.diary.tick(), undo=undo))

    def end(self) -> None:
        run = self.diary.runs[-1]
        run.ended, run.at_end, run.well = self.diary.tick(), self.at, True

    def run(self) -> None:
        """One that writes nothing."""
        self.begin()
        self.end()

    def edits(self, system: str, name: str, before: Value, value: Value) -> Edit:
        """A person does."""
        self.at += timedelta(minutes=1)
        edit = Edit(
            number=len(self.diary.edits),
            moment=self.diary.tick(),
            at=self.at,
            system=system,
            record=MEMBERS[system],
            field=name,
            value=value,
            before=frozenset([before]),
        )
        self.diary.edits.append(edit)
        return edit

    def saves(self, system: str) -> None:
        """A person saves some other field of the record."""
        self.at += timedelta(minutes=1)
        self.diary.saves.setdefault((system, MEMBERS[system]), []).append(self.at)

    def writes(
        self, system: str, name: str, before: Value, value: Value, *, clear: bool = True, bulk: bool = False
    ) -> None:
        """Tandem does, in the Run that goes on."""
        self.at += timedelta(minutes=1)
        self.diary.landed.append(
            Landed(
                moment=self.diary.tick(),
                at=self.at,
                run=len(self.diary.runs) - 1,
                system=system,
                record=MEMBERS[system],
                field=name,
                before=before,
                after=value,
                bulk=bulk,
                undo=self.diary.runs[-1].undo,
                answered=clear,
                stored=clear,
            )
        )

    def tells_overruled(self, edit: Edit) -> None:
        """The ledger keeps the value as one that was overruled."""
        self.book.replaced[_LINK, edit.system, edit.field] = [(edit.value, self.at)]

    def tells_covered(self, edit: Edit) -> None:
        """The ledger tells that the value was covered and is decided anew."""
        self.book.covered[_LINK, edit.field] = {edit.value}

    def decides(self, name: str, value: Value, **seen: Value) -> None:
        """A person settles a Conflict."""
        self.diary.decided.append(
            Decided(
                moment=self.diary.tick(),
                shown=self.diary.runs[-1].began,
                members=MEMBERS,
                seen=seen,
                field=name,
                value=value,
            )
        )

    def is_lost(self, edit: Edit) -> bool:
        return Past(self.book, self.diary).lost(edit) is not None


@pytest.fixture
def story() -> Story:
    return Story()


def overwritten(
    story: Story, name: str, *, system: str = "hubspot", by: Value = "b", value: Value = "a"
) -> Edit:
    """A person's edit that the next Run writes over."""
    edit = story.edits(system, name, "old", value)
    story.begin()
    story.writes(system, name, value, by)
    story.end()
    return edit


# -- what is always lost -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("system", MEMBERS)
@pytest.mark.parametrize("name", [name for name in FIELDS if name != "mqa_stage"])
def test_an_edit_is_lost_where_what_covered_it_was_entered_by_nobody(
    story: Story, name: str, system: str
) -> None:
    story.track("salesforce", name)
    edit = overwritten(story, name, system=system)
    story.tells_overruled(edit)
    story.run()
    assert story.is_lost(edit)


def test_an_edit_that_stands_is_not_lost(story: Story) -> None:
    edit = story.edits("hubspot", "territory", "old", "a")
    story.begin()
    story.writes("salesforce", "territory", "old", "a")
    story.end()
    assert not story.is_lost(edit)


def test_an_edit_that_a_person_replaced_is_not_lost(story: Story) -> None:
    edit = story.edits("hubspot", "territory", "old", "a")
    story.edits("hubspot", "territory", "a", "b")
    assert not story.is_lost(edit)


def test_an_edit_is_lost_although_the_same_value_comes_back_and_goes_once_more(story: Story) -> None:
    edit = overwritten(story, "territory")
    story.begin()
    story.writes("hubspot", "territory", "b", "a")
    story.writes("hubspot", "territory", "a", "b")
    story.end()
    assert story.is_lost(edit)


def test_an_edit_that_was_put_back_is_not_lost(story: Story) -> None:
    edit = overwritten(story, "territory")
    story.begin()
    story.writes("hubspot", "territory", "b", "a")
    assert not story.is_lost(edit)


def test_an_edit_back_to_the_old_value_is_one(story: Story) -> None:
    """The row is sent again after an unclear answer, over the value that it was meant to replace."""
    story.edits("salesforce", "territory", "old", "new")
    story.begin()
    story.writes("hubspot", "territory", "old", "new", clear=False)
    edit = story.edits("hubspot", "territory", "new", "old")
    story.writes("hubspot", "territory", "old", "new")
    story.end()
    story.run()
    assert story.is_lost(edit)


# -- entered upon it, or decided against it ----------------------------------------------------------------------


def test_an_edit_gives_way_to_one_whose_author_saw_it(story: Story) -> None:
    edit = story.edits("hubspot", "territory", "old", "a")
    story.edits("salesforce", "territory", "a", "b")
    story.begin()
    story.writes("hubspot", "territory", "a", "b")
    assert not story.is_lost(edit)


def test_an_edit_gives_way_to_the_last_of_several_that_followed_each_other(story: Story) -> None:
    edit = story.edits("hubspot", "territory", "old", "a")
    story.edits("salesforce", "territory", "a", "b")
    story.edits("salesforce", "territory", "b", "c")
    story.begin()
    story.writes("hubspot", "territory", "a", "c")
    assert not story.is_lost(edit)


def test_an_edit_is_lost_to_one_whose_author_did_not_see_it(story: Story) -> None:
    edit = story.edits("hubspot", "territory", "old", "a")
    story.edits("salesforce", "territory", "old", "b")
    story.begin()
    story.writes("hubspot", "territory", "a", "b")
    story.end()
    assert story.is_lost(edit)


def test_an_edit_is_lost_to_a_value_that_its_own_author_had_replaced(story: Story) -> None:
    story.edits("salesforce", "region", "old", "b")
    story.begin()
    story.writes("hubspot", "region", "old", "b")
    story.end()
    edit = story.edits("hubspot", "region", "b", "a")
    story.begin()
    story.writes("hubspot", "region", "a", "b")
    story.end()
    story.tells_overruled(edit)
    assert story.is_lost(edit)


def test_the_same_edit_on_its_way_here_gives_way_to_what_replaced_it_there(story: Story) -> None:
    story.edits("salesforce", "tier", "old", "tier_3")
    story.begin()
    story.edits("salesforce", "tier", "tier_3", "tier_1")
    edit = story.edits("hubspot", "tier", "old", "tier_3")
    story.end()
    story.begin()
    story.writes("hubspot", "tier", "tier_3", "tier_1")
    assert not story.is_lost(edit)


def test_an_edit_that_brings_back_what_was_carried_here_before_is_no_copy_of_it(story: Story) -> None:
    story.edits("salesforce", "tier", "old", "tier_3")
    story.begin()
    story.writes("hubspot", "tier", "old", "tier_3")
    story.end()
    story.edits("hubspot", "tier", "tier_3", "tier_2")
    story.begin()
    story.writes("salesforce", "tier", "tier_3", "tier_2")
    story.end()
    story.edits("salesforce", "tier", "tier_2", "tier_1")
    edit = story.edits("hubspot", "tier", "tier_2", "tier_3")
    story.begin()
    story.writes("hubspot", "tier", "tier_3", "tier_1")
    story.end()
    assert story.is_lost(edit)


@pytest.mark.parametrize(
    ("carried", "answer", "other", "told", "lost"),
    [
        (True, "engaged", "negotiating", True, False),
        # Its author had the value from nobody here.
        (False, "engaged", "negotiating", True, True),
        # The answer itself was not to give way.
        (True, "negotiating", "engaged", True, True),
        (True, "engaged", "negotiating", False, True),
    ],
)
def test_an_edit_that_was_answered_gives_way_to_what_overrules_the_answer(
    story: Story, *, carried: bool, answer: str, other: str, told: bool, lost: bool
) -> None:
    story.book.members[_LINK].add(("salesforce_emea", "E"))
    edit = replace(story.edits("hubspot", "mqa_stage", "old", "closed"), system="salesforce_emea", record="E")
    story.diary.edits[-1] = edit
    if carried:
        story.begin()
        story.writes("salesforce", "mqa_stage", "old", "closed")
        story.end()
    story.edits("hubspot", "mqa_stage", "old", other)
    story.edits("salesforce", "mqa_stage", "closed", answer)
    story.begin()
    story.writes("salesforce", "mqa_stage", "closed", other)
    story.diary.landed[-1].system, story.diary.landed[-1].record = "salesforce_emea", "E"
    story.end()
    if told:
        story.tells_overruled(edit)
    story.run()
    assert story.is_lost(edit) is lost


def test_what_came_with_a_record_that_tandem_made_is_answered_like_what_it_carried(story: Story) -> None:
    edit = story.edits("hubspot", "mqa_stage", "old", "closed")
    story.begin()
    place = "salesforce_emea", "E"
    story.book.members[_LINK].add(place)
    story.diary.met[place], story.diary.made[place] = {"mqa_stage": "closed"}, story.diary.tick()
    story.end()
    story.edits("salesforce", "mqa_stage", "old", "negotiating")
    answer = story.edits("hubspot", "mqa_stage", "closed", "engaged")
    story.diary.edits[-1] = replace(answer, system=place[0], record=place[1])
    story.begin()
    story.writes("hubspot", "mqa_stage", "closed", "negotiating")
    story.end()
    story.tells_overruled(edit)
    story.run()
    assert not story.is_lost(edit)
    story.diary.made.clear()
    assert story.is_lost(edit)


@pytest.mark.parametrize(("seen", "lost"), [("a", False), ("another", True)])
def test_a_decision_counts_against_what_the_person_was_shown(story: Story, seen: str, *, lost: bool) -> None:
    edit = story.edits("hubspot", "territory", "old", "a")
    story.edits("salesforce", "territory", "old", "b")
    story.decides("territory", "b", hubspot=seen, salesforce="b")
    story.begin()
    story.writes("hubspot", "territory", "a", "b")
    story.end()
    assert story.is_lost(edit) is lost


# -- covered, and found out or not -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sides", "lost"),
    [
        ({"salesforce": "b", "hubspot": "a"}, False),
        ({"salesforce": "a", "hubspot": "b"}, True),
        ({"salesforce": "b", "hubspot": "c"}, True),
    ],
)
def test_a_covered_edit_stands_in_a_conflict_as_the_side_of_its_own_crm(
    story: Story, sides: dict[str, Value], *, lost: bool
) -> None:
    edit = overwritten(story, "territory")
    story.run()
    story.book.conflicts[_LINK, "territory"] = sides
    assert story.is_lost(edit) is lost


def test_an_edit_on_top_of_our_write_settles_what_it_covered(story: Story) -> None:
    edit = overwritten(story, "territory")
    story.edits("hubspot", "territory", "b", "c")
    assert not story.is_lost(edit)


def test_an_edit_on_top_of_our_write_comes_too_late_once_a_run_should_have_found_out(story: Story) -> None:
    edit = overwritten(story, "territory")
    story.run()
    story.edits("hubspot", "territory", "b", "c")
    assert story.is_lost(edit)
    story.tells_covered(edit)
    assert not story.is_lost(edit)


def test_a_covered_edit_of_a_record_that_is_gone_was_lost_before_that(story: Story) -> None:
    edit = overwritten(story, "territory")
    story.diary.gone["hubspot", "1"] = story.diary.tick()
    assert not story.is_lost(edit)
    story.diary.gone.clear()
    story.run()
    story.diary.gone["hubspot", "1"] = story.diary.tick()
    assert story.is_lost(edit)


def test_a_covered_edit_whose_account_has_ended_must_have_been_told_of(story: Story) -> None:
    edit = overwritten(story, "territory")
    story.run()
    story.book.links.clear()
    assert story.is_lost(edit)
    story.tells_covered(edit)
    assert not story.is_lost(edit)


# -- the rules ---------------------------------------------------------------------------------------------------


def against(
    story: Story, name: str, *, edit_in: str = "hubspot", first: str = "edit", a: Value = "a", b: Value = "b"
) -> Edit:
    """Two edits of which neither saw the other; the Run carries the other one over the edit that is returned."""
    other_in = "salesforce" if edit_in == "hubspot" else "hubspot"
    if first == "edit":
        edit = story.edits(edit_in, name, "old", a)
        story.edits(other_in, name, "old", b)
    else:
        story.edits(other_in, name, "old", b)
        edit = story.edits(edit_in, name, "old", a)
    story.begin()
    story.writes(edit_in, name, a, b)
    story.end()
    story.tells_overruled(edit)
    return edit


@pytest.mark.parametrize("name", ["territory", "tier", "target_account"])
def test_a_rule_that_asks_a_person_overrules_nobody(story: Story, name: str) -> None:
    assert story.is_lost(against(story, name))


@pytest.mark.parametrize("name", ["region", "contract", "owner"])
def test_a_leader_overrules_and_the_ledger_must_tell(story: Story, name: str) -> None:
    edit = against(story, name)
    assert not story.is_lost(edit)
    story.book.replaced.clear()
    assert story.is_lost(edit)


@pytest.mark.parametrize("name", ["region", "contract", "owner"])
def test_a_leader_is_overruled_by_nobody(story: Story, name: str) -> None:
    story.track("salesforce", name)
    assert story.is_lost(against(story, name, edit_in="salesforce"))


@pytest.mark.parametrize(("name", "lost"), [("contract", False), ("region", True)])
def test_a_blank_is_filled_only_by_the_rule_that_says_so(story: Story, name: str, *, lost: bool) -> None:
    story.track("salesforce", name)
    assert story.is_lost(against(story, name, edit_in="salesforce", a=None)) is lost


@pytest.mark.parametrize(
    ("leader", "a", "name", "lost"),
    [
        (None, None, "contract", False),
        ("x", None, "contract", True),
        (None, "a", "contract", True),
        (None, None, "region", True),
    ],
)
def test_no_blank_stands_against_a_value_as_long_as_the_leaders_own_is_one(
    story: Story, leader: Value, a: Value, name: str, *, lost: bool
) -> None:
    story.book.members[_LINK].add(("salesforce_emea", "E"))
    edit = story.edits("hubspot", name, "old", a)
    other = story.edits("hubspot", name, "old", "b")
    story.diary.edits[-1] = replace(other, system="salesforce_emea", record="E")
    story.edits("salesforce", name, "old", leader)
    story.begin()
    story.writes("hubspot", name, a, "b")
    story.end()
    story.tells_overruled(edit)
    story.run()
    assert story.is_lost(edit) is lost


@pytest.mark.parametrize(
    ("system", "spelled", "lost"),
    [("salesforce", "OLD", False), ("salesforce", "Old", True), ("salesforce_emea", "OLD", True)],
)
def test_a_trigger_of_the_leader_speaks_like_a_person_of_a_field_that_tandem_was_not_writing(
    story: Story, system: str, spelled: Value, *, lost: bool
) -> None:
    story.book.members[_LINK].add(("salesforce_emea", "A"))
    edit = story.edits("hubspot", "region", "old", None)
    story.begin()
    story.writes("hubspot", "region", None, "OLD")
    story.end()
    story.tells_overruled(edit)
    story.run()
    assert story.is_lost(edit)
    told = {
        **asdict(story.diary.landed[0]),
        "system": system,
        "record": "A",
        "before": "old",
        "after": spelled,
    }
    story.diary.respelled.append(Respelled(**told))
    story.diary.respelled[0].moment = edit.moment
    assert story.is_lost(edit) is lost


def test_a_leader_overrules_by_what_it_held_while_the_run_went_on_and_by_nothing_older(story: Story) -> None:
    story.edits("salesforce", "contract", "old", "b")
    story.run()
    story.edits("salesforce", "contract", "b", "c")
    story.run()
    edit = overwritten(story, "contract", by="b")
    story.tells_overruled(edit)
    assert story.is_lost(edit)


@pytest.mark.parametrize(("a", "b", "lost"), [("engaged", "closed", False), ("closed", "engaged", True)])
def test_the_higher_rung_wins(story: Story, a: Value, b: Value, *, lost: bool) -> None:
    assert story.is_lost(against(story, "mqa_stage", a=a, b=b)) is lost


@pytest.mark.parametrize(("first", "lost"), [("edit", False), ("other", True)])
def test_the_newer_edit_wins(story: Story, first: str, *, lost: bool) -> None:
    story.track("salesforce", "segment")
    assert story.is_lost(against(story, "segment", first=first)) is lost


def test_our_own_repetition_of_an_older_edit_does_not_make_it_newer(story: Story) -> None:
    story.track("salesforce", "segment")
    story.edits("hubspot", "segment", "old", "b")
    edit = story.edits("salesforce", "segment", "old", "a")
    story.begin()
    story.writes("hubspot", "segment", "b", "b", clear=False)
    story.writes("salesforce", "segment", "a", "b")
    story.end()
    story.tells_overruled(edit)
    assert story.is_lost(edit)


@pytest.mark.parametrize(
    ("edit_in", "tracked", "saved", "lost"),
    [
        ("hubspot", False, True, False),
        ("hubspot", False, False, True),
        ("hubspot", True, True, True),
        ("salesforce", False, True, True),
    ],
)
def test_without_a_history_in_salesforce_whoever_saved_its_record_last_counts_as_newer_there(
    story: Story, edit_in: str, *, tracked: bool, saved: bool, lost: bool
) -> None:
    if tracked:
        story.track("salesforce", "segment")
    other_in = "salesforce" if edit_in == "hubspot" else "hubspot"
    story.edits(other_in, "segment", "old", "b")
    edit = story.edits(edit_in, "segment", "old", "a")
    if saved:
        story.saves(other_in)
    story.begin()
    story.writes(edit_in, "segment", "a", "b")
    story.end()
    story.tells_overruled(edit)
    assert story.is_lost(edit) is lost


@pytest.mark.parametrize(("score", "lost"), [("50", False), ("60", True)])
def test_a_score_gives_way_to_one_that_was_computed(story: Story, score: str, *, lost: bool) -> None:
    story.diary.computed.append((story.diary.tick(), "acme.com", score))
    edit = overwritten(story, "engagement_score", by="50", value="10")
    story.tells_overruled(edit)
    assert story.is_lost(edit) is lost


# -- what was no edit, or could not be seen ----------------------------------------------------------------------


def test_a_blank_is_filled_at_a_first_meeting_and_not_after_it(story: Story) -> None:
    edit = overwritten(story, "territory", value=None)
    assert story.is_lost(edit)
    story.diary.settled.clear()
    assert not story.is_lost(edit)
    story.diary.made["hubspot", "1"] = 0
    assert story.is_lost(edit)


@pytest.mark.parametrize("place", MEMBERS.items(), ids=MEMBERS)
def test_a_run_that_left_a_record_alone_has_acquainted_it_with_nobody(
    story: Story, place: tuple[str, str]
) -> None:
    [(_, at, _)] = story.diary.settled
    edit = overwritten(story, "territory", value=None)
    story.book.linked = dict.fromkeys([(_LINK, each) for each in MEMBERS.items()], at)
    assert story.is_lost(edit)
    story.book.linked[_LINK, place] = at + timedelta(minutes=5)
    assert not story.is_lost(edit)


def there_and_back(story: Story, *, carried: bool = False, elsewhere: Value = "old") -> Edit:
    story.edits("hubspot", "territory", "old", "x")
    if carried:
        story.begin()
        story.writes("salesforce", "territory", "old", "x")
    back = story.edits("hubspot", "territory", "x", "old")
    story.edits("salesforce", "territory", "x" if carried else elsewhere, "b")
    story.begin()
    story.writes("hubspot", "territory", "old", "b")
    story.end()
    return back


def test_an_edit_there_and_back_is_none(story: Story) -> None:
    assert not story.is_lost(there_and_back(story))


def test_an_edit_back_is_one_where_what_it_takes_back_was_carried(story: Story) -> None:
    assert story.is_lost(there_and_back(story, carried=True))


@pytest.mark.parametrize("read", [False, True])
def test_an_edit_there_and_back_is_none_although_the_same_value_comes_from_elsewhere_to_a_third(
    story: Story, *, read: bool
) -> None:
    story.book.members[_LINK].add(("salesforce_emea", "E"))
    story.edits("salesforce", "territory", "old", "x")
    if not read:
        story.begin()
    story.edits("hubspot", "territory", "old", "x")
    if read:
        story.begin()
    story.diary.landed.append(
        Landed(
            moment=story.diary.tick(),
            at=story.at,
            run=len(story.diary.runs) - 1,
            system="salesforce_emea",
            record="E",
            field="territory",
            before="old",
            after="x",
            bulk=False,
            undo=False,
            answered=True,
            stored=True,
        )
    )
    back = story.edits("hubspot", "territory", "x", "old")
    story.edits("salesforce", "territory", "x", "b")
    story.begin()
    story.writes("hubspot", "territory", "old", "b")
    story.end()
    assert story.is_lost(back) is read


def test_an_edit_back_to_an_edit_that_nobody_had_settled_is_one(story: Story) -> None:
    story.edits("hubspot", "territory", "older", "old")
    assert story.is_lost(there_and_back(story, elsewhere="older"))


@pytest.mark.parametrize(
    ("system", "tracked", "clear", "bulk", "lost"),
    [
        ("salesforce", False, False, False, False),
        ("salesforce", False, True, True, False),
        ("salesforce", False, True, False, True),
        ("salesforce", True, False, False, True),
        ("salesforce", True, True, True, True),
        ("hubspot", False, False, False, True),
    ],
)
def test_only_a_blind_write_to_a_field_of_salesforce_without_history_may_cover_unseen(
    story: Story, system: str, *, tracked: bool, clear: bool, bulk: bool, lost: bool
) -> None:
    if tracked:
        story.track("salesforce", "territory")
    edit = story.edits(system, "territory", "old", "a")
    story.begin()
    story.writes(system, "territory", "a", "b", clear=clear, bulk=bulk)
    story.end()
    assert story.is_lost(edit) is lost


@pytest.mark.parametrize(("clear", "lost"), [(False, False), (True, True)])
def test_the_old_value_goes_unnoticed_there_only_after_a_first_try_without_an_answer(
    story: Story, *, clear: bool, lost: bool
) -> None:
    story.begin()
    story.writes("salesforce", "territory", "old", "b", clear=clear)
    edit = story.edits("salesforce", "territory", "b", "old")
    story.writes("salesforce", "territory", "old", "b")
    story.end()
    assert story.is_lost(edit) is lost


@pytest.mark.parametrize(
    ("clear", "tracked", "read", "ran", "lost"),
    [
        (False, False, False, False, False),
        (True, False, False, False, True),
        (False, True, False, False, True),
        (False, False, True, False, True),
        (False, False, False, True, True),
    ],
)
def test_an_edit_answers_what_it_replaced_only_where_tandem_could_know_that_this_had_landed(
    story: Story, *, clear: bool, tracked: bool, read: bool, ran: bool, lost: bool
) -> None:
    if tracked:
        story.track("salesforce", "mqa_stage")
    story.edits("hubspot", "mqa_stage", "old", "negotiating")
    story.begin()
    story.writes("salesforce", "mqa_stage", "old", "negotiating", clear=clear)
    if read:
        story.diary.named["salesforce", "A"] = [story.diary.tick()]
    if ran:
        story.end()
        story.run()
        story.begin()
    edit = story.edits("salesforce", "mqa_stage", "negotiating", "awareness")
    # Too late to tell.
    story.diary.named.setdefault(("salesforce", "A"), []).append(story.diary.tick())
    story.end()
    story.begin()
    story.writes("salesforce", "mqa_stage", "awareness", "negotiating")
    story.end()
    story.tells_overruled(edit)
    assert story.is_lost(edit) is lost


@pytest.mark.parametrize("entered", [False, True])
def test_what_a_merge_kept_is_an_edit_only_where_somebody_had_entered_it(
    story: Story, *, entered: bool
) -> None:
    if entered:
        story.edits("hubspot", "territory", "old", "a")
    edit = story.edits("hubspot", "territory", "old", "a")
    story.diary.edits[-1] = edit = replace(edit, kept=True)
    story.edits("salesforce", "territory", "old", "b")
    story.begin()
    story.writes("hubspot", "territory", "a", "b")
    story.end()
    assert story.is_lost(edit) is entered


# -- undo --------------------------------------------------------------------------------------------------------


def test_an_undo_covers_nobodys_edit(story: Story) -> None:
    story.edits("salesforce", "territory", "old", "a")
    story.begin()
    story.writes("hubspot", "territory", "old", "a")
    story.end()
    edit = story.edits("hubspot", "territory", "a", "b")
    story.begin(undo=True)
    story.writes("hubspot", "territory", "b", "old")
    story.end()
    assert story.is_lost(edit)


@pytest.mark.parametrize(
    ("found_out", "leads", "lost"), [(True, True, False), (False, True, True), (True, False, True)]
)
def test_an_edit_that_an_undo_covered_is_decided_by_the_rule_once_it_is_found_out(
    story: Story, *, found_out: bool, leads: bool, lost: bool
) -> None:
    if leads:
        story.edits("salesforce", "region", "old", "a")
    story.begin()
    story.writes("hubspot", "region", "old", "a")
    story.writes("salesforce", "region", "a", "b")
    story.end()
    story.begin(undo=True)
    edit = story.edits("hubspot", "region", "b", "c")
    story.writes("hubspot", "region", "c", "a")
    story.end()
    if found_out:
        story.tells_covered(edit)
        story.tells_overruled(edit)
    story.run()
    assert story.is_lost(edit) is lost


@pytest.mark.parametrize("entered", [False, True])
def test_an_undo_may_put_back_what_a_merge_kept_of_our_own_copies(story: Story, *, entered: bool) -> None:
    if entered:
        story.edits("hubspot", "territory", "old", "a")
    edit = story.edits("hubspot", "territory", "old", "a")
    story.diary.edits[-1] = edit = replace(edit, kept=True)
    story.begin(undo=True)
    story.writes("hubspot", "territory", "a", "old")
    story.end()
    assert story.is_lost(edit) is entered


def test_the_undo_of_a_run_explains_a_difference_until_somebody_moves(story: Story) -> None:
    story.edits("salesforce", "territory", "old", "a")
    story.begin()
    story.writes("hubspot", "territory", "old", "a")
    story.end()
    assert not Past(story.book, story.diary).as_undone(MEMBERS, "territory")
    story.begin(undo=True)
    story.writes("hubspot", "territory", "a", "old")
    story.end()
    assert Past(story.book, story.diary).as_undone(MEMBERS, "territory")
    assert not Past(story.book, story.diary).as_undone(MEMBERS, "region")
    story.edits("salesforce", "territory", "a", "b")
    assert not Past(story.book, story.diary).as_undone(MEMBERS, "territory")


@pytest.mark.parametrize("kept", ["old", "other"])
def test_a_merge_takes_along_the_difference_that_an_undo_explains(story: Story, *, kept: str) -> None:
    """Where it keeps the value that was put back; else it is a merge's own difference."""
    story.edits("salesforce", "territory", "old", "a")
    story.begin()
    story.writes("hubspot", "territory", "old", "a")
    story.end()
    story.begin(undo=True)
    story.writes("hubspot", "territory", "a", "old")
    story.end()
    story.diary.merged["hubspot", "1"] = "2"
    story.diary.met["hubspot", "2"] = {"territory": kept}
    members = {**MEMBERS, "hubspot": "2"}
    assert Past(story.book, story.diary).as_undone(members, "territory") is (kept == "old")


def test_an_undo_that_was_refused_leaves_the_difference_that_one_before_it_explains(story: Story) -> None:
    story.edits("salesforce", "territory", "old", "a")
    story.begin()
    story.writes("hubspot", "territory", "old", "a")
    story.end()
    story.begin(undo=True)
    story.end()
    refused = Restored(
        run=len(story.diary.runs) - 1, system="hubspot", record="1", field="territory", value="old"
    )
    story.diary.restored.append(refused)
    assert not Past(story.book, story.diary).as_undone(MEMBERS, "territory")
    story.begin(undo=True)
    story.writes("hubspot", "territory", "a", "old")
    story.end()
    story.begin(undo=True)
    story.end()
    story.diary.restored.append(replace(refused, run=len(story.diary.runs) - 1, value="a"))
    assert Past(story.book, story.diary).as_undone(MEMBERS, "territory")


def undone(story: Story) -> None:
    """What was carried from Salesforce to HubSpot is taken back there."""
    story.edits("salesforce", "territory", "old", "a")
    story.begin()
    story.writes("hubspot", "territory", "old", "a")
    story.end()
    story.begin(undo=True)
    story.writes("hubspot", "territory", "a", "old")
    story.end()


def is_as_undone(story: Story) -> bool:
    return Past(story.book, story.diary).as_undone(MEMBERS, "territory")


@pytest.mark.parametrize(("system", "value"), [("salesforce", "a"), ("hubspot", "old")])
def test_the_undo_of_a_run_explains_a_difference_also_where_somebody_went_there_and_back(
    story: Story, system: str, value: Value
) -> None:
    undone(story)
    story.edits(system, "territory", value, "x")
    assert not is_as_undone(story)
    story.edits(system, "territory", "x", value)
    assert is_as_undone(story)


def test_whoever_comes_back_from_what_was_carried_has_moved_although_an_undo_came_between(
    story: Story,
) -> None:
    undone(story)
    story.edits("salesforce", "territory", "a", "x")
    story.begin()
    story.writes("hubspot", "territory", "old", "x")
    story.end()
    story.edits("salesforce", "territory", "x", "a")
    story.begin(undo=True)
    story.writes("hubspot", "territory", "x", "old")
    story.end()
    assert not is_as_undone(story)
    story.edits("salesforce", "territory", "a", "x")
    assert is_as_undone(story)


def test_what_an_undo_put_back_elsewhere_carried_nobodys_edit_there(story: Story) -> None:
    undone(story)
    story.edits("salesforce", "territory", "a", "old")
    story.edits("salesforce", "territory", "old", "a")
    story.begin(undo=True)
    story.writes("hubspot", "territory", "b", "old")
    story.end()
    assert is_as_undone(story)


def test_whoever_comes_back_to_an_edit_that_no_run_had_settled_has_moved(story: Story) -> None:
    undone(story)
    story.edits("salesforce", "territory", "a", "b")
    story.edits("salesforce", "territory", "b", "x")
    story.edits("salesforce", "territory", "x", "b")
    assert not is_as_undone(story)
    # The same, once it was carried and taken back.
    story.begin()
    story.writes("hubspot", "territory", "old", "b")
    story.end()
    story.begin(undo=True)
    story.writes("hubspot", "territory", "b", "old")
    story.end()
    story.edits("salesforce", "territory", "b", "x")
    story.edits("salesforce", "territory", "x", "b")
    assert is_as_undone(story)


@pytest.mark.parametrize(
    ("tracked", "clear", "explained"), [(False, False, True), (True, False, False), (False, True, False)]
)
def test_an_undo_explains_that_nobody_saw_an_edit_back_from_a_write_without_an_answer(
    story: Story, *, tracked: bool, clear: bool, explained: bool
) -> None:
    if tracked:
        story.track("salesforce", "territory")
    story.edits("hubspot", "territory", "old", "a")
    story.begin()
    story.writes("salesforce", "territory", "old", "a", clear=clear)
    story.end()
    story.begin(undo=True)
    story.edits("salesforce", "territory", "a", "old")
    story.writes("hubspot", "territory", "a", "older")
    story.end()
    assert is_as_undone(story) is explained


@pytest.mark.parametrize(
    ("base", "stands", "explained"), [("a", "a", True), ("old", "a", False), ("a", "other", False)]
)
def test_what_all_crms_agreed_on_before_an_undo_is_nobodys_news_whoever_had_entered_it(
    story: Story, base: Value, stands: Value, *, explained: bool
) -> None:
    """Somebody enters in Salesforce what the Run carries from there to HubSpot just then."""
    story.begin()
    story.edits("salesforce", "territory", "old", "a")
    story.edits("hubspot", "territory", "old", stands)
    story.end()
    story.begin(undo=True)
    story.writes("hubspot", "territory", stands, "old")
    story.end()
    story.book.bases[_LINK] = {"territory": base}
    assert is_as_undone(story) is explained
    story.edits("salesforce", "territory", "a", "b")
    assert not is_as_undone(story)


@pytest.mark.parametrize("made", [False, True], ids=["made by the merge", "stood before"])
@pytest.mark.parametrize(
    ("ours", "kept", "explained"), [(True, True, True), (False, True, False), (True, False, False)]
)
def test_a_merge_that_keeps_what_the_account_had_come_to_rest_with_is_no_news_to_it(
    story: Story, *, ours: bool, kept: bool, explained: bool, made: bool
) -> None:
    undone(story)
    survivor = "salesforce", "B"
    if made:
        story.diary.created[survivor] = "acme.com"
    story.diary.merged["salesforce", "A"], story.diary.gone["salesforce", "A"] = "B", story.diary.tick()
    story.diary.met[survivor] = {"territory": None if made else "a"}
    if not ours:
        story.book.members[_LINK].discard(("salesforce", "A"))
    story.book.members[_LINK].add(survivor)
    merge = story.edits("salesforce", "territory", "a", "a")
    story.diary.edits[-1] = replace(merge, record="B", before=frozenset(["a", None]), kept=kept)
    story.begin(undo=True)
    story.writes("hubspot", "territory", "a", "old")
    story.end()
    assert Past(story.book, story.diary).as_undone({**MEMBERS, "salesforce": "B"}, "territory") is explained


def test_an_edit_does_not_answer_one_elsewhere_by_replacing_what_an_undo_put_back(story: Story) -> None:
    """It is the same value, and did not come from there."""
    story.begin(undo=True)
    story.edits("salesforce", "region", "x", "old")
    story.writes("hubspot", "region", "x", "old")
    story.end()
    mine = story.edits("hubspot", "region", "old", "x")
    story.begin()
    story.writes("hubspot", "region", "x", "old")
    story.end()
    story.tells_overruled(mine)
    assert not story.is_lost(mine)
    # A copy of what somebody had entered there is another matter.
    story.diary.landed[0].undo = False
    assert story.is_lost(mine)


def test_who_edits_what_an_undo_put_back_has_seen_what_it_undid(story: Story) -> None:
    edit = story.edits("salesforce", "territory", "old", "a")
    story.begin()
    story.writes("hubspot", "territory", "old", "a")
    story.end()
    story.begin(undo=True)
    story.writes("hubspot", "territory", "a", "old")
    story.end()
    story.edits("hubspot", "territory", "old", "b")
    story.begin()
    story.writes("salesforce", "territory", "a", "b")
    assert not story.is_lost(edit)


@pytest.mark.parametrize(("merged", "lost"), [(True, False), (False, True)])
def test_who_merges_a_record_in_which_an_undo_put_something_back_has_seen_what_it_undid(
    story: Story, *, merged: bool, lost: bool
) -> None:
    edit = story.edits("salesforce", "territory", "old", "a")
    story.begin()
    story.writes("hubspot", "territory", "old", "a")
    story.end()
    story.begin(undo=True)
    story.writes("hubspot", "territory", "a", "old")
    story.end()
    survivor = "hubspot", "2"
    story.book.members[_LINK].add(survivor)
    if merged:
        story.diary.merged["hubspot", "1"] = "2"
    both = story.edits("hubspot", "territory", "old", "b")
    story.diary.edits[-1] = replace(both, record="2", before=frozenset(["old", "b"]), kept=True)
    story.begin()
    story.writes("salesforce", "territory", "a", "b")
    story.end()
    assert story.is_lost(edit) is lost


# -- the end of a history ----------------------------------------------------------------------------------------


def judged(acme: Acme, *sent: tuple[str, str], diary: Diary | None = None) -> str:
    acme.close()
    return "\n".join(judge(acme.crms, acme.ledger, diary or Diary(), sent))


def test_an_account_at_rest_is_well(acme: Acme) -> None:
    assert judged(acme) == ""


def test_values_that_differ_for_ever_are_told_of(acme: Acme) -> None:
    acme.edit("salesforce", "territory", "north")
    found = judged(acme)
    assert "disagree about territory and nobody says why" in found
    assert "territory is 'north' and the ledger says None" in found


def test_values_that_differ_are_told_of_also_where_another_field_is_asked_about(acme: Acme) -> None:
    acme.edit("salesforce", "territory", "north")
    acme.edit("hubspot", "territory", "south")
    acme.run()
    assert judged(acme) == ""
    acme.edit("salesforce", "region", "west")
    assert "disagree about region and nobody says why" in judged(acme)


def test_values_that_differ_since_an_undo_are_told_of_where_nobody_else_tells_of_them(
    acme: Acme, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme.edit("salesforce", "territory", "north")
    acme.run()
    assert acme.app is not None
    acme.run(undo=acme.app.ledger.runs.latest(1)[0].id)
    acme.run()
    assert acme.values("territory") == {"salesforce": "north", "hubspot": None}
    diary = Diary()
    diary.runs.append(Ran(began=diary.tick(), undo=True))
    diary.met = {
        ("salesforce", acme.ids["salesforce"]): {"territory": "north"},
        ("hubspot", acme.ids["hubspot"]): {"territory": None},
    }
    back = Restored(run=0, system="hubspot", record=acme.ids["hubspot"], field="territory", value=None)
    diary.restored.append(back)
    assert judged(acme, diary=diary) == ""
    assert "disagree about territory and nobody says why" in judged(acme)
    monkeypatch.setattr("tests.simulation.judge.differing", lambda *_: [])
    assert "disagree about territory since an undo, and nobody is told" in judged(acme, diary=diary)


def test_a_difference_that_people_are_told_of_and_that_is_none_is_told_of(
    acme: Acme, monkeypatch: pytest.MonkeyPatch
) -> None:
    [link] = read_book(acme.ledger).links
    said = Apart(link_id=LinkId(link), label="Acme", field="territory", run="1", values={})
    monkeypatch.setattr("tests.simulation.judge.differing", lambda *_: [said])
    assert "agree about territory, and people are told that they differ" in judged(acme)


def test_a_record_that_nobody_linked_is_told_of(crms: Crms, acme: Acme) -> None:
    crms.salesforce("POST", "sobjects/Account", {"Name": "Beta", "Website": "beta.com"})
    assert "has no Link, and nobody was asked about it" in judged(acme)


def test_a_second_record_of_one_website_is_told_of(crms: Crms, acme: Acme) -> None:
    crms.salesforce("POST", "sobjects/Account", {"Name": "Acme", "Website": "acme.com"})
    assert "has acme.com more than once" in judged(acme)


def test_whoever_came_back_out_of_the_bin_may_have_a_counterpart_beside_what_took_its_place(
    crms: Crms, acme: Acme
) -> None:
    second = str(crms.salesforce("POST", "sobjects/Account", {"Name": "B", "Website": "acme.com"})["id"])
    diary = Diary()
    diary.made["salesforce", acme.ids["salesforce"]] = diary.tick()
    told = f"has acme.com more than once: {sorted([acme.ids['salesforce'], second])}"
    assert told in judged(acme, diary=diary)
    diary.undeleted.add(("hubspot", acme.ids["hubspot"]))
    assert told not in judged(acme, diary=diary)
    diary.made.clear()
    assert told in judged(acme, diary=diary)


def test_a_score_that_never_arrived_is_told_of(acme: Acme) -> None:
    diary = Diary()
    diary.computed.append((diary.tick(), "acme.com", "50"))
    assert "has the score None, and 50 was computed" in judged(acme, diary=diary)


@pytest.mark.parametrize(("leader", "lost"), [(None, False), ("other", True)])
def test_what_a_person_decided_leads_where_it_is_the_leaders_side(
    story: Story, leader: Value, *, lost: bool
) -> None:
    story.decides("region", None, salesforce=leader, hubspot="old")
    mine = story.edits("hubspot", "region", "old", "mine")
    story.begin()
    story.writes("hubspot", "region", "mine", None)
    story.tells_overruled(mine)
    story.end()
    assert story.is_lost(mine) is lost


@pytest.mark.parametrize("copied", [False, True], ids=["came before", "came from there"])
def test_an_edit_answers_another_only_where_it_replaced_what_came_from_there(
    story: Story, *, copied: bool
) -> None:
    def copy() -> None:
        story.begin()
        story.writes("salesforce", "mqa_stage", "engaged", "closed")
        story.end()

    if not copied:
        copy()
    story.edits("hubspot", "mqa_stage", "engaged", "closed")
    if copied:
        copy()
    mine = story.edits("salesforce", "mqa_stage", "closed", "evaluating")
    story.begin()
    story.writes("salesforce", "mqa_stage", "evaluating", "closed")
    story.tells_overruled(mine)
    story.end()
    assert story.is_lost(mine) is copied


def decided(acme: Acme, diary: Diary, seen: Value) -> Diary:
    diary.decided.append(
        Decided(
            moment=diary.tick(),
            shown=diary.tick(),
            members=acme.ids,
            seen={"salesforce": None, "hubspot": seen},
            field="territory",
            value="south",
        )
    )
    return diary


def test_a_decision_that_was_not_carried_out_is_told_of(acme: Acme) -> None:
    assert "territory was decided to be 'south'" in judged(acme, diary=decided(acme, Diary(), None))


def test_a_decision_of_an_edit_that_was_covered_counts_although_it_does_not_stand(acme: Acme) -> None:
    diary = decided(acme, Diary(), "covered")
    assert "territory was decided to be 'south'" in judged(acme, diary=diary)


@pytest.mark.parametrize(("seen", "told"), [("a", True), ("before", False)])
def test_a_decision_of_what_somebody_had_replaced_by_then_is_none(
    acme: Acme, seen: Value, *, told: bool
) -> None:
    diary = Diary()
    edit = Edit(
        number=0,
        moment=diary.tick(),
        at=_START,
        system="hubspot",
        record=acme.ids["hubspot"],
        field="territory",
        value="a",
        before=frozenset(["before"]),
    )
    diary.edits.append(edit)
    assert ("territory was decided to be 'south'" in judged(acme, diary=decided(acme, diary, seen))) is told


def test_a_field_that_is_not_mapped_and_a_deletion_are_told_of(acme: Acme) -> None:
    diary = Diary()
    diary.private["salesforce", acme.ids["salesforce"]] = {"Description": "entered"}
    found = judged(acme, ("DELETE", "/crm/v3/objects/companies/1"), diary=diary)
    assert "Description was 'entered' and is None" in found
    assert "Tandem sent DELETE" in found
