"""Questions of matching as a table that people answer in a spreadsheet. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sync.core.spreadsheets import from_csv, to_csv
from sync.errors import SettingsError, StalePlan
from sync.model.inbox import MatchState, StoredMatch
from sync.model.records import NativeId, Record, RecordKey, SystemName

#: What people type into the column ``answer``; an empty cell is no answer.
_ANSWERS: Mapping[str, MatchState | None] = {
    **dict.fromkeys(("y", "yes", "accept", "same", "ja", "j", "1", "true"), MatchState.ACCEPTED),
    **dict.fromkeys(("n", "no", "reject", "different", "nein", "0", "false"), MatchState.REJECTED),
    **dict.fromkeys(("", "later", "?"), None),
}
_SIDE = ("system", "id", "name", "domain", "url")
_COLUMNS = (
    *("key", "kind", "score", "evidence"),
    *(f"{column} {side}" for side in (1, 2) for column in _SIDE),
    *("answer", "note", "check"),
)
#: What cannot be missing.
_NEEDED = ("key", "system 1", "id 1", "system 2", "id 2", "answer", "check")
_REMEDY = "Nothing was written. Correct these lines, or begin with: tandem matches export FILE.csv"

Records = Mapping[RecordKey, Record]


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchAnswer:
    """What a person says about a question."""

    stored: StoredMatch
    state: MatchState
    note: str | None = None


def to_table(
    questions: Iterable[StoredMatch],
    records: Records,
    *,
    page: Callable[[SystemName, NativeId], str | None],
    ledger: str,
) -> str:
    """Questions as CSV, one a line, with an empty column ``answer`` (y or n). ``ledger``: which one it is."""
    rows: list[Sequence[str]] = []
    for stored in questions:
        row = [
            stored.match.key,
            stored.match.kind,
            "" if stored.match.score is None else f"{stored.match.score:.2f}",
            stored.match.evidence,
        ]
        for system, id in stored.match.members:
            record = records.get(RecordKey(system, id))
            name, domain = (record.name, record.domain) if record is not None else (None, None)
            row += [system, id, name or "", domain or "", page(system, id) or ""]
        rows.append([*row, "", "", checksum(stored, records, ledger)])
    return to_csv(_COLUMNS, rows)


def checksum(stored: StoredMatch, records: Records, ledger: str) -> str:
    """Differs where the question is another one, of another ledger, or its Records are called otherwise by now."""
    parts = [ledger, stored.match.key, stored.opened_at.isoformat()]
    for member in stored.match.members:
        record = records.get(member)
        parts += [*member, *((record.name or "", record.domain or "") if record is not None else ())]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def from_table(
    text: str, file: str, known: Mapping[str, StoredMatch], records: Records, ledger: str
) -> list[MatchAnswer]:
    """The answers of an edited table; lines without one are passed over. ``known``: questions by key.

    Raises ``SettingsError`` with every line that cannot be taken; ``StalePlan`` where all of them are right but old.
    Then nothing counts.
    """
    problems: list[str] = []
    stale = True
    answers: dict[str, MatchAnswer] = {}
    lines: dict[str, int] = {}
    for line, row in from_csv(text, _NEEDED, remedy="Begin with: tandem matches export FILE.csv"):
        said = row["answer"].strip().casefold()
        state = _ANSWERS.get(said)
        if state is None and said in _ANSWERS:
            continue
        key = row["key"].strip()
        if state is None:
            problem, old = f"the answer {row['answer'].strip()!r} is neither y nor n", False
        elif key in answers:
            problem, old = f"it is answered in line {lines[key]}, too", False
        else:
            problem, old = _problem(row, known.get(key), records, ledger)
        if state is None or problem:
            problems.append(f"{file}, line {line}: {key or 'no key'}: {problem}.")
            stale = stale and old
            continue
        lines[key] = line
        answers[key] = MatchAnswer(stored=known[key], state=state, note=row.get("note", "").strip() or None)
    if problems:
        raise (
            StalePlan("\n".join(problems), remedy=_REMEDY)
            if stale
            else SettingsError(problems, remedy=_REMEDY)
        )
    return list(answers.values())


def _problem(
    row: Mapping[str, str], stored: StoredMatch | None, records: Records, ledger: str
) -> tuple[str, bool]:
    """Why this line cannot be taken, empty where it can, and whether it could once."""
    if stored is None:
        return "this ledger has no such question: it is of another ledger, or asked no longer", False
    members = tuple((row[f"system {side}"].strip(), row[f"id {side}"].strip()) for side in (1, 2))
    if members != tuple(stored.match.members):
        mine = " and ".join(":".join(member) for member in stored.match.members)
        return f"it is about {mine}, and the ids in this line were edited", False
    if stored.state in {MatchState.ACCEPTED, MatchState.REJECTED}:
        return f"it was {stored.state.value} already, by {stored.decided_by}", True
    if row["check"].strip() != checksum(stored, records, ledger):
        return "its records are called otherwise by now, or the line is of another ledger", True
    return "", True
