"""Lists of records fit the terminal they are shown on, and nothing in them is cut; a pipe gets one record a line."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from commands.views.held import show_held
from commands.views.listing import Column, Listing, show
from commands.views.runs import runs_listing, writes_listing
from insight.held import HeldAccount
from insight.runs import RunStory
from sync.model.inbox import Held, HoldReason
from sync.model.journal import FieldWrite, Run, Write, WriteState
from sync.model.records import LinkId, NativeId
from tests.ids import HUBSPOT

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NAME = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbau AG & Söhne Wien"
EMAIL = "maximiliane.von.und.zu.hohenlohe-langenburg.second@subsidiary.example.com"
ID = "0015e00000AbCdEAAV"
LINK = LinkId("tdm_01hzy8m3k9q2v7x4c6b5n1a0")
MESSAGE = f"bad value for restricted picklist field: {EMAIL}"
PAGE = f"https://acme-holding-international.my.salesforce.com/lightning/r/Account/{ID}/view"
WIDTHS = (80, 100, 140)

RUN = Run(
    id="260302-090000",
    kind="sync",
    trigger="command",
    started_at=NOW,
    finished_at=NOW + timedelta(minutes=59, seconds=59),
    outcome="ok",
    counts={"written.salesforce_emea": 1_234_567, "created.hubspot_emea": 45_678, "held": 910},
    calls={"salesforce_emea": 123_456, "hubspot_emea": 78_901},
)
STORY = RunStory(
    run=RUN,
    writes=(
        Write(
            id=1,
            run_id=RUN.id,
            link_id=LINK,
            system=HUBSPOT,
            kind="update",
            native_id=NativeId(ID),
            fields={"owner": FieldWrite(value=EMAIL, expected=None, reason="edited in salesforce_emea")},
            state=WriteState.CONFIRMED,
            intended_at=NOW,
            settled_at=NOW,
            refusal=None,
        ),
    ),
    labels={LINK: NAME},
)
HELD = [
    HeldAccount(
        held=Held(
            hold=HoldReason(
                link_id=LINK,
                system=HUBSPOT,
                field="owner",
                code="INVALID",
                message=MESSAGE,
                remedy="Invite the person, or name a fallback owner.",
            ),
            attempts=12,
            first_at=NOW,
            last_at=NOW,
            next_try_at=NOW + timedelta(hours=1),
        ),
        account=NAME,
        record_id=NativeId(ID),
        page=PAGE,
    )
]

#: List -> how it is shown, and what of it must stand at every width.
LISTS: dict[str, tuple[Callable[[Console], None], tuple[str, ...]]] = {
    "runs": (
        lambda console: show(console, runs_listing([RUN])),
        (RUN.id, "sync", "ok", "1,234,567", "45,678", "910"),
    ),
    "writes": (
        lambda console: show(console, writes_listing(STORY)),
        (NAME, "owner", "∅", EMAIL, "confirmed"),
    ),
    "held": (
        lambda console: show_held(console, HELD, NOW),
        (NAME, "owner", MESSAGE, "2026-03-02 10:00", PAGE, "Invite the person"),
    ),
}


def shown(name: str, width: int, *, terminal: bool) -> list[str]:
    out = io.StringIO()
    LISTS[name][0](
        Console(file=out, width=width, force_terminal=terminal, color_system=None, highlight=False)
    )
    return out.getvalue().splitlines()


def told(lines: list[str], wanted: str) -> bool:
    """Does it stand there in whole, however it was folded within its column?"""
    # A folded cell goes on below itself, with what other columns hold in between.
    rests = {wanted.replace(" ", "")}
    for piece in (piece for line in lines for piece in line.split()):
        if any(rest in piece or piece.startswith(rest) for rest in rests):
            return True
        rests |= {rest[len(piece) :] for rest in rests if rest.startswith(piece)}
    return "" in rests


def test_a_value_that_was_cut_is_noticed() -> None:
    assert told(["a  abcd", "   efgh"], "abcdefgh")
    assert not told(["a  abcd", "   ef…"], "abcdefgh")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", LISTS)
def test_a_list_fits_its_terminal_and_nothing_in_it_is_cut(name: str, width: int) -> None:
    lines = shown(name, width, terminal=True)
    assert max(cell_len(line.rstrip()) for line in lines) <= width
    assert "…" not in "".join(lines)
    missing = [wanted for wanted in LISTS[name][1] if not told(lines, wanted)]
    assert missing == []


@pytest.mark.parametrize("name", LISTS)
def test_a_pipe_gets_one_record_a_line_whatever_the_width_and_no_trailing_blanks(name: str) -> None:
    (line,) = shown(name, 20, terminal=False)
    assert line == line.rstrip()
    assert all(wanted in line for wanted in LISTS[name][1])


def test_columns_that_find_no_room_go_by_priority_and_are_named() -> None:
    lines = shown("runs", 80, terminal=True)
    assert "No room for: " in lines[-1]
    assert "API calls" in lines[-1]
    assert "API calls" in shown("runs", 140, terminal=True)[0]
    assert "No room for" not in " ".join(shown("runs", 140, terminal=True))


def test_a_column_without_which_a_row_says_nothing_never_goes() -> None:
    listing = Listing(
        columns=(Column(name="id", least=30), Column(name="more", least=30, spare=1)), rows=[("1" * 40, "x")]
    )
    widths, left_out = listing.shown(10)
    assert (widths, left_out) == ({0: 10}, ("more",))


def test_what_stands_between_brackets_or_on_several_lines_is_shown_as_it_is() -> None:
    out = io.StringIO()
    listing = Listing(columns=(Column(name="name"),), rows=[(Text("Acme [red] AG\nVienna"),), ("[bold]",)])
    show(Console(file=out, width=80), listing)
    assert out.getvalue() == "Acme [red] AG Vienna\n[bold]\n"
