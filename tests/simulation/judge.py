"""What must be true when everything is quiet: plain dictionaries of what people did, held against CRMs and ledger."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sync.ledger.ledger import Ledger
from tests.simulation.crms import Crms
from tests.simulation.people import FIELDS, PRIVATE, SYSTEMS, Diary, Edit, Value, living, standing

#: Native fields that Tandem may write beside the mapped ones.
_OURS = {
    "hubspot": {"tandem_id", "name", "domain", "tandem_engagement_score", "hubspot_owner_id"},
}

#: A write to Salesforce whose answer is lost cannot tell what it covered; docs/races.md says why.
_BLIND = timedelta(seconds=8)


@dataclass(slots=True, kw_only=True)
class Book:
    """What the ledger says, read as text by somebody who does not know the engine."""

    #: Link -> System -> record.
    links: dict[str, dict[str, str]]
    #: (System, record) -> field -> value.
    current: dict[tuple[str, str], Mapping[str, Value]]
    #: (Link, field) -> System -> value, of the Conflicts that stand.
    conflicts: dict[tuple[str, str], dict[str, Value]]
    #: (Link, System, field or empty) -> message.
    held: dict[tuple[str, str, str], str]
    #: (Link, System, field) -> values that Tandem replaced, as it knew.
    replaced: dict[tuple[str, str, str], set[Value]]
    closed: set[str]

    def link_of(self, system: str, record: str) -> str | None:
        return next((id for id, members in self.links.items() if members.get(system) == record), None)


def read_book(ledger: Path) -> Book:
    with closing(sqlite3.connect(ledger)) as database:
        database.row_factory = sqlite3.Row

        def rows(query: str) -> list[sqlite3.Row]:
            return database.execute(query).fetchall()

        links: dict[str, dict[str, str]] = {
            row["id"]: {} for row in rows("SELECT id FROM links WHERE closed_at IS NULL")
        }
        current: dict[tuple[str, str], Mapping[str, Value]] = {}
        for row in rows("SELECT * FROM records WHERE state = 'present'"):
            current[row["system"], row["id"]] = json.loads(row["current"])
            if row["link_id"] in links:
                links[row["link_id"]][row["system"]] = row["id"]
        replaced: dict[tuple[str, str, str], set[Value]] = {}
        for row in rows("SELECT * FROM events WHERE kind = 'overruled'"):
            replaced.setdefault((row["link_id"], row["system"], row["field"]), set()).add(row["old"])
        for row in rows("SELECT * FROM writes WHERE state <> 'refused'"):
            for name, written in json.loads(row["fields"]).items():
                replaced.setdefault((row["link_id"], row["system"], name), set()).add(written["expected"])
        return Book(
            links=links,
            current=current,
            conflicts={
                (row["link_id"], row["field"]): {
                    system: side["value"] for system, side in json.loads(row["sides"]).items()
                }
                for row in rows("SELECT * FROM conflicts WHERE state <> 'closed'")
            },
            held={
                (row["link_id"], row["system"], row["field"]): row["message"]
                for row in rows("SELECT * FROM held")
            },
            replaced=replaced,
            closed={row["id"] for row in rows("SELECT id FROM links WHERE closed_at IS NOT NULL")},
        )


def judge(crms: Crms, ledger: Path, diary: Diary, sent: Sequence[tuple[str, str]]) -> list[str]:
    """Everything that is wrong, a sentence each."""
    book = read_book(ledger)
    found = [
        *_agree(crms, book),
        *_ledger_knows(crms, book),
        *_no_edit_is_lost(crms, book, diary),
        *_no_duplicates(crms, diary),
        *_nothing_else_touched(crms, diary),
        *(
            f"Tandem sent {method} {path}"
            for method, path in sent
            if method == "DELETE" or "/archive" in path
        ),
    ]
    with Ledger.open(f"sqlite:///{ledger}", crms.clock.now) as opened:
        found += [f"the ledger: {problem}" for problem in opened.check()]
        found += [
            f"{item.hold.system} {item.hold.field} is still held: {item.hold.message}"
            for item in opened.held.list()
            if item.hold.code not in {"unreadable", "unwritable", "invisible"}
        ]
        found += [f"a write is left open: {write}" for write in opened.writes.open()]
    return found


def _excused(book: Book, link: str, name: str) -> bool:
    return (link, name) in book.conflicts or any(
        (link, system, which) in book.held for system in SYSTEMS for which in (name, "")
    )


def _agree(crms: Crms, book: Book) -> Iterator[str]:
    """Both CRMs agree on each field of each linked account, or a Conflict or a hold says why not."""
    for link, members in book.links.items():
        if len(members) < 2:
            yield f"{link} has no counterpart: {members}"
            continue
        for name in FIELDS:
            values = {system: standing(crms, system, record, name) for system, record in members.items()}
            if len(set(values.values())) > 1 and not _excused(book, link, name):
                yield f"{members} disagree about {name} and nobody says why: {values}"


def _ledger_knows(crms: Crms, book: Book) -> Iterator[str]:
    for system in SYSTEMS:
        there = set(living(crms, system))
        known = {record for of, record in book.current if of == system}
        for record in sorted(there - known):
            yield f"the ledger does not know {system} {record}"
        for record in sorted(known - there):
            yield f"the ledger believes that {system} {record} stands"
        for record in sorted(there & known):
            for name in FIELDS:
                value = standing(crms, system, record, name)
                believed = book.current[system, record].get(name)
                if name == "target_account":
                    believed = "true" if believed == "true" else "false"
                if believed != value:
                    yield f"{system} {record} {name} is {value!r} and the ledger says {believed!r}"


def _no_edit_is_lost(crms: Crms, book: Book, diary: Diary) -> Iterator[str]:
    for edit in diary.edits:
        reason = _fate(crms, book, diary, edit)
        if reason is None:
            place = f"{edit.system} {edit.record} {edit.field}"
            now = standing(crms, edit.system, edit.record, edit.field)
            yield f"edit {edit.number} is lost: {place} = {edit.value!r} over {edit.before!r}; there is {now!r}"


def _fate(  # noqa: PLR0911  one sentence of the law after the other
    crms: Crms, book: Book, diary: Diary, edit: Edit
) -> str | None:
    """What became of an edit; None where it is gone without a trace."""
    if (edit.system, edit.record) in diary.merged or (edit.system, edit.record) in diary.deleted:
        return "the record is gone"
    if standing(crms, edit.system, edit.record, edit.field) == edit.value:
        return "stands"
    link = book.link_of(edit.system, edit.record)
    if link is None:
        return "the account is not linked"
    members = book.links[link]
    for later in diary.edits[edit.number + 1 :]:
        if later.field == edit.field and members.get(later.system) == later.record:
            same_place = later.system == edit.system
            if same_place or later.before == edit.value:
                return f"replaced by edit {later.number}"
    if edit.value in book.conflicts.get((link, edit.field), {}).values():
        return "in a Conflict"
    if any((link, system, which) in book.held for system in SYSTEMS for which in (edit.field, "")):
        return "held"
    rule = FIELDS[edit.field].rule
    overruled = edit.value in book.replaced.get((link, edit.system, edit.field), set())
    if overruled and (rule != "manual" or FIELDS[edit.field].choices):
        return "overruled"
    if edit.system == "salesforce" and any(edit.at <= at <= edit.at + _BLIND for at in diary.blind):
        return "covered by a write whose answer never came"
    if edit.value is None or FIELDS[edit.field].choices:
        return "a blank or a choice that may have been there before"
    return None


def _no_duplicates(crms: Crms, diary: Diary) -> Iterator[str]:
    """Tandem makes a record only where the domain had none."""
    made: dict[tuple[str, str], int] = {}
    for (system, _), domain in diary.created.items():
        made[system, domain] = made.get((system, domain), 0) + 1
    for system in SYSTEMS:
        there: dict[str, list[str]] = {}
        for record in living(crms, system):
            if system == "salesforce":
                domain = str(crms.accounts()[record].get("Website"))
            else:
                domain = str(crms.companies()[record].values.get("domain"))
            there.setdefault(domain, []).append(record)
        for domain, records in there.items():
            # What came back out of the bin may meet what took its place meanwhile.
            returned = sum((system, record) in diary.undeleted for record in records)
            if len(records) - returned > max(made.get((system, domain), 0), 1):
                yield f"{system} has {domain} more than once: {records}"


def _nothing_else_touched(crms: Crms, diary: Diary) -> Iterator[str]:
    """Fields that are not mapped hold what people entered, and no write of ours named one."""
    for (system, record), values in diary.private.items():
        for name, value in values.items():
            now = _native(crms, system, record, name)
            if now != value:
                yield f"{system} {record} {name} was {value!r} and is {now!r}"
    mapped = {field.hubspot for field in FIELDS.values()} | _OURS["hubspot"]
    for company in crms.companies().values():
        for name, versions in company.history.items():
            # A merge writes HubSpot's own fields under the name of who made the records.
            own = name == "createdate" or name.startswith("hs_")
            if (
                name not in mapped
                and not own
                and any(version.source.type == "INTEGRATION" for version in versions)
            ):
                yield f"Tandem wrote hubspot {company.id} {name}"
    survivors = {*diary.merged.values(), *(record for _, record in diary.merged)}
    for row in crms.accounts().values():
        if row["Id"] in survivors:
            continue
        for name in PRIVATE["salesforce"]:
            if row.get(name) and name not in diary.private.get(("salesforce", str(row["Id"])), {}):
                yield f"Tandem wrote salesforce {row['Id']} {name}"


def _native(crms: Crms, system: str, record: str, name: str) -> Any:
    if system == "salesforce":
        return crms.accounts()[record].get(name)
    return crms.companies()[record].values.get(name)
