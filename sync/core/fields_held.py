"""What is said of a field that waits as a whole: it concerns every account, and so no Link. Pure."""

from __future__ import annotations

from sync.core.hold import Hold
from sync.model.records import LinkId, SystemName

#: Code of a field that a System does not show, or whose people it does not tell.
ACCESS_LOST = "access_lost"


def hidden(system: SystemName, field: str, native: str) -> Hold:
    """The System does not show it."""
    return _whole(
        system,
        field,
        f"{system} no longer shows {native} to the connected user; left alone in every System.",
        "It was hidden or deleted. See what is missing: tandem provision plan; fix it: tandem provision apply",
    )


def without_people(system: SystemName, field: str, why: str = "", remedy: str | None = None) -> Hold:
    """It names a person, and the System does not tell who its users are."""
    return _whole(
        system,
        field,
        f"{system} does not tell who its users are, so {field} waits in every System{f': {why}' if why else '.'}",
        remedy or "See which right is missing with: tandem doctor",
    )


def _whole(system: SystemName, field: str, message: str, remedy: str) -> Hold:
    return Hold(
        link_id=LinkId(""),
        label="every account",
        system=system,
        field=field,
        code=ACCESS_LOST,
        message=message,
        remedy=remedy,
    )
