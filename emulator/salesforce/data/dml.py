"""Writes of records: what REST, Collections, Bulk and SOAP all do once they have read their input.

`create`, `update`, `upsert`, `delete` and `undelete` take one record and raise RecordError; `save` takes many and
answers row by row, as sObject Collections and Bulk need it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal

from emulator.salesforce.data import checks, histories, input_rows, recycle
from emulator.salesforce.data.derive import derived
from emulator.salesforce.data.ids import long_id
from emulator.salesforce.data.rowfaults import row_faults
from emulator.salesforce.data.rules import rewrite
from emulator.salesforce.data.stamps import stamp
from emulator.salesforce.data.store import Row
from emulator.salesforce.data.values import Unreadable
from emulator.salesforce.errors import IS_DELETED, Problem, RecordError, reject
from emulator.salesforce.org import Org
from emulator.salesforce.parts import Caller
from emulator.salesforce.schema.model import Field, SObject

Work = Literal["create", "update", "upsert", "delete", "undelete"]
ROLLED_BACK = Problem(
    code="ALL_OR_NONE_OPERATION_ROLLED_BACK",
    message="Record rolled back because not all records were valid and the request was using AllOrNone header",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Saved:
    """The outcome of one row."""

    id: str | None = None
    created: bool = False
    problems: tuple[Problem, ...] = ()
    #: set when a value was not of its field's type; Bulk words this error itself
    unreadable: Unreadable | None = None

    @property
    def success(self) -> bool:
        """Whether the row was written."""
        return not self.problems


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One row of a many-row call: its object, and its values with ``Id`` among them where it has one."""

    object: SObject
    values: Mapping[str, Any]

    @property
    def id(self) -> str | None:
        """The record id that the row names, in any case of its key."""
        found = next((value for key, value in self.values.items() if key.lower() == "id"), None)
        return str(found) if found else None


def create(org: Org, caller: Caller, object_: SObject, given: Mapping[str, Any]) -> Saved:
    """Create a record. Raises RecordError."""
    if not object_.createable:
        raise _not_supported(object_, "create")
    taken = input_rows.read(org, caller, object_, given, "create")
    row = input_rows.with_defaults(object_, taken.values, caller)
    blank = input_rows.missing(object_, row)
    _stop(*(() if blank is None else (blank,)), *taken.problems)
    now = org.now()
    row |= {"Id": org.new_id(object_)}
    for name, value in (
        ("CreatedDate", now),
        ("LastModifiedDate", now),
        ("SystemModstamp", now),
        ("CreatedById", caller.user_id),
        ("LastModifiedById", caller.user_id),
    ):
        if name in object_.fields:
            row[name] = value
    _finish(org, caller, object_, row, None)
    return Saved(id=row["Id"], created=True)


def update(org: Org, caller: Caller, object_: SObject, record_id: str, given: Mapping[str, Any]) -> Saved:
    """Change a record. Raises RecordError."""
    if not object_.updateable:
        raise _not_supported(object_, "update")
    before = find(org, caller, object_, record_id)
    taken = input_rows.read(org, caller, object_, given, "update")
    row = {**before, **taken.values}
    blank = (
        input_rows.missing(object_, row) if any(value is None for value in taken.values.values()) else None
    )
    locked = org.rules.locked(before["Id"])
    _stop(*(problem for problem in (locked, blank) if problem is not None), *taken.problems)
    now = org.now()
    if "SystemModstamp" in object_.fields:
        row["SystemModstamp"] = now
    if not caller.automated and "LastModifiedDate" in object_.fields:
        row |= {"LastModifiedDate": now, "LastModifiedById": caller.user_id}
    _finish(org, caller, object_, row, before)
    return Saved(id=row["Id"])


def upsert(
    org: Org,
    caller: Caller,
    object_: SObject,
    key: Field,
    value: object,
    given: Mapping[str, Any],
    *,
    update_only: bool = False,
) -> Saved:
    """Create or change the record whose external id field ``key`` holds ``value``. Raises RecordError.

    Several matches are refused with status 300 and the problem's ``matches``; nothing is written.
    """
    found = matches(org, caller, object_, key, value)
    if len(found) > 1:
        raise RecordError(
            Problem(
                code="DUPLICATE_EXTERNAL_ID",
                message=(
                    f"Duplicate external id specified: {value}: more than one record found for external id field:"
                    f" [{', '.join(row['Id'] for row in found)}]"
                ),
                fields=(key.name,),
                status=300,
            )
        )
    if found:
        return update(org, caller, object_, found[0]["Id"], given)
    if update_only:
        raise reject("NOT_FOUND", "The requested resource does not exist")
    if key.name == "Id":
        return create(org, caller, object_, given)
    return create(org, caller, object_, {**given, key.name: value})


def matches(org: Org, caller: Caller, object_: SObject, key: Field, value: object) -> list[Row]:
    """Return the living records that an external id value names, as the caller sees them."""
    if value in (None, ""):
        return []
    if key.name == "Id":
        row = org.store.get(object_.name, long_id(str(value)) or "")
        return [row] if row is not None else []
    wanted = str(value) if key.type not in ("double", "int") else value
    return [
        row
        for row in org.store.find(object_.name, key.name, wanted)
        if not row.get("IsDeleted")
        and org.visible(caller, row)
        and (not key.case_sensitive or row.get(key.name) == wanted)
    ]


def delete(org: Org, caller: Caller, object_: SObject, record_id: str) -> Saved:
    """Put a record, and what hangs on it, into the recycle bin. Raises RecordError."""
    if not object_.deletable:
        raise _not_supported(object_, "delete")
    row = find(org, caller, object_, record_id)
    if (locked := org.rules.locked(row["Id"])) is not None:
        raise RecordError(locked)
    recycle.discard(org, caller, object_, row)
    _note_rights(org, object_)
    return Saved(id=row["Id"])


def undelete(org: Org, caller: Caller, object_: SObject, record_id: str) -> Saved:
    """Take a record, and what was deleted with it, out of the recycle bin. Raises RecordError."""
    whole = long_id(record_id)
    row = org.store.get(object_.name, whole) if whole else None
    if row is None or not row.get("IsDeleted") or row.get("MasterRecordId"):
        raise reject("UNDELETE_FAILED", "Entity is not in the recycle bin")
    recycle.restore(org, caller, object_, row)
    return Saved(id=row["Id"])


def find(org: Org, caller: Caller, object_: SObject, record_id: str) -> Row:
    """Return a living record that the caller may see. Raises RecordError as a write to it would fail."""
    whole = long_id(record_id)
    if whole is None:
        raise reject("MALFORMED_ID", f"malformed id {record_id}")
    if object_.prefix is not None and whole[:3] != object_.prefix:
        raise reject("MALFORMED_ID", f"{object_.label} ID: id value of incorrect type: {record_id}", "Id")
    row = org.store.get(object_.name, whole)
    if row is None or not org.visible(caller, row):
        raise reject("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", status=404)
    if row.get("IsDeleted"):
        raise RecordError(IS_DELETED)
    return row


def save(
    org: Org,
    caller: Caller,
    work: Work,
    rows: Sequence[Asked],
    *,
    all_or_none: bool = False,
    key: Field | None = None,
    lenient: bool = False,
) -> list[Saved]:
    """Do ``work`` for every row and answer in their order.

    ``key`` is the external id field of an upsert. ``lenient`` turns a value of the wrong type into a row error
    (Bulk); otherwise Unreadable is raised, as the JSON APIs refuse the whole body.
    """
    faults = row_faults(caller, [_name_of(row, key) for row in rows], [row.object for row in rows])
    seen: set[tuple[str, str]] = set()

    def one(place: int, row: Asked) -> Saved:
        if place in faults:
            return Saved(problems=(faults[place],))
        try:
            _refuse_twins(seen, work, row, key)
            with org.store.savepoint():
                return _WORK[work](org, caller, row, key)
        except Unreadable as error:
            if not lenient:
                raise
            return Saved(problems=error.problems, unreadable=error)
        except RecordError as error:
            known = row.id if work in ("update", "delete", "undelete") else None
            return Saved(id=long_id(known) if known else None, problems=error.problems)

    if not all_or_none:
        return [one(place, row) for place, row in enumerate(rows)]
    try:
        with org.store.savepoint():
            saved = [one(place, row) for place, row in enumerate(rows)]
            if any(not item.success for item in saved):
                raise _RolledBack(saved)
    except _RolledBack as undone:
        return [Saved(problems=(ROLLED_BACK,)) if item.success else item for item in undone.saved]
    return saved


class _RolledBack(Exception):
    def __init__(self, saved: list[Saved]) -> None:
        super().__init__("rolled back")
        self.saved = saved


def _create_row(org: Org, caller: Caller, row: Asked, _key: Field | None) -> Saved:
    if row.id is not None:
        raise reject("INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id in an insert call", "Id")
    return create(org, caller, row.object, row.values)


def _update_row(org: Org, caller: Caller, row: Asked, _key: Field | None) -> Saved:
    if row.id is None:
        raise reject("MISSING_ARGUMENT", "Id not specified in an update call")
    return update(org, caller, row.object, row.id, row.values)


def _upsert_row(org: Org, caller: Caller, row: Asked, key: Field | None) -> Saved:
    assert key is not None, "an upsert needs its key field"
    value = row.id if key.name == "Id" else _value_of(row, key)
    if key.name != "Id" and row.id is not None:
        raise reject("INVALID_FIELD", "The Id field should not be specified in the sobject data.")
    if key.name != "Id" and value in (None, ""):
        raise reject("MISSING_ARGUMENT", f"{key.name} not specified")
    if key.name == "Id" and value and not matches(org, caller, row.object, key, value):
        find(org, caller, row.object, str(value))
    values = {name: item for name, item in row.values.items() if name.lower() != key.name.lower()}
    return upsert(org, caller, row.object, key, value, values)


def _delete_row(org: Org, caller: Caller, row: Asked, _key: Field | None) -> Saved:
    return delete(org, caller, row.object, row.id or "")


def _undelete_row(org: Org, caller: Caller, row: Asked, _key: Field | None) -> Saved:
    return undelete(org, caller, row.object, row.id or "")


_WORK: Mapping[Work, Callable[[Org, Caller, Asked, Field | None], Saved]] = {
    "create": _create_row,
    "update": _update_row,
    "upsert": _upsert_row,
    "delete": _delete_row,
    "undelete": _undelete_row,
}


def _value_of(row: Asked, key: Field) -> object:
    return next((value for name, value in row.values.items() if name.lower() == key.name.lower()), None)


def _name_of(row: Asked, key: Field | None) -> str:
    if row.id is not None:
        return long_id(row.id) or row.id
    return str(_value_of(row, key) or "") if key is not None else str(row.values.get("Name") or "")


def _refuse_twins(seen: set[tuple[str, str]], work: Work, row: Asked, key: Field | None) -> None:
    """A record may stand in a call once: the second row of the same id or external id fails."""
    if work == "create":
        return
    value = row.id or (str(_value_of(row, key) or "") if key is not None else None)
    if not value:
        return
    name = (row.object.name, (long_id(value) or value) if row.id else value.lower())
    if name in seen:
        if work == "upsert" and row.id is None:
            raise reject(
                "DUPLICATE_VALUE", f"Duplicate external id specified: {value}", key.name if key else ""
            )
        raise reject("INVALID_ID_FIELD", f"duplicate id specified: {value}", "Id")
    seen.add(name)


def _finish(org: Org, caller: Caller, object_: SObject, row: dict[str, Any], before: Row | None) -> None:
    """Run what a save runs after its values are read, and put the row."""
    row = _rewritten_by_fault(caller, org.rules.rewritten(object_.name, row))
    row |= derived(org, object_, row, before)
    _stop(*checks.problems(org, caller, object_, row, before))
    _stop(*org.rules.problems(org.store, object_.name, row, allow_save=caller.allow_save, path=caller.base))
    org.store.put(object_.name, row, visible_from=visible_from(org, caller))
    histories.keep(org, caller, object_, row, before)
    checks.after(org, caller, object_, row)
    _note_rights(org, object_)


def _rewritten_by_fault(caller: Caller, row: dict[str, Any]) -> dict[str, Any]:
    options = caller.taken.options("F45")
    field = (options or {}).get("field", "Name")
    if options is None or field not in row:
        return row
    return {**row, field: rewrite(str(options.get("rewrite", "upper")), row[field], options.get("value"))}


def visible_from(org: Org, caller: Caller) -> str | None:
    """Return the stamp at which queries see a write made now, or None for at once."""
    options = caller.taken.options("F16") or caller.taken.options("F14")
    seconds = float(options.get("lag", 3)) if options is not None else org.settings.commit_lag
    return stamp(org.clock.now() + timedelta(seconds=seconds)) if seconds else None


def _note_rights(org: Org, object_: SObject) -> None:
    if object_.name in ("FieldPermissions", "PermissionSetAssignment"):
        org.touch_definitions()


def _stop(*problems: Problem) -> None:
    if problems:
        raise RecordError(*problems)


def _not_supported(object_: SObject, work: str) -> RecordError:
    return reject(
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"entity type {object_.name} does not support {work}"
    )


def automated(caller: Caller) -> Caller:
    """Return the caller as automation acting in its name: SystemModstamp moves, LastModifiedDate does not."""
    return replace(caller, automated=True)
