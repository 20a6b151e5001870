"""What an undo would put back, and what it leaves alone, as a terminal shows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from commands.views.plan import plan_view
from commands.views.text import FAINT, line, plural
from sync.core.plan_file import to_json
from sync.core.undo import Left
from sync.model.records import PageOf
from sync.planning.undo import Undo


def undo_view(found: Undo, *, accounts: int | None = 12) -> RenderableType:
    """The Plan as any other, and below it what stays, by reason. ``accounts``: how many are shown of each."""
    plan = found.look.plan
    parts: list[RenderableType] = []
    if plan.empty:
        parts.append(Text(f"Run {plan.undoes} overwrote nothing that can go back.", style="green"))
    else:
        parts.append(plan_view(plan, accounts=accounts, more="--all"))
        apart = apart_after(found)
        if apart:
            parts.append(
                Text(
                    f"{plural(apart, 'value')} will differ between the Systems afterwards and stay so until "
                    "somebody edits one of them.",
                    style="yellow",
                )
            )
    parts.extend(_left(found.left, accounts))
    return Group(*parts)


def apart_after(found: Undo) -> int:
    """How many fields the Systems no longer agree on once this was undone."""
    plan = found.look.plan
    again = {(agreed.link_id, agreed.field) for agreed in plan.agreements if agreed.base is not None}
    return len({(change.link_id, change.field) for change in plan.changes} - again)


def _left(left: Sequence[Left], limit: int | None) -> list[Text]:
    groups: dict[tuple[str, str, str], list[Left]] = {}
    for item in left:
        groups.setdefault((item.system, item.field, item.reason), []).append(item)
    if not groups:
        return []
    ranked = sorted(groups.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    lines = [Text(f"{len(left):,} left as they are:", style="bold")]
    for (system, field, reason), items in ranked[:limit]:
        names = ", ".join(line(item.label) for item in items[:3]) + (" …" if len(items) > 3 else "")
        lines.append(
            Text.assemble(
                f"  {len(items):,} {system} {field or 'record'}: ",
                (reason, "yellow"),
                (f" ({names})", FAINT),
            )
        )
    if limit is not None and len(ranked) > limit:
        lines.append(Text(f"  … and {plural(len(ranked) - limit, 'more reason')}: --all", style=FAINT))
    return lines


def undo_json(found: Undo, page: PageOf) -> dict[str, Any]:
    """The Plan as it is saved, and what stays."""
    return to_json(found.look.plan, page) | {"apart_after": apart_after(found), "left": left_json(found)}


def left_json(found: Undo) -> list[dict[str, str]]:
    """What stays, and why."""
    return [
        {
            "link_id": item.link_id,
            "account": item.label,
            "system": item.system,
            "field": item.field,
            "reason": item.reason,
        }
        for item in found.left
    ]
