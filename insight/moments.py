"""The moments of a timeline, and what completes them: values at first sight, and what the CRMs themselves remember."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sync.model.records import Account, Value

#: How far a CRM's clock and this machine's may be apart.
_SKEW = timedelta(minutes=2)
TANDEM = "Tandem"
#: What a CRM's history shows, too.
_IN_HISTORY = frozenset({"edited", "written", "put back"})
#: What tells by its old value what stood before.
_MOVES = frozenset({"edited", "respelled", "written", "put back", "refused", "intended", "not written"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One thing that happened."""

    at: datetime
    #: ``linked``, ``seen``, ``edited``, ``written``, ``refused``, ``overruled``, ``conflict``, ``decided`` … or
    #: ``history`` for what a CRM remembers and the ledger does not.
    what: str
    system: str | None = None
    field: str | None = None
    old: Value = None
    new: Value = None
    #: There are values to show; a blank is one.
    valued: bool = True
    by: str | None = None
    run: str | None = None
    why: str | None = None


def with_history(told: Sequence[Moment], history: Iterable[Moment]) -> list[Moment]:
    """The moments that the ledger tells, with what the CRMs remember of the same: when exactly, and who. What only a
    CRM remembers stands for itself."""
    left = sorted(history, key=lambda moment: moment.at)
    found: list[Moment] = []
    for moment in sorted(told, key=lambda moment: moment.at):
        same = [
            one
            for one in left
            if moment.what in _IN_HISTORY
            and (one.system, one.field, one.new) == (moment.system, moment.field, moment.new)
            and (one.by == TANDEM) == (moment.by == TANDEM)
            and one.at <= moment.at + _SKEW
        ]
        if same:
            left.remove(same[-1])
        if same and moment.what == "edited":
            found.append(replace(moment, at=same[-1].at, by=same[-1].by, why=same[-1].why))
        else:
            found.append(moment)
    return found + left


def first_seen(account: Account, told: Sequence[Moment], *, blanks: bool) -> list[Moment]:
    """The values that stood in each Record when it was linked, out of what happened to them since. ``blanks``: the
    blank ones, too."""
    linked = {
        moment.system: moment for moment in told if moment.what == "linked" and moment.system is not None
    }
    found: list[Moment] = []
    for system, record in account.records.items():
        since = linked.get(system)
        if since is None:
            continue
        moved: dict[str, Value] = {}
        for moment in sorted(told, key=lambda moment: moment.at):
            if (
                moment.system == system
                and moment.field is not None
                and moment.what in _MOVES
                and moment.at >= since.at
            ):
                moved.setdefault(moment.field, moment.old)
        for name, current in record.current.items():
            value = moved.get(name, current)
            if value is not None or blanks:
                found.append(
                    Moment(at=since.at, what="seen", system=system, field=name, new=value, run=since.run)
                )
    return found
