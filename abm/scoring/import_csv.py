"""Computed scores: read from a file whole or not at all, every bad row named by its line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeVar

from mappings.errors import Unreadable
from mappings.fields import CanonicalField
from mappings.identity.domains import is_shared, registrable_domain
from mappings.values.canonical import from_text
from sync.model.abm import DOMAIN, Score
from sync.settings.sections import ScoreSettings

T = TypeVar("T")


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


def read_scores(text: str, settings: ScoreSettings, spec: CanonicalField, *, now: datetime) -> ScoreFile:
    """Read a CSV file with a header row.

    ``spec`` is the field that the scores are pushed to. A time in the future is refused: it would make every later
    score look old.
    """
    rows = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    header = [name.strip() for name in next(rows, [])]
    key_column = settings.key_column or settings.key
    wanted = [key_column, settings.column, *([settings.as_of_column] if settings.as_of_column else [])]
    missing = [name for name in wanted if name not in header]
    if missing:
        found = ", ".join(header) or "nothing"
        reason = f"the header lacks {', '.join(missing)}; it has {found} (scores: in tandem.yaml names the columns)"
        return ScoreFile(scores=(), bad=(BadRow(line=1, reason=reason),))
    scores: list[Score] = []
    bad: list[BadRow] = []
    for row in rows:
        if not any(cell.strip() for cell in row):
            continue
        cells = dict(zip(header, row, strict=False))
        problems: list[str] = []
        key = _take(_key(cells.get(key_column, ""), settings.key), problems)
        score = _take(_score(cells.get(settings.column, ""), spec), problems)
        stamp = cells.get(settings.as_of_column, "") if settings.as_of_column else ""
        as_of = _take(_as_of(stamp, now), problems)
        if len(row) > len(header):
            problems.append(f"it has {len(row)} cells, the header {len(header)}")
        if problems or key is None or score is None or as_of is None:
            bad.append(BadRow(line=rows.line_num, reason="; ".join(problems)))
        else:
            scores.append(Score(key=key, key_kind=settings.key, score=score, as_of=as_of))
    return ScoreFile(scores=tuple(scores), bad=tuple(bad))


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
        return said, None
    domain = registrable_domain(said)
    if domain is None:
        return None, f"{said!r} is not a domain"
    if is_shared(domain):
        return None, f"{domain} is a shared domain"
    return domain, None


def _score(cell: str, spec: CanonicalField) -> tuple[str | None, str | None]:
    try:
        value = from_text(spec, cell)
    except Unreadable as error:
        return None, error.reason
    if value is None:
        return None, "its score is blank"
    number = Decimal(value)
    if spec.minimum is not None and number < spec.minimum:
        return None, f"{value} is below {spec.minimum}"
    if spec.maximum is not None and number > spec.maximum:
        return None, f"{value} is above {spec.maximum}"
    return value, None


def _as_of(cell: str, now: datetime) -> tuple[datetime | None, str | None]:
    said = cell.strip()
    if not said:
        return now, None
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        return None, f"{said!r} is not a time (write 2026-01-31 or 2026-01-31T09:00:00Z)"
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return (at, None) if at <= now else (None, f"{said} is in the future")


def lines(bad: tuple[BadRow, ...], name: str, *, limit: int = 20) -> Iterator[str]:
    """The invalid rows as sentences, the first ones in full."""
    for row in bad[:limit]:
        yield f"{name}:{row.line}: {row.reason}."
    if len(bad) > limit:
        yield f"{name}: … and {len(bad) - limit:,} more invalid rows."
