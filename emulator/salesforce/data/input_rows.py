"""Reads one record as a caller sent it: fields checked against what the caller may see and set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from emulator.salesforce.access import View
from emulator.salesforce.data.values import take
from emulator.salesforce.errors import Problem, RecordError, reject
from emulator.salesforce.schema.model import Field, SObject

if TYPE_CHECKING:
    from emulator.salesforce.org import Org
    from emulator.salesforce.parts import Caller

Operation = Literal["create", "update"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Intake:
    """The values to store, by API name."""

    values: Mapping[str, Any]
    problems: tuple[Problem, ...]


def read(
    org: Org, caller: Caller, object_: SObject, given: Mapping[str, Any], operation: Operation
) -> Intake:
    """Read a record's fields. Raises RecordError for unknown or read-only fields, Unreadable for wrong types.

    Problems with single values are collected, so that one answer names them all.
    """
    view = org.view(caller, object_)
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    read_only: list[str] = []
    for name, sent in given.items():
        if name.lower() in ("attributes", "id"):
            continue
        known = view.field(name)
        field, raw = (known, sent) if known is not None else _by_relationship(org, view, name, sent)
        if not _may_set(view, field, operation):
            read_only.append(field.name)
            continue
        taken = take(field, raw)
        if taken.problem is not None:
            problems.append(taken.problem)
        else:
            values[field.name] = taken.value
    if read_only:
        raise RecordError(not_writable(read_only))
    return Intake(values=values, problems=tuple(problems))


def not_writable(names: list[str]) -> Problem:
    """INVALID_FIELD_FOR_INSERT_UPDATE: the fields exist, and the caller may not set them."""
    return Problem(
        code="INVALID_FIELD_FOR_INSERT_UPDATE",
        message=(
            f"Unable to create/update fields: {', '.join(names)}. Please check the security settings of this field"
            " and verify that it is read/write for your profile or permission set."
        ),
        fields=tuple(names),
    )


def no_such_column(name: str, object_: SObject) -> RecordError:
    """INVALID_FIELD: the field does not exist, or the caller cannot see it; the text is the same."""
    return reject("INVALID_FIELD", f"No such column '{name}' on sobject of type {object_.name}")


def with_defaults(object_: SObject, values: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
    """Return the values of a new record with what its fields default to."""
    made: dict[str, Any] = {}
    for field in object_.fields.values():
        if field.type == "boolean":
            made[field.name] = bool(field.default)
        elif field.default is not None:
            made[field.name] = field.default
        elif field.values and (default := next((v.value for v in field.values if v.default), None)):
            made[field.name] = default
    if "OwnerId" in object_.fields:
        made["OwnerId"] = caller.user_id
    return {**made, **{name: value for name, value in values.items() if value is not None}}


def missing(object_: SObject, row: Mapping[str, Any]) -> Problem | None:
    """Return REQUIRED_FIELD_MISSING for a row with blanks where there must be none, or None."""
    names = [
        field.name
        for field in object_.fields.values()
        if field.required and row.get(field.name) in (None, "")
    ]
    if not names:
        return None
    message = f"Required fields are missing: [{', '.join(names)}]"
    return Problem(code="REQUIRED_FIELD_MISSING", message=message, fields=tuple(names))


def _may_set(view: View, field: Field, operation: Operation) -> bool:
    allowed = field.createable if operation == "create" else field.updateable
    return allowed and field.name in view.editable


def _by_relationship(org: Org, view: View, name: str, raw: object) -> tuple[Field, object]:
    """Resolve ``{"Owner": {"Username": "x"}}``: a parent named by an external id instead of an id."""
    field = view.object.by_relationship(name)
    if field is None or field.name not in view.readable or not isinstance(raw, dict):
        raise no_such_column(name, view.object)
    keys = {key: value for key, value in raw.items() if key != "attributes"}
    attributes = raw.get("attributes")
    named = attributes.get("type") if isinstance(attributes, dict) else None
    target = org.sobject(str(named or field.reference_to[0]))
    if len(keys) != 1:
        raise reject("INVALID_FIELD", f"The relationship {name} must name exactly one external id field")
    (key, value), *_ = keys.items()
    if isinstance(value, dict | list):
        raise reject("INVALID_FIELD", f"The value of {name}.{key} must be text or a number")
    key_field = target.field(key)
    if key_field is None or not (key_field.external_id or key_field.id_lookup):
        raise reject("INVALID_FIELD", f"{key} is not an External ID or indexed field for {target.name}")
    found = [row for row in org.store.find(target.name, key_field.name, value) if not row.get("IsDeleted")]
    if len(found) != 1:
        message = (
            f"Foreign key external ID: {value} not found for field {key_field.name} in entity {target.name}"
        )
        raise reject("INVALID_FIELD", message)
    return field, found[0]["Id"]
