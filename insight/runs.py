"""Runs, and what each of them wrote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sync.ledger.ledger import Ledger
from sync.model.journal import Run, Write
from sync.model.records import LinkId


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStory:
    """A Run with every write that it meant to make."""

    run: Run
    writes: tuple[Write, ...]
    #: Names of the accounts.
    labels: Mapping[LinkId, str]


def run_story(ledger: Ledger, run: Run) -> RunStory:
    """Read it out of the ledger; no System is asked."""
    writes = ledger.writes.of_run(run.id)
    links = ledger.accounts.links({write.link_id for write in writes})
    return RunStory(
        run=run, writes=tuple(writes), labels={id: stored.link.label for id, stored in links.items()}
    )


def run_json(run: Run) -> dict[str, Any]:
    """A Run, for programs."""
    return {
        "id": run.id,
        "kind": run.kind,
        "trigger": run.trigger,
        "started_at": run.started_at.isoformat(),
        "finished_at": run.finished_at.isoformat() if run.finished_at else None,
        "outcome": run.outcome,
        "counts": dict(run.counts),
        "calls": dict(run.calls),
        "error": run.error,
    }


def run_story_json(story: RunStory) -> dict[str, Any]:
    """A Run and its writes, for programs."""
    return {
        **run_json(story.run),
        "writes": [
            {
                "account": story.labels.get(write.link_id),
                "link_id": write.link_id,
                "system": write.system,
                "record_id": write.native_id,
                "kind": write.kind,
                "state": write.state.value,
                "refusal": None if write.refusal is None else write.refusal.message,
                "fields": {
                    name: {"before": field.expected, "after": field.value, "reason": field.reason}
                    for name, field in write.fields.items()
                },
            }
            for write in story.writes
        ],
    }
