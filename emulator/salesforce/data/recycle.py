"""The recycle bin: deletes with what hangs on a record, undeletes, merges, and the log that getDeleted reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from emulator.salesforce.data.stamps import stamp
from emulator.salesforce.data.store import Row
from emulator.salesforce.errors import reject
from emulator.salesforce.org import Org
from emulator.salesforce.parts import Caller
from emulator.salesforce.schema.model import SObject

#: days that a record stays in the bin (Salesforce: Recycle Bin)
DAYS = 15


def discard(org: Org, caller: Caller, object_: SObject, row: Row, *, with_: str | None = None) -> None:
    """Delete a row, first its children that go with it. Objects without a bin lose the row for good."""
    for child in object_.children:
        if child.cascade_delete:
            child_object = org.sobject(child.child)
            for item in org.store.find(child.child, child.field, row["Id"]):
                if not item.get("IsDeleted"):
                    discard(org, caller, child_object, item, with_=with_ or row["Id"])
    if "IsDeleted" not in object_.fields:
        org.store.remove(object_.name, row["Id"])
        return
    now = org.now()
    gone = {**row, "IsDeleted": True, "_deleted_with": with_, "_deleted_at": now}
    org.store.put(object_.name, {**gone, **_moved(org, caller, object_)})


def restore(org: Org, caller: Caller, object_: SObject, row: Row, *, with_: str | None = None) -> None:
    """Undelete a row and what was deleted with it."""
    root = with_ or row["Id"]
    for child in object_.children:
        if child.cascade_delete:
            child_object = org.sobject(child.child)
            for item in org.store.find(child.child, child.field, row["Id"]):
                if item.get("IsDeleted") and item.get("_deleted_with") == root:
                    restore(org, caller, child_object, item, with_=root)
    back = {key: value for key, value in row.items() if not key.startswith("_deleted")}
    org.store.put(object_.name, {**back, "IsDeleted": False, **_moved(org, caller, object_)})


def merge(
    org: Org,
    caller: Caller,
    object_: SObject,
    master: Row,
    losers: Iterable[Row],
    values: Mapping[str, Any] | None = None,
) -> list[str]:
    """Merge up to two losers into the master and return the ids of the children that moved.

    The losers go to the bin with MasterRecordId; their external ids stay with them. ``values`` (stored form) are the
    fields that the master takes over. The children's own stamps do not move.
    """
    doomed = list(losers)
    if not object_.mergeable:
        raise reject("INVALID_TYPE", f"{object_.name} cannot be merged")
    if not 1 <= len(doomed) <= 2 or any(row["Id"] == master["Id"] for row in doomed):
        raise reject("INVALID_INPUT", "A merge takes one or two records into a master record")
    moved: list[str] = []
    now = org.now()
    for loser in doomed:
        for child in object_.children:
            if child.field == "MasterRecordId":
                continue
            for item in org.store.find(child.child, child.field, loser["Id"]):
                org.store.put(child.child, {**item, child.field: master["Id"]})
                moved.append(item["Id"])
        gone = {**loser, "IsDeleted": True, "MasterRecordId": master["Id"], "_deleted_at": now}
        org.store.put(object_.name, {**gone, **_moved(org, caller, object_)})
    org.store.put(object_.name, {**master, **(values or {}), **_moved(org, caller, object_)})
    return moved


def empty(org: Org, record_ids: Iterable[str] | None = None) -> int:
    """Hard-delete what is in the bin, or only these records of it; the delete log keeps them. Returns how many."""
    wanted = set(record_ids) if record_ids is not None else None
    doomed = [
        (object_.name, row)
        for object_ in org.schema
        for row in org.store.rows(object_.name)
        if row.get("IsDeleted") and (wanted is None or row["Id"] in wanted)
    ]
    for name, row in doomed:
        org.note_purged(name, row["Id"], str(row.get("_deleted_at") or org.now()))
        org.store.remove(name, row["Id"])
    return len(doomed)


def deletions(org: Org, object_: SObject) -> dict[str, str]:
    """Return id -> stamp of every delete that the log still knows, hard deletes included."""
    binned = {
        str(row["Id"]): str(row["_deleted_at"])
        for row in org.store.rows(object_.name)
        if row.get("IsDeleted") and row.get("_deleted_at")
    }
    return {**org.purged.get(object_.name, {}), **binned}


def in_bin(org: Org, row: Row) -> bool:
    """Tell whether a deleted row is still in the bin, so that queryAll shows it."""
    horizon = stamp(org.clock.now() - timedelta(days=DAYS))
    return str(row.get("_deleted_at") or row.get("SystemModstamp") or "9") >= horizon


def _moved(org: Org, caller: Caller, object_: SObject) -> dict[str, Any]:
    now = org.now()
    moved = {"SystemModstamp": now, "LastModifiedDate": now, "LastModifiedById": caller.user_id}
    return {name: value for name, value in moved.items() if name in object_.fields}
