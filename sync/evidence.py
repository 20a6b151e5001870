"""When a value was edited, and by whom: asked of the CRMs where Systems say different things.

A record's stamp tells only that something about it changed. Its System's history of the field tells more, where it
keeps one; it is asked for many records in a call, and only about what is contested.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from connector.base import Version
from mappings.fields import CanonicalField, OnConflictKind
from sync.landing import is_ours
from sync.ledger.ledger import Ledger
from sync.pull import Puller
from sync.records import Account, Edited, Evidence, Record

#: (System, native id, canonical field).
Key = tuple[str, str, str]

#: Accounts whose histories are asked for people to read, in one Run; a rule that needs them asks for all.
_TO_READ = 200


def look_up(
    ledger: Ledger,
    pullers: Mapping[str, Puller],
    fields: Mapping[str, CanonicalField],
    accounts: Mapping[str, Account],
    contested: Collection[tuple[str, str]],
) -> dict[Key, Edited]:
    """What is known of the edits behind contested fields, given as (Link, field) of ``accounts``."""
    wanted = _worth_asking(fields, contested)
    names = sorted({name for _, name in wanted})
    first_seen = _first_seen(ledger, {link_id for link_id, _ in wanted})
    found: dict[Key, Edited] = {}
    for system, puller in pullers.items():
        asked: dict[str, list[tuple[Record, str]]] = {}
        for link_id, name in wanted:
            record = accounts[link_id].records.get(system)
            if record is not None and name in puller.system.fields and name in record.current:
                asked.setdefault(record.id, []).append((record, name))
                seen_at = first_seen.get((link_id, system, name, record.current[name]))
                by_stamp = _by_stamp(record, seen_at, puller.acting_as)
                if by_stamp is not None:
                    found[system, record.id, name] = by_stamp
        native = sorted(puller.system.fields[name].name for name in names if name in puller.system.fields)
        kept = puller.connector.history(puller.system.account_object, native, sorted(asked)) if asked else {}
        unfound: list[tuple[Record, str]] = []
        for record, name in (item for items in asked.values() for item in items):
            versions = kept.get(record.id, {}).get(puller.system.fields[name].name, ())
            edit = _edit_of(record, name, versions, puller)
            if edit is not None:
                found[system, record.id, name] = edit
            elif fields[name].rule.on_conflict.kind is OnConflictKind.NEWEST:
                unfound.append((record, name))
        found |= _not_edited(unfound, puller, found)
    return found


def _worth_asking(
    fields: Mapping[str, CanonicalField], contested: Iterable[tuple[str, str]]
) -> list[tuple[str, str]]:
    deciding: list[tuple[str, str]] = []
    to_read: dict[str, list[tuple[str, str]]] = {}
    for link_id, name in sorted(contested):
        if fields[name].rule.on_conflict.kind is OnConflictKind.NEWEST:
            deciding.append((link_id, name))
        else:
            to_read.setdefault(link_id, []).append((link_id, name))
    return deciding + [pair for link_id in list(to_read)[:_TO_READ] for pair in to_read[link_id]]


def _first_seen(ledger: Ledger, links: Iterable[str]) -> dict[tuple[str, str, str, str | None], datetime]:
    """The stamp of the version in which an edit was first read: later ones may owe theirs to another field."""
    return {
        (event.link_id, event.system, event.field, event.new): event.at
        for event in ledger.events.of_links(links, kind="edited")
        if event.link_id is not None and event.system is not None and event.field is not None and event.at
    }


def _not_edited(
    unfound: Collection[tuple[Record, str]], puller: Puller, found: Mapping[Key, Edited]
) -> dict[Key, Edited]:
    """What it tells where a CRM that remembers every edit of the field remembers none that brought the value."""
    remembered = puller.connector.remembers(puller.system.account_object) if unfound else frozenset()
    told: dict[Key, Edited] = {}
    for record, name in unfound:
        if puller.system.fields[name].name in remembered:
            key = (record.system, record.id, name)
            at = found[key].at if key in found else None
            told[key] = Edited(at=at or record.stamp, evidence=Evidence.NO_EDIT_KNOWN)
    return told


def _by_stamp(record: Record, seen_at: datetime | None, acting_as: str | None) -> Edited | None:
    """What the stamp tells beyond what it seems to. It is ours where we wrote another field of the record last: then
    nobody knows when the value was entered, unless a reading had shown it before."""
    if seen_at is not None and record.stamp is not None:
        at = min(seen_at, record.stamp)
        return Edited(at=at, by=record.modified_by if at == record.stamp else None)
    ours = acting_as is not None and record.modified_by == acting_as
    return Edited(at=None) if ours else None


def _edit_of(record: Record, name: str, versions: Sequence[Version], puller: Puller) -> Edited | None:
    """The version that brought the value which counts; one that repeats it later is no edit. None where the history
    does not hold it."""
    covered = record.covered.get(name)
    value = covered.value if covered is not None else record.current[name]
    spelled = puller.system.fields[name].name
    brought: Version | None = None
    for version in versions:
        read = puller.spelling.translator.read({spelled: version.value}, puller.directory).values
        if name in read and read[name] == value:
            brought = version
        elif brought is not None:
            break
    if brought is None:
        return None
    by = brought.by if is_ours(brought, puller.acting_as) else brought.author
    return Edited(at=brought.at, by=by, evidence=Evidence.FIELD_HISTORY)
