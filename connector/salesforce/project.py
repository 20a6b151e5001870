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

from connector.base import FieldDefinition
from connector.salesforce.definitions import metadata_of
from connector.salesforce.rights import ABOUT, LABEL, PERMISSION_SET

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"

_SOURCE = "force-app/main/default"
#: A zip remembers when a file was made; one moment for all makes equal definitions equal bytes.
_MOMENT = (1980, 1, 1, 0, 0, 0)


def source_project(
    object: str,
    fields: Sequence[FieldDefinition],
    held: Mapping[str, FieldDefinition],
    granted: Sequence[str],
    *,
    api_version: str,
) -> dict[str, bytes]:
    """A Salesforce DX project, path -> content: a file for each field, the permission set, a manifest.

    ``held``: the fields that stand in the org; one that is of a kindred type (an Email for a text) is left out, for
    deploying it would retype it. ``granted``: fields that the permission set makes readable and writable.
    ``UnmadeError`` for a field that cannot be made.
    """
    fields = _not_retyped(fields, held)
    project = {
        "packageDirectories": [{"path": "force-app", "default": True}],
        "namespace": "",
        "sourceApiVersion": api_version,
    }
    files = {
        f"{_SOURCE}/objects/{object}/fields/{field.name}.field-meta.xml": _document(
            "CustomField", _custom_field(field)
        )
        for field in fields
    }
    return {
        "sfdx-project.json": (json.dumps(project, indent=2) + "\n").encode(),
        "manifest/package.xml": _package(object, fields, api_version),
        f"{_SOURCE}/permissionsets/{PERMISSION_SET}.permissionset-meta.xml": _permission_set(object, granted),
        **files,
    }


def metadata_zip(
    object: str,
    fields: Sequence[FieldDefinition],
    held: Mapping[str, FieldDefinition],
    granted: Sequence[str],
    *,
    api_version: str,
) -> bytes:
    """What the Metadata API's ``deploy`` takes. Arguments and errors as in :func:`source_project`."""
    fields = _not_retyped(fields, held)
    files = {
        "package.xml": _package(object, fields, api_version),
        f"permissionsets/{PERMISSION_SET}.permissionset": _permission_set(object, granted),
    }
    if fields:
        files[f"objects/{object}.object"] = _document(
            "CustomObject", {"fields": [_custom_field(field) for field in fields]}
        )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, _MOMENT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return packed.getvalue()


def _not_retyped(
    fields: Sequence[FieldDefinition], held: Mapping[str, FieldDefinition]
) -> list[FieldDefinition]:
    return [
        field
        for field in fields
        if (there := held.get(field.name)) is None or there.native_type == metadata_of(field)["type"]
    ]


def _custom_field(field: FieldDefinition) -> dict[str, Any]:
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


def _permission_set(object: str, granted: Sequence[str]) -> bytes:
    permissions = [
        {"field": f"{object}.{name}", "editable": True, "readable": True} for name in sorted(granted)
    ]
    return _document(
        "PermissionSet",
        {
            "description": ABOUT,
            "fieldPermissions": permissions,
            "hasActivationRequired": False,
            "label": LABEL,
        },
    )


def _package(object: str, fields: Sequence[FieldDefinition], api_version: str) -> bytes:
    members = sorted(f"{object}.{field.name}" for field in fields)
    types = [{"members": members, "name": "CustomField"}] if members else []
    types.append({"members": [PERMISSION_SET], "name": "PermissionSet"})
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
