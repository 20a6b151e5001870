"""What must be true when everything is quiet: plain dictionaries of what people did, held against CRMs and ledger."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from insight.apart import apart as differing
from sync.ledger.ledger import Ledger
from tests.simulation.book import Book, meant, read_book
from tests.simulation.crms import Crms, is_salesforce
from tests.simulation.diary import Diary
from tests.simulation.fate import Past
from tests.simulation.fields import (
    FIELDS,
    alike,
    domain_of,
    living,
    private,
    standing,
    standing_natively,
)

#: Native fields that Tandem may write beside the mapped ones.
_OURS = {
    "hubspot": {"tandem_id", "name", "domain", "tandem_engagement_score", "hubspot_owner_id"},
}


def judge(crms: Crms, ledger: Path, diary: Diary, sent: Sequence[tuple[str, str]]) -> list[str]:
    """Everything that is wrong, a sentence each."""
    book = read_book(ledger)
    past = Past(book, diary)
    with Ledger.open(f"sqlite:///{ledger}", crms.clock.now) as opened:
        apart = {(each.link_id, each.field) for each in differing(opened, crms.settings.mapping)}
    found = [
        *_agree(crms, book, past, apart),
        *_everybody_is_linked(crms, book),
        *_ledger_knows(crms, book),
        *_scores_have_arrived(crms, book, diary, past),
        *_no_edit_is_lost(crms, diary, past),
        *_decisions_stand(crms, book, diary, past),
        *_no_duplicates(crms, book, diary),
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
            and not (item.hold.field == "tandem_id" and "DUPLICATE" in item.hold.code)
        ]
        found += [f"a write is left open: {write}" for write in opened.writes.open()]
    return found


def _excused(crms: Crms, book: Book, link: str, name: str) -> bool:
    return (link, name) in book.conflicts or any(
        (link, system, which) in book.held for system in crms.systems for which in (name, "")
    )


def _agree(crms: Crms, book: Book, past: Past, apart: Collection[tuple[str, str]]) -> Iterator[str]:
    """All CRMs agree on each field of each linked account, or a Conflict or a hold says why not, or somebody had a Run
    undone and nothing has moved since: that is told by ``tandem status``, too (``apart``), and only that."""
    for link, members in book.links.items():
        if len(members) < len(crms.systems) and any(
            (link, system, "") in book.held for system in crms.systems
        ):
            continue  # it is told that another record went out of sight
        if len(members) < len(crms.systems):
            yield f"{link} lacks a counterpart: {members}"
            continue
        for name in FIELDS:
            values = {system: standing(crms, system, record, name) for system, record in members.items()}
            first, *others = values.values()
            agree = all(alike(first, other) for other in others)
            told = (link, name) in apart
            # An owner whom nobody chose is somebody to Tandem, and nobody to people.
            if told and agree and not (name == "owner" and first is None):
                yield f"{members} agree about {name}, and people are told that they differ: {values}"
            if agree or FIELDS[name].rule == "push" or _excused(crms, book, link, name):
                continue
            if not past.as_undone(members, name):
                yield f"{members} disagree about {name} and nobody says why: {values}"
            elif not told:
                yield f"{members} disagree about {name} since an undo, and nobody is told: {values}"


def _everybody_is_linked(crms: Crms, book: Book) -> Iterator[str]:
    linked = {(system, record) for members in book.links.values() for system, record in members.items()}
    for system in crms.systems:
        for record in living(crms, system):
            if (system, record) not in linked and (system, record) not in book.waiting:
                yield f"{system} {record} has no Link, and nobody was asked about it"


def _scores_have_arrived(crms: Crms, book: Book, diary: Diary, past: Past) -> Iterator[str]:
    """What was computed for the website that an account has in all CRMs stands in all, unless it was undone since."""
    scores = diary.scores()
    for link, members in book.links.items():
        domains = {domain_of(crms, system, record) for system, record in members.items()}
        alone = all(
            sum(domain_of(crms, system, other) in domains for other in living(crms, system)) == 1
            for system in members
        )
        if domains != {book.domains[link]} or not alone or _excused(crms, book, link, "engagement_score"):
            continue
        [domain] = domains
        for system, record in members.items():
            now = standing(crms, system, record, "engagement_score")
            if domain not in scores or now == scores[domain]:
                continue
            last = max(moment for moment, of, _ in diary.computed if of == domain)
            if not past.undone_since(system, record, "engagement_score", last):
                yield f"{system} {record} {domain} has the score {now}, and {scores[domain]} was computed"


def _ledger_knows(crms: Crms, book: Book) -> Iterator[str]:
    for system in crms.systems:
        there = set(living(crms, system))
        known = {record for of, record in book.current if of == system}
        for record in sorted(there - known):
            yield f"the ledger does not know {system} {record}"
        for record in sorted(known - there):
            yield f"the ledger believes that {system} {record} stands"
        for record in sorted(there & known):
            for name in FIELDS:
                value = standing(crms, system, record, name)
                believed = meant(name, book.current[system, record].get(name))
                if believed != value and not (name == "owner" and value is None):
                    yield f"{system} {record} {name} is {value!r} and the ledger says {believed!r}"


def _no_edit_is_lost(crms: Crms, diary: Diary, past: Past) -> Iterator[str]:
    for edit in diary.edits:
        wrong = past.lost(edit)
        if wrong is not None:
            place = f"{edit.system} {edit.record} {edit.field}"
            over = ", ".join(sorted(map(repr, edit.before)))
            yield f"edit {edit.number} is lost: {place} = {edit.value!r} over {over}; {wrong}"


def _decisions_stand(crms: Crms, book: Book, diary: Diary, past: Past) -> Iterator[str]:
    """What a person decided stands in all CRMs, unless it was of what did not stand there any more (HubSpot's search is
    late), or somebody edited it after what that person was shown, or had it undone."""
    for number, decided in enumerate(diary.decided):
        places = {(system, record) for system, record in decided.members.items()}
        moved = any(
            edit.field == decided.field
            and edit.moment >= decided.shown
            and places & {(edit.system, edit.record), (edit.system, past.survivor(edit.system, edit.record))}
            for edit in diary.edits
        ) or any(
            again.field == decided.field and again.members == decided.members
            for again in diary.decided[number + 1 :]
        )
        late = any(
            last is not None and not alike(seen, last.value)
            for system, seen in decided.seen.items()
            if system in decided.members
            for last in [past.word_in(system, decided.members[system], decided.field, decided.moment)]
        )
        gone = any(place in diary.merged or place in diary.deleted for place in places)
        undone = any(past.undone_since(*place, decided.field, decided.moment) for place in places)
        link = next((link for link, members in book.links.items() if members == dict(decided.members)), None)
        if moved or late or gone or undone or link is None or _excused(crms, book, link, decided.field):
            continue
        now = {system: standing(crms, system, record, decided.field) for system, record in places}
        if not all(alike(value, decided.value) for value in now.values()):
            yield f"{dict(decided.members)} {decided.field} was decided to be {decided.value!r}, and there is {now}"


def _no_duplicates(crms: Crms, book: Book, diary: Diary) -> Iterator[str]:
    """Tandem makes a record only where the domain had none."""
    # What came back out of the bin may meet what took its place meanwhile. Where it is another company, by its name,
    # it is given counterparts of its own.
    returned = set(diary.undeleted)
    for members in book.links.values():
        if not diary.undeleted.isdisjoint(members.items()):
            returned |= members.items() & diary.made.keys()
    made: dict[tuple[str, str], int] = {}
    for (system, _), domain in diary.created.items():
        made[system, domain] = made.get((system, domain), 0) + 1
    for system in crms.systems:
        there: dict[str, list[str]] = {}
        for record in living(crms, system):
            there.setdefault(domain_of(crms, system, record), []).append(record)
        for domain, records in there.items():
            back = sum((system, record) in returned for record in records)
            if len(records) - back > max(made.get((system, domain), 0), 1):
                yield f"{system} has {domain} more than once: {records}"


def _nothing_else_touched(crms: Crms, diary: Diary) -> Iterator[str]:
    """Fields that are not mapped hold what people entered, and no write of ours named one."""
    for (system, record), values in diary.private.items():
        for name, value in values.items():
            now = standing_natively(crms, system, record, name)
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
    for system in filter(is_salesforce, crms.systems):
        for row in crms.accounts(system).values():
            if row["Id"] in survivors:
                continue
            for name in private(system):
                if row.get(name) and name not in diary.private.get((system, str(row["Id"])), {}):
                    yield f"Tandem wrote {system} {row['Id']} {name}"
