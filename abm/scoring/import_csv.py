"""Computed scores: read from a file whole or not at all, every bad row named by its line."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal
from difflib import get_close_matches
from typing import TypeVar

from mappings.errors import Unreadable
from mappings.fields import CanonicalField
from mappings.identity.domains import is_shared, registrable_domain
from mappings.values.canonical import from_text
from sync.local_time import FURTHEST_AHEAD
from sync.model.abm import DOMAIN, Score
from sync.model.records import TANDEM_ID, with_its_case
from sync.settings.sections import ScoreSettings

T = TypeVar("T")

#: What may stand between two cells, the most usual first.
_DELIMITERS = (",", ";", "\t", "|")
#: Excel writes so in front of the header which one it is.
_SEPARATOR = re.compile(r"sep=(.)", re.IGNORECASE)
_DECIMAL_COMMA = re.compile(r"[+-]?[\d.\s]*\d,\d+")
_SCIENTIFIC = re.compile(r"\d+(?:[.,]\d+)?[eE]\+?\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """A row that cannot be taken, and why."""

    #: Counted from 1, as an editor counts.
    line: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreFile:
    """What a file of scores holds."""

    scores: tuple[Score, ...]
    bad: tuple[BadRow, ...]
    #: The line of each of the scores.
    lines: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """Rows that are one account's."""

    lines: tuple[int, ...]
    #: The line of the row that counts.
    counts: int


#: Which of several rows of one account counts, for people.
RULE = (
    "the latest time counts; where the times are the same, the last line of one key, and of several keys the first in "
    "the alphabet"
)


def read_scores(
    text: str, settings: ScoreSettings, spec: CanonicalField, *, now: datetime, zone: tzinfo | None = None
) -> ScoreFile:
    """Read a CSV file with a header row, its cells apart by commas, semicolons, tabs or bars.

    ``spec`` is the field that the scores are pushed to. A time in the future is refused: it would make every later
    score look old. ``zone``: where a day begins and a time without an offset is meant; None where nobody has said it.
    Then they are UTC's, and what is today anywhere on earth is not in the future.
    """
    key_name = settings.key_column or settings.key
    wanted = [key_name, settings.column, *([settings.as_of_column] if settings.as_of_column else [])]
    text, delimiter = _delimited(text.removeprefix("\ufeff"), [_folded(name) for name in wanted])
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    scores: list[Score] = []
    at_lines: list[int] = []
    bad: list[BadRow] = []
    try:
        header = next((row for row in rows if _filled(row)), [])
        problem = _header_problem(header, wanted)
        if problem is not None:
            return ScoreFile(scores=(), bad=(BadRow(line=max(rows.line_num, 1), reason=problem),))
        places = {_folded(name): place for place, name in enumerate(header)}
        key_place, score_place, *as_of_place = (places[_folded(name)] for name in wanted)
        for row in rows:
            if not _filled(row):
                continue
            cells = [*row, *([""] * (len(header) - len(row)))]
            problems: list[str] = []
            key = _take(_key(cells[key_place], settings.key), problems)
            score = _take(_score(cells[score_place], spec), problems)
            stamp = cells[as_of_place[0]] if as_of_place else ""
            as_of = _take(_as_of(stamp, now, zone), problems)
            if len(row) > len(header):
                problems.append(_too_many(row, len(header), delimiter))
            if problems or key is None or score is None or as_of is None:
                bad.append(BadRow(line=rows.line_num, reason="; ".join(problems)))
            else:
                scores.append(Score(key=key, key_kind=settings.key, score=score, as_of=as_of))
                at_lines.append(rows.line_num)
    except csv.Error as error:
        bad.append(
            BadRow(line=rows.line_num, reason=f"it is no CSV ({error}); look for a quote that is not closed")
        )
    return ScoreFile(scores=tuple(scores), bad=tuple(bad), lines=tuple(at_lines))


def folds(file: ScoreFile, accounts: Mapping[str, str]) -> list[Fold]:
    """Rows that are the same account's, by their keys, or by what account a key belongs to (``accounts``)."""
    groups: dict[str, list[int]] = {}
    for place, score in enumerate(file.scores):
        groups.setdefault(accounts.get(score.key, score.key), []).append(place)
    return [
        Fold(
            lines=tuple(file.lines[place] for place in places),
            counts=file.lines[_counting(file.scores, places)],
        )
        for places in groups.values()
        if len(places) > 1
    ]


def _counting(scores: Sequence[Score], places: Iterable[int]) -> int:
    """The place of the score that counts, as the ledger chooses it (``Scores.put``, ``Scores.of_links``)."""
    by_key: dict[str, int] = {}
    for place in places:
        before = by_key.get(scores[place].key)
        if before is None or scores[place].as_of >= scores[before].as_of:
            by_key[scores[place].key] = place
    latest = max(scores[place].as_of for place in by_key.values())
    return by_key[min(key for key, place in by_key.items() if scores[place].as_of == latest)]


# -- the header ------------------------------------------------------------------------------------------------


def _folded(name: str) -> str:
    """A column's name without what people vary: case, blanks around and within, invisible marks."""
    plain = unicodedata.normalize("NFKC", name).replace("\ufeff", "").replace("\u200b", "")
    return re.sub(r"[\s_-]+", "_", plain.strip()).casefold()


def _delimited(text: str, wanted: Sequence[str]) -> tuple[str, str]:
    """The text from its header on, and what stands between two cells: by which the header has the wanted columns, or
    else by which it has most."""
    lines = text.splitlines(keepends=True)
    first = next((place for place, line in enumerate(lines) if line.strip()), 0)
    head = lines[first].strip() if lines else ""
    said = _SEPARATOR.fullmatch(head)
    if said is not None:
        # The line stays as a blank one, so that the lines below keep their numbers.
        lines[first] = "\n"
        return "".join(lines), said[1]
    headers = {mark: next(csv.reader([head], delimiter=mark), []) for mark in _DELIMITERS}

    def fitting(mark: str) -> tuple[int, int]:
        names = {_folded(name) for name in headers[mark]}
        return sum(name in names for name in wanted), len(headers[mark])

    return text, max(_DELIMITERS, key=fitting)


def _header_problem(header: Sequence[str], wanted: Sequence[str]) -> str | None:
    names = [_folded(name) for name in header]
    missing = [name for name in wanted if _folded(name) not in names]
    if missing:
        found = ", ".join(name.strip() for name in header) or "nothing"
        close = [
            header[names.index(near[0])].strip()
            for name in missing
            if (near := get_close_matches(_folded(name), names, n=1))
        ]
        hint = f"; did you mean {', '.join(close)}?" if close else ""
        return f"the header lacks {', '.join(missing)}; it has {found}{hint} (scores: in tandem.yaml names the columns)"
    counts = Counter(names)
    twice = [name for name in wanted if counts[_folded(name)] > 1]
    return f"the header has more than one column {', '.join(twice)}; rename all but one" if twice else None


# -- the cells -------------------------------------------------------------------------------------------------


def _filled(row: Sequence[str]) -> bool:
    return any(cell.strip() for cell in row)


def _too_many(row: Sequence[str], columns: int, delimiter: str) -> str:
    hint = "; a decimal comma? Write a point, as in 57.5" if delimiter == "," else ""
    return f"it has {len(row)} cells, the header {columns}{hint}"


def _take(found: tuple[T | None, str | None], problems: list[str]) -> T | None:
    value, problem = found
    if problem is not None:
        problems.append(problem)
    return value


def _key(cell: str, kind: str) -> tuple[str | None, str | None]:
    said = cell.strip()
    if not said:
        return None, f"its {kind} is blank"
    if kind != DOMAIN:
        return _id(said, kind)
    domain = registrable_domain(said)
    if domain is None:
        return None, f"{said!r} is not a domain"
    if is_shared(domain):
        return None, f"{domain} is a shared domain"
    return domain, None


def _id(said: str, kind: str) -> tuple[str | None, str | None]:
    if kind == TANDEM_ID:
        return said.lower(), None
    if _SCIENTIFIC.fullmatch(said):
        reason = (
            f"{said} is an id that a spreadsheet has shortened; format the column as text and export again"
        )
        return None, reason
    return with_its_case(said), None


def _score(cell: str, spec: CanonicalField) -> tuple[str | None, str | None]:
    said = cell.strip()
    try:
        value = from_text(spec, said)
    except Unreadable as error:
        return None, _no_number(said, error.reason)
    if value is None:
        return None, "its score is blank"
    number = Decimal(value)
    if spec.minimum is not None and number < spec.minimum:
        return None, f"{value} is below {spec.minimum}"
    if spec.maximum is not None and number > spec.maximum:
        return None, f"{value} is above {spec.maximum}"
    return value, None


def _no_number(said: str, reason: str) -> str:
    if _DECIMAL_COMMA.fullmatch(said):
        return f"{said!r} has a comma in it; write a point, and no marks between thousands, as in 1057.5"
    if said.endswith("%"):
        return f"{said!r} has a percent sign; write the number alone"
    return reason


def _as_of(cell: str, now: datetime, zone: tzinfo | None) -> tuple[datetime | None, str | None]:
    said = cell.strip()
    if not said:
        return now, None
    try:
        return _of_day(date.fromisoformat(said), said, now, zone)
    except ValueError:
        pass
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        return None, f"{said!r} is not a time (write 2026-01-31 or 2026-01-31T09:00:00Z)"
    hint = ""
    if at.tzinfo is None:
        at = at.replace(tzinfo=zone or UTC)
        if zone is None:
            hint = ", as UTC's (write its offset, as in 09:00:00+01:00, or timezone: in tandem.yaml)"
    try:
        at = at.astimezone(UTC)
    except OverflowError:
        return None, f"{said} lies outside the years 1 to 9999"
    return (at, None) if at <= now else (None, f"{said} is in the future{hint}")


def _of_day(day: date, said: str, now: datetime, zone: tzinfo | None) -> tuple[datetime | None, str | None]:
    """A day is meant from its beginning on. Today is never in the future."""
    today = now.astimezone(zone).date() if zone is not None else (now + FURTHEST_AHEAD).date()
    if day > today:
        return None, f"{said} is in the future"
    try:
        begins = datetime.combine(day, time(), tzinfo=zone or UTC).astimezone(UTC)
    except OverflowError:
        return None, f"{said} lies outside the years 1 to 9999"
    return min(begins, now), None


# -- what is told ----------------------------------------------------------------------------------------------


def lines(bad: tuple[BadRow, ...], name: str, *, limit: int = 20) -> Iterator[str]:
    """The invalid rows as sentences, the first ones in full."""
    for row in bad[:limit]:
        yield f"{name}:{row.line}: {row.reason}."
    if len(bad) > limit:
        yield f"{name}: … and {len(bad) - limit:,} more invalid rows."


def fold_lines(found: Sequence[Fold], name: str, *, limit: int = 20) -> Iterator[str]:
    """The rows that are one account's as sentences, and the rule."""
    for fold in found[:limit]:
        yield f"{name}: lines {', '.join(map(str, fold.lines))} are one account's; line {fold.counts} counts."
    if len(found) > limit:
        yield f"{name}: … and {len(found) - limit:,} more accounts with several lines."
    if found:
        yield f"Of several lines of one account {RULE}."
