"""CustomField: from the metadata that a client sends to a field of the schema. Pure.

Source: Salesforce, Metadata API developer guide: "CustomField", "Field Types", "ValueSet". Metadata is a mapping as
JSON carries it; SOAP's text values are read too (`"true"`, `"18"`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from emulator.salesforce.errors import RecordError, reject
from emulator.salesforce.metadata.choices import as_list, check_values, flag, read_value
from emulator.salesforce.schema.fields import textarea
from emulator.salesforce.schema.model import Field

Metadata = Mapping[str, Any]

#: the keys of a field's metadata, all of which the Tooling API shows, null where they say nothing
KEYS: tuple[str, ...] = tuple(
    """businessOwnerGroup businessOwnerUser businessStatus caseSensitive complianceGroup customDataType
    defaultValue deleteConstraint deprecated description displayFormat displayLocationInDecimal encryptionScheme
    escapeMarkup externalDeveloperName externalId fieldManageability formula formulaTreatBlanksAs inlineHelpText
    isAIPredictionField isConvertLeadDisabled isFilteringDisabled isNameField isSortingDisabled label length
    lookupFilter maskChar maskType metadataRelationshipControllingField mktDataLakeFieldAttributes
    mktDataModelFieldAttributes picklist populateExistingRows precision readOnlyProxy referenceTargetField referenceTo
    relationshipLabel relationshipName relationshipOrder reparentableMasterDetail required restrictedAdminField scale
    securityClassification startingNumber stripMarkup summarizedField summaryFilterItems summaryForeignKey
    summaryOperation trackFeedHistory trackHistory trackTrending translateData type unique urls valueSet visibleLines
    writeRequiresMasterRead""".split()
)
_LONGEST_LABEL = 40
_PLACES = 18


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kind:
    """One type of Metadata API: describe's word for it, what it needs, what it must not have."""

    type: str
    length: int = 0
    needs: tuple[str, ...] = ()
    refuses: tuple[str, ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)


_LONG: dict[str, bool] = {"filterable": False, "sortable": False, "groupable": False, "aggregatable": False}
_NUMBER = ("precision", "scale")
_KINDS: Mapping[str, _Kind] = {
    "Text": _Kind(type="string", needs=("length",), refuses=_NUMBER),
    "TextArea": _Kind(type="textarea", length=255, refuses=("length", "unique", "externalId")),
    "LongTextArea": _Kind(
        type="textarea", needs=("length", "visibleLines"), refuses=("required", "unique"), more=_LONG
    ),
    "Html": _Kind(
        type="textarea", needs=("length", "visibleLines"), refuses=("required", "unique"), more=_LONG
    ),
    "Checkbox": _Kind(type="boolean", needs=("defaultValue",), refuses=("required", "unique", "externalId", "length")),
    "Number": _Kind(type="double", needs=_NUMBER, refuses=("length",), more={"groupable": False}),
    "Currency": _Kind(type="currency", needs=_NUMBER, refuses=("length", "unique"), more={"groupable": False}),
    "Percent": _Kind(type="percent", needs=_NUMBER, refuses=("length", "unique"), more={"groupable": False}),
    "Date": _Kind(type="date", refuses=("length", "unique")),
    "DateTime": _Kind(type="datetime", refuses=("length", "unique"), more={"groupable": False}),
    "Time": _Kind(type="time", refuses=("length", "unique")),
    "Email": _Kind(type="email", length=80, refuses=("length",)),
    "Phone": _Kind(type="phone", length=40, refuses=("length", "unique")),
    "Url": _Kind(type="url", length=255, refuses=("length", "unique")),
    "Picklist": _Kind(type="picklist", length=255, needs=("valueSet",), refuses=("length", "unique", "visibleLines")),
    "MultiselectPicklist": _Kind(
        type="multipicklist",
        length=4099,
        needs=("valueSet", "visibleLines"),
        refuses=("length", "unique"),
        more={"sortable": False, "groupable": False, "aggregatable": False},
    ),
    "Lookup": _Kind(type="reference", length=18, needs=("referenceTo",), refuses=("length", "unique")),
}  # fmt: skip
#: describe's type -> Metadata API's
TYPE_NAMES = {kind.type: name for name, kind in _KINDS.items() if name not in {"LongTextArea", "Html"}}
#: what a formula may give, by its metadata type
_FORMULAS = frozenset({"Text", "Checkbox", "Number", "Currency", "Percent", "Date", "DateTime", "Time"})


def read(full_name: str, metadata: Metadata, *, objects: Collection[str]) -> tuple[str, Field]:
    """The object's name and the field that metadata defines. `objects`: API names that a lookup may point to.

    Raises RecordError with what Salesforce says against the definition.
    """
    object_name, dot, name = full_name.partition(".")
    if not dot or not name:
        raise _wrong(f"Invalid fullName {full_name}: it must be Object.Field__c", "FullName")
    given = {key: value for key, value in metadata.items() if value is not None}
    if unknown := sorted(set(given) - set(KEYS) - {"fullName"}):
        raise reject("INVALID_FIELD", f"No such column '{unknown[0]}' on sobject of type CustomFieldMetadata")
    type_name = str(given.get("type", ""))
    kind = _KINDS.get(type_name)
    if kind is None:
        raise _wrong(f"'{type_name}' is not a valid value for the enum 'FieldType'", "Metadata")
    formula = given.get("formula")
    _check(type_name, kind, given, formula=formula is not None)
    return object_name, _field(name, type_name, kind, given, objects)


def tracks(metadata: Metadata) -> bool | None:
    """Whether the field's history is to be tracked; None where the metadata does not say."""
    given = metadata.get("trackHistory")
    return None if given is None else flag(given)


def _check(type_name: str, kind: _Kind, given: Metadata, *, formula: bool) -> None:
    label = str(given.get("label", ""))
    if not label:
        raise _wrong("Must specify a non-empty label for the CustomField", "MasterLabel")
    if len(label) > _LONGEST_LABEL:
        raise reject(
            "STRING_TOO_LONG", f"Label: data value too large: {label} (max length={_LONGEST_LABEL})", "Label"
        )
    if formula:
        if type_name not in _FORMULAS:
            raise _wrong(f"Can not specify 'formula' for a CustomField of type {type_name}")
        return
    for key in kind.refuses:
        if _says_something(key, given):
            raise _wrong(f"Can not specify '{key}' for a CustomField of type {type_name}")
    for key in kind.needs:
        if key not in given:
            raise _wrong(f"Must specify '{key}' for a CustomField of type {type_name}")


def _says_something(key: str, given: Metadata) -> bool:
    """Flags that are false say nothing, but for `required`: a Checkbox must not carry it at all."""
    if key not in given:
        return False
    if key == "required":
        return given["type"] == "Checkbox" or flag(given[key])
    return key not in {"unique", "externalId"} or flag(given[key])


def _field(name: str, type_name: str, kind: _Kind, given: Metadata, objects: Collection[str]) -> Field:
    required = flag(given.get("required"))
    formula = given.get("formula")
    shape: dict[str, Any] = {
        "name": name,
        "label": str(given["label"]),
        "type": kind.type,
        "length": kind.length,
        "metadata_type": type_name,
        "help_text": given.get("inlineHelpText"),
        "description": given.get("description"),
        "unique": flag(given.get("unique")),
        "case_sensitive": flag(given.get("caseSensitive")),
        "external_id": flag(given.get("externalId")),
        "id_lookup": flag(given.get("externalId")),
        **kind.more,
    }
    if required:
        shape |= {"nillable": False, "permissionable": False}
    if formula is not None:
        shape |= {"formula": str(formula), "calculated": True, "createable": False, "updateable": False}
    shape |= _SHAPES.get(type_name, _nothing)(given)
    if kind.type == "reference":
        shape |= _reference(name, given, objects)
    if kind.type == "textarea":
        length = shape.pop("length") or kind.length
        shape.pop("type")
        return textarea(shape.pop("name"), shape.pop("label"), length, **shape)
    return Field(**shape)


def _nothing(_given: Metadata) -> dict[str, Any]:
    return {}


def _text(given: Metadata) -> dict[str, Any]:
    if "formula" in given:
        return {"length": 1300}
    return {"length": _bounded("length", given, 1, 255)}


def _long(given: Metadata) -> dict[str, Any]:
    length = _bounded("length", given, 256, 131_072)
    extra = "richtextarea" if given["type"] == "Html" else "plaintextarea"
    return {"length": length, "extra_type": extra}


def _checkbox(given: Metadata) -> dict[str, Any]:
    if "formula" in given:
        return {"nillable": False}
    return {
        "nillable": False,
        "defaulted_on_create": True,
        "default": flag(given["defaultValue"]),
        "aggregatable": False,
    }


def _digits(given: Metadata) -> dict[str, Any]:
    if "formula" in given and "precision" not in given:
        return {"precision": _PLACES, "scale": 2}
    precision = _bounded("precision", given, 1, _PLACES)
    return {"precision": precision, "scale": _bounded("scale", given, 0, precision)}


def _choices(given: Metadata) -> dict[str, Any]:
    values = given["valueSet"]
    definition, name = values.get("valueSetDefinition"), values.get("valueSetName")
    if "valueSetDefinition" in values and ("valueSetName" in values or "valueSettings" in values):
        raise _wrong(
            "Can not specify both 'valueSetDefinition' and 'valueSetName' or 'valueSettings' for a value set"
        )
    if name:
        return {"value_set": str(name), "restricted": True}
    if not isinstance(definition, Mapping):
        raise _wrong("Must specify 'valueSetDefinition' or 'valueSetName' for a value set")
    found = tuple(read_value(value) for value in as_list(definition.get("value")))
    check_values(found)
    return {
        "values": found,
        "restricted": flag(values.get("restricted")),
        "sorted": flag(definition.get("sorted")),
    }


def _reference(name: str, given: Metadata, objects: Collection[str]) -> dict[str, Any]:
    target = next((known for known in objects if known.lower() == str(given["referenceTo"]).lower()), None)
    if target is None:
        message = f"referenceTo value of '{given['referenceTo']}' does not resolve to a valid sObject type"
        raise _wrong(message)
    return {"reference_to": (target,), "relationship": name.removesuffix("__c") + "__r"}


_SHAPES: Mapping[str, Callable[[Metadata], dict[str, Any]]] = {
    "Text": _text,
    "LongTextArea": _long,
    "Html": _long,
    "Checkbox": _checkbox,
    "Number": _digits,
    "Currency": _digits,
    "Percent": _digits,
    "Picklist": _choices,
    "MultiselectPicklist": _choices,
}


def _bounded(key: str, given: Metadata, least: int, most: int) -> int:
    try:
        value = int(given[key])
    except (KeyError, ValueError, TypeError):
        raise _wrong(
            f"Must specify '{key}' as a whole number for a CustomField of type {given['type']}"
        ) from None
    if not least <= value <= most:
        raise _wrong(f"{key.capitalize()} must be between {least} and {most}: {value}")
    return value


def _wrong(message: str, *fields: str) -> RecordError:
    return reject("FIELD_INTEGRITY_EXCEPTION", message, *fields)
