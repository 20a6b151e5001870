"""When a value was edited, and by whom: asked of the CRMs where Systems say different things.

A record's stamp tells only that something about it changed. Its System's history of the field tells more, where it
keeps one; it is asked for many records in a call, and only about what is contested.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from connector.base import Version
from mappings.fields import CanonicalField, OnConflictKind
from sync.core.landing import is_ours
from sync.core.origins import Entry, Sighting, by_people, entries, origin
from sync.ledger.ledger import Ledger
from sync.model.journal import WriteState
from sync.model.records import (
    Account,
    Edited,
    Evidence,
    LinkedField,
    LinkId,
    LinkSide,
    LinkSideValue,
    Record,
    RecordField,
    SystemName,
    Value,
)
from sync.system_session import SystemSession

#: Accounts whose histories are asked for people to read, in one Run; a rule that needs them asks for all.
_TO_READ = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A contested field of one Record."""

    link_id: LinkId
    record: Record
    name: str
    session: SystemSession

    @property
    def key(self) -> RecordField:
        return RecordField(self.record.system, self.record.id, self.name)

    @property
    def field(self) -> LinkedField:
        return LinkedField(self.link_id, self.name)

    @property
    def native(self) -> str:
        return self.session.system.fields[self.name].name

    @property
    def value(self) -> Value:
        """The value that counts: one that our write covered, or the one that stands there."""
        covered = self.record.covered.get(self.name)
        return covered.value if covered is not None else self.record.current[self.name]

    def has(self, value: Value) -> bool:
        return self.value == value or self.value == self.session.spelling.shows(self.name, value)

    def meant(self, version: Version) -> tuple[Value] | None:
        read = self.session.spelling.translator.read({self.native: version.value}, self.session.directory)
        return (read.values[self.name],) if self.name in read.values else None


def look_up(
    ledger: Ledger,
    sessions: Mapping[SystemName, SystemSession],
    fields: Mapping[str, CanonicalField],
    accounts: Mapping[LinkId, Account],
    contested: Iterable[LinkedField],
) -> dict[RecordField, Edited]:
    """What is known of the edits behind contested fields, given as (Link, field) of ``accounts``."""
    asked = [
        _Asked(link_id=link_id, record=record, name=name, session=session)
        for link_id, name in _worth_asking(fields, contested)
        for system, session in sessions.items()
        for record in [accounts[link_id].records.get(system)]
        if record is not None and name in session.system.fields and name in record.current
    ]
    deciding = [each for each in asked if fields[each.name].rule.on_conflict.kind is OnConflictKind.NEWEST]
    histories = _histories(sessions, asked)
    first_seen = _first_seen(ledger, asked)
    entered: dict[LinkedField, list[Sighting]] = defaultdict(list)
    for each in asked:
        entered[each.field] += by_people(each.record.system, histories[each.key], each.session.acting_as)
    for (link_id, _, name, _), sighting in first_seen.items():
        entered[LinkedField(link_id, name)].append(sighting)
    carried = _carried(ledger, deciding)
    edits: dict[RecordField, Edited] = {}
    unfound: list[_Asked] = []
    for each in asked:
        seen = first_seen.get(LinkSideValue(each.link_id, each.record.system, each.name, each.value))
        brought = next((entry.brought for entry in histories[each.key] if entry.value == each.value), None)
        written_at = carried.get(each.key)
        if brought is not None and not is_ours(brought, each.session.acting_as):
            edit: Edited | None = Edited(at=brought.at, by=brought.author, evidence=Evidence.FIELD_HISTORY)
        elif brought is not None:
            edit = origin(each.record.system, each.has, brought.at, brought.by, entered[each.field])
        elif written_at is not None and (seen is None or seen.at < written_at):
            edit = origin(
                each.record.system, each.has, written_at, each.session.acting_as, entered[each.field]
            )
        else:
            edit = _by_stamp(each.record, seen, each.session.acting_as)
            if fields[each.name].rule.on_conflict.kind is OnConflictKind.NEWEST:
                unfound.append(each)
        if edit is not None:
            edits[each.key] = edit
    return edits | _not_edited(unfound, edits)


def _histories(
    sessions: Mapping[SystemName, SystemSession], asked: Sequence[_Asked]
) -> dict[RecordField, list[Entry]]:
    """What the CRMs' histories hold of these fields, without repetitions, the newest first."""
    histories: dict[RecordField, list[Entry]] = {}
    for system, session in sessions.items():
        here = [each for each in asked if each.record.system == system]
        native, ids = {each.native for each in here}, {each.record.id for each in here}
        kept = (
            session.connector.history(session.system.account_object, sorted(native), sorted(ids))
            if here
            else {}
        )
        for each in here:
            versions = kept.get(each.record.id, {}).get(each.native, ())
            histories[each.key] = entries(versions, each.meant)
    return histories


def _carried(ledger: Ledger, asked: Sequence[_Asked]) -> dict[RecordField, datetime]:
    """When we last wrote the value that counts, of those that the ledger's journal knows as ours."""
    by_side: dict[LinkSide, list[_Asked]] = defaultdict(list)
    for each in asked:
        by_side[LinkSide(each.link_id, each.record.system)].append(each)
    return {
        each.key: write.intended_at
        for write in ledger.writes.of_links({each.link_id for each in asked})
        if write.state is WriteState.CONFIRMED
        for each in by_side.get(LinkSide(write.link_id, write.system), ())
        if each.name in write.fields and each.has(write.fields[each.name].value)
    }


def _worth_asking(
    fields: Mapping[str, CanonicalField], contested: Iterable[LinkedField]
) -> list[LinkedField]:
    deciding: list[LinkedField] = []
    to_read: dict[LinkId, list[LinkedField]] = {}
    for link_id, name in sorted(contested):
        if fields[name].rule.on_conflict.kind is OnConflictKind.NEWEST:
            deciding.append(LinkedField(link_id, name))
        else:
            to_read.setdefault(link_id, []).append(LinkedField(link_id, name))
    return deciding + [pair for link_id in list(to_read)[:_TO_READ] for pair in to_read[link_id]]


def _first_seen(ledger: Ledger, asked: Sequence[_Asked]) -> dict[LinkSideValue, Sighting]:
    """Edits by (Link, System, field, value), with the stamp of the version in which each was first read: later ones may
    owe theirs to another field. Where that stamp is our own, the edit came before it, and nobody knows how long."""
    ours = {
        LinkSide(each.link_id, each.record.system) for each in asked if each.record.modified_by is not None
    }
    return {
        LinkSideValue(event.link_id, event.system, event.field, event.new): Sighting(
            system=event.system,
            value=event.new,
            at=event.at,
            evidence=Evidence.CARRIED
            if event.by is None and (event.link_id, event.system) in ours
            else Evidence.STAMP,
        )
        for event in ledger.events.of_links({each.link_id for each in asked}, kind="edited")
        if event.link_id is not None and event.system is not None and event.field is not None and event.at
    }


def _not_edited(
    unexplained: Iterable[_Asked], edits: Mapping[RecordField, Edited]
) -> dict[RecordField, Edited]:
    """What it tells where a CRM that remembers every edit of the field remembers none that brought the value."""
    remembered: dict[str, frozenset[str]] = {}
    stamped: dict[RecordField, Edited] = {}
    for each in unexplained:
        session = each.session
        if session.name not in remembered:
            remembered[session.name] = session.connector.remembers(session.system.account_object)
        if each.native in remembered[session.name]:
            at = edits[each.key].at if each.key in edits else None
            stamped[each.key] = Edited(at=at or each.record.stamp, evidence=Evidence.NO_EDIT_KNOWN)
    return stamped


def _by_stamp(record: Record, seen: Sighting | None, acting_as: str | None) -> Edited | None:
    """What the stamp tells beyond what it seems to. It is ours where we wrote another field of the record last: then
    nobody knows when the value was entered, unless a reading had shown it before."""
    if seen is not None and record.stamp is not None:
        at = min(seen.at, record.stamp)
        return Edited(at=at, by=record.modified_by if at == record.stamp else None, evidence=seen.evidence)
    ours = acting_as is not None and record.modified_by == acting_as
    return Edited(at=None) if ours else None
