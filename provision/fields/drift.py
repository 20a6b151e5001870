"""Definitions that moved away from the mapping: told once when they do, and once when it is over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from connector.errors import ConnectorError
from provision.fields.plan import DefinitionPlan
from provision.fields.state import Action, Line
from sync.errors import SyncError
from sync.ledger.ledger import Ledger
from sync.model.definitions import Drift

#: What is no drift: what is in order, and what the CRM has yet to show.
_STILL = frozenset({Action.KEEP, Action.SETTLING})

log = structlog.get_logger("tandem")


def drifted(plan: DefinitionPlan) -> tuple[Line, ...]:
    """The findings of a plan that are drift."""
    return tuple(line for line in plan.lines if line.action not in _STILL)


def told(lines: Sequence[Line]) -> tuple[str, ...]:
    """The diff, a sentence for each finding."""
    return tuple(
        " ".join(
            part
            for part in (
                f"{line.system} {line.object}.{line.field}",
                f"{line.attribute or line.action}:",
                f"{line.stands or '∅'} → {line.should}" if line.should else line.stands,
                f"({line.reason})" if line.reason else "",
            )
            if part
        )
        for line in lines
    )


def note_drift(ledger: Ledger, plan: DefinitionPlan, now: datetime) -> bool:
    """Keep the state of the definitions in the ledger and, where it changed, tell it in the log. True where it did."""
    before = ledger.drift.get()
    lines = told(drifted(plan))
    ledger.drift.set(Drift(since=before.since if before is not None else now, lines=lines) if lines else None)
    if lines == (before.lines if before is not None else ()):
        return False
    if lines:
        log.warning(
            "definitions drifted",
            action="drift",
            diff=list(lines),
            remedy="Look with: tandem provision plan",
        )
    else:
        log.info("definitions are in order again", action="drift_over")
    return True


def watcher(
    plan: Callable[[], DefinitionPlan], ledger: Ledger, clock: Callable[[], datetime]
) -> Callable[[], None]:
    """What the service does after each full compare, and once definitions were written: those that cannot be read stop
    no Run."""

    def watch() -> None:
        try:
            note_drift(ledger, plan(), clock())
        except (ConnectorError, SyncError) as error:
            log.warning("definitions not compared", action="drift_unknown", reason=str(error))

    return watch
