"""What the engine keeps of the fields of a System between two Runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from connector.base import NativeValue


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldsRead:
    """The fields of a System, by its own names, that the last Run kept in step."""

    names: frozenset[str] = frozenset()
    #: Those of them that the System would not show, though it did before.
    hidden: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionsSeen:
    """The definitions of a System's fields, as they were last looked at because something waited for them."""

    at: datetime
    #: Equal for equal definitions.
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeMarks:
    """What a probe of the right to write puts into the blank fields of one record, and takes back."""

    object: str
    #: Native id.
    record: str
    #: The System's own name of each field -> what it is marked with.
    marks: Mapping[str, NativeValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """Definitions that are not as the mapping has them."""

    since: datetime
    #: One sentence for each finding, old and new side by side.
    lines: tuple[str, ...]
