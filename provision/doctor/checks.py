"""What a look at a set-up finds: plain data, one check for each thing that was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a check came out."""

    OK = "ok"
    #: Works, and deserves a look.
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at."""

    #: A System's name, ``configuration``, ``owners`` or ``ledger``.
    about: str
    name: str
    state: State = State.OK
    message: str
    #: What to do about it; empty where it is well.
    remedy: str = ""
    #: Everything that the message only counts.
    details: tuple[str, ...] = ()
