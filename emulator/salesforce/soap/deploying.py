"""`deploy` and `checkDeployStatus`: a zip of components, all of which are taken or none.

Source: Salesforce, Metadata API developer guide: "deploy()", "checkDeployStatus()", "package.xml". A deploy is over
by the time it is asked about; tests are not run, for nothing here is Apex.
"""

from __future__ import annotations

import base64
import binascii
import io
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree

from emulator.salesforce.data.stamps import stamp
from emulator.salesforce.errors import RecordError
from emulator.salesforce.metadata.choices import as_list, flag
from emulator.salesforce.org import Org
from emulator.salesforce.parts import Caller
from emulator.salesforce.soap.components import COMPONENTS
from emulator.salesforce.soap.envelope import SoapFault, elements, value_of

Arguments = Mapping[str, Any]
#: where the results of deploys are kept
_DEPLOYS = "deploy"
#: folder -> the type of the components in it, in the order in which they are taken
_FOLDERS = {
    "globalValueSets": "GlobalValueSet",
    "standardValueSets": "StandardValueSet",
    "objects": "CustomObject",
    "permissionsets": "PermissionSet",
}
#: inside of an object's file, in that order
_OF_OBJECT = {"fields": "CustomField", "recordTypes": "RecordType"}
#: component: type, full name, metadata, file
_Part = tuple[str, str, Mapping[str, Any], str]


class _RolledBackError(Exception):
    """Some component was refused."""


def deploy(org: Org, caller: Caller, arguments: Arguments) -> str:
    """Take a zip; the answer is the id to ask with."""
    options = arguments.get("DeployOptions") or {}
    try:
        packed = base64.b64decode(str(arguments.get("ZipFile") or ""), validate=True)
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            files = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    except (binascii.Error, zipfile.BadZipFile) as error:
        raise SoapFault("INVALID_FIELD", f"The zip file cannot be read: {error}") from None
    id = org.next_id("0Af")
    messages: list[dict[str, Any]] = []
    if "package.xml" not in files:
        messages.append(_message(("", "package.xml", {}, "package.xml"), "No package.xml found"))
    named = _named(files["package.xml"]) if not messages else frozenset[tuple[str, str]]()
    try:
        with org.store.savepoint():
            messages += [_take(org, caller, part, named) for part in _parts(files)]
            if any(not message["success"] for message in messages) or flag(options.get("checkOnly")):
                raise _RolledBackError
    except _RolledBackError:
        org.reload()
    org.state.put(_DEPLOYS, id, {"messages": messages, "at": stamp(org.clock.now()).replace("+0000", "Z")})
    return elements({"result": {"done": False, "id": id, "state": "Queued"}})


def check(org: Org, caller: Caller, arguments: Arguments) -> str:
    """What became of a deploy."""
    id = str(arguments.get("asyncProcessId") or "")
    kept = org.state.load(_DEPLOYS).get(id)
    if kept is None:
        raise SoapFault("INVALID_CROSS_REFERENCE_KEY", f"invalid cross reference id: {id}")
    messages, at = kept["messages"], kept["at"]
    failed = [message for message in messages if not message["success"]]
    result: dict[str, Any] = {
        "checkOnly": False,
        "completedDate": at,
        "createdBy": caller.user_id,
        "createdByName": str(org.user(caller.user_id).get("Name") or ""),
        "createdDate": at,
        "details": {
            "componentFailures": failed,
            "componentSuccesses": [message for message in messages if message["success"]],
        },
        "done": True,
        "id": id,
        "ignoreWarnings": False,
        "lastModifiedDate": at,
        "numberComponentErrors": len(failed),
        "numberComponentsDeployed": 0 if failed else len(messages),
        "numberComponentsTotal": len(messages),
        "numberTestErrors": 0,
        "numberTestsCompleted": 0,
        "numberTestsTotal": 0,
        "rollbackOnError": True,
        "runTestsEnabled": False,
        "startDate": at,
        "status": "Failed" if failed else "Succeeded",
        "success": not failed,
    }
    return elements({"result": result})


def _take(org: Org, caller: Caller, part: _Part, named: frozenset[tuple[str, str]]) -> dict[str, Any]:
    type_name, full_name, metadata, file = part
    if (type_name, full_name) not in named:
        return _message(part, f"{type_name} {full_name} is in the zip and not in package.xml: {file}")
    try:
        COMPONENTS[type_name].write(org, caller, full_name, metadata)
    except RecordError as error:
        return _message(part, error.problems[0].message)
    return _message(part, None)


def _message(part: _Part, problem: str | None) -> dict[str, Any]:
    type_name, full_name, _, file = part
    return {
        "changed": problem is None,
        "componentType": type_name,
        "created": False,
        "createdDate": "2024-01-01T00:00:00.000Z",
        "deleted": False,
        "fileName": file,
        "fullName": full_name,
        **({"problem": problem, "problemType": "Error"} if problem else {}),
        "success": problem is None,
    }


def _named(package: bytes) -> frozenset[tuple[str, str]]:
    """Type and full name of each component that the manifest names."""
    types = as_list(_value(package).get("types"))
    return frozenset(
        (str(kind["name"]), str(member)) for kind in types for member in as_list(kind.get("members"))
    )


def _parts(files: Mapping[str, bytes]) -> Iterator[_Part]:
    for folder, type_name in _FOLDERS.items():
        for path in sorted(name for name in files if name.startswith(f"{folder}/")):
            name = path.removeprefix(f"{folder}/").rpartition(".")[0]
            metadata = _value(files[path])
            if type_name != "CustomObject":
                yield type_name, name, metadata, path
                continue
            rest = {key: value for key, value in metadata.items() if key not in _OF_OBJECT}
            if rest:
                yield type_name, name, rest, path
            for key, kind in _OF_OBJECT.items():
                for one in as_list(metadata.get(key)):
                    inner = {word: value for word, value in one.items() if word != "fullName"}
                    yield kind, f"{name}.{one['fullName']}", inner, path


def _value(content: bytes) -> dict[str, Any]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    try:
        found = value_of(etree.fromstring(content, parser))
    except etree.XMLSyntaxError as error:
        raise SoapFault("XML_PARSER_ERROR", str(error)) from None
    return found if isinstance(found, dict) else {}
