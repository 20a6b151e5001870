"""Plans and Conflicts as a terminal shows them. Builds rich renderables; prints nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from rich.console import Group, RenderableType
from rich.text import Text

from commands.views.listing import Column, Listing, Names
from commands.views.text import FAINT, line, plural, value_text
from sync import local_time
from sync.core.conflicts import Conflict
from sync.core.diff import Why
from sync.core.hold import Hold
from sync.core.matching.match import Proposal
from sync.core.plan import Change, Create, Plan
from sync.model.journal import OK, Run
from sync.model.records import OWNER, TANDEM_ID

_WHY_STYLES: Mapping[Why, str] = {
    Why.EDITED: "cyan",
    Why.AGREED: "cyan",
    Why.FILLED: "green",
    Why.LEADS: "blue",
    Why.FURTHEST: "magenta",
    Why.NEWEST: "magenta",
    Why.PREFERRED: "magenta",
    Why.PUSHED: FAINT,
    Why.DECIDED: "yellow",
    Why.UNDONE: "yellow",
}


@dataclass(slots=True)
class _Story:
    """Everything that the Plan says about one account."""

    label: str
    link_id: str
    creates: list[Create] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)

    @property
    def has_diff(self) -> bool:
        """Something is to be written or decided."""
        return bool(self.creates or self.changes or self.conflicts)

    @property
    def urgency(self) -> tuple[bool, bool, bool, str]:
        """What is made comes first, then what needs a person, then what overwrites a value, then what fills one."""
        overwrites = any(not _fills(change) for change in self.changes)
        return (not self.creates, not self.conflicts, not overwrites, self.label.casefold())


def plan_view(
    plan: Plan, *, accounts: int | None = 12, more: str = "--all", part: bool = False
) -> RenderableType:
    """The Plan as a record-level diff: by account, each line with its reason, then totals and price.

    ``accounts``: how many accounts are shown; None for all of them. ``more``: what shows the others. ``part``: more
    than this may be due.
    """
    stories = sorted((story for story in _stories(plan) if story.has_diff), key=lambda story: story.urgency)
    limit = len(stories) if accounts is None else accounts
    parts: list[RenderableType] = list(_new_links(plan, accounts, more))
    # What is made and what ends weighs more than what changes.
    shown = stories[:limit]
    made, others = ([story for story in shown if bool(story.creates) is new] for new in (True, False))
    if made:
        parts.append(_diff(made))
    if accounts != 0:
        parts.extend(_endings(plan, verbose=accounts is None))
    if others:
        parts.append(_diff(others))
    if limit and len(stories) > limit:
        rest = plural(len(stories) - limit, "more account")
        parts.append(Text(f"… and {rest} ({more} shows them)", style=FAINT))
    if accounts != 0:
        parts.extend(_notes(plan, verbose=accounts is None))
    parts.extend(waiting_view(plan))
    if parts:
        parts.append(Text())
    parts.append(plan_totals(plan, part=part))
    return Group(*parts)


def _new_links(plan: Plan, accounts: int | None, more: str) -> Iterator[RenderableType]:
    """Records that become one account, which is the weightiest that a Plan decides: the least alike first."""
    found = sorted(
        (proposal for proposal in plan.proposals if len(proposal.members) > 1 or proposal.link.stored),
        key=lambda proposal: (proposal.grounds.likeness, proposal.link.label.casefold(), proposal.link.id),
    )
    shown = found[:accounts]
    if shown:
        yield Listing(
            columns=(
                Column(name="new Link", style="bold"),
                Column(name="", least=1),
                Column(name="System", least=14),
                Column(name="name", least=16),
                Column(name="website", least=16, whole=True),
                Column(name="owner", least=12, spare=1),
                Column(name="score", least=4, right=True),
                Column(name="why one account", least=20),
            ),
            rows=[
                (line(proposal.link.label), *cells) for proposal in shown for cells in _member_cells(proposal)
            ],
            headings=1,
            names=Names.NOWHERE,
        )
    if shown and len(found) > len(shown):
        rest = plural(len(found) - len(shown), "more new Link")
        yield Text(f"… and {rest}, more alike ({more} shows them)", style=FAINT)


def _member_cells(proposal: Proposal) -> Iterator[tuple[Text, ...]]:
    for number, member in enumerate(proposal.members):
        yield (
            Text("=", style="cyan"),
            Text(member.system, style="cyan"),
            Text(line(member.name or member.id)),
            Text(line(member.domain or "")),
            Text(line(member.current.get(OWNER) or "")),
            Text(f"{proposal.grounds.score:.2f}" if number == 0 else "", style=FAINT),
            Text(line(proposal.grounds.why) if number == 0 else "", style=FAINT),
        )


def _stories(plan: Plan) -> list[_Story]:
    found: dict[str, _Story] = {}

    def story(item: Change | Create | Conflict) -> _Story:
        return found.setdefault(item.link_id, _Story(label=item.label, link_id=item.link_id))

    for create in plan.creates:
        story(create).creates.append(create)
    for change in plan.changes:
        if change.field != TANDEM_ID:
            story(change).changes.append(change)
    for conflict in plan.conflicts:
        story(conflict).conflicts.append(conflict)
    return list(found.values())


def _diff(stories: list[_Story]) -> Listing:
    return Listing(
        columns=(
            Column(name="account", style="bold"),
            Column(name="", least=1),
            Column(name="System", least=14),
            Column(name="field", least=10),
            Column(name="value", least=20),
            Column(name="why", least=20),
        ),
        rows=[(story.label, *cells) for story in stories for cells in _diff_cells(story)],
        headings=1,
        names=Names.NOWHERE,
    )


def _diff_cells(story: _Story) -> Iterator[tuple[Text, ...]]:
    created = {create.system for create in story.creates}
    for create in story.creates:
        set_here = [change for change in story.changes if change.system == create.system]
        fields = ", ".join(
            f"{change.field} {change.value}" for change in set_here if change.value is not None
        )
        yield (
            Text("+", style="green"),
            Text(create.system, style="green"),
            Text("new record"),
            Text(line(create.domain or create.name), style="green"),
            Text(f"missing there; {fields}" if fields else "missing there", style=FAINT),
        )
    for change in story.changes:
        if change.system not in created:
            yield _change_cells(change)
    for conflict in story.conflicts:
        yield (
            Text("!", style="bold yellow"),
            Text("conflict", style="bold yellow"),
            Text(conflict.field),
            sides_text(conflict),
            Text(conflict.reason, style="yellow"),
        )


def _fills(change: Change) -> bool:
    """Nothing that somebody chose is replaced: a blank, or a checkbox that was never set."""
    return change.expected is None or change.fills


def _change_cells(change: Change) -> tuple[Text, ...]:
    fills = _fills(change)
    values = Text.assemble(
        value_text(change.expected, "red"), (" → ", FAINT), value_text(change.value, "green")
    )
    return (
        Text("+" if fills else "~", style="green" if fills else "yellow"),
        Text(change.system, style="green" if fills else "yellow"),
        Text(change.field),
        values,
        Text(change.reason, style=_WHY_STYLES.get(change.why, "")),
    )


def sides_text(conflict: Conflict) -> Text:
    """``base engaged | SYSTEM evaluating | SYSTEM closed``."""
    parts = [Text.assemble(("base ", FAINT), value_text(conflict.base.value))] if conflict.base else []
    parts.extend(
        Text.assemble((f"{system} ", FAINT), value_text(seen.value, "bold"))
        for system, seen in conflict.sides.items()
    )
    return Text(" | ", style=FAINT).join(parts)


def _notes(plan: Plan, *, verbose: bool) -> list[RenderableType]:
    notes: list[RenderableType] = []
    limit = None if verbose else 5
    for pair in plan.asked[:limit]:
        names = ", ".join(f"{record.system} {line(record.name or record.id)}" for record in pair.records)
        linked = all(record.link_id is not None for record in pair.records)
        meanwhile = "kept in step meanwhile" if linked else "left alone until a person decides"
        notes.append(Text(f"? {pair.reason}: {names}; {meanwhile} (tandem matches list)", style="yellow"))
    if limit is not None and len(plan.asked) > limit:
        notes.append(Text(f"? … and {plural(len(plan.asked) - limit, 'more question')}", style="yellow"))
    notes.extend(holds_view(plan.held, limit=limit))
    return notes


def _endings(plan: Plan, *, verbose: bool) -> Iterator[Text]:
    """What people merged, and Links that end: each in a line, with how many more there are."""
    limit = None if verbose else 5
    for merge in plan.merges[:limit]:
        what = f"{merge.system} {merge.record_id} was merged into {merge.survivor}"
        yield Text(f"» {line(merge.label)}: {what}", style="magenta")
    if limit is not None and len(plan.merges) > limit:
        yield Text(f"» … and {plural(len(plan.merges) - limit, 'more merge')} (--all)", style="magenta")
    for closure in plan.closures[:limit]:
        what = f"{closure.system} {closure.record_id} {closure.reason}"
        yield Text(f"- {line(closure.label)}: {what}", style="red")
    if limit is not None and len(plan.closures) > limit:
        yield Text(f"- … and {plural(len(plan.closures) - limit, 'more Link')} to close (--all)", style="red")


def holds_view(held: Sequence[Hold], *, limit: int | None = 5) -> list[Text]:
    """What cannot be written or decided now: by reason, with how many and an example, the most frequent first."""
    groups: dict[tuple[str, str, str], list[Hold]] = {}
    for hold in held:
        groups.setdefault((hold.system, hold.field, hold.message), []).append(hold)
    ranked = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    lines = [
        Text.assemble(
            (f"■ {len(holds):,} held ", "bold red"),
            (f"{system} {field or 'record'}: {message} ", "red"),
            (f"({line(holds[0].label)}{' …' if len(holds) > 1 else ''})", FAINT),
            *([(f" {holds[0].remedy}", "red")] if not holds[0].link_id else []),
        )
        for (system, field, message), holds in ranked[:limit]
    ]
    if limit is not None and len(ranked) > limit:
        lines.append(
            Text(f"■ … and {plural(len(ranked) - limit, 'more reason')}: tandem status", style="red")
        )
    return lines


def waiting_view(plan: Plan) -> list[Text]:
    """Accounts that wait for their counterpart, and until when."""
    if not plan.waiting:
        return []
    # Shown to the minute, and never too early.
    until = local_time.in_words(
        max(each.until for each in plan.waiting) + timedelta(seconds=59),
        "%H:%M",
    )
    one = len(plan.waiting) == 1
    return [
        Text(
            f"{plural(len(plan.waiting), 'account')} {'waits' if one else 'wait'} until {until}, so that "
            f"{'its' if one else 'their'} counterpart may appear.",
            style="yellow",
        )
    ]


def plan_totals(plan: Plan, *, part: bool = False) -> RenderableType:
    """How much the Plan would do, by System, and what it costs."""
    created: Counter[str] = Counter(create.system for create in plan.creates)
    new = {create.side for create in plan.creates}
    kinds: Counter[tuple[str, str]] = Counter()
    for change in plan.changes:
        if change.side not in new:
            kind = "mark" if change.field == TANDEM_ID else "fill" if _fills(change) else "overwrite"
            kinds[change.system, kind] += 1
    rows = plan.rows()
    table = Listing(
        columns=(
            Column(name="System", style="bold"),
            *(
                Column(name=name, right=True)
                for name in ("create", "overwrite", "fill", "mark", "records", "API calls")
            ),
        ),
        rows=[
            (
                system,
                _number(created[system], "green"),
                _number(kinds[system, "overwrite"], "yellow"),
                _number(kinds[system, "fill"], "green"),
                _number(kinds[system, "mark"], FAINT),
                _number(rows[system], ""),
                f"{plan.read_calls.get(system, 0):,} read + {plan.price.get(system, 0):,} to apply",
            )
            for system in sorted({*plan.price, *rows})
        ],
        names=Names.EVERYWHERE,
    )
    agreed = sum(1 for agreement in plan.agreements if agreement.why is Why.AGREED)
    facts = [
        plural(len(plan.proposals), "new Link") if plan.proposals else None,
        plural(len(plan.conflicts), "Conflict") if plan.conflicts else None,
        f"{plural(agreed, 'value')} on which the Systems agree by themselves" if agreed else None,
        f"{plural(len(plan.asked), 'question')}" if plan.asked else None,
        f"{len(plan.held):,} held" if plan.held else None,
        plural(len(plan.merges), "merge") if plan.merges else None,
        f"{plural(len(plan.closures), 'Link')} to close" if plan.closures else None,
    ]
    told = ", ".join(fact for fact in facts if fact)
    if plan.empty and not told and part:
        return Text("Nothing of this is due.", style="green")
    if plan.empty and not told:
        if plan.waiting:
            return Text("Nothing to do yet.", style="yellow")
        if not plan.linked:
            return Text("Nothing to do: no account is linked.", style="yellow")
        return Text(f"In sync: {plural(plan.linked, 'linked account')}, nothing to do.", style="green")
    return Group(table, Text(told, style="bold")) if told else table


def _number(count: int, style: str) -> Text:
    return Text(f"{count:,}", style=style) if count else Text("·", style=FAINT)


def run_view(run: Run) -> RenderableType:
    """One Run in a line or two: what it wrote where, and what that cost."""
    done = run.outcome == OK
    figures = [f"{name.replace('.', ' ')} {count:,}" for name, count in run.counts.items()]
    calls = ", ".join(f"{system} {count:,}" for system, count in sorted(run.calls.items()))
    head = Text.assemble(
        ("done " if done else f"{run.outcome} ", "bold green" if done else "bold red"),
        (f"Run {run.id}  ", "bold"),
        ", ".join(figures) or "nothing to do",
        (f"  (API calls: {calls})" if calls else "", FAINT),
    )
    return Group(head, Text(run.error, style="red")) if run.error else head
