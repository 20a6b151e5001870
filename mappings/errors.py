"""What can be wrong in this room.

    MappingError     the mapping's files are wrong; carries every problem with file and line
    Unreadable       one native value has no canonical meaning; the field of this record is held
    Unwritable       one canonical value cannot stand in this System; the field of this record is held

The last two concern one value of one record and never stop a Run, which is why they are not
MappingErrors.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, order=True)
class Problem:
    """One thing to fix. `line` counts from 1; None when the whole file or folder is meant."""

    file: str
    line: int | None
    message: str
    remedy: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.message}. {self.remedy}"


class MappingError(Exception):
    """The mapping is refused as a whole. `problems` holds all of them, by file and line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda p: (p.file, p.line or 0, p.message)))
        count = len(self.problems)
        head = f"the mapping has {count} problem{'' if count == 1 else 's'}"
        super().__init__("\n".join([head, *(f"  {problem}" for problem in self.problems)]))


class Unreadable(ValueError):
    """A native value that has no canonical meaning. `reason` is a sentence for a person."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Unwritable(ValueError):
    """A canonical value that a System cannot hold. `reason` is a sentence for a person."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
