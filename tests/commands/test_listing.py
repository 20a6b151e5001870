"""Which columns of a list fit, how they share the room, and what a pipe gets. What each view makes of it:
``test_views.py``."""

from __future__ import annotations

import io

from rich.text import Text

from commands.views.listing import Column, Listing, Names, Remark, show
from commands.views.runs import runs_listing
from commands.views.terminal import Terminal
from tests.commands.test_views import RUN


def lines(listing: Listing, width: int, *, terminal: bool) -> list[str]:
    out = io.StringIO()
    show(Terminal(file=out, width=width, is_terminal=terminal, color=False), listing)
    return out.getvalue().splitlines()


def test_columns_that_find_no_room_go_by_priority_and_are_named() -> None:
    narrow, wide = (lines(runs_listing([RUN]), width, terminal=True) for width in (80, 180))
    assert narrow[-1] == "No room for: took, API calls. A wider terminal, a pipe or --json shows them."
    assert "API calls" in wide[0]
    assert "No room for" not in " ".join(wide)


def test_a_column_without_which_a_row_says_nothing_never_goes() -> None:
    listing = Listing(
        columns=(Column(name="id", least=30), Column(name="more", least=30, spare=1)), rows=[("1" * 40, "x")]
    )
    widths, left_out = listing.shown(10)
    assert (widths, left_out) == ({0: 10}, ("more",))


def test_figures_and_ids_are_not_broken_while_another_column_can_fold_or_go() -> None:
    listing = Listing(
        columns=(
            Column(name="name", least=6),
            Column(name="sum", least=3, right=True),
            Column(name="id", least=4, whole=True),
        ),
        rows=[("Maximilian of the long names", "1,234,567", "0015e00000AbCdEAAV")],
    )
    shown = lines(listing, 40, terminal=True)
    assert any("1,234,567" in line for line in shown)
    assert any("0015e00000AbCdEAAV" in line for line in shown)


def test_what_stands_between_brackets_or_on_several_lines_is_shown_as_it_is() -> None:
    listing = Listing(columns=(Column(name="name"),), rows=[(Text("Acme [red] AG\nVienna"),), ("[bold]",)])
    assert lines(listing, 80, terminal=False) == ["Acme [red] AG Vienna", "[bold]"]
    assert [line.strip() for line in lines(listing, 80, terminal=True)] == [
        "name",
        "Acme [red] AG",
        "Vienna",
        "[bold]",
    ]


def test_rows_that_share_a_heading_stand_below_it_and_each_carries_it_through_a_pipe() -> None:
    listing = Listing(
        columns=(Column(name="account"), Column(name="field"), Column(name="value")),
        rows=[("Acme", "tier", "1"), ("Acme", "owner", "Ben"), ("Zeta", "tier", "2")],
        headings=1,
        names=Names.NOWHERE,
    )
    assert [line.rstrip() for line in lines(listing, 80, terminal=True)] == [
        "Acme",
        "  tier   1",
        "  owner  Ben",
        "Zeta",
        "  tier   2",
    ]
    assert lines(listing, 80, terminal=False) == ["Acme\ttier\t1", "Acme\towner\tBen", "Zeta\ttier\t2"]


def test_a_column_in_which_nothing_stands_takes_no_room() -> None:
    listing = Listing(columns=(Column(name=""), Column(name="x")), rows=[("", "here")], names=Names.NOWHERE)
    assert lines(listing, 80, terminal=True) == ["here"]


def test_a_remark_stands_beside_a_list_for_people_and_not_in_one_for_programs() -> None:
    for terminal in (True, False):
        out = io.StringIO()
        show(Terminal(file=out, is_terminal=terminal, color=False), Remark(Text("2 open.")))
        assert ("2 open." in out.getvalue()) is terminal
