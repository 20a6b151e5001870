"""Options that raise the guard's limits for one Run, and the guard that comes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import click

from commands.app import App
from sync.core.guard import Guard

_Command = TypeVar("_Command", bound=Callable[..., Any])

#: Limits of the guard that a command may raise for its one Run, as Guard names them.
_LIMITS = {
    "max_changes": click.option(
        "--max-changes", type=click.IntRange(min=1), help="Field writes this one Run may make at the most."
    ),
    "max_change_share": click.option(
        "--max-change-share",
        type=click.FloatRange(0, 1),
        help="Share of the linked accounts whose values this one Run may overwrite.",
    ),
    "max_swing_share": click.option(
        "--max-swing-share",
        type=click.FloatRange(0, 1),
        help="Share of the scores that this one Run may move by more than guard.score_swing points.",
    ),
    "max_unlike_share": click.option(
        "--max-unlike-share",
        type=click.FloatRange(0, 1),
        help="Share of the new Links of this one Run that may have names which do not fit each other.",
    ),
}


def guard_options(*names: str) -> Callable[[_Command], _Command]:
    """Options that raise these limits of the guard, all of them unless named; what is given is for ``guard_for``."""

    def add(command: _Command) -> _Command:
        for name in reversed(names or tuple(_LIMITS)):
            command = _LIMITS[name](command)
        return command

    return add


def guard_for(app: App, limits: Mapping[str, Any]) -> Guard:
    """The configured guard, with what was raised for this one Run: the options of ``guard_options``, by name."""
    raised = {name: limit for name, limit in limits.items() if limit is not None}
    return replace(app.settings.guard.guard(), **raised)
