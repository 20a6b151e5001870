"""What cannot be decided or written now, and what is told of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from sync.core.draft import Draft, drop
from sync.core.fields_held import hidden, without_people
from sync.core.hold import Hold
from sync.core.plan import Change, Closure, digest
from sync.core.readings import edited_since
from sync.ledger.ledger import Ledger
from sync.model.records import Account, Link, LinkId, LinkSide, LinkSideField, Record, RecordState, SystemName
from sync.planning.new_links import in_scope
from sync.settings.sections import Scope
from sync.system_session import SystemSession

#: Code of what is held because its Record went out of sight.
INVISIBLE = "invisible"


def count_newly_hidden(ledger: Ledger, lost: Iterable[tuple[Link, Record]]) -> int:
    """Links of which a Record went out of sight, and which no Run has told of yet."""
    hidden = {link.id for link, record in lost if record.state is not RecordState.DELETED}
    known = {
        link_id
        for (link_id, _, _), item in ledger.held.of_links(hidden).items()
        if item.hold.code == INVISIBLE
    }
    return len(hidden - known)


def without_domain(
    accounts: Iterable[Account], sessions: Mapping[SystemName, SystemSession], scope: Scope
) -> Iterator[Hold]:
    """Accounts that a System lacks, and that are not made there because nothing would tell them from a duplicate."""
    for account in accounts:
        if account.link.domain is not None or not scope.create:
            continue
        if account.records and in_scope(scope, account.records.values()):
            there = " and ".join(sorted(account.records))
            for system in sorted(set(sessions) - set(account.records)):
                yield Hold(
                    link_id=account.link.id,
                    label=account.link.label,
                    system=system,
                    field="",
                    code="no_domain",
                    message=f"not created in {system}: no website in {there}, so a duplicate cannot be ruled out",
                    remedy=f"Add its website in {there}. Or create it in {system} and link the two: tandem matches pin",
                )


def report_lost(lost: Iterable[tuple[Link, Record]], draft: Draft) -> None:
    """A deleted Record ends its Link; one that we merely cannot see any more only pauses it."""
    for link, record in lost:
        if record.state is RecordState.DELETED:
            draft.closures.append(
                Closure(
                    link_id=link.id,
                    label=link.label,
                    system=record.system,
                    record_id=record.id,
                    reason="was deleted there; the other records stay as they are",
                )
            )
        else:
            draft.held.append(
                Hold(
                    link_id=link.id,
                    label=link.label,
                    system=record.system,
                    field="",
                    code=INVISIBLE,
                    message=f"{record.system} no longer shows {record.id} to the connected user; it is not deleted.",
                    remedy=f"Give the connected user of {record.system} access to the record, or unlink "
                    "it: tandem matches reject RECORD RECORD, one of the two this one.",
                )
            )


def fields_lost(sessions: Mapping[SystemName, SystemSession]) -> list[Hold]:
    """What is said of fields that a System does not show, or whose people it does not tell; they concern every account
    and so no Link."""
    found: list[Hold] = []
    for system, session in sessions.items():
        access, why = session.access, session.access.why_waiting
        found += [hidden(system, name, native) for name, native in access.lost.items()]
        found += [
            without_people(system, name, "" if why is None else str(why), None if why is None else why.remedy)
            for name in access.waiting
        ]
    return sorted(found, key=lambda hold: hold.field)


def leave_out_what_waits(
    ledger: Ledger,
    draft: Draft,
    accounts: Mapping[LinkId, Account],
    sessions: Mapping[SystemName, SystemSession],
    now: datetime,
) -> None:
    """A write that was refused is not sent again, unchanged, before its pause is over, unless somebody has edited the
    record since: perhaps what stood in its way."""
    held = ledger.held.of_links(accounts)
    if not held:
        return
    of_row: dict[LinkSide, list[Change]] = {}
    for change in draft.changes:
        of_row.setdefault(change.side, []).append(change)
    waiting: set[LinkSideField] = set()
    for (link_id, system, name), item in held.items():
        row = of_row.get(LinkSide(link_id, system), [])
        there = accounts[link_id].records.get(system)
        waits = item.waits(now) and item.hold.digest == digest(row, name)
        if row and waits and not edited_since(there, item.last_at, sessions[system].acting_as):
            waiting.update(
                LinkSideField(link_id, system, change.field) for change in row if name in {"", change.field}
            )
            draft.held.append(
                Hold(
                    link_id=link_id,
                    label=row[0].label,
                    system=system,
                    field=name,
                    code=item.hold.code,
                    message=item.hold.message,
                    remedy=item.hold.remedy or "",
                    waits_until=item.next_try_at,
                )
            )
    if waiting:
        drop(draft, waiting)
