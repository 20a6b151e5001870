"""The SOAP Metadata API's synchronous calls. Source: Salesforce, Metadata API developer guide: "CRUD-Based Calls".

Each answer is the inner XML of the response element.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from emulator.salesforce.data import record_types
from emulator.salesforce.data.ids import checksum
from emulator.salesforce.data.stamps import stamp
from emulator.salesforce.errors import RecordError, reject
from emulator.salesforce.metadata.choices import as_list
from emulator.salesforce.org import Org
from emulator.salesforce.parts import Caller
from emulator.salesforce.soap import deploying
from emulator.salesforce.soap.components import COMPONENTS, Component, in_order
from emulator.salesforce.soap.envelope import TYPE, SoapFault, elements, errors

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
#: components of one call, and queries of one listMetadata
MOST, MOST_QUERIES = 10, 3

Arguments = Mapping[str, Any]


def answer(org: Org, caller: Caller, operation: str, arguments: Arguments) -> str:
    """Do one call. Raises Fault for a call that is not there, or that the caller may not make."""
    work = _WORK.get(operation)
    if work is None:
        raise SoapFault(
            "INVALID_OPERATION", f"{operation} is not among the Metadata API calls that this server answers"
        )
    if operation not in _READING and not org.access.has_right(caller.user_id, "CustomizeApplication"):
        raise SoapFault(
            "INSUFFICIENT_ACCESS", "use of the Metadata API requires a user with the ModifyMetadata right"
        )
    return work(org, caller, arguments)


#: listed below CustomObject, or CustomObject itself
_CHILDREN = frozenset({"CustomField", "CustomObject", "RecordType"})


def _describe(_org: Org, _caller: Caller, _arguments: Arguments) -> str:
    objects = [
        {
            "directoryName": component.directory,
            "inFolder": False,
            "metaFile": False,
            "suffix": component.suffix,
            "xmlName": name,
        }
        for name, component in COMPONENTS.items()
        if name not in _CHILDREN
    ]
    custom_object = {
        "childXmlNames": ["CustomField", "RecordType"],
        "directoryName": "objects",
        "inFolder": False,
        "metaFile": False,
        "suffix": "object",
        "xmlName": "CustomObject",
    }
    result = {
        "metadataObjects": [custom_object, *objects],
        "organizationNamespace": "",
        "partialSaveAllowed": True,
        "testRequired": False,
    }
    return elements({"result": result})


def _list(org: Org, _caller: Caller, arguments: Arguments) -> str:
    queries = as_list(arguments.get("queries"))
    if len(queries) > MOST_QUERIES:
        raise SoapFault("EXCEEDED_MAX_TYPES_LIMIT", f"listMetadata takes at most {MOST_QUERIES} queries")
    user = next(iter(org.store.rows("User")))
    at = stamp(org.described_at()).replace("+0000", "Z")
    found = []
    for query in queries:
        name = str(query.get("type"))
        component = _component(name)
        for number, full_name in enumerate(component.names(org), start=1):
            found.append(
                {
                    "createdById": user["Id"],
                    "createdByName": user.get("Name") or "",
                    "createdDate": at,
                    "fileName": f"{component.directory}/{full_name}.{component.suffix}",
                    "fullName": full_name,
                    "id": _component_id(org, name, full_name, number),
                    "lastModifiedById": user["Id"],
                    "lastModifiedByName": user.get("Name") or "",
                    "lastModifiedDate": at,
                    "manageableState": "unmanaged",
                    "type": name,
                }
            )
    return elements({"result": found})


def _component_id(org: Org, type_name: str, full_name: str, number: int) -> str:
    if type_name == "CustomField":
        object_name, _, field_name = full_name.partition(".")
        info = org.sobject(object_name).field(field_name)
        return (info.id if info else None) or ""
    if type_name == "RecordType":
        rows = org.store.rows("RecordType")
        return next((str(row["Id"]) for row in rows if record_types.full_name_of(row) == full_name), "")
    if type_name == "PermissionSet":
        return next((str(row["Id"]) for row in org.store.find("PermissionSet", "Name", full_name)), "")
    short = f"0Nt5e000{number:07d}"
    return short + checksum(short)


def _read(org: Org, _caller: Caller, arguments: Arguments) -> str:
    name = str(arguments.get("type"))
    component = _component(name)
    names = _limited(arguments.get("fullNames"))
    records = []
    for full_name in names:
        found = component.read(org, str(full_name))
        # A component that is not there is an empty record, not an error.
        records.append({TYPE: name, "fullName": full_name, **found} if found is not None else {TYPE: name})
    return elements({"result": {"records": in_order(records)}})


def _create(org: Org, caller: Caller, arguments: Arguments) -> str:
    def one(component: Component, full_name: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
        if component.read(org, full_name) is not None:
            message = f"There is already a {component.missing} named {full_name}"
            raise reject("DUPLICATE_DEVELOPER_NAME", message, "fullName")
        component.write(org, caller, full_name, metadata)
        return {}

    return _each(org, arguments, one)


def _update(org: Org, caller: Caller, arguments: Arguments) -> str:
    def one(component: Component, full_name: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
        if component.read(org, full_name) is None:
            raise _missing(component, full_name)
        component.write(org, caller, full_name, metadata)
        return {}

    return _each(org, arguments, one)


def _upsert(org: Org, caller: Caller, arguments: Arguments) -> str:
    def one(component: Component, full_name: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
        created = component.read(org, full_name) is None
        if created and component.standing:
            raise _missing(component, full_name)
        component.write(org, caller, full_name, metadata)
        return {"created": created}

    return _each(org, arguments, one, failed={"created": False})


def _delete(org: Org, _caller: Caller, arguments: Arguments) -> str:
    component = _component(str(arguments.get("type")))
    results = []
    for full_name in _limited(arguments.get("fullNames")):
        try:
            with org.store.savepoint():
                component.delete(org, str(full_name))
            results.append({"fullName": full_name, "success": True})
        except RecordError as error:
            results.append(_failed(str(full_name), error, {}))
    return elements({"result": results})


def _each(
    org: Org,
    arguments: Arguments,
    one: Callable[[Component, str, Mapping[str, Any]], dict[str, Any]],
    failed: Mapping[str, Any] | None = None,
) -> str:
    """Do one component after the other; each is saved or fails alone."""
    given = _limited(arguments.get("metadata"))
    types = {item.get(TYPE) for item in given if isinstance(item, Mapping)}
    if len(types) > 1:
        raise SoapFault("INVALID_TYPE", "All components of a call must be of one type")
    results = []
    for item in given:
        component = _component(str(item.get(TYPE)))
        full_name = str(item.get("fullName") or "")
        metadata = {key: value for key, value in item.items() if key not in (TYPE, "fullName")}
        try:
            if not full_name:
                raise reject("REQUIRED_FIELD_MISSING", "Required fields are missing: [FullName]", "fullName")
            with org.store.savepoint():
                more = one(component, full_name, metadata)
            results.append({**more, "fullName": full_name, "success": True})
        except RecordError as error:
            results.append(_failed(full_name, error, failed or {}))
    return elements({"result": results})


def _failed(full_name: str, error: RecordError, more: Mapping[str, Any]) -> dict[str, Any]:
    return {**more, "errors": errors(error), "fullName": full_name, "success": False}


def _missing(component: Component, full_name: str) -> RecordError:
    message = f"In field: fullName - no {component.missing} named {full_name} found"
    return reject("INVALID_CROSS_REFERENCE_KEY", message, "fullName")


def _component(name: str) -> Component:
    found = COMPONENTS.get(name)
    if found is None:
        raise SoapFault(
            "INVALID_TYPE", f"This server has no components of type {name} (it has {', '.join(COMPONENTS)})"
        )
    return found


def _limited(value: Any) -> list[Any]:
    items = as_list(value)
    if len(items) > MOST:
        raise SoapFault("LIMIT_EXCEEDED", f"A call takes at most {MOST} components")
    return items


_WORK: Mapping[str, Callable[[Org, Caller, Arguments], str]] = {
    "describeMetadata": _describe,
    "listMetadata": _list,
    "readMetadata": _read,
    "createMetadata": _create,
    "updateMetadata": _update,
    "upsertMetadata": _upsert,
    "deleteMetadata": _delete,
    "deploy": deploying.deploy,
    "checkDeployStatus": deploying.check,
}
_READING = frozenset({"checkDeployStatus", "describeMetadata", "listMetadata", "readMetadata"})
