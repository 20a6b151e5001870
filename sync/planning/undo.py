"""Undo, with a ledger in hand: what a Run wrote and what became of it since, made into a Plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from connector.base import Version
from mappings.fields import CanonicalField
from sync.core.landing import SKEW, is_ours
from sync.core.plan import Plan, price
from sync.core.undo import Left, Made, Overwrite, UndoFacts, take_back
from sync.errors import SettingsError
from sync.ledger.ledger import Ledger
from sync.model.journal import Event, FieldWrite, Run, Write, WriteState
from sync.model.records import TANDEM_ID, Account, LinkSideField, LinkSideValue, SystemName, by_system
from sync.planning.build import Look
from sync.system_session import SystemSession


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """A Plan that undoes a Run, and what it leaves alone."""

    look: Look
    left: tuple[Left, ...]


def require_run(ledger: Ledger, run_id: str) -> Run:
    """The Run of this id; ``SettingsError`` where there never was one."""
    run = ledger.runs.get(run_id)
    if run is None:
        raise SettingsError([f"There is no Run {run_id}."], remedy="See them with: tandem runs list")
    return run


def undo(
    ledger: Ledger,
    run_id: str,
    sessions: Mapping[SystemName, SystemSession],
    fields: Mapping[str, CanonicalField],
    *,
    now: datetime,
    touched: Callable[[Sequence[Overwrite]], Iterable[Overwrite]],
) -> Undo:
    """Decide what of a Run goes back, out of what the ledger knows, and of what ``touched`` tells: which of these
    values somebody changed and changed back since."""
    require_run(ledger, run_id)
    writes = [write for write in ledger.writes.of_run(run_id) if write.state is WriteState.CONFIRMED]
    links = ledger.accounts.links({write.link_id for write in writes})
    accounts = ledger.accounts.linked(links)
    facts = UndoFacts(
        # A Link without Records, where it is closed: for its name.
        accounts={
            id: accounts.get(id, Account(link=stored.link, records={})) for id, stored in links.items()
        },
        closed={
            id: stored.close_reason or "closed"
            for id, stored in links.items()
            if stored.closed_at is not None
        },
        fields=fields,
        spellings={name: session.spelling for name, session in sessions.items()},
    )
    made = [
        Made(link_id=write.link_id, system=write.system, record_id=write.native_id)
        for write in writes
        if write.kind == "create"
    ]
    overwrites = _overwrites(ledger, writes)
    taken = take_back(run_id, overwrites, made, facts)
    back = {change.key for change in taken.changes}
    edited = {_key(item) for item in touched([item for item in overwrites if _key(item) in back])}
    if edited:
        overwrites = [replace(item, edited=item.edited or _key(item) in edited) for item in overwrites]
        taken = take_back(run_id, overwrites, made, facts)
    changes = tuple(taken.changes)
    plan = Plan(
        created_at=now,
        identities={name: session.identity.id for name, session in sessions.items()},
        changes=changes,
        agreements=tuple(taken.agreements),
        price=price(changes, (), {name: session.calls_for for name, session in sessions.items()}),
        linked=ledger.accounts.open_links(),
        undoes=run_id,
    )
    # Nothing was looked at for its own sake: Conflicts, holds and what waits stay as they are.
    return Undo(look=Look(plan=plan, links=frozenset(), records=()), left=tuple(taken.left))


def _key(item: Overwrite) -> LinkSideField:
    return LinkSideField(item.link_id, item.system, item.field)


def _overwrites(ledger: Ledger, writes: Sequence[Write]) -> list[Overwrite]:
    updates = [write for write in writes if write.kind != "create"]
    link_ids = {write.link_id for write in updates}
    edits = _by_value(ledger.events.of_links(link_ids, kind="edited"))
    unproven = _by_value(ledger.events.of_links(link_ids, kind="unproven"))
    brought = {
        LinkSideValue(write.link_id, write.system, name, value.value)
        for write in updates
        for name, value in write.fields.items()
    }
    covered = _by_value(
        event
        for event in ledger.events.of_links(link_ids, kind="covered")
        if (event.link_id, event.system, event.field, event.old) in brought
    )
    all_writes: dict[LinkSideField, list[Write]] = {}
    # What was written long before tells nothing, and is years of scores.
    since = min(
        (*(write.intended_at for write in updates), *_began(ledger, covered)),
        default=None,
    )
    for write in ledger.writes.of_links(link_ids, since=since and since - SKEW):
        if write.state is WriteState.CONFIRMED:
            for name in write.fields:
                all_writes.setdefault(LinkSideField(write.link_id, write.system, name), []).append(write)
    overwritten: list[Overwrite] = []
    for write in updates:
        for name, value in write.fields.items():
            if name == TANDEM_ID:
                continue
            key = LinkSideField(write.link_id, write.system, name)
            others = [other for other in all_writes[key] if other.run_id != write.run_id]
            again = [other for other in others if other.id > write.id]
            before = [other.run_id for other in others if other.id < write.id]
            overwritten.append(
                Overwrite(
                    link_id=write.link_id,
                    system=write.system,
                    record_id=write.native_id,
                    field=name,
                    before=value.expected,
                    written=value.value,
                    again=again[-1].run_id if again else None,
                    edited=any(
                        event.run_id == write.run_id or is_later(event, write, value)
                        for event in edits.get(key, ())
                    )
                    # Somebody had entered the very value a moment before.
                    or any(
                        event.run_id == write.run_id and event.old == value.value
                        for event in covered.get(key, ())
                    ),
                    unproven=any(event.run_id == write.run_id for event in unproven.get(key, ())),
                    brought_back=any(
                        event.old == value.value and before[-1:] == [event.run_id]
                        for event in covered.get(key, ())
                    ),
                )
            )
    return overwritten


def _began(ledger: Ledger, events: Mapping[LinkSideField, Sequence[Event]]) -> Iterator[datetime]:
    """When the Runs of these events began."""
    for run_id in {event.run_id for listed in events.values() for event in listed} - {None}:
        run = ledger.runs.get(str(run_id))
        if run is not None:
            yield run.started_at


def _by_value(events: Iterable[Event]) -> dict[LinkSideField, list[Event]]:
    by_field: dict[LinkSideField, list[Event]] = {}
    for event in events:
        if event.link_id is not None and event.system is not None and event.field is not None:
            by_field.setdefault(LinkSideField(event.link_id, event.system, event.field), []).append(event)
    return by_field


def is_later(event: Event, write: Write, value: FieldWrite) -> bool:
    """Did this edit come after the write? The one that the write replaced may bear a later time than it, where the
    CRM's clock is ahead of ours."""
    if event.at is None or event.at <= write.intended_at:
        return False
    return event.new != value.expected or event.at > write.intended_at + SKEW


def touched(sessions: Mapping[SystemName, SystemSession], overwrites: Iterable[Overwrite]) -> list[Overwrite]:
    """Those of these that somebody set to something else after the Run, by the history of the field; none where there
    is no such history."""
    changed: list[Overwrite] = []
    for system, items in by_system(item for item in overwrites if item.record_id is not None).items():
        session = sessions[system]
        native = {name: spelled.name for name, spelled in session.system.fields.items()}
        kept = session.connector.history(
            session.system.account_object,
            sorted({native[item.field] for item in items}),
            sorted({str(item.record_id) for item in items}),
        )
        for item in items:
            versions = kept.get(str(item.record_id), {}).get(native[item.field], ())
            if _moved_since(item, versions, native[item.field], session):
                changed.append(item)
    return changed


def _moved_since(item: Overwrite, versions: Sequence[Version], native: str, session: SystemSession) -> bool:
    """Did somebody else's value follow the one that the Run wrote? ``versions``: the newest first. Where the CRM kept
    no version of ours, because the value stood there already, whoever entered it last meant it to stand."""
    shown = {item.written, session.spelling.shows(item.field, item.written)}
    moved = entered = False
    for number, version in enumerate(versions):
        values = session.spelling.translator.read({native: version.value}, session.directory).values
        # A value without a meaning in the mapping is somebody's all the same.
        same = item.field in values and values[item.field] in shown
        ours = is_ours(version, session.acting_as)
        if ours and same:
            return moved
        moved = moved or not (ours or same)
        entered = entered or (number == 0 and same)
    return entered
