"""What a command ends with."""

from __future__ import annotations

from enum import IntEnum
from typing import NoReturn

import click


class Exit(IntEnum):
    """What a command ends with."""

    #: In sync, or done.
    OK = 0
    FAILED = 1
    #: Wrong usage or configuration.
    USAGE = 2
    #: Changes are pending.
    PENDING = 3
    #: Conflicts are open.
    CONFLICTS = 4
    #: Refused as unsafe or stale.
    REFUSED = 5
    #: Stopped by Ctrl-C, or told to end.
    INTERRUPTED = 130


class Interrupted(Exception):
    """Ctrl-C while a command was at work; ``str(error)`` says what was finished."""


def end(code: Exit) -> NoReturn:
    """Leave the command with this exit code."""
    raise click.exceptions.Exit(int(code))
