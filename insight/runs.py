"""Runs, and what each of them wrote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sync.ledger.lease import Lease
from sync.ledger.ledger import Ledger
from sync.model.journal import OK, Run, Write
from sync.model.records import LinkId


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStory:
    """A Run with every write that it meant to make."""

    run: Run
    writes: tuple[Write, ...]
    #: Names of the accounts.
    labels: Mapping[LinkId, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFold:
    """Runs that did nothing, one after the other, or a single one that did."""

    #: Newest first.
    runs: tuple[Run, ...]


def is_empty(run: Run) -> bool:
    """It ended well, and had nothing to do."""
    return run.outcome == OK and run.error is None and not any(run.counts.values())


def folded(runs: Sequence[Run]) -> list[RunFold]:
    """Newest first; neighbours of one kind that did nothing become one."""
    found: list[RunFold] = []
    for run in runs:
        before = found[-1].runs if found else ()
        if before and is_empty(run) and is_empty(before[-1]) and run.kind == before[-1].kind:
            found[-1] = RunFold(runs=(*before, run))
        else:
            found.append(RunFold(runs=(run,)))
    return found


def running(runs: Iterable[Run], lease: Lease | None) -> str | None:
    """The Run that is under way: the newest without an end, where whoever began it still holds the lease. Any other
    without an end died."""
    newest = max((run for run in runs if run.finished_at is None), key=lambda run: run.id, default=None)
    if newest is None or lease is None or newest.started_at < lease.since:
        return None
    return newest.id


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
