"""What is held, as a terminal and a pipe show it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from rich.console import Console
from rich.text import Text

from commands.views.listing import Column, Listing, show
from commands.views.text import FAINT, line, plural
from insight.held import HeldAccount
from sync.core.hold import Hold
from sync.local_time import MINUTES, in_words, local, zone_name


def show_held(
    console: Console, found: Sequence[HeldAccount], now: datetime, whole: Sequence[Hold] = ()
) -> None:
    """By reason on a terminal, one a line elsewhere. ``whole``: fields that wait as a whole."""
    if console.is_terminal:
        for line in held_lines(found, now, whole):
            console.print(line, overflow="fold")
    else:
        show(console, held_listing(found, whole))


def held_lines(found: Sequence[HeldAccount], now: datetime, whole: Sequence[Hold] = ()) -> Iterable[Text]:
    """A paragraph for each reason, the most frequent first, and its accounts below; before them each field that waits
    as a whole."""
    for field_held in whole:
        yield Text.assemble(
            ("■ every account ", "bold red"),
            (f"{field_held.system} {field_held.field}: {line(field_held.message)}", "red"),
        )
        yield Text.assemble(("  what to do  ", "bold"), field_held.remedy)
    groups: dict[tuple[str, str, str, str], list[HeldAccount]] = {}
    for one in found:
        hold = one.held.hold
        groups.setdefault((hold.system, hold.field, hold.message, hold.remedy or ""), []).append(one)
    for (system, field, message, remedy), held in sorted(
        groups.items(), key=lambda pair: (-len(pair[1]), pair[0])
    ):
        yield Text.assemble(
            (f"■ {len(held):,} held ", "bold red"), (f"{system} {field or 'record'}: {line(message)}", "red")
        )
        if remedy:
            yield Text.assemble(("  what to do  ", "bold"), remedy)
        for one in held:
            yield Text.assemble("  ", (line(one.account), "bold"), (f"  {_tries(one, now)}", FAINT))
            if one.page is not None:
                yield Text(f"    {one.page}", style=FAINT)
    if found:
        yield Text(
            f"{plural(len(found), 'value')} held. Have them tried by the next Run: tandem held retry --all",
            style="yellow",
        )


def held_listing(found: Sequence[HeldAccount], whole: Sequence[Hold] = ()) -> Listing:
    """One a line, for other programs."""
    waiting = [
        (hold.label, hold.system, "", hold.field, hold.code, hold.message, hold.remedy, "0", "", "", "")
        for hold in whole
    ]
    names = (
        *(
            "account",
            "System",
            "record",
            "field",
            "code",
            "message",
            "remedy",
            "tries",
            f"next try ({zone_name()})",
        ),
        *("page", "Link"),
    )
    return Listing(
        columns=tuple(Column(name=name) for name in names),
        rows=[
            *waiting,
            *(
                (
                    one.account,
                    one.held.hold.system,
                    one.record_id or "",
                    one.held.hold.field,
                    one.held.hold.code,
                    one.held.hold.message,
                    one.held.hold.remedy or "",
                    str(one.held.attempts),
                    local(one.held.next_try_at, MINUTES),
                    one.page or "",
                    one.held.hold.link_id,
                )
                for one in found
            ),
        ],
    )


def _tries(one: HeldAccount, now: datetime) -> str:
    at = one.held.next_try_at
    when = "due now" if at <= now else f"next try {in_words(at, MINUTES)}"
    return f"{plural(one.held.attempts, 'try', 'tries')}, {when}"
