"""Whatever a command shows fits its terminal whole, arrives in a pipe as one record a line, and steers no terminal.

Each view has a case here; one that has none fails the first test.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import RenderableType

import commands.views
from commands.views import (
    adopt,
    conflicts,
    doctor,
    held,
    ledger,
    matches,
    pipeline,
    plan,
    provision,
    runs,
    scope,
    stages,
    status,
    timeline,
    undo,
)
from commands.views.listing import show
from commands.views.terminal import Terminal
from connector.printable import printable
from insight.apart import Apart
from insight.held import HeldAccount
from insight.moments import Moment
from insight.reports.pipeline import REST, Cohort, Pipeline
from insight.runs import RunFold, RunStory
from insight.scope import EmptyScope, ScopeOfSystem
from insight.status import Status
from insight.timeline import Story
from provision.doctor.checks import Check, State
from provision.fields.adopt import Adoption, ValueSpelling
from provision.fields.plan import DefinitionPlan
from provision.fields.state import Action, Line
from provision.stages.contract import StageReport
from provision.stages.findings import Kept, Kind, StageFinding
from provision.stages.first_mapping import Mapped
from sync.core.conflicts import Conflict, Seen
from sync.core.diff import Why
from sync.core.fields_held import hidden
from sync.core.hold import Hold
from sync.core.matching.grounds import Ground, grounds
from sync.core.matching.match import Proposal
from sync.core.matching.question import MatchQuestion
from sync.core.plan import Change, Closure, Create, Merge, Plan, Waiting
from sync.core.resolutions import Resolution
from sync.core.undo import Left
from sync.ledger.accounts.accounts import RecordCounts
from sync.ledger.lease import Lease
from sync.ledger.systems import Cursor
from sync.model.definitions import Drift
from sync.model.inbox import (
    ConflictSide,
    ConflictState,
    Finding,
    Held,
    HoldReason,
    Match,
    MatchState,
    StoredConflict,
    StoredMatch,
)
from sync.model.journal import FieldWrite, Run, Write, WriteState
from sync.model.records import Account, Base, Link, LinkId, NativeId, Record, RecordKey, SystemName
from sync.model.service import ServiceState
from sync.planning.build import Look
from sync.planning.undo import Undo

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NAME = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbau AG & Söhne Wien"
EMAIL = "maximiliane.von.und.zu.hohenlohe-langenburg.second@subsidiary.example.com"
OTHER = "wilhelmina.de.la.torre.y.gonzalez-fernandez@subsidiary.example.com"
ID = NativeId("0015e00000AbCdEAAV")
NUMBER = NativeId("27300000001")
LINK = LinkId("tdm_01hzy8m3k9q2v7x4c6b5n1a0")
DOMAIN = "donaudampfschifffahrtselektrizitaetenhauptbetriebswerkbau.example.com"
MESSAGE = f"bad value for restricted picklist field: {EMAIL}"
REMEDY = "Invite the person, or name a fallback owner."
PAGE = f"https://acme-holding-international.my.salesforce.com/lightning/r/Account/{ID}/view"
FIELD = "ABM_Engagement_Score_Of_The_Fiscal_Year__c"
#: A name that would paint the screen, turn the reading order and forge a line of its own.
HOSTILE = (
    "Evil\x1b[2J\x9b31m\x1b]0;title\x07\u202ecorp\u2066\u200b\u2028\x85\ufeff\U000e0041\u00ad"
    "\r\nforged\tline [bold]x[/] :smile: \ud800"
)
SALES = SystemName("salesforce_production_emea")
MARKETING = SystemName("hubspot_production_emea")
WIDTHS = (80, 100, 140)

RUN = Run(
    id="260302-090000",
    kind="sync",
    trigger="command",
    started_at=NOW,
    finished_at=NOW + timedelta(minutes=59, seconds=59),
    outcome="ok",
    counts={"written.salesforce_production_emea": 1_234_567, "created": 45_678, "held": 910},
    calls={SALES: 123_456, MARKETING: 78_901},
)
EMPTY_RUN = replace(RUN, id="260302-080000", counts={})
DEAD_RUN = replace(RUN, id="260302-070000", finished_at=None, outcome=None, counts={})
STORY = RunStory(
    run=RUN,
    writes=(
        Write(
            id=1,
            run_id=RUN.id,
            link_id=LINK,
            system=SALES,
            kind="update",
            native_id=ID,
            fields={
                "owner": FieldWrite(value=EMAIL, expected=None, reason="edited in hubspot_production_emea")
            },
            state=WriteState.CONFIRMED,
            intended_at=NOW,
            settled_at=NOW,
            refusal=None,
        ),
    ),
    labels={LINK: NAME},
)
REASON = HoldReason(link_id=LINK, system=SALES, field="owner", code="INVALID", message=MESSAGE, remedy=REMEDY)
HELD = Held(hold=REASON, attempts=12, first_at=NOW, last_at=NOW, next_try_at=NOW + timedelta(hours=1))
FIELD_HELD = hidden(SALES, FIELD, FIELD)
HELD_ACCOUNTS = [HeldAccount(held=HELD, account=NAME, record_id=ID, page=PAGE)]
RECORDS = {
    SALES: Record(
        system=SALES,
        id=ID,
        name=NAME,
        domain=DOMAIN,
        link_id=LINK,
        current={"owner": EMAIL, "tier": "tier_1"},
    ),
    MARKETING: Record(
        system=MARKETING,
        id=NUMBER,
        name=HOSTILE,
        domain="evil.example",
        current={"owner": OTHER, "tier": None},
    ),
}
ACCOUNT = Account(
    link=Link(
        id=LINK, label=NAME, domain=DOMAIN, evidence="same domain and alike names", base={"owner": EMAIL}
    ),
    records=RECORDS,
)
FINDING = Finding(
    link_id=LINK,
    field="owner",
    reason="edited differently since they last agreed",
    base=Base(EMAIL),
    sides={
        SALES: ConflictSide(value=EMAIL, at=NOW, by=HOSTILE),
        MARKETING: ConflictSide(value=OTHER, at=NOW, by=OTHER),
    },
    proposals={"newest": OTHER, f"prefer {SALES}": EMAIL},
)
CONFLICT = StoredConflict(
    id=123_456,
    finding=FINDING,
    state=ConflictState.OPEN,
    decision=OTHER,
    decided_by=EMAIL,
    decided_at=NOW,
    note=None,
    opened_run=None,
    opened_at=NOW,
    closed_at=None,
    close_reason=None,
)
MATCH = StoredMatch(
    id=98_765,
    match=Match(
        kind="ambiguous",
        members=(RecordKey(SALES, ID), RecordKey(MARKETING, NUMBER)),
        evidence="same domain",
        score=0.87,
    ),
    state=MatchState.OPEN,
    opened_at=NOW,
    decided_by=None,
    decided_at=None,
    note=None,
)
MATCHED = {record.key: record for record in RECORDS.values()}
CHANGE = Change(
    link_id=LINK,
    label=NAME,
    system=SALES,
    record_id=ID,
    field="owner",
    expected=EMAIL,
    value=OTHER,
    why=Why.EDITED,
    led_by=(MARKETING,),
)
EVIL = replace(CHANGE, link_id=LinkId("evil"), label=HOSTILE)
PLAN = Plan(
    created_at=NOW,
    identities={},
    changes=(CHANGE, EVIL),
    creates=(Create(link_id=LinkId("new"), label="New", system=MARKETING, name="New", domain=DOMAIN),),
    conflicts=(
        Conflict(
            link_id=LINK,
            label=NAME,
            field="tier",
            why=Why.BOTH_EDITED,
            base=Base(EMAIL),
            sides={SALES: Seen(value="tier_1", observed=None), MARKETING: Seen(value=OTHER, observed=None)},
        ),
    ),
    ambiguous=(
        MatchQuestion(
            records=(RECORDS[MARKETING], RECORDS[SALES]), kind="name", reason="two of one name", score=0.9
        ),
    ),
    held=(
        Hold(link_id=LINK, label=NAME, system=SALES, field="owner", code="X", message=MESSAGE, remedy=REMEDY),
    ),
    proposals=(
        Proposal(
            link=Link(id=LINK, label=NAME, domain=DOMAIN, evidence="same Tandem id"),
            members=tuple(RECORDS.values()),
            grounds=grounds(Ground.TANDEM_ID, tuple(RECORDS.values()), MESSAGE),
        ),
    ),
    merges=(Merge(link_id=LINK, label=NAME, system=MARKETING, record_id=ID, survivor=NativeId("86")),),
    closures=(Closure(link_id=LINK, label=NAME, system=SALES, record_id=ID, reason="was deleted"),),
    waiting=(Waiting(label=NAME, system=SALES, record_id=ID, until=NOW),),
    price={SALES: 1_234, MARKETING: 56_789},
    read_calls={SALES: 987_654},
    linked=12_345,
)
PARTS = (NAME, EMAIL, OTHER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One view with long and hostile data, and what of it must stand at every width and in a pipe."""

    made: Callable[[], RenderableType | Iterable[RenderableType]]
    whole: Sequence[str]
    #: Stands on one line in a pipe, as the values of one record.
    record: Sequence[str] = ()


def of_terminal(width: int) -> Terminal:
    return Terminal(file=io.StringIO(), width=width, is_terminal=True, color=False)


def stages_report() -> StageReport:
    found = StageFinding(
        system=SALES,
        object="Account",
        field=FIELD,
        kind=Kind.OFF_CONTRACT,
        value=EMAIL,
        label=NAME,
        stands=OTHER,
        should=DOMAIN,
        records=1_234_567,
        reason="it has no place in the contract",
        proposal="evaluating",
        because="alike words",
        does="holds them back",
        remedy=REMEDY,
        where="mappings/salesforce.yaml:123",
        drift=True,
    )
    kept = Kept(
        system=SALES, object="Account", field=FIELD, value=EMAIL, label=NAME, stands=OTHER, means="engaged"
    )
    return StageReport(identities={SALES: ID}, findings=(found,), kept=(kept,), rungs=7, stages=9)


def adoption() -> Adoption:
    return Adoption(
        field="tier",
        system=SALES,
        name=FIELD,
        native_type="picklist",
        spellings=(
            ValueSpelling(value=NAME, records=1_234_567, offered=True, means=None, reason=MESSAGE),
            ValueSpelling(value=EMAIL, records=89, offered=False, means="tier_1", written=True, reason=OTHER),
        ),
        others=4_321,
        new={"tier_9": DOMAIN},
        lacking=("tier_8",),
        keys={"required": True, "zone": "Europe/Vienna"},
        is_choice=True,
    )


def the_story() -> Story:
    moment = Moment(
        at=NOW,
        what="edited",
        system=SALES,
        field="owner",
        old=EMAIL,
        new=OTHER,
        by=EMAIL,
        run=RUN.id,
        why=NAME,
    )
    return Story(
        account=ACCOUNT,
        closed="merged",
        moments=(moment, replace(moment, by=HOSTILE)),
        held=(HELD,),
        fields=("owner", "tier"),
        notes=(f"It is held apart from {NAME}.",),
        unasked={MARKETING: MESSAGE},
    )


def the_status() -> Status:
    return Status(
        now=NOW + timedelta(days=9),
        runs=[RunFold(runs=(RUN,)), RunFold(runs=(EMPTY_RUN, EMPTY_RUN)), RunFold(runs=(DEAD_RUN,))],
        cursors={(SALES, "Account"): Cursor(position="1", read_at=NOW, full_at=NOW)},
        counts={
            SALES: RecordCounts(
                present=1_234_567, linked=1_234_566, dirty=98_765, deleted=4_321, invisible=77
            ),
            MARKETING: RecordCounts(),
        },
        links=1_234_566,
        conflicts={"owner": 1_234},
        apart=[
            Apart(
                link_id=ACCOUNT.link.id,
                label=NAME,
                field="owner",
                run=RUN.id,
                values={SALES: EMAIL, MARKETING: None},
            )
        ],
        held=[HELD],
        matches=4_567,
        unsettled_writes=89,
        service=ServiceState(
            pid=4711,
            host="crm-sync.subsidiary.example.com",
            since=NOW,
            seen_at=NOW + timedelta(days=9),
            next={"sync": NOW + timedelta(days=10)},
            troubles={"sync": MESSAGE},
            doing=None,
        ),
        lost={SALES: [FIELD]},
        fields_held=(FIELD_HELD,),
        drift=Drift(since=NOW, lines=(MESSAGE,)),
        lease=Lease(
            name="run",
            holder="tandem sync",
            pid=815,
            host="crm-sync.subsidiary.example.com",
            since=NOW,
            expires_at=NOW,
        ),
        running=None,
    )


def definitions() -> DefinitionPlan:
    return DefinitionPlan(
        created_at=NOW,
        identities={SALES: ID},
        lines=(
            Line(
                system=SALES,
                object="Account",
                field=FIELD,
                canonical="tier",
                action=Action.CHANGE,
                attribute="option descriptions",
                stands=EMAIL,
                should=OTHER,
                reason=MESSAGE,
                effect="1,234 records change",
                remedy=REMEDY,
            ),
            Line(system=SALES, object="Account", field="Name", canonical=None, action=Action.KEEP),
        ),
    )


def checks() -> list[Check]:
    return [
        Check(about=SALES, name="identity", message=f"org {ID}"),
        Check(
            about=SALES,
            name="owners",
            state=State.FAIL,
            message=MESSAGE,
            remedy=REMEDY,
            details=(NAME, OTHER),
        ),
    ]


def the_pipeline() -> Pipeline:
    amounts = {"EUR": Decimal(123_456_789_012), "USD": Decimal(5)}
    tier = Cohort(
        name=NAME,
        target=True,
        accounts=123_456,
        open=4_567,
        won=890,
        lost=321,
        pipeline=amounts,
        revenue=amounts,
    )
    return Pipeline(cohorts=(tier, Cohort(name=REST, target=False, open=7)), without_account=1_234)


def an_undo() -> Undo:
    left = Left(link_id=LINK, label=NAME, system=SALES, field="owner", reason=MESSAGE)
    undone = replace(PLAN, undoes=RUN.id, creates=(), conflicts=(), ambiguous=(), held=(), closures=())
    return Undo(look=Look(plan=undone, links=frozenset(), records=()), left=(left,))


SCOPE = EmptyScope(
    systems={SALES: ScopeOfSystem(read=1_234_567, in_scope=0, left_out=((f"{FIELD} is blank", 1_234_567),))},
    remedy=REMEDY,
)
LEFT_OF_TIMELINE = ("2026-03-02", "09:00:00", "edited", SALES, *PARTS, RUN.id)

CASES: dict[str, Case] = {
    "adopt.adoption_view": Case(
        made=lambda: adopt.adoption_view(adoption()),
        whole=(*PARTS, "1,234,567", "89", MESSAGE, DOMAIN, FIELD, "4,321"),
        record=(EMAIL, "89", "tier_1", OTHER),
    ),
    "conflicts.conflicts_view": Case(
        made=lambda: conflicts.conflicts_view([CONFLICT], {LINK: NAME}),
        whole=(*PARTS, "123456", "owner"),
        record=("123456", NAME, "owner", EMAIL, OTHER, FINDING.reason),
    ),
    "conflicts.conflict_view": Case(
        made=lambda: conflicts.conflict_view(CONFLICT, ACCOUNT, {LINK: NAME}),
        whole=(*PARTS, "123456", "tier_1", "newest", f"prefer {SALES}"),
        record=(MARKETING, OTHER, f"by {OTHER}", "2026-03-02 09:00:00 UTC"),
    ),
    "conflicts.answer_line": Case(
        made=lambda: conflicts.answer_line(Resolution(conflict=CONFLICT, value=EMAIL), {LINK: NAME}),
        whole=(NAME, EMAIL, "123456", "owner"),
        record=("123456", NAME, "owner", EMAIL),
    ),
    "doctor.doctor_view": Case(
        made=lambda: doctor.doctor_view(checks()),
        whole=(NAME, MESSAGE, REMEDY, ID, OTHER),
        record=(SALES, "owners", MESSAGE, NAME, OTHER, REMEDY),
    ),
    "held.held_lines": Case(
        made=lambda: held.held_lines(HELD_ACCOUNTS, NOW, [FIELD_HELD]),
        whole=(NAME, MESSAGE, REMEDY, PAGE, "2026-03-02 10:00", FIELD, "tandem provision apply"),
    ),
    "held.held_listing": Case(
        made=lambda: held.held_listing(HELD_ACCOUNTS, [FIELD_HELD]),
        whole=(NAME, MESSAGE, REMEDY, LINK, "12", FIELD),
        record=(NAME, ID, MESSAGE, REMEDY, PAGE, LINK, "2026-03-02 10:00"),
    ),
    "ledger.ledger_view": Case(
        made=lambda: ledger.ledger_view({"writes_of_all_runs": 123_456_789}),
        whole=("writes_of_all_runs", "123,456,789"),
        record=("writes_of_all_runs", "123,456,789"),
    ),
    "matches.matches_view": Case(
        made=lambda: matches.matches_view([MATCH], MATCHED),
        whole=(NAME, DOMAIN, ID, NUMBER, "98765", SALES, MARKETING),
        record=("98765", MATCH.match.key, "0.87", "ambiguous", SALES, ID, NAME, DOMAIN),
    ),
    "matches.pair_view": Case(
        made=lambda: matches.pair_view(MATCH, MATCHED, lambda _system, _id: PAGE),
        whole=(NAME, DOMAIN, ID, NUMBER, MATCH.match.key, PAGE, "same domain", "0.87"),
    ),
    "matches.why_view": Case(
        made=lambda: matches.why_view(MATCH, MATCHED),
        whole=(NAME, DOMAIN),
    ),
    "matches.matches_listing": Case(
        made=lambda: matches.matches_listing([MATCH], MATCHED),
        whole=(NAME, DOMAIN, ID, NUMBER, "98765"),
        record=("98765", MARKETING, NUMBER, "evil.example"),
    ),
    "pipeline.pipeline_view": Case(
        made=lambda: pipeline.pipeline_view(the_pipeline()),
        whole=(NAME, "123,456,789,012", "123,456", "4,567", "890", "321", "1,234"),
        record=(NAME, "EUR", "123,456", "4,567", "123,456,789,012", "890", "321", "73%"),
    ),
    "plan.plan_view": Case(
        made=lambda: plan.plan_view(PLAN, accounts=None),
        whole=(*PARTS, MESSAGE, DOMAIN, "1,234", "56,789", "987,654", ID),
        record=(NAME, SALES, "owner", f"{EMAIL} → {OTHER}", f"edited in {MARKETING}"),
    ),
    "plan.plan_totals": Case(
        made=lambda: plan.plan_totals(PLAN),
        whole=("1,234", "56,789", "987,654", SALES, MARKETING),
        record=(SALES, "987,654 read + 1,234 to apply"),
    ),
    "plan.sides_text": Case(made=lambda: plan.sides_text(PLAN.conflicts[0]), whole=(EMAIL, OTHER, "tier_1")),
    "plan.holds_view": Case(made=lambda: plan.holds_view(PLAN.held), whole=(MESSAGE, NAME, SALES)),
    "plan.waiting_view": Case(made=lambda: plan.waiting_view(PLAN), whole=("1 account waits until",)),
    "plan.run_view": Case(made=lambda: plan.run_view(RUN), whole=(RUN.id, "1,234,567", "123,456", "78,901")),
    "provision.provision_view": Case(
        made=lambda: provision.provision_view(definitions(), verbose=True),
        whole=(FIELD, EMAIL, OTHER, MESSAGE, REMEDY, "1,234 records change", ID),
        record=(SALES, FIELD, EMAIL, OTHER, MESSAGE, REMEDY),
    ),
    "runs.runs_listing": Case(
        made=lambda: runs.runs_listing([RUN, DEAD_RUN]),
        whole=(RUN.id, "sync", "ok", "1,234,567", "45,678", "910", "died"),
        record=(RUN.id, "sync", "2026-03-02 09:00:00", "ok", "1,234,567", "123,456", "78,901"),
    ),
    "runs.run_head": Case(made=lambda: runs.run_head(STORY), whole=(RUN.id, "1,234,567", "123,456")),
    "runs.writes_listing": Case(
        made=lambda: runs.writes_listing(STORY),
        whole=(NAME, "owner", "∅", EMAIL, "confirmed"),
        record=(NAME, SALES, ID, "owner", EMAIL, "confirmed", "edited in"),
    ),
    "runs.outcome": Case(made=lambda: runs.outcome(DEAD_RUN, None), whole=("died",)),
    "scope.empty_scope_lines": Case(
        made=lambda: scope.empty_scope_lines(SCOPE), whole=(SALES, "1,234,567", FIELD, REMEDY)
    ),
    "stages.stages_view": Case(
        made=lambda: stages.stages_view(
            stages_report(), verbose=True, undecided=["mappings/salesforce.yaml:7"]
        ),
        whole=(
            *PARTS,
            DOMAIN,
            "1,234,567",
            REMEDY,
            "evaluating",
            "engaged",
            "mappings/salesforce.yaml:123",
            FIELD,
        ),
        record=(FIELD, NAME, EMAIL, f"{OTHER} → {DOMAIN}", "1,234,567 records", REMEDY),
    ),
    "stages.mapped_view": Case(
        made=lambda: stages.mapped_view(
            {PAGE: [Mapped(system=SALES, path=("stages",), key=NAME, value=EMAIL, told=MESSAGE, sure=False)]}
        ),
        whole=(NAME, EMAIL, MESSAGE, PAGE),
        record=(PAGE, NAME, EMAIL, MESSAGE),
    ),
    "status.status_view": Case(
        made=lambda: status.status_view(the_status()),
        whole=(
            *(
                "1,234,567",
                "1,234,566",
                "98,765",
                "1,234",
                "4,567",
                "89",
                MESSAGE,
                FIELD,
                RUN.id,
                DEAD_RUN.id,
            ),
            *("died", "4711", "815", "2026-03-02 09:00:00 UTC", SALES, MARKETING),
        ),
        record=(SALES, "1,234,567", "1,234,566", "98,765", "4,321", "77"),
    ),
    "timeline.story_view": Case(
        made=lambda: timeline.story_view(the_story()),
        whole=(*LEFT_OF_TIMELINE, ID, NUMBER, LINK, MESSAGE, REMEDY, "tier_1"),
        record=("2026-03-02 09:00:00", "edited", SALES, "owner", f"{EMAIL} → {OTHER}", NAME, RUN.id),
    ),
    "timeline.accounts_view": Case(
        made=lambda: timeline.accounts_view([ACCOUNT], "acme", more=True),
        whole=(NAME, DOMAIN, LINK, ID, NUMBER),
        record=(NAME, DOMAIN, LINK, ID, NUMBER),
    ),
    "undo.undo_view": Case(
        made=lambda: undo.undo_view(an_undo(), accounts=None),
        whole=(*PARTS, MESSAGE),
        record=(NAME, SALES, "owner", f"{EMAIL} → {OTHER}"),
    ),
}


def views() -> Iterator[str]:
    """Every function of the views that makes something to be shown."""
    for file in sorted(Path(commands.views.__file__).parent.glob("*.py")):
        if file.stem in {"__init__", "listing", "terminal", "text"}:
            continue
        module = importlib.import_module(f"commands.views.{file.stem}")
        for name, made in inspect.getmembers(module, inspect.isfunction):
            told = str(inspect.signature(made).return_annotation)
            shows = any(word in told for word in ("RenderableType", "Listing", "Text", "Group", "Remark"))
            if made.__module__ == module.__name__ and not name.startswith("_") and shows:
                yield f"{file.stem}.{name}"


def test_every_view_has_a_case() -> None:
    assert sorted(views()) == sorted(CASES)


def test_no_table_is_drawn_but_by_a_listing() -> None:
    rooms = Path(commands.__file__).parent
    drawn = {
        file.relative_to(rooms).as_posix()
        for file in [*rooms.rglob("*.py"), *rooms.parent.glob("*.py")]
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module in {"rich.table", "rich.columns"}
    }
    assert drawn == {"views/listing.py"}


def shown(name: str, width: int, *, terminal: bool) -> list[str]:
    out = io.StringIO()
    console = Terminal(file=out, width=width, is_terminal=terminal, color=False)
    made: Any = CASES[name].made()
    for part in made if isinstance(made, (list, Iterator)) else [made]:
        show(console, part)
    text = out.getvalue()
    text.encode()
    return text.splitlines()


def told(lines: list[str], wanted: str) -> bool:
    """Does it stand there in whole, however it was folded within its column?"""
    # A folded cell goes on below itself, with what other columns hold in between.
    rests = {wanted.replace(" ", "")}
    for piece in (piece for line in lines for piece in line.split()):
        if any(rest in piece or piece.startswith(rest) for rest in rests):
            return True
        rests |= {rest[len(piece) :] for rest in rests if rest.startswith(piece)}
        # The cell may begin in the middle of a piece: an address behind an opening bracket.
        whole = wanted.replace(" ", "")
        rests |= {
            whole[cut:]
            for cut in range(1, len(whole))
            if piece.endswith(whole[:cut]) and piece != whole[:cut]
        }
    return "" in rests


def test_a_value_that_was_cut_is_noticed() -> None:
    assert told(["a  abcd", "   efgh"], "abcdefgh")
    assert told(["a  (abcd", "   efgh)"], "abcdefgh")
    assert not told(["a  abcd", "   ef…"], "abcdefgh")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", CASES)
def test_a_view_fits_its_terminal_and_every_value_stands_whole(name: str, width: int) -> None:
    lines = shown(name, width, terminal=True)
    assert [line for line in lines if cell_len(line.rstrip()) > width] == []
    assert [wanted for wanted in CASES[name].whole if not told(lines, wanted)] == []


@pytest.mark.parametrize("name", CASES)
def test_a_pipe_gets_whole_lines_whatever_the_width_and_no_trailing_blanks(name: str) -> None:
    lines = shown(name, 20, terminal=False)
    assert [line for line in lines if line != line.rstrip()] == []
    assert lines == shown(name, 300, terminal=False)
    record = CASES[name].record
    assert any(all(wanted in line for wanted in record) for line in lines)
    assert [wanted for wanted in CASES[name].record if not any(wanted in line for line in lines)] == []


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("name", CASES)
def test_nothing_from_a_crm_steers_the_terminal(name: str, terminal: bool) -> None:
    said = "".join(shown(name, 200, terminal=terminal))
    assert [character for character in said if character != "\n" and printable(character) != character] == []


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("name", CASES)
def test_a_name_with_a_line_break_forges_no_line(name: str, terminal: bool) -> None:
    lines = shown(name, 1000, terminal=terminal)
    assert [line for line in lines if line.lstrip().startswith("forged")] == []


def test_what_stages_check_says_are_sentences() -> None:
    told = " ".join(" ".join(shown("stages.stages_view", 1000, terminal=True)).split())
    for sentence in (
        "It has no place in the contract (mappings/salesforce.yaml:123).",
        "It looks like evaluating: alike words.",
        REMEDY,
    ):
        assert sentence in told, told


def test_what_tandem_does_with_a_stage_goes_on_from_its_name() -> None:
    """``Tandem holds back …``: a verb comes first."""
    rooms = Path(commands.__file__).parents[1] / "provision" / "stages"
    first = {
        str(part.value).split()[0]
        for file in rooms.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.keyword) and node.arg == "does"
        for value in ast.walk(node.value)
        for part in ([value] if isinstance(value, ast.Constant) and value.value else [])
        if isinstance(part.value, str) and part.value[:1].isalpha()
    }
    assert first
    assert [word for word in first if not word.endswith("s") and word != "will"] == []


def test_the_hint_at_further_accounts_names_what_shows_them_there() -> None:
    out = io.StringIO()
    show(
        Terminal(file=out, width=100, is_terminal=True, color=False),
        plan.plan_view(PLAN, accounts=1, more="--show N"),
    )
    assert "… and 2 more accounts (--show N shows them)" in out.getvalue()
