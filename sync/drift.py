"""Definitions that moved away from the mapping: told once when they do, and once when it is over."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from connector.errors import ConnectorError
from sync.definition_plan import DefinitionPlan
from sync.errors import SyncError
from sync.ledger.ledger import Ledger
from sync.standing import Action, Line

#: The note in which the last known state stands; empty while there is no drift.
DRIFT = "drift"
#: Set while definitions were written since the last look of the service, and drift is known.
_AGAIN = "drift:look_again"
#: What is no drift: what is in order, and what the CRM has yet to show.
_STILL = frozenset({Action.KEEP, Action.SETTLING})

log = structlog.get_logger("tandem")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """Definitions that are not as the mapping has them."""

    since: datetime
    #: One sentence for each finding, old and new side by side.
    lines: tuple[str, ...]

    def to_text(self) -> str:
        """As it is kept in the ledger."""
        return json.dumps({"since": self.since.isoformat(), "lines": self.lines}, ensure_ascii=False)

    @classmethod
    def from_text(cls, text: str | None) -> Drift | None:
        """The inverse of ``to_text``; None for what says that all is in order."""
        if not text:
            return None
        data = json.loads(text)
        return cls(since=datetime.fromisoformat(data["since"]), lines=tuple(data["lines"]))


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


def look_again(ledger: Ledger) -> None:
    """Definitions are being written: a drift that is known may be over, and the service need not wait a day to see."""
    if ledger.notes.get(DRIFT):
        ledger.notes.set(_AGAIN, "yes")


def is_to_look_again(ledger: Ledger) -> bool:
    """Whether definitions were written since drift was told."""
    return bool(ledger.notes.get(_AGAIN))


def note_drift(ledger: Ledger, plan: DefinitionPlan, now: datetime) -> bool:
    """Keep the state of the definitions in the ledger and, where it changed, tell it in the log. True where it did."""
    if is_to_look_again(ledger):
        ledger.notes.set(_AGAIN, "")
    before = Drift.from_text(ledger.notes.get(DRIFT))
    lines = told(drifted(plan))
    if lines == (before.lines if before is not None else ()):
        return False
    if lines:
        state = Drift(since=before.since if before is not None else now, lines=lines)
        ledger.notes.set(DRIFT, state.to_text())
        log.warning(
            "definitions drifted",
            action="drift",
            diff=list(lines),
            remedy="Look with: tandem provision plan",
        )
    else:
        ledger.notes.set(DRIFT, "")
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
