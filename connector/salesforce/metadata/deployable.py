"""Definitions as files that an administrator deploys: a source project, or the zip of the Metadata API. Pure.

Sources: Salesforce, Metadata API developer guide: "CustomField", "PermissionSet", "package.xml"; Salesforce DX
developer guide: "Project Structure". Elements stand in the metadata WSDL's order: the full name first, the
others by the alphabet.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lxml import etree

from connector.base import Deployment, FieldDefinition, RecordType, ValueSet
from connector.salesforce.metadata.administration import escaped
from connector.salesforce.metadata.field_bodies import metadata_of
from connector.salesforce.metadata.field_merge import merged, without_nulls
from connector.salesforce.metadata.permission_set import ABOUT, LABEL, OBJECT_RIGHTS, PERMISSION_SET

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"

_SOURCE = "force-app/main/default"
#: A zip remembers when a file was made; one moment for all makes equal definitions equal bytes.
_MOMENT = (1980, 1, 1, 0, 0, 0)


def source_project(deployment: Deployment, *, api_version: str) -> dict[str, bytes]:
    """A Salesforce DX project, path -> content: a file for each field, value set and record type, the permission set, a
    manifest.

    A field that stands in the org and is of a kindred type (an Email for a text) is left out, for deploying it would
    retype it. ``UnmadeError`` for a field that cannot be made.
    """
    object, fields = deployment.object, _not_retyped(deployment)
    project = {
        "packageDirectories": [{"path": "force-app", "default": True}],
        "namespace": "",
        "sourceApiVersion": api_version,
    }
    below = f"{_SOURCE}/objects/{object}"
    files = {
        f"{below}/fields/{content['fullName']}.field-meta.xml": _document("CustomField", content)
        for content in _fields(deployment, fields)
    }
    if deployment.tracks:
        files[f"{below}/{object}.object-meta.xml"] = _document("CustomObject", {"enableHistory": True})
    for name, kind in deployment.record_types.items():
        path = f"{below}/recordTypes/{name}.recordType-meta.xml"
        files[path] = _document("RecordType", _record_type(name, kind))
    for one in deployment.value_sets:
        path = f"{_SOURCE}/globalValueSets/{one.name}.globalValueSet-meta.xml"
        files[path] = _document("GlobalValueSet", _value_set(one))
    return {
        "sfdx-project.json": (json.dumps(project, indent=2) + "\n").encode(),
        "manifest/package.xml": _package(deployment, fields, api_version),
        f"{_SOURCE}/permissionsets/{PERMISSION_SET}.permissionset-meta.xml": _permission_set(deployment),
        **files,
    }


def metadata_zip(deployment: Deployment, *, api_version: str) -> bytes:
    """What the Metadata API's ``deploy`` takes. Contents and errors as in :func:`source_project`."""
    object, fields = deployment.object, _not_retyped(deployment)
    files = {
        "package.xml": _package(deployment, fields, api_version),
        f"permissionsets/{PERMISSION_SET}.permissionset": _permission_set(deployment),
    }
    parts: dict[str, Any] = {
        "enableHistory": [True] if deployment.tracks else [],
        "fields": _fields(deployment, fields),
        "recordTypes": [_record_type(name, kind) for name, kind in deployment.record_types.items()],
    }
    if any(parts.values()):
        files[f"objects/{object}.object"] = _document("CustomObject", parts)
    for one in deployment.value_sets:
        files[f"globalValueSets/{one.name}.globalValueSet"] = _document("GlobalValueSet", _value_set(one))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, _MOMENT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return packed.getvalue()


def _fields(deployment: Deployment, fields: Sequence[FieldDefinition]) -> list[dict[str, Any]]:
    """Fields of ours, then standard ones, of which no more than their history is said."""
    standard = [{"fullName": name, "trackHistory": True} for name in deployment.tracked]
    return [*(_custom_field(field, deployment.held.get(field.name)) for field in fields), *standard]


def _record_type(name: str, kind: RecordType) -> dict[str, Any]:
    offers = [
        {
            "picklist": picklist,
            "values": [
                {"fullName": escaped(value), "default": kind.defaults.get(picklist) == value}
                for value in sorted(values)
            ],
        }
        for picklist, values in sorted(kind.offers.items())
    ]
    description = {"description": kind.description} if kind.description else {}
    return {
        "fullName": name,
        "active": True,
        **description,
        "label": kind.label,
        "picklistValues": offers,
    }


def _value_set(found: ValueSet) -> dict[str, Any]:
    values = [
        {
            "fullName": option.value,
            "default": False,
            "label": option.label,
            **({} if option.active else {"isActive": False}),
            **({"description": option.description} if option.description else {}),
        }
        for option in found.options
    ]
    return {"customValue": values, "masterLabel": found.label, "sorted": False}


def _not_retyped(deployment: Deployment) -> list[FieldDefinition]:
    return [
        field
        for field in deployment.fields
        if (there := deployment.held.get(field.name)) is None
        # A lookup also tells what it points to.
        or there.native_type.partition("(User)")[0] == metadata_of(field)["type"]
    ]


def _custom_field(field: FieldDefinition, held: FieldDefinition | None) -> dict[str, Any]:
    if held is not None and held.source is not None:
        return _over(held.source, field)
    metadata = {"fullName": field.name, **metadata_of(field)}
    retired = [option for option in field.options if not option.active]
    if retired:
        # A value that is not named would be deactivated as well, and its label forgotten.
        listed = metadata_of(
            replace(field, options=tuple(replace(one, active=True) for one in field.options))
        )
        values = listed["valueSet"]["valueSetDefinition"]["value"]
        names = {option.value for option in retired}
        for value in values:
            if value["fullName"] in names:
                value["isActive"] = False
        metadata["valueSet"] = listed["valueSet"]
    return metadata


def _over(source: Mapping[str, Any], field: FieldDefinition) -> dict[str, Any]:
    """Our definition over one that stands: a file that leaves something out takes it away, be it an administrator's
    description. What a shared set holds is told in the set's own file."""
    ours = replace(field, options=()) if field.value_set else field
    found = merged(source, ours) or without_nulls(source)
    values = found.get("valueSet", {}).get("valueSetDefinition", {}).get("value", ())
    for value in values:
        # The Tooling API reads `valueName` where files have `fullName`.
        value["fullName"] = value.pop("valueName", None) or value["fullName"]
    return {"fullName": field.name, **found}


def _permission_set(deployment: Deployment) -> bytes:
    """From API version 40.0 on a set that is deployed takes the place of the one that stands, so all that it gives on
    fields and objects is in it."""
    held = deployment.bundle
    fields = {**held.fields, **{f"{deployment.object}.{name}": True for name in deployment.granted}}
    return _document(
        "PermissionSet",
        {
            "description": ABOUT,
            "fieldPermissions": [
                {"field": name, "editable": editable, "readable": True}
                for name, editable in sorted(fields.items())
            ],
            "hasActivationRequired": False,
            "label": LABEL,
            "objectPermissions": [
                {"object": object, **{right: right in given for right in OBJECT_RIGHTS}}
                for object, given in sorted(held.objects.items())
            ],
        },
    )


def _package(deployment: Deployment, fields: Sequence[FieldDefinition], api_version: str) -> bytes:
    object = deployment.object
    members = {
        "CustomField": [f"{object}.{name}" for name in (*(one.name for one in fields), *deployment.tracked)],
        "CustomObject": [object] if deployment.tracks else [],
        "GlobalValueSet": [one.name for one in deployment.value_sets],
        "PermissionSet": [PERMISSION_SET],
        "RecordType": [f"{object}.{name}" for name in deployment.record_types],
    }
    types = [{"members": sorted(names), "name": kind} for kind, names in members.items() if names]
    return _document("Package", {"types": types, "version": api_version})


def _document(tag: str, content: Mapping[str, Any]) -> bytes:
    root = etree.Element(f"{{{NAMESPACE}}}{tag}", nsmap={None: NAMESPACE})  # type: ignore[dict-item]  # lxml-stubs
    _fill(root, content)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _fill(parent: etree._Element, content: Mapping[str, Any]) -> None:
    for name in sorted(content, key=lambda name: (name != "fullName", name)):
        value = content[name]
        for item in value if isinstance(value, list) else [value]:
            element = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
            if isinstance(item, Mapping):
                _fill(element, item)
            else:
                element.text = str(item).lower() if isinstance(item, bool) else str(item)
