"""One timeline of an account's values: what stood, who edited it, what was decided by which rule, written, refused,
disputed, resolved and undone. Pure: everything is given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from insight.moments import Moment, first_seen, with_history
from sync.core.diff import Why
from sync.model.inbox import Held, StoredConflict, StoredLink
from sync.model.journal import UNDO, Event, Run, Write, WriteState
from sync.model.records import TANDEM_ID, Account


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Everything that is known of an account, or of one field of it."""

    account: Account
    #: Why its Link is closed; None where it stands.
    closed: str | None
    moments: tuple[Moment, ...]
    held: tuple[Held, ...]
    #: The fields that the story is about.
    fields: tuple[str, ...]
    #: Why it is not linked, and what people are asked about it.
    notes: tuple[str, ...] = ()
    #: Systems whose own history was not asked, and why.
    unasked: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What the ledger holds of one account."""

    events: Sequence[Event] = ()
    writes: Sequence[Write] = ()
    conflicts: Sequence[StoredConflict] = ()
    held: Sequence[Held] = ()
    runs: Mapping[str, Run] = field(default_factory=dict)
    #: The Link as it stands, where there is or was one.
    link: StoredLink | None = None
    #: What the CRMs themselves remember.
    history: Sequence[Moment] = ()
    #: Systems that could not be asked for it, and why.
    unasked: Mapping[str, str] = field(default_factory=dict)
    #: See ``Story.notes``.
    notes: Sequence[str] = ()


_WRITTEN: Mapping[WriteState, str] = {
    WriteState.CONFIRMED: "written",
    WriteState.REFUSED: "refused",
    WriteState.INTENDED: "intended",
    WriteState.SUPERSEDED: "not written",
}


#: What comes first of what happened in one second.
_FIRST = ("linked", "merged", "seen")


#: What put an edit aside, by the reason that its event carries.
_DECIDED: Mapping[str, str] = {
    Why.LEADS: "another System leads by the rule",
    Why.NEWEST: "the newest edit counts by the rule",
    Why.FURTHEST: "the furthest stage counts by the rule",
    Why.PREFERRED: "another System is preferred by the rule",
    Why.PUSHED: "Tandem's own value counts by the rule",
    Why.DECIDED: "a person decided so",
}


def tell(account: Account, sources: Sources, *, only: str | None) -> Story:
    """The story in the order in which it happened. ``only``: one field; the account's own fate is told all the same."""
    found = [
        *_from_events(sources.events),
        *_from_writes(sources.writes, sources.runs),
        *_from_conflicts(sources.conflicts),
    ]
    found += _from_link(account, found, sources.link)
    found = with_history(found, sources.history)
    found += first_seen(account, found, blanks=only is not None)
    wanted = [moment for moment in found if only is None or moment.field in (None, only)]
    names = dict.fromkeys(
        name
        for record in account.records.values()
        for name in (*record.current, *record.unreadable)
        if only in (None, name)
    )
    closed = None
    if sources.link is not None and sources.link.closed_at is not None:
        closed = sources.link.close_reason or "closed"
    return Story(
        account=account,
        closed=closed,
        moments=tuple(sorted(wanted, key=_in_order)),
        held=tuple(item for item in sources.held if only is None or item.hold.field in ("", only)),
        fields=tuple(names) or ((only,) if only is not None else ()),
        notes=tuple(sources.notes),
        unasked=sources.unasked,
    )


def _in_order(moment: Moment) -> tuple[datetime, int]:
    if moment.what in _FIRST:
        return moment.at, _FIRST.index(moment.what) - len(_FIRST)
    return moment.at, moment.what == "closed"


def _from_link(account: Account, told: Sequence[Moment], link: StoredLink | None) -> Iterator[Moment]:
    """Opening and end of a Link that no event tells of: a person's decision, a rebuilt ledger, a merge."""
    if link is None:
        return
    if not any(moment.what == "linked" for moment in told):
        for system, record in account.records.items():
            why = f"{record.id} {link.link.evidence}"
            yield Moment(at=link.opened_at, what="linked", system=system, valued=False, why=why)
    if link.closed_at is not None and not any(
        moment.what == "closed" and moment.at >= link.opened_at for moment in told
    ):
        yield Moment(at=link.closed_at, what="closed", valued=False, why=link.close_reason)


def _from_events(events: Iterable[Event]) -> Iterator[Moment]:
    for event in events:
        # The write of an undo tells the same, and more.
        if event.at is not None and event.kind != "undone":
            yield Moment(
                at=event.at,
                what=event.kind,
                system=event.system,
                field=event.field,
                old=event.old,
                new=event.new,
                valued=event.field is not None and event.kind != "unreadable",
                by=event.by,
                run=event.run_id,
                why=" ".join(part for part in _why(event) if part) or None,
            )


def _why(event: Event) -> Iterator[str | None]:
    if event.kind == "merged":
        yield f"{event.old} was merged into {event.new}"
    elif event.field is None:
        yield event.new or event.old
    yield event.note
    yield _DECIDED.get(event.rule or "", event.rule)
    if event.kind == "edited" and event.by is not None:
        yield "by whom the record was saved last"


def _from_writes(writes: Iterable[Write], runs: Mapping[str, Run]) -> Iterator[Moment]:
    for write in writes:
        run = runs.get(write.run_id)
        undo = run is not None and run.kind == UNDO
        for name, value in write.fields.items():
            if name == TANDEM_ID:
                continue
            refusal = write.refusal
            refused = (
                f"{refusal.code}: {refusal.message}"
                if refusal is not None and write.state is WriteState.REFUSED
                else None
            )
            rule = f"rule {value.rule}" if value.rule and not undo else None
            what = _WRITTEN[write.state]
            made = "made this record" if write.kind == "create" else None
            yield Moment(
                at=write.settled_at or write.intended_at,
                what="put back" if undo and write.state is WriteState.CONFIRMED else what,
                system=write.system,
                field=name,
                old=value.expected,
                new=value.value,
                by="Tandem",
                run=write.run_id,
                why="; ".join(part for part in (refused, made, value.reason, rule) if part) or None,
            )


def _from_conflicts(conflicts: Iterable[StoredConflict]) -> Iterator[Moment]:
    for conflict in conflicts:
        finding = conflict.finding
        sides = ", ".join(
            f"{name} {'blank' if side.value is None else side.value}" + (f" by {side.by}" if side.by else "")
            for name, side in finding.sides.items()
        )
        yield Moment(
            at=conflict.opened_at,
            what="conflict",
            field=finding.field,
            valued=False,
            run=conflict.opened_run,
            why=f"Conflict {conflict.id}: {finding.reason} ({sides})",
        )
        if conflict.decided_at is not None:
            yield Moment(
                at=conflict.decided_at,
                what="decided",
                field=finding.field,
                old=finding.base.value if finding.base else None,
                new=conflict.decision,
                by=conflict.decided_by,
                why=f"Conflict {conflict.id}" + (f": {conflict.note}" if conflict.note else ""),
            )
        if conflict.closed_at is not None:
            yield Moment(
                at=conflict.closed_at,
                what="settled",
                field=finding.field,
                valued=False,
                why=f"Conflict {conflict.id}: {conflict.close_reason}",
            )


def story_json(story: Story) -> dict[str, Any]:
    """For programs."""
    link = story.account.link
    return {
        "link_id": link.id,
        "account": link.label,
        "domain": link.domain,
        "evidence": link.evidence,
        "closed": story.closed,
        "notes": list(story.notes),
        "unasked": dict(story.unasked),
        "records": {name: record.id for name, record in story.account.records.items()},
        "now": {
            name: {
                "has_base": name in link.base,
                "base": link.base.get(name),
                "systems": {
                    system: {
                        "value": record.current.get(name),
                        "observed": record.observed.get(name),
                        "unreadable": record.unreadable.get(name),
                        "stamp": record.stamp.isoformat() if record.stamp else None,
                    }
                    for system, record in story.account.records.items()
                },
            }
            for name in story.fields
        },
        "held": [
            {
                "system": item.hold.system,
                "field": item.hold.field,
                "code": item.hold.code,
                "message": item.hold.message,
                "remedy": item.hold.remedy,
                "next_try_at": item.next_try_at.isoformat(),
            }
            for item in story.held
        ],
        "timeline": [
            {
                "at": moment.at.isoformat(),
                "what": moment.what,
                "system": moment.system,
                "field": moment.field,
                "old": moment.old,
                "new": moment.new,
                "by": moment.by,
                "run": moment.run,
                "why": moment.why,
            }
            for moment in story.moments
        ],
    }
