"""The story of an account as a terminal shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from commands.views.text import value_text
from insight.moments import Moment
from insight.timeline import Story
from sync.local_time import local, told, zone_name
from sync.model.records import Account

_FAINT = "bright_black"
_STYLES: Mapping[str, str] = {
    "edited": "cyan",
    "written": "green",
    "put back": "yellow",
    "refused": "red",
    "conflict": "bold yellow",
    "decided": "yellow",
    "overruled": "magenta",
    "flip_flop": "red",
    "history": _FAINT,
    "seen": _FAINT,
    "unreadable": "red",
    "covered": "magenta",
}


def story_view(story: Story) -> RenderableType:
    """What stands now, what is held, and everything that happened, oldest first."""
    parts: list[RenderableType] = [_head(story)]
    if story.fields:
        parts.append(_now(story))
    parts.extend(Text(note, style="yellow") for note in story.notes)
    for item in story.held:
        hold = item.hold
        parts.append(Text(f"■ held: {hold.system} {hold.field or 'record'}: {hold.message}", style="red"))
        remedy = f"{hold.remedy} " if hold.remedy else ""
        parts.append(Text(f"  → {remedy}Tried again from {told(item.next_try_at)}."))
    if story.moments:
        parts += [Text(), _timeline(story.moments)]
    else:
        parts.append(Text("Nothing happened to it that Tandem knows of.", style=_FAINT))
    parts.extend(
        Text(f"What {system} itself remembers is missing here: {why}", style="yellow")
        for system, why in story.unasked.items()
    )
    return Group(*parts)


def accounts_view(found: Sequence[Account], text: str, *, more: bool = False) -> RenderableType:
    """Several accounts fit what was typed; ``more`` than are shown."""
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style=_FAINT)
    for name in ("account", "domain", "Link", "records"):
        table.add_column(name)
    for account in found:
        records = ", ".join(f"{system} {record.id}" for system, record in account.records.items())
        table.add_row(
            Text(account.link.label, style="bold"), account.link.domain or "", account.link.id, records
        )
    many = f"More than {len(found):,}" if more else f"{len(found):,}"
    said = f"{many} accounts fit {text!r}. Name one by its Link, a record's id or its domain."
    return Group(table, Text(said, style="yellow"))


def _head(story: Story) -> Text:
    link = story.account.link
    ids = ", ".join(f"{system} {record.id}" for system, record in story.account.records.items())
    closed = (f"  closed: {story.closed}", "red") if story.closed is not None else ""
    return Text.assemble((link.label, "bold"), f"  {link.evidence}", (f"  {ids}  {link.id}", _FAINT), closed)


def _now(story: Story) -> Table:
    account = story.account
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style=_FAINT)
    for name in ("now", "base", *account.records):
        table.add_column(name)
    for name in story.fields:
        cells = [
            Text("none", style=_FAINT)
            if name not in account.link.base
            else value_text(account.link.base[name])
        ]
        for record in account.records.values():
            if name in record.unreadable:
                cells.append(Text("unreadable", style="red"))
            elif name not in record.current:
                cells.append(Text("not read", style=_FAINT))
            else:
                waits = record.current[name] != record.observed.get(name)
                cells.append(value_text(record.current[name], "bold cyan" if waits else "bold"))
        table.add_row(f"  {name}", *cells)
    return table


def _timeline(moments: Sequence[Moment]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style=_FAINT)
    for name in (f"when ({zone_name()})", "what", "System", "field", "value", "by", "why"):
        table.add_column(name, no_wrap=name.startswith("when") or name in {"what", "System", "field"})
    for moment in moments:
        value = Text()
        if moment.what == "seen":
            value = value_text(moment.new)
        elif moment.valued:
            value = Text.assemble(value_text(moment.old), (" → ", _FAINT), value_text(moment.new, "bold"))
        why = " ".join(part for part in (moment.why, f"(Run {moment.run})" if moment.run else None) if part)
        table.add_row(
            local(moment.at),
            Text(moment.what, style=_STYLES.get(moment.what, "")),
            moment.system or "",
            moment.field or "",
            value,
            moment.by or "",
            Text(why, style=_FAINT),
        )
    return table
