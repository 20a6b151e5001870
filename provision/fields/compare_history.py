"""Whose former values the CRM keeps (Salesforce, "Field History Tracking"), against whose it should. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mappings.definitions import DesiredField
from provision.fields.compare_looks import Looks
from provision.fields.state import NO_RECORD, Action, Line, Standing

#: Salesforce Help, "Field History Tracking": "up to 20 fields per object".
MOST = 20
HISTORY = "history"


def told(standing: Standing) -> bool:
    """Whether the System says whose history it keeps; where the edition has no tracking it does not."""
    return any(field.tracked is not None for field in standing.fields.values())


def to_track(wanted: Sequence[DesiredField], standing: Standing) -> frozenset[str]:
    """Fields that are to be tracked, are not, and for which there is room, in the order of the mapping."""
    if not told(standing):
        return frozenset()
    room = MOST - sum(1 for field in standing.fields.values() if field.tracked)
    return frozenset([field.name for field in _untracked(wanted, standing)][: max(room, 0)])


def standard_fields(names: Sequence[str], standing: Standing) -> list[str]:
    """Those that are part of the product, and are tracked otherwise than an administrator's own."""
    return [name for name in names if (held := standing.fields.get(name)) is not None and not held.custom]


def object_is_tracked(standing: Standing) -> bool:
    """Whether the object's history is known to be on: a field of it is tracked."""
    return any(field.tracked for field in standing.fields.values())


def _untracked(wanted: Sequence[DesiredField], standing: Standing) -> Iterator[DesiredField]:
    for field in wanted:
        held = standing.fields.get(field.name)
        if not field.tracked or (held is not None and held.tracked):
            continue
        missing = held is None and field.create and field.name not in standing.invisible
        if missing or (held is not None and (not held.custom or held.changeable)):
            yield field


def tracking(looks: Looks, wanted: Sequence[DesiredField], settling: Sequence[str] = ()) -> Iterator[Line]:
    """Every finding about the history of one object's fields."""
    standing = looks.standing
    if not told(standing):
        return
    possible = to_track(wanted, standing)
    if possible and not object_is_tracked(standing):
        yield Line(
            system=looks.system,
            object=standing.object,
            field=standing.object,
            canonical=None,
            action=Action.CHANGE,
            attribute=HISTORY,
            stands="of no field",
            should="on",
            reason="fields of it are to be tracked",
            effect=NO_RECORD,
        )
    for field in wanted:
        held = standing.fields.get(field.name)
        if field.name in settling:
            continue
        if field.name in possible and held is not None:
            yield looks.change(
                field,
                HISTORY,
                "not tracked",
                "tracked",
                "what it held before would be lost, and with it who changed what",
            )
        elif field.tracked and field.name not in possible and _lacks(field, standing):
            yield _not_possible(looks, field)
        elif field.tracked is False and held is not None and held.tracked and held.custom and held.changeable:
            yield looks.narrowing(
                field,
                HISTORY,
                "tracked",
                "not tracked",
                "the mapping says that nobody needs it",
                f"Stop tracking it in {looks.where}",
            )


def _lacks(field: DesiredField, standing: Standing) -> bool:
    held = standing.fields.get(field.name)
    if held is None:
        return field.create and field.name not in standing.invisible
    return not held.tracked


def _not_possible(looks: Looks, field: DesiredField) -> Line:
    tracked = sum(1 for held in looks.standing.fields.values() if held.tracked)
    held = looks.standing.fields.get(field.name)
    full = held is None or held.changeable or not held.custom
    place = f"{looks.where}, Fields, Set History Tracking"
    return looks.line(
        field,
        Action.WRONG,
        attribute=HISTORY,
        stands="not tracked",
        should="tracked",
        reason=f"{tracked} fields of {looks.standing.object} are tracked, and Salesforce allows {MOST}"
        if full
        else "it belongs to an installed package",
        remedy=(f"Stop tracking one in {place}" if full else f"Track it in {place}")
        + ", or write `track_history: false` for this field.",
    )
