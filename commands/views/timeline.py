"""The story of an account as a terminal shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from commands.views.listing import Column, Listing, Names, Remark
from commands.views.text import FAINT, line, value_text
from insight.moments import Moment
from insight.timeline import Story
from sync.local_time import in_words, local, zone_name
from sync.model.records import Account

_STYLES: Mapping[str, str] = {
    "edited": "cyan",
    "written": "green",
    "put back": "yellow",
    "refused": "red",
    "conflict": "bold yellow",
    "decided": "yellow",
    "overruled": "magenta",
    "flip_flop": "red",
    "history": FAINT,
    "seen": FAINT,
    "unreadable": "red",
    "covered": "magenta",
}


def story_view(story: Story) -> RenderableType:
    """What stands now, what is held, and everything that happened, oldest first."""
    parts: list[RenderableType] = [_head(story)]
    if story.fields:
        parts.append(_now(story))
    parts.extend(Text(line(note), style="yellow") for note in story.notes)
    for item in story.held:
        hold = item.hold
        parts.append(
            Text(f"■ held: {hold.system} {hold.field or 'record'}: {line(hold.message)}", style="red")
        )
        remedy = f"{hold.remedy} " if hold.remedy else ""
        parts.append(Text(f"  → {remedy}Tried again from {in_words(item.next_try_at)}."))
    if story.moments:
        parts += [Text(), _timeline(story.moments)]
    else:
        parts.append(Text("Nothing happened to it that Tandem knows of.", style=FAINT))
    parts.extend(
        Text(f"What {system} itself remembers is missing here: {why}", style="yellow")
        for system, why in story.unasked.items()
    )
    return Group(*parts)


def accounts_view(found: Sequence[Account], text: str, *, more: bool = False) -> RenderableType:
    """Several accounts fit what was typed; ``more`` than are shown."""
    listing = Listing(
        columns=(
            Column(name="account", least=16, style="bold"),
            Column(name="domain", least=12),
            Column(name="Link", least=14, whole=True),
            Column(name="records", least=24),
        ),
        rows=[
            (
                account.link.label,
                account.link.domain or "",
                account.link.id,
                ", ".join(f"{system} {record.id}" for system, record in account.records.items()),
            )
            for account in found
        ],
    )
    many = f"More than {len(found):,}" if more else f"{len(found):,}"
    said = f"{many} accounts fit {text!r}. Name one by its Link, a record's id or its domain."
    return Group(listing, Remark(Text(said, style="yellow")))


def _head(story: Story) -> Text:
    link = story.account.link
    ids = ", ".join(f"{system} {record.id}" for system, record in story.account.records.items())
    closed = (f"  closed: {story.closed}", "red") if story.closed is not None else ""
    return Text.assemble(
        (line(link.label), "bold"), f"  {link.evidence}", (f"  {ids}  {link.id}", FAINT), closed
    )


def _now(story: Story) -> Listing:
    account = story.account
    rows: list[tuple[str | Text, ...]] = []
    for name in story.fields:
        cells = [
            Text("none", style=FAINT)
            if name not in account.link.base
            else value_text(account.link.base[name])
        ]
        for record in account.records.values():
            if name in record.unreadable:
                cells.append(Text("unreadable", style="red"))
            elif name not in record.current:
                cells.append(Text("not read", style=FAINT))
            else:
                waits = record.current[name] != record.observed.get(name)
                cells.append(value_text(record.current[name], "bold cyan" if waits else "bold"))
        rows.append((f"  {name}", *cells))
    return Listing(
        columns=(
            Column(name="now", least=14),
            Column(name="base", least=10),
            *(Column(name=system, least=10) for system in account.records),
        ),
        rows=rows,
        names=Names.EVERYWHERE,
    )


def _timeline(moments: Sequence[Moment]) -> Listing:
    rows = []
    for moment in moments:
        value = Text()
        if moment.what == "seen":
            value = value_text(moment.new)
        elif moment.valued:
            value = Text.assemble(value_text(moment.old), (" → ", FAINT), value_text(moment.new, "bold"))
        why = " ".join(part for part in (moment.why, f"(Run {moment.run})" if moment.run else None) if part)
        rows.append(
            (
                local(moment.at),
                Text(moment.what, style=_STYLES.get(moment.what, "")),
                moment.system or "",
                moment.field or "",
                value,
                moment.by or "",
                Text(line(why), style=FAINT),
            )
        )
    return Listing(
        columns=(
            # A moment folds between its date and its time.
            Column(name=f"when ({zone_name()})", least=10),
            Column(name="what", least=9),
            Column(name="System", least=10),
            Column(name="field", least=5),
            Column(name="value", least=10),
            Column(name="by", least=8),
            Column(name="why", least=14),
        ),
        rows=rows,
        # They say in which zone the moments are told.
        names=Names.EVERYWHERE,
    )
