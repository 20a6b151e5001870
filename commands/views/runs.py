"""Runs and what they wrote, as a terminal and a pipe show them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from humanize import precisedelta
from rich.text import Text

from commands.views.listing import Column, Listing
from commands.views.text import FAINT, value_text
from insight.runs import RunStory
from sync.local_time import in_words, local, zone_name
from sync.model.journal import OK, Run


def runs_listing(runs: Sequence[Run], running: str | None = None) -> Listing:
    """One Run a row; ``running`` is under way."""
    return Listing(
        columns=(
            Column(name="Run", least=14, whole=True),
            Column(name="kind", least=8),
            Column(name=f"began ({zone_name()})", least=19, spare=1),
            Column(name="took", least=10, spare=2),
            Column(name="outcome", least=9),
            Column(name="what", least=24),
            Column(name="API calls", least=16, spare=3),
        ),
        rows=[
            (
                run.id,
                run.kind,
                local(run.started_at),
                took(run),
                outcome(run, running),
                what(run),
                calls(run),
            )
            for run in runs
        ],
    )


def run_head(story: RunStory, running: str | None = None) -> Iterator[Text]:
    """The Run itself, in a few lines."""
    run = story.run
    span = f", took {took(run)}" if run.finished_at else ""
    yield Text.assemble(
        ("Run ", FAINT), (run.id, "bold"), f"  {run.kind}, started by {run.trigger}  ", outcome(run, running)
    )
    yield Text(f"began {in_words(run.started_at)}{span}", style=FAINT)
    yield Text(what(run))
    if run.calls:
        yield Text(f"API calls: {calls(run)}", style=FAINT)
    if not story.writes:
        yield Text("It wrote nothing to a CRM.")


def writes_listing(story: RunStory) -> Listing:
    """One written value a row."""
    return Listing(
        columns=(
            Column(name="account", least=16, style="bold"),
            Column(name="System", least=10),
            Column(name="record", least=18, spare=1, whole=True),
            Column(name="field", least=10),
            Column(name="before", least=6),
            Column(name="after", least=6),
            Column(name="state", least=10),
            Column(name="why", least=16, spare=2),
        ),
        rows=[
            (
                story.labels.get(write.link_id, write.link_id),
                write.system,
                write.native_id or "",
                name,
                value_text(field.expected),
                value_text(field.value),
                write.state.value,
                field.reason if write.refusal is None else write.refusal.message,
            )
            for write in story.writes
            for name, field in sorted(write.fields.items())
        ],
    )


def outcome(run: Run, running: str | None) -> Text:
    """How it ended: by itself, or by its process's death."""
    if run.finished_at is None and run.id == running:
        return Text("running", style="cyan")
    return Text(run.outcome or "died", style="green" if run.outcome == OK else "red")


def what(run: Run) -> str:
    """What it did, or why it did not."""
    counts = ", ".join(f"{name.replace('.', ' ')} {count:,}" for name, count in run.counts.items() if count)
    return run.error or counts or "nothing"


def calls(run: Run) -> str:
    """What it cost, by System."""
    return ", ".join(f"{system} {count:,}" for system, count in sorted(run.calls.items()))


def took(run: Run) -> str:
    """To the second within the hour, to the minute beyond; empty where it has not ended."""
    if run.finished_at is None:
        return ""
    span = run.finished_at - run.started_at
    unit = "seconds" if span < timedelta(hours=1) else "minutes"
    return precisedelta(span, minimum_unit=unit, format="%0.0f")
