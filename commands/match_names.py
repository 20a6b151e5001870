"""Questions of matching as people name them: by key, the beginning of one, number, or record."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from sync.errors import SettingsError
from sync.ledger.ledger import Ledger
from sync.model.inbox import StoredMatch
from sync.model.records import RecordKey, names_id

#: Letters of a key that tell which it is, if no other begins so.
_SHORTEST = 4


def named_matches(ledger: Ledger, texts: Sequence[str]) -> list[StoredMatch]:
    """The questions that a person means, each once. All problems at once.

    Behind a question its records may be named by their ids, as for the group that it once was.
    """
    known = ledger.matches.list(None)
    by_key = {stored.match.key: stored for stored in known}
    by_number = {str(stored.id): stored for stored in known}
    found: dict[str, StoredMatch] = {}
    named: dict[str, set[RecordKey]] = {}
    problems: list[str] = []
    for text in texts:
        last = next(reversed(found.values()), None)
        member = _member(last, text)
        if last is not None and member is not None:
            named.setdefault(last.match.key, set()).add(member)
            continue
        beginning = [key for key in by_key if len(text) >= _SHORTEST and key.startswith(text)]
        of_record = [stored for stored in known if _member(stored, text) is not None]
        stored = by_key.get(text) or by_number.get(text)
        if stored is None and len(beginning) == 1:
            stored = by_key[beginning[0]]
        if stored is None and len(of_record) == 1:
            stored = of_record[0]
        if stored is not None:
            found[stored.match.key] = stored
        elif len(beginning) > 1 or of_record:
            keys = beginning or [each.match.key for each in of_record]
            problems.append(f"{text} may be {' or '.join(sorted(keys))}.")
        elif last is not None and (":" in text or text.isalnum()) and not text.startswith("m"):
            problems.append(
                f"{text} is not among the records of match {last.match.key}, and is no match itself."
            )
        else:
            near = get_close_matches(text, by_key, n=1, cutoff=0.6)
            meant = f"; did you mean {near[0]}?" if near else "."
            problems.append(f"There is no match {text}{meant}")
    for key, members in named.items():
        if members != set(found[key].match.members):
            only = " and ".join(":".join(member) for member in found[key].match.members)
            problems.append(f"{key} is about {only}; name both, or none.")
    if problems:
        raise SettingsError(
            problems, remedy="Nothing was written. See the matches with: tandem matches list --all"
        )
    return list(found.values())


def names_matches(ledger: Ledger, texts: Sequence[str]) -> bool:
    """Does the first of these name a question rather than a record?"""
    first = texts[0]
    return any(
        stored.match.key == first
        or (len(first) >= _SHORTEST and stored.match.key.startswith(first))
        or str(stored.id) == first
        for stored in ledger.matches.list(None)
    )


def _member(stored: StoredMatch | None, text: str) -> RecordKey | None:
    """Which of its records a person means by ``SYSTEM:ID``, or by an id alone."""
    for system, id in stored.match.members if stored is not None else ():
        if names_id(text.removeprefix(f"{system}:"), id):
            return RecordKey(system, id)
    return None
