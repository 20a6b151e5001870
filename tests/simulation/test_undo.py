"""An undo, and people who act around it. Named by what was once false."""

from __future__ import annotations

import pytest

from sync.core.undo import Left
from sync.model.abm import Score
from tests.simulation.acme import Acme, write_to
from tests.simulation.crms import Crms


def left(acme: Acme, run: str) -> list[Left]:
    """What an undo of this Run would leave alone; it puts back nothing else."""
    acme.crms.clock.advance(300)
    acme.app = acme.app or acme.crms.app(acme.ledger)
    found = acme.app.engine.plan_undo(run)
    assert found.look.plan.changes == ()
    return list(found.left)


def last_run(acme: Acme) -> str:
    assert acme.app is not None
    return acme.app.ledger.runs.latest(1)[0].id


@pytest.mark.parametrize("killed", [False, True], ids=["read back at once", "read back by the next Run"])
def test_a_value_that_a_person_entered_is_not_taken_back_for_one_whose_writing_nobody_heard_of(
    acme: Acme, crms: Crms, *, killed: bool
) -> None:
    """The row never landed; that its one value stands there is no proof that it did."""
    crms.door("salesforce", "settings", {"tracked": []})
    acme.edit("hubspot", "territory", "north")
    acme.run()
    acme.edit("hubspot", "territory", "south")
    crms.world.salesforce.fault(drop="before", match={"path": ".*/composite$", "method": "POST"}, times=9)
    acme.run_while(
        write_to("salesforce"),
        lambda: acme.edit("salesforce", "territory", "south"),
        killed=killed,
        unanswered=killed,
    )
    crms.quiet()
    if killed:
        acme.app = crms.app(acme.ledger)
    (told,) = left(acme, last_run(acme))
    assert (told.system, told.field) == ("salesforce", "territory")
    assert "no answer told whether the Run wrote it" in told.reason
    assert acme.values("territory") == {"salesforce": "south", "hubspot": "south"}


def test_a_value_whose_writing_nobody_heard_of_goes_back_where_the_crm_names_us(
    acme: Acme, crms: Crms
) -> None:
    crms.door("salesforce", "settings", {"tracked": []})
    acme.edit("hubspot", "territory", "north")
    acme.run()
    acme.edit("hubspot", "territory", "south")
    crms.world.salesforce.fault(drop="after", match={"path": ".*/composite$", "method": "POST"})
    acme.run_while(write_to("salesforce"), lambda: None)
    acme.run(undo=last_run(acme))
    assert acme.values("territory") == {"salesforce": "north", "hubspot": "south"}


@pytest.mark.parametrize("system", ["salesforce", "hubspot"])
def test_an_edit_that_a_run_brought_back_is_not_what_that_run_wrote(
    acme: Acme, crms: Crms, system: str
) -> None:
    """A Run before it had written over the edit unseen; its undo would lose the edit once more."""
    crms.door("salesforce", "settings", {"tracked": ["Account.Segment__c"]})
    other = {"salesforce": "hubspot", "hubspot": "salesforce"}[system]
    with acme.configured(guarded_up_to=0):
        acme.run()
        acme.edit(other, "segment", "north")
        acme.run_while(write_to(system), lambda: acme.edit(system, "segment", "south"))
    acme.run()
    assert acme.values("segment") == {system: "south", other: "south"}
    acme.crms.clock.advance(300)
    assert acme.app is not None
    found = acme.app.engine.plan_undo(last_run(acme))
    assert [(change.system, change.value) for change in found.look.plan.changes] == [(other, "north")]
    (told,) = found.left
    assert (told.system, told.field) == (system, "segment")
    assert "somebody's edit" in told.reason


@pytest.mark.parametrize("system", ["salesforce", "hubspot"])
def test_an_edit_that_the_undo_of_an_undo_covered_is_not_overruled_by_what_stood_still(
    acme: Acme, crms: Crms, system: str
) -> None:
    """The other side leads where both have moved; it has not."""
    crms.door("salesforce", "settings", {"tracked": ["Account.Region__c"]})
    other = {"salesforce": "hubspot", "hubspot": "salesforce"}[system]
    with acme.configured(guarded_up_to=0):
        acme.edit(other, "region", "north")
        acme.run()
        acme.edit(other, "region", "south")
        acme.run()
        acme.run(undo=last_run(acme))
        assert acme.values("region") == {system: "north", other: "south"}
        acme.run_while(
            write_to(system),
            lambda: acme.edit(system, "region", "west"),
            undo=last_run(acme),
        )
        for _ in range(2):
            acme.run()
    assert acme.values("region") == {system: "west", other: "west"}


@pytest.mark.parametrize("guarded", [0, 10])
@pytest.mark.parametrize("system", ["salesforce", "hubspot"])
def test_what_a_person_entered_before_an_undo_put_the_same_back_is_an_edit(
    acme: Acme, crms: Crms, system: str, guarded: int
) -> None:
    """It travels, and the undo of that undo leaves it alone."""
    crms.door("salesforce", "settings", {"tracked": []})
    other = {"salesforce": "hubspot", "hubspot": "salesforce"}[system]
    with acme.configured(guarded_up_to=guarded):
        acme.edit(other, "territory", "north")
        acme.run()
        acme.edit(other, "territory", "south")
        acme.run()
        acme.run_while(
            write_to(system),
            lambda: acme.edit(system, "territory", "north"),
            undo=last_run(acme),
        )
        undo = last_run(acme)
        acme.run()
        assert acme.values("territory") == {system: "north", other: "north"}
        left(acme, undo)


@pytest.mark.parametrize("killed", [False, True], ids=["read back at once", "read back by the next Run"])
def test_what_an_undo_put_back_is_nobodys_edit_although_no_answer_came_and_the_row_is_not_whole(
    acme: Acme, crms: Crms, *, killed: bool
) -> None:
    """Somebody edits another field of the row before it is read back. What was put back would travel, and write over
    the edit that the undone Run had carried."""
    crms.door("salesforce", "settings", {"tracked": []})
    for value in ("north", "south"):
        acme.edit("hubspot", "territory", value)
        acme.edit("hubspot", "segment", value)
        acme.run()
    # The first such call asks for the histories.
    crms.world.salesforce.fault(drop="after", match={"path": ".*/composite$", "method": "POST"}, after=1)
    acme.run_while(
        "/composite",
        lambda: acme.edit("salesforce", "segment", "west"),
        undo=last_run(acme),
        unanswered=True,
        killed=killed,
    )
    for _ in range(2):
        acme.run()
    assert acme.values("territory") == {"salesforce": "north", "hubspot": "south"}
    assert acme.values("segment") == {"salesforce": "west", "hubspot": "west"}


# -- relatives ------------------------------------------------------------------------------------------------


def decide(acme: Acme, value: str) -> None:
    assert acme.app is not None
    [asked] = acme.app.ledger.conflicts.list()
    acme.app.ledger.conflicts.decide(asked.id, value, by="ops")


@pytest.mark.parametrize("meanwhile", [None, "salesforce", "hubspot"])
def test_what_a_decision_wrote_goes_back_and_an_edit_that_the_undo_covers_is_not_lost(
    acme: Acme, crms: Crms, meanwhile: str | None
) -> None:
    """The decision is carried out, and not once more; the Systems differ as they did before it."""
    crms.door("salesforce", "settings", {"tracked": ["Account.Territory__c"]})
    acme.edit("salesforce", "territory", "south")
    acme.edit("hubspot", "territory", "north")
    acme.run()
    decide(acme, "north")
    acme.run()
    assert acme.values("territory") == {"salesforce": "north", "hubspot": "north"}

    def act() -> None:
        if meanwhile is not None:
            acme.edit(meanwhile, "territory", "east")

    acme.run_while(write_to("salesforce"), act, undo=last_run(acme))
    for _ in range(3):
        acme.run()
    stands = acme.values("territory")
    if meanwhile is None:
        assert stands == {"salesforce": "south", "hubspot": "north"}
    else:
        asked = acme.conflict("territory") or {}
        assert stands == {"salesforce": "east", "hubspot": "east"} or asked.get(meanwhile) == "east"


@pytest.mark.parametrize("answered", [True, False])
def test_a_score_that_an_undo_took_back_is_not_pushed_again_whether_or_not_its_answer_came(
    acme: Acme, crms: Crms, *, answered: bool
) -> None:
    assert acme.app is not None
    for score in ("10", "41.5"):
        given = [Score(key="acme.com", score=score, as_of=crms.clock.now())]
        acme.app.ledger.scores.put(given, source="csv")
        if not answered and score != "10":
            crms.world.salesforce.fault(drop="after", match={"path": ".*/composite$", "method": "POST"})
        acme.run()
    assert acme.values("engagement_score") == {"salesforce": "41.5", "hubspot": "41.5"}
    if not answered:
        crms.world.salesforce.fault(drop="after", match={"path": ".*/composite$", "method": "POST"})
    acme.run(undo=last_run(acme))
    for _ in range(3):
        acme.run()
    assert acme.values("engagement_score") == {"salesforce": "10", "hubspot": "10"}
    given = [Score(key="acme.com", score="50", as_of=crms.clock.now())]
    acme.app.ledger.scores.put(given, source="csv")
    acme.run()
    assert acme.values("engagement_score") == {"salesforce": "50", "hubspot": "50"}


def test_an_undo_of_a_run_with_a_row_that_was_refused_leaves_that_edit_to_be_carried_later(
    acme: Acme, crms: Crms
) -> None:
    """What was refused was never written, so there is nothing to take back; the edit still waits."""
    acme.edit("hubspot", "territory", "north")
    acme.edit("salesforce", "segment", "large")
    crms.world.salesforce.fault(fault="F37", rows=[0], match={"path": ".*/composite.*"})
    acme.run()
    assert acme.values("territory") == {"salesforce": None, "hubspot": "north"}
    assert acme.values("segment") == {"salesforce": "large", "hubspot": "large"}
    crms.quiet()
    acme.run(undo=last_run(acme), later=1)
    assert acme.values("territory") == {"salesforce": None, "hubspot": "north"}
    assert acme.values("segment") == {"salesforce": "large", "hubspot": None}
    for _ in range(3):
        acme.run()
    assert acme.values("territory") == {"salesforce": "north", "hubspot": "north"}
    assert acme.values("segment") == {"salesforce": "large", "hubspot": None}
