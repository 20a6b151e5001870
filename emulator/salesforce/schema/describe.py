"""Prints objects and fields as describe and describeGlobal do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from emulator.salesforce.access import View
from emulator.salesforce.schema.model import Field, PicklistValue, SObject

_SOAP = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "address": "urn:address",
    "anyType": "xsd:anyType",
}


def describe_global(objects: list[SObject], base: str) -> dict[str, Any]:
    """Return the body of describeGlobal; ``base`` is the version's path."""
    return {
        "encoding": "UTF-8",
        "maxBatchSize": 200,
        "sobjects": [brief(item, base) for item in sorted(objects, key=lambda item: item.name)],
    }


def brief(object_: SObject, base: str) -> dict[str, Any]:
    """Return one object as describeGlobal lists it."""
    path = f"{base}/sobjects/{object_.name}"
    urls = {
        "rowTemplate": f"{path}/{{ID}}",
        "describe": f"{path}/describe",
        "sobject": path,
    }
    if object_.layoutable:
        urls |= {
            "compactLayouts": f"{path}/describe/compactLayouts",
            "approvalLayouts": f"{path}/describe/approvalLayouts",
            "listviews": f"{path}/listviews",
            "quickActions": f"{path}/quickActions",
            "layouts": f"{path}/describe/layouts",
        }
    return {
        "activateable": False,
        "associateEntityType": None,
        "associateParentEntity": None,
        "createable": object_.createable,
        "custom": False,
        "customSetting": False,
        "deepCloneable": object_.deep_cloneable,
        "deletable": object_.deletable,
        "deprecatedAndHidden": False,
        "feedEnabled": object_.feed_enabled,
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": object_.prefix,
        "label": object_.label,
        "labelPlural": object_.plural,
        "layoutable": object_.layoutable,
        "mergeable": object_.mergeable,
        "mruEnabled": object_.layoutable,
        "name": object_.name,
        "queryable": object_.queryable,
        "replicateable": object_.replicateable,
        "retrieveable": object_.retrieveable,
        "searchable": object_.searchable,
        "triggerable": object_.triggerable,
        "undeletable": object_.undeletable,
        "updateable": object_.updateable,
        "urls": urls,
    }


def describe(
    view: View, base: str, server: str, record_types: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """Return an object's describe as one user sees it; ``server`` is the address people's pages start with.

    ``record_types``: rows of the object's record types beside the master one.
    """
    object_ = view.object
    listed = brief(object_, base)
    path = f"{base}/sobjects/{object_.name}"
    urls = {
        **listed["urls"],
        "defaultValues": f"{path}/defaultValues?recordTypeId&fields",
        "uiDetailTemplate": f"{server}/{{ID}}",
        "uiEditTemplate": f"{server}/{{ID}}/e",
        "uiNewRecord": f"{server}/{object_.prefix}/e",
    }
    master = {"Id": "012000000000000AAA", "DeveloperName": "Master", "Name": "Master", "IsActive": True}
    kinds = [
        {
            "active": row["IsActive"],
            "available": row["IsActive"],
            "defaultRecordTypeMapping": row is master,
            "developerName": row["DeveloperName"],
            "master": row is master,
            "name": row["Name"],
            "recordTypeId": row["Id"],
            "urls": {"layout": f"{path}/describe/layouts/{row['Id']}"},
        }
        for row in (*record_types, master)
    ]
    return {
        **listed,
        "createable": listed["createable"] and "create" in view.allows,
        "updateable": listed["updateable"] and "edit" in view.allows,
        "actionOverrides": [],
        "childRelationships": [
            {
                "cascadeDelete": child.cascade_delete,
                "childSObject": child.child,
                "deprecatedAndHidden": False,
                "field": child.field,
                "junctionIdListNames": [],
                "junctionReferenceTo": [],
                "relationshipName": child.name,
                "restrictedDelete": False,
            }
            for child in object_.children
        ],
        "compactLayoutable": object_.layoutable,
        "defaultImplementation": None,
        "extendedBy": None,
        "extendsInterfaces": None,
        "fields": [
            describe_field(field, editable=name in view.editable) for name, field in view.readable.items()
        ],
        "implementedBy": None,
        "implementsInterfaces": None,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": kinds if object_.layoutable else [],
        "searchLayoutable": object_.searchable and object_.layoutable,
        "sobjectDescribeOption": "FULL",
        "supportedScopes": _scopes(object_),
        "urls": urls,
    }


def describe_field(field: Field, *, editable: bool) -> dict[str, Any]:
    """Return one field; without edit rights it is neither createable nor updateable for this user."""
    return {
        "aggregatable": field.aggregatable,
        "aiPredictionField": False,
        "autoNumber": field.auto_number,
        "byteLength": _byte_length(field),
        "calculated": field.calculated,
        "calculatedFormula": field.formula,
        "cascadeDelete": False,
        "caseSensitive": field.case_sensitive,
        "compoundFieldName": field.compound,
        "controllerName": None,
        "createable": field.createable and editable,
        "custom": field.custom,
        "defaultValue": field.default,
        "defaultValueFormula": None,
        "defaultedOnCreate": field.defaulted_on_create,
        "dependentPicklist": False,
        "deprecatedAndHidden": False,
        "digits": field.digits,
        "displayLocationInDecimal": False,
        "encrypted": False,
        "externalId": field.external_id,
        "extraTypeInfo": field.extra_type,
        "filterable": field.filterable,
        "filteredLookupInfo": None,
        "formulaTreatNullNumberAsZero": False,
        "groupable": field.groupable,
        "highScaleNumber": False,
        "htmlFormatted": field.metadata_type == "Html",
        "idLookup": field.id_lookup or field.external_id,
        "inlineHelpText": field.help_text,
        "label": field.translation or field.label,
        "length": field.length,
        "mask": None,
        "maskType": None,
        "name": field.name,
        "nameField": field.name_field,
        "namePointing": field.polymorphic,
        "nillable": field.nillable,
        "permissionable": field.permissionable,
        "picklistValues": [_value(value) for value in _in_order(field)],
        "polymorphicForeignKey": field.polymorphic,
        "precision": field.precision,
        "queryByDistance": field.type == "address",
        "referenceTargetField": None,
        "referenceTo": list(field.reference_to),
        "relationshipName": field.relationship,
        "relationshipOrder": None,
        "restrictedDelete": False,
        "restrictedPicklist": field.restricted,
        "scale": field.scale,
        "searchPrefilterable": field.type == "reference"
        and (field.permissionable or "OpportunityHistory" in field.reference_to),
        "soapType": _SOAP.get(field.type, "xsd:string"),
        "sortable": field.sortable,
        "type": field.type,
        "unique": field.unique,
        "updateable": field.updateable and editable,
        "writeRequiresMasterRead": False,
    }


def _byte_length(field: Field) -> int:
    if field.byte_length is not None:
        return field.byte_length
    return field.length if field.type in ("id", "reference") else field.length * 3


def _in_order(field: Field) -> Sequence[PicklistValue]:
    return sorted(field.values, key=lambda value: value.label) if field.sorted else field.values


def _value(value: PicklistValue) -> dict[str, Any]:
    return {
        "active": value.active,
        "defaultValue": value.default,
        "label": value.translation or value.label,
        "validFor": None,
        "value": value.value,
    }


def _scopes(object_: SObject) -> list[dict[str, str]]:
    if "OwnerId" not in object_.fields:
        return []
    plural = object_.plural.lower()
    return [
        {"label": f"All {plural}", "name": "everything"},
        {"label": f"My {plural}", "name": "mine"},
    ]
