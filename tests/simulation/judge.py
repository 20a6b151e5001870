"""What must be true when everything is quiet: plain dictionaries of what people did, held against CRMs and ledger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from sync.ledger.ledger import Ledger
from tests.simulation.book import Book, meant, read_book
from tests.simulation.crms import Crms
from tests.simulation.fields import (
    FIELDS,
    PRIVATE,
    STAGES,
    SYSTEMS,
    Value,
    alike,
    domain_of,
    living,
    standing,
)
from tests.simulation.people import Diary, Edit

#: Native fields that Tandem may write beside the mapped ones.
_OURS = {
    "hubspot": {"tandem_id", "name", "domain", "tandem_engagement_score", "hubspot_owner_id"},
}

#: A write to Salesforce whose answer is lost cannot tell what it covered; docs/contribute/races.md says why.
_BLIND = timedelta(seconds=8)

#: No value that anybody enters.
_NEVER = "\0"

#: A CRM's stamp may be cut to whole seconds.
_GRAIN = timedelta(seconds=1)


def judge(crms: Crms, ledger: Path, diary: Diary, sent: Sequence[tuple[str, str]]) -> list[str]:
    """Everything that is wrong, a sentence each."""
    book = read_book(ledger)
    found = [
        *_agree(crms, book),
        *_everybody_is_linked(crms, book),
        *_ledger_knows(crms, book),
        *_scores_have_arrived(crms, book, diary),
        *_no_edit_is_lost(crms, book, diary),
        *_decisions_stand(crms, book, diary),
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
            and not (item.hold.field == "tandem_id" and "DUPLICATE" in item.hold.code)
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
        if len(members) < 2 and any((link, system, "") in book.held for system in SYSTEMS):
            continue  # it is told that the other record went out of sight
        if len(members) < 2:
            yield f"{link} has no counterpart: {members}"
            continue
        for name in FIELDS:
            values = {system: standing(crms, system, record, name) for system, record in members.items()}
            agree = FIELDS[name].rule == "push" or alike(*values.values())
            if not agree and not _excused(book, link, name):
                yield f"{members} disagree about {name} and nobody says why: {values}"


def _everybody_is_linked(crms: Crms, book: Book) -> Iterator[str]:
    linked = {(system, record) for members in book.links.values() for system, record in members.items()}
    for system in SYSTEMS:
        for record in living(crms, system):
            if (system, record) not in linked and (system, record) not in book.waiting:
                yield f"{system} {record} has no Link, and nobody was asked about it"


def _scores_have_arrived(crms: Crms, book: Book, diary: Diary) -> Iterator[str]:
    """What was computed for the website that an account has in both CRMs stands in both."""
    for link, members in book.links.items():
        domains = {domain_of(crms, system, record) for system, record in members.items()}
        alone = all(
            sum(domain_of(crms, system, other) in domains for other in living(crms, system)) == 1
            for system in members
        )
        if domains != {book.domains[link]} or not alone or _excused(book, link, "engagement_score"):
            continue
        [domain] = domains
        for system, record in members.items():
            now = standing(crms, system, record, "engagement_score")
            if domain in diary.scores and now != diary.scores[domain]:
                yield f"{system} {record} {domain} has the score {now}, and {diary.scores[domain]} was computed"


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
                believed = meant(name, book.current[system, record].get(name))
                if believed != value and not (name == "owner" and value is None):
                    yield f"{system} {record} {name} is {value!r} and the ledger says {believed!r}"


def _no_edit_is_lost(crms: Crms, book: Book, diary: Diary) -> Iterator[str]:
    for edit in diary.edits:
        reason = _fate(crms, book, diary, edit)
        if reason is None:
            place = f"{edit.system} {edit.record} {edit.field}"
            now = standing(crms, edit.system, edit.record, edit.field)
            over = ", ".join(sorted(map(repr, edit.before)))
            yield f"edit {edit.number} is lost: {place} = {edit.value!r} over {over}; there is {now!r}"


def _decisions_stand(crms: Crms, book: Book, diary: Diary) -> Iterator[str]:
    """What a person decided stands in both CRMs, unless somebody edited it after what that person was shown."""
    for number, decided in enumerate(diary.decided):
        shown = diary.began[decided.run - 1]
        places = {(system, record) for system, record in decided.members.items()}
        moved = any(
            edit.field == decided.field
            and edit.at >= shown
            and places
            & {(edit.system, edit.record), (edit.system, _survivor(diary, edit.system, edit.record))}
            for edit in diary.edits
        ) or any(
            again.field == decided.field and again.members == decided.members
            for again in diary.decided[number + 1 :]
        )
        gone = any(place in diary.merged or place in diary.deleted for place in places)
        link = next((link for link, members in book.links.items() if members == dict(decided.members)), None)
        if moved or gone or link is None or _excused(book, link, decided.field):
            continue
        now = {system: standing(crms, system, record, decided.field) for system, record in places}
        if not all(alike(value, decided.value) for value in now.values()):
            yield f"{dict(decided.members)} {decided.field} was decided to be {decided.value!r}, and there is {now}"


def _fate(  # noqa: PLR0911  one sentence of the law after the other
    crms: Crms, book: Book, diary: Diary, edit: Edit
) -> str | None:
    """What became of an edit; None where it is gone without a trace."""
    if (edit.system, edit.record) in diary.merged or (edit.system, edit.record) in diary.deleted:
        return "the record is gone"
    if alike(standing(crms, edit.system, edit.record, edit.field), edit.value):
        return "stands"
    link = book.link_of(edit.system, edit.record)
    if link is None:
        return "the account is not linked"
    members = book.links[link]
    for later in diary.edits if edit.kept else diary.edits[edit.number + 1 :]:
        if later.field != edit.field or later is edit:
            continue
        same_place = later.number > edit.number and (later.system, later.record) == (edit.system, edit.record)
        # A merge brings two accounts together: whoever edited the counterpart of either had a say.
        counterpart = _survivor(diary, later.system, later.record) == members.get(later.system) or (
            edit.kept and later.system != edit.system
        )
        if same_place or (counterpart and _among(edit.value, later.before)):
            return f"replaced by edit {later.number}"
    if _among(edit.value, book.conflicts.get((link, edit.field), {}).values()):
        return "in a Conflict"
    if any(
        (decided.at >= edit.at or edit.kept)
        and decided.field == edit.field
        and alike(decided.seen.get(edit.system), edit.value)
        and _survivor(diary, edit.system, decided.members.get(edit.system, "")) == members[edit.system]
        for decided in diary.decided
    ):
        return "decided against by a person"
    if any((link, system, which) in book.held for system in SYSTEMS for which in (edit.field, "")):
        return "held"
    overruled = any(
        alike(value, edit.value) and (at + _GRAIN > edit.at or edit.kept)
        for key in (link, edit.record)
        for value, at in book.replaced.get((key, edit.system, edit.field), ())
    )
    if (overruled and _may_be_overruled(diary, edit, members)) or (
        edit.kept and FIELDS[edit.field].rule == "push"
    ):
        return "overruled"
    if edit.value is None and standing(crms, edit.system, edit.record, edit.field) in book.covered.get(
        (link, edit.field), ()
    ):
        return "filled by an edit that Tandem had written over before"
    return _excuse(book, diary, edit, link)


def _may_be_overruled(diary: Diary, edit: Edit, members: Mapping[str, str]) -> bool:
    """Does the rule of the field let this edit lose, and to something that somebody else entered?"""
    rule = FIELDS[edit.field].rule
    if rule == "push":
        return True
    others = [
        other
        for other in diary.edits
        if other.field == edit.field
        and other.system != edit.system
        and _survivor(diary, other.system, other.record) == members.get(other.system)
    ]
    if rule in {"salesforce", "leads"}:
        # A blank gives way: it may be filled from the other side.
        return edit.system != "salesforce" or edit.value is None
    if rule == "furthest":
        return any(_rank(other.value) >= _rank(edit.value) for other in others)
    if rule == "newest":
        # Salesforce without a history tells when the record was saved last, whatever was edited then.
        # A merge that keeps a value leaves it as old as it was.
        return not diary.tracked or edit.kept or any(other.at > edit.at - _GRAIN for other in others)
    return False


def _rank(value: Value) -> int:
    return -1 if value is None else STAGES.index(value)


def _excuse(  # noqa: PLR0911  one excuse after the other
    book: Book, diary: Diary, edit: Edit, link: str
) -> str | None:
    """Why an edit that left no trace was none to anybody but the person, or could not be seen."""
    members = book.links[link]
    if edit.kept and any(
        _among(edit.value, book.written.get((edit.system, record, edit.field), ()))
        for record in _merged_into(diary, edit.system, edit.record)
    ):
        return "a merge kept what Tandem had carried there, and nobody had entered in this CRM"
    bases = [(at, each.get(link, {}).get(edit.field, _NEVER)) for at, each in diary.bases]
    before = [base for at, base in bases if at <= edit.at]
    if before and alike(before[-1], edit.value):
        return "it went back to what the CRMs had agreed on before"
    if any(at > edit.at and alike(base, edit.value) for at, base in bases):
        return "it was carried, and what was entered in the other CRM meanwhile came after it"
    if _taken_back(diary, edit):
        return "it went back to what stood there, and no Run had seen anything else"
    came_back = any(place in diary.undeleted for place in members.items())
    had_met = not came_back and any(at <= edit.at and members.items() <= there for at, there in diary.settled)
    blank = edit.value is None or (edit.field, edit.value) == ("target_account", "false")
    if blank and not had_met:
        return "a blank of an account that the CRMs had never agreed about, filled from the other side"
    if (
        not diary.tracked
        and edit.system == "salesforce"
        and any(edit.at <= at <= edit.at + _BLIND for at in diary.blind)
    ):
        return "covered by a write whose answer never came"
    return None


def _taken_back(diary: Diary, edit: Edit) -> bool:
    return any(
        (earlier.system, earlier.record, earlier.field) == (edit.system, edit.record, edit.field)
        and _among(edit.value, earlier.before)
        and not any(earlier.at <= at < edit.at for at in diary.began)
        for earlier in diary.edits[: edit.number]
    )


def _among(value: Value, others: Iterable[Value]) -> bool:
    return any(alike(value, other) for other in others)


def _survivor(diary: Diary, system: str, record: str) -> str:
    """The record under which it can be opened now."""
    while (system, record) in diary.merged:
        record = diary.merged[system, record]
    return record


def _merged_into(diary: Diary, system: str, survivor: str) -> set[str]:
    return {
        record for of, record in diary.merged if of == system and _survivor(diary, of, record) == survivor
    }


def _no_duplicates(crms: Crms, diary: Diary) -> Iterator[str]:
    """Tandem makes a record only where the domain had none."""
    made: dict[tuple[str, str], int] = {}
    for (system, _), domain in diary.created.items():
        made[system, domain] = made.get((system, domain), 0) + 1
    for system in SYSTEMS:
        there: dict[str, list[str]] = {}
        for record in living(crms, system):
            there.setdefault(domain_of(crms, system, record), []).append(record)
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
