"""What a Run overwrote, put back where nobody has touched it since.

Pure: given what the Run wrote, what was written after it, and what stands now, it says which values go back and
which are left alone, each with its reason. Nothing is ever deleted: a record that the Run created stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from mappings.fields import CanonicalField, DirectionKind
from sync.core.diff import Why
from sync.core.plan import Agreement, Change
from sync.model.records import Account, Base, LinkedField, LinkId, NativeId, Record, SystemName, Value
from sync.model.spelling import Spelling


@dataclass(frozen=True, slots=True, kw_only=True)
class Overwrite:
    """One field that the Run wrote, and what is known to have happened to it since."""

    link_id: LinkId
    system: SystemName
    #: Native id of the record that was written.
    record_id: NativeId | None
    field: str
    #: What stood there before.
    before: Value
    #: What the Run wrote.
    written: Value
    #: The later Run that wrote the same field of the same record again, if one did.
    again: str | None = None
    #: Somebody edited it in the CRM after the Run had written it, whatever stands there now.
    edited: bool = False
    #: It stands there as it was written, and nothing tells that the Run wrote it: no answer came.
    unproven: bool = False
    #: It is a person's edit: a Run had written over it unseen, and this one brought it back.
    brought_back: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A record that the Run created."""

    link_id: LinkId
    system: SystemName
    record_id: NativeId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """Something that the undo leaves as it is, and why."""

    link_id: LinkId
    label: str
    system: SystemName
    #: Empty for the whole record.
    field: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoFacts:
    """What is known now of the accounts that the Run wrote to."""

    #: All Links that the Run wrote to, closed ones included, with their present Records.
    accounts: Mapping[LinkId, Account]
    #: Links that are closed, and why.
    closed: Mapping[str, str]
    fields: Mapping[str, CanonicalField]
    spellings: Mapping[str, Spelling]


@dataclass(slots=True)
class TakenBack:
    """The Changes that undo a Run, what becomes of Base and Observed with them, and what is left alone."""

    changes: list[Change] = field(default_factory=list)
    agreements: list[Agreement] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)


def take_back(
    run_id: str, overwrites: Iterable[Overwrite], made: Iterable[Made], facts: UndoFacts
) -> TakenBack:
    """Decide what of a Run goes back.

    A value that goes back is settled where it goes back to: Observed becomes what stands there then, so that the
    next Run neither carries it to the others as somebody's edit nor writes again what was undone. The Base stays
    what the Systems last agreed on, unless they agree again.
    """
    taken = TakenBack()
    back: dict[LinkedField, list[Change]] = {}
    for item in overwrites:
        account = facts.accounts.get(item.link_id)
        label = account.link.label if account is not None else item.link_id
        reason = _reason_to_leave(item, account, facts)
        if reason is None and account is not None:
            change = Change(
                link_id=item.link_id,
                label=label,
                system=item.system,
                record_id=item.record_id,
                field=item.field,
                expected=account.records[item.system].current[item.field],
                value=item.before,
                why=Why.UNDONE,
                rule=f"undo of Run {run_id}",
            )
            back.setdefault(LinkedField(item.link_id, item.field), []).append(change)
            taken.changes.append(change)
        elif reason:
            taken.left.append(
                Left(
                    link_id=item.link_id,
                    label=label,
                    system=item.system,
                    field=item.field,
                    reason=reason,
                )
            )
    for record in made:
        account = facts.accounts.get(record.link_id)
        taken.left.append(
            Left(
                link_id=record.link_id,
                label=account.link.label if account is not None else record.link_id,
                system=record.system,
                field="",
                reason="the Run created this record; Tandem deletes nothing",
            )
        )
    for (link_id, name), changes in back.items():
        taken.agreements.extend(_settle(facts.accounts[link_id], facts.fields[name], changes, facts))
    return taken


def _reason_to_leave(item: Overwrite, account: Account | None, facts: UndoFacts) -> str | None:
    """Why a value does not go back; None where it does, empty where there is nothing to do or to tell."""
    spelling = facts.spellings.get(item.system)
    if item.field not in facts.fields or spelling is None or not spelling.keeps(item.field):
        return f"{item.field} is no longer kept in step in {item.system}"
    if item.link_id in facts.closed or account is None:
        return f"the accounts are no longer linked: {facts.closed.get(item.link_id, 'the Link is gone')}"
    record = account.records.get(item.system)
    if record is None or record.id != item.record_id:
        return "the record is gone" if record is None else f"another record, {record.id}, stands in its place"
    return _touched(item, record, spelling)


def _touched(  # noqa: PLR0911  one reason after the other
    item: Overwrite, record: Record, spelling: Spelling
) -> str | None:
    """The same for a record that still stands."""
    if item.again is not None:
        return f"written again since by Run {item.again}"
    if item.field in record.covered:
        return "the Run wrote over an edit that nobody had read; the next Run decides what becomes of it"
    if item.field in record.unreadable or item.field not in record.current:
        return f"edited since: {record.unreadable.get(item.field, 'it could not be read')}"
    current = record.current[item.field]
    if current == spelling.shows(item.field, item.before):
        return ""
    written = current in (item.written, spelling.shows(item.field, item.written))
    if written and item.edited:
        return f"edited since, and set to {'blank' if current is None else current} again"
    # A CRM that rewrote what it was given: what stands is its own spelling of it.
    respelled = not item.edited and current == record.observed.get(item.field, object())
    if not written and not respelled:
        return f"edited since: it is {'blank' if current is None else current} now"
    if item.brought_back:
        return "somebody's edit, which a Run had written over unseen and this one brought back"
    if item.unproven:
        return "no answer told whether the Run wrote it, and somebody else saved the record last: it may be theirs"
    refused = spelling.unwritable(item.field, item.before)
    return f"what stood there before can no longer be written: {refused}" if refused is not None else None


def _settle(
    account: Account, spec: CanonicalField, changes: list[Change], facts: UndoFacts
) -> Iterator[Agreement]:
    link_id, name, spellings = account.link.id, spec.name, facts.spellings
    restored = {change.system: spellings[change.system].shows(name, change.value) for change in changes}
    for system, shown in restored.items():
        yield Agreement(
            link_id=link_id,
            field=name,
            base=None,
            observed={system: shown},
            after=(system,),
            why=Why.UNDONE,
        )
    value = changes[0].value
    # The Base of a value that Tandem pushes is what it pushed last: it is not pushed again before there is another.
    pushed = spec.rule.direction.kind is DirectionKind.PUSH
    if not pushed and _agree(account, name, value, restored, spellings):
        yield Agreement(
            link_id=link_id,
            field=name,
            base=Base(value),
            observed={},
            after=tuple(restored),
            why=Why.UNDONE,
        )


def _agree(
    account: Account,
    name: str,
    value: Value,
    restored: Mapping[SystemName, Value],
    spellings: Mapping[str, Spelling],
) -> bool:
    """Do all Systems hold this value once it is put back, and does nobody's edit wait in any of them?"""
    for system, record in account.records.items():
        spelling = spellings.get(system)
        if spelling is None or not spelling.keeps(name):
            continue
        if name in record.unreadable or name not in record.current:
            return False
        if system not in restored and record.current[name] != record.observed.get(name, object()):
            return False
        holds = restored.get(system, record.current[name])
        if holds not in (value, spelling.shows(name, value)):
            return False
    return True
