"""The component types of Metadata API that this org has: how each is listed, read, written and deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from emulator.salesforce import definitions
from emulator.salesforce.data import histories, record_types
from emulator.salesforce.definitions import STAGE_SET
from emulator.salesforce.errors import reject
from emulator.salesforce.metadata import custom_field, custom_field_shown, permission_set, value_set
from emulator.salesforce.metadata.choices import flag
from emulator.salesforce.org import Org
from emulator.salesforce.parts import Caller
from emulator.salesforce.schema.model import Field, SObject

Metadata = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Component:
    """One type: `write` creates or replaces, whatever was there."""

    directory: str
    suffix: str
    #: the full names of all there are
    names: Callable[[Org], Iterable[str]]
    read: Callable[[Org, str], dict[str, Any] | None]
    write: Callable[[Org, Caller, str, Metadata], None]
    delete: Callable[[Org, str], None]
    #: what a missing one is called in errors
    missing: str
    #: components that exist without being made: they can neither be created nor deleted
    standing: bool = False


def _custom_fields(org: Org) -> list[str]:
    return sorted(
        f"{object_.name}.{info.name}"
        for object_ in org.schema
        for info in object_.fields.values()
        if info.custom
    )


def _field_of(org: Org, full_name: str) -> tuple[SObject, Field] | None:
    object_name, _, field_name = full_name.partition(".")
    object_ = org.schema.get(object_name)
    info = object_.field(field_name) if object_ else None
    return (object_, info) if object_ and info else None


def _read_field(org: Org, full_name: str) -> dict[str, Any] | None:
    found = _field_of(org, full_name)
    if found is None:
        return None
    object_, info = found
    return custom_field_shown.shown(info, tracked=histories.tracks(org, object_.name, info.name))


def _write_field(org: Org, _caller: Caller, full_name: str, metadata: Metadata) -> None:
    names = [item.name for item in org.schema]
    before, tracked = _field_of(org, full_name), custom_field.tracks(metadata)
    if before is not None and not before[1].custom:
        # Of a standard field no more than this can be set here.
        histories.track(org, before[0].name, before[1].name, on=tracked)
        return
    object_name, info = custom_field.read(full_name, metadata, objects=names)
    if before is None:
        definitions.create_field(org, object_name, info)
        histories.track(org, object_name, info.name, on=tracked)
        return
    if before[1].type != info.type:
        raise reject(
            "FIELD_INTEGRITY_EXCEPTION",
            f"Cannot change the type of {full_name} from {custom_field_shown.type_of(before[1])} to"
            f" {custom_field_shown.type_of(info)}",
            "type",
        )
    definitions.update_field(org, object_name, info)
    histories.track(org, object_name, info.name, on=tracked)


def _read_object(org: Org, name: str) -> dict[str, Any] | None:
    object_ = org.schema.get(name)
    if object_ is None or not object_.layoutable:
        return None
    return {"enableHistory": object_.name in org.settings.histories, "label": object_.label}


def _write_object(org: Org, _caller: Caller, name: str, metadata: Metadata) -> None:
    """Of a standard object no more than whether its history may be tracked can be set on this server."""
    object_ = org.schema.get(name)
    if object_ is None:
        raise reject("INVALID_CROSS_REFERENCE_KEY", f"no CustomObject named {name} found", "fullName")
    on, held = metadata.get("enableHistory"), org.settings.histories
    if on is not None:
        others = tuple(known for known in held if known != object_.name)
        org.configure(histories=(*others, object_.name) if flag(on) else others)


def _delete_record_type(_org: Org, name: str) -> None:
    raise reject("DELETE_FAILED", f"{name} cannot be deleted on this server")


def _delete_field(org: Org, full_name: str) -> None:
    object_name, _, field_name = full_name.partition(".")
    definitions.delete_field(org, object_name, field_name)


def _not_deleted(_org: Org, name: str) -> None:
    raise reject("CANNOT_DELETE_MANAGED_OBJECT", f"{name} is a part of the platform and cannot be deleted")


def _delete_global(org: Org, name: str) -> None:
    used = [
        f"{object_.name}.{info.name}"
        for object_ in org.schema
        for info in object_.fields.values()
        if info.value_set == name
    ]
    if used:
        raise reject("DEPENDENCY_EXISTS", f"{name} is used by {', '.join(used)}")
    raise reject("DELETE_FAILED", f"{name} cannot be deleted on this server")


COMPONENTS: Mapping[str, Component] = {
    "CustomField": Component(
        directory="fields",
        suffix="field",
        names=_custom_fields,
        read=_read_field,
        write=_write_field,
        delete=_delete_field,
        missing="CustomField",
    ),
    "CustomObject": Component(
        directory="objects",
        suffix="object",
        names=lambda org: sorted(object_.name for object_ in org.schema if object_.layoutable),
        read=_read_object,
        write=_write_object,
        delete=_not_deleted,
        missing="CustomObject",
        standing=True,
    ),
    "RecordType": Component(
        directory="objects",
        suffix="object",
        names=record_types.names,
        read=record_types.read,
        write=record_types.write,
        delete=_delete_record_type,
        missing="RecordType",
    ),
    "StandardValueSet": Component(
        directory="standardValueSets",
        suffix="standardValueSet",
        names=lambda _org: sorted([STAGE_SET, *value_set.STANDARD]),
        read=value_set.read_standard,
        write=lambda org, _caller, name, metadata: value_set.write_standard(org, name, metadata),
        delete=_not_deleted,
        missing="StandardValueSet",
        standing=True,
    ),
    "GlobalValueSet": Component(
        directory="globalValueSets",
        suffix="globalValueSet",
        names=value_set.global_names,
        read=value_set.read_global,
        write=lambda org, _caller, name, metadata: value_set.write_global(org, name, metadata),
        delete=_delete_global,
        missing="GlobalValueSet",
    ),
    "PermissionSet": Component(
        directory="permissionsets",
        suffix="permissionset",
        names=permission_set.names,
        read=permission_set.read,
        write=permission_set.write,
        delete=permission_set.delete,
        missing="PermissionSet",
    ),
}

_STANDARD_VALUE = (
    *("fullName", "color", "default", "description", "isActive", "label"),
    *(
        "allowEmail",
        "closed",
        "converted",
        "cssExposed",
        "forecastCategory",
        "groupingString",
        "highPriority",
    ),
    *("probability", "reverseRole", "reviewed", "won"),
)


def in_order(values: Any, *, path: str = "") -> Any:
    """The values in the order in which the WSDL wants their elements: fullName first, then by name."""
    if isinstance(values, list):
        return [in_order(item, path=path) for item in values]
    if not isinstance(values, Mapping):
        return values
    order = _STANDARD_VALUE if path == "standardValue" else ("@type", "fullName", *sorted(values))
    known = [key for key in dict.fromkeys(order) if key in values]
    return {key: in_order(values[key], path=key) for key in known}
