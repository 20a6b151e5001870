"""The bundle of rights that Tandem keeps (Salesforce: a permission set), against what it should give and to whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from provision.fields.compare_history import HISTORY
from provision.fields.compare_looks import RECORD_TYPES
from provision.fields.state import NO_RECORD, STEPS, Action, Line

#: In place of an object's name in a line: it is no field's.
BUNDLE = "PermissionSet"
RIGHTS = "rights"
_FIELDS, _ASSIGNED = "field permissions", "assignment"


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingRights:
    """What the bundle gives now."""

    name: str
    exists: bool
    #: Fields that it lets people read, and whether they may write them too.
    fields: Mapping[str, bool]
    #: Usernames of those who should have it and have it not.
    lacking: tuple[str, ...] = ()
    #: Named in the configuration, and nobody active is called so.
    unknown: tuple[str, ...] = ()


def with_powers(
    system: str, powers: Mapping[str, tuple[str, bool]], lines: Sequence[Line], *, tracked: bool
) -> tuple[Line, ...]:
    """The findings, with what the connected user or app may not do. ``powers``: what it takes (``define``,
    ``administer``, ``grant``, ``assign``) -> the right by the CRM's own name, and whether it is held. ``tracked``: the
    object's history is on.

    Without fields and rights nothing can be synced, so that a missing right stops everything; history and record types
    are left to a person.
    """
    missing = {power: name for power, (name, held) in powers.items() if not held}
    found: list[Line] = []
    needing: dict[str, list[str]] = {}
    for line in lines:
        power = _needed(line, tracked=tracked) if line.action in STEPS else ""
        if power not in missing:
            found.append(line)
        elif power == "administer":
            found.append(
                replace(
                    line,
                    action=Action.WRONG,
                    remedy=f"Set it in Setup, Object Manager, {line.object}, or give the connected user "
                    f"{missing[power]} and let it be set.",
                )
            )
        else:
            found.append(line)
            needing.setdefault(power, []).append(line.field)
    for power, fields in needing.items():
        found.append(
            Line(
                system=system,
                object=RIGHTS,
                field=missing[power],
                canonical=None,
                action=Action.WRONG,
                stands="missing",
                reason="the connected user or app may not do what is planned for "
                f"{', '.join(dict.fromkeys(fields))}",
                remedy=f"Give it {missing[power]}, or let an administrator deploy it: tandem provision export",
                blocks=True,
            )
        )
    return tuple(found)


def _needed(step: Line, *, tracked: bool) -> str:
    """What a step takes, as the Connector calls it."""
    if step.object == BUNDLE:
        return "assign" if step.attribute == _ASSIGNED else "grant"
    if step.attribute == RECORD_TYPES:
        return "administer"
    if step.attribute == HISTORY and not (tracked and step.field.endswith("__c")):
        return "administer"
    return "grant" if step.action is Action.GRANT else "define"


def compare_rights(
    system: str,
    standing: StandingRights,
    fields: Sequence[Line],
    *,
    ours: Sequence[str] = (),
    named: bool = False,
) -> tuple[Line, ...]:
    """What is missing in the bundle. ``fields``: the findings about the System's fields; those that are to be made or
    shown need it. ``ours``: every field that it should give once it is there, for people are given it by hand too.
    ``named``: it must be there in any case, for the configuration names others who are to have it."""
    needing = [
        line.field for line in fields if line.action in (Action.CREATE, Action.GRANT) and not line.blocks
    ]
    every = (*needing, *ours) if needing or standing.exists or named else ()
    missing = [name for name in dict.fromkeys(every) if not standing.fields.get(name)]

    def line(attribute: str, action: Action, **more: str) -> Line:
        return Line(
            system=system,
            object=BUNDLE,
            field=standing.name,
            canonical=None,
            action=action,
            attribute=attribute,
            **more,  # type: ignore[arg-type]
        )

    found = []
    if missing:
        found.append(
            line(
                _FIELDS,
                Action.GRANT,
                stands="no read and edit" if standing.exists else "no permission set",
                should=", ".join(missing),
                reason="a field that is made over the API is hidden from everybody",
                effect=NO_RECORD,
            )
        )
    if standing.lacking and (missing or standing.exists):
        found.append(
            line(
                _ASSIGNED,
                Action.GRANT,
                stands="without it",
                should=", ".join(standing.lacking),
                reason="its rights reach those whom it is assigned to",
                effect=NO_RECORD,
            )
        )
    if standing.unknown:
        found.append(
            line(
                _ASSIGNED,
                Action.WRONG,
                stands=", ".join(standing.unknown),
                reason="no active user has this username, or this profile",
                remedy="Correct provision: assign_to: in tandem.yaml.",
            )
        )
    return tuple(found)
