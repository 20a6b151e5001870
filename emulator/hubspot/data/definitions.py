"""Property definitions and groups of one object type, with the rules for changing them (HubSpot: properties API)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from emulator.hubspot.data.stamps import instant
from emulator.hubspot.errors import HubSpotError, not_found, validation

FIELD_TYPES: Mapping[str, frozenset[str]] = {
    "bool": frozenset({"booleancheckbox", "calculation_equation"}),
    "date": frozenset({"date"}),
    "datetime": frozenset({"date"}),
    "enumeration": frozenset({"select", "radio", "checkbox", "booleancheckbox", "calculation_equation"}),
    "number": frozenset({"number", "calculation_equation"}),
    "phone_number": frozenset({"phonenumber"}),
    "string": frozenset({"text", "textarea", "html", "file", "phonenumber", "calculation_equation"}),
}
MAX_UNIQUE = 10
STALE_FOR = timedelta(minutes=5)

_CHANGEABLE = (
    "label",
    "type",
    "fieldType",
    "groupName",
    "description",
    "displayOrder",
    "hidden",
    "formField",
    "calculationFormula",
)


@dataclass(kw_only=True)
class Definition:
    """One property. `doc` is the JSON that the API answers, always complete."""

    doc: dict[str, Any]
    created: datetime
    archived: bool = False
    used_by: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return str(self.doc["name"])

    @property
    def type(self) -> str:
        return str(self.doc["type"])

    @property
    def unique(self) -> bool:
        return bool(self.doc.get("hasUniqueValue"))

    @property
    def multiple(self) -> bool:
        """Several options at once, joined by semicolons."""
        return self.type == "enumeration" and self.doc["fieldType"] == "checkbox"

    @property
    def external_options(self) -> bool:
        """The options live elsewhere: owners, pipelines, stages."""
        return bool(self.doc.get("externalOptions"))

    @property
    def read_only(self) -> bool:
        return bool(self.doc["modificationMetadata"]["readOnlyValue"])

    @property
    def values(self) -> list[str]:
        """The option values, hidden ones too, in order."""
        return [option["value"] for option in self.doc["options"]]


class Definitions:
    """All properties and groups of one object type, archived ones too.

    Every change is logged, so that a read can be answered from an older state (settling after a write).
    """

    def __init__(self, *, portal_id: int) -> None:
        self.portal_id = portal_id
        self.properties: dict[str, Definition] = {}
        self.groups: dict[str, dict[str, Any]] = {}
        self._log: list[tuple[datetime, str, dict[str, Any] | None]] = []

    def get(self, name: str) -> Definition | None:
        """A property that is not archived."""
        found = self.properties.get(name)
        return found if found and not found.archived else None

    def existing(self, name: str, *, archived: bool = False) -> Definition:
        """A property by name, archived or not as asked; 404 else."""
        found = self.properties.get(name)
        if found is None or found.archived != archived:
            raise not_found(
                f'No property named "{name}" was found.', sub_category="Properties.PROPERTY_DOES_NOT_EXIST"
            )
        return found

    def listed(self, *, archived: bool = False) -> list[Definition]:
        return [found for found in self.properties.values() if found.archived == archived]

    def unique_names(self) -> list[str]:
        """Properties that refuse a value which another record holds, archived ones not."""
        return [found.name for found in self.listed() if found.unique]

    def create(self, spec: Mapping[str, Any], *, now: datetime, user: str | None) -> Definition:
        """A new property, or an archived one of that name brought back with the definition just sent."""
        name = str(spec.get("name", ""))
        if self.get(name):
            raise HubSpotError(
                409,
                {
                    "category": "OBJECT_ALREADY_EXISTS",
                    "subCategory": "Properties.PROPERTY_WITH_NAME_EXISTS",
                    "message": f"A property named '{name}' already exists.",
                    "context": {"name": [name]},
                },
            )
        self._check(spec)
        if spec.get("hasUniqueValue") and len(self.unique_names()) >= MAX_UNIQUE:
            raise validation(f"At most {MAX_UNIQUE} properties per object can have unique values")
        self._remember(name, now)
        doc = complete(spec)
        doc |= {
            "createdAt": instant(now),
            "updatedAt": instant(now),
            "archived": False,
            "hubspotDefined": False,
        }
        if user:
            doc |= {"createdUserId": user, "updatedUserId": user}
        made = Definition(doc=doc, created=now)
        self.properties[name] = made
        return made

    def change(self, name: str, spec: Mapping[str, Any], *, now: datetime, user: str | None) -> Definition:
        """PATCH: named keys replace, `options` the whole list; `hasUniqueValue` and unknown keys are ignored."""
        found = self.existing(name)
        only_options = not set(spec) - {"options"}
        if found.doc["modificationMetadata"]["readOnlyDefinition"] and not only_options:
            raise validation(
                f"Property {name} is read only; its definition cannot be changed.",
                sub_category="PropertyValidationError.READ_ONLY_DEFINITION",
            )
        merged = {**found.doc, **{key: spec[key] for key in _CHANGEABLE if spec.get(key) is not None}}
        if spec.get("options") is not None:
            if found.doc["modificationMetadata"].get("readOnlyOptions"):
                raise validation(f"The options of property {name} cannot be changed.")
            merged["options"] = spec["options"]
        self._check(merged)
        self._remember(name, now)
        doc = {**found.doc, **complete(merged), "updatedAt": instant(now)}
        doc["hasUniqueValue"] = found.unique
        if user:
            doc["updatedUserId"] = user
        found.doc = doc
        return found

    def archive(self, name: str, *, now: datetime) -> Definition:
        """404 when missing or archived already; 400 when something uses it."""
        found = self.existing(name)
        if found.used_by:
            raise validation(
                f"Property {name} is in use and cannot be deleted: {', '.join(found.used_by)}",
                sub_category="PropertyValidationError.CANNOT_DELETE_PROPERTY_IN_USE",
                errors=[
                    {"message": f"{name} is used by {use}", "code": "CANNOT_DELETE_PROPERTY_IN_USE"}
                    for use in found.used_by
                ],
            )
        if not found.doc["modificationMetadata"]["archivable"]:
            raise validation(f"Property {name} is defined by HubSpot and cannot be deleted.")
        self._remember(name, now)
        found.archived = True
        found.doc = {**found.doc, "archived": True, "archivedAt": instant(now)}
        return found

    def as_of(self, moment: datetime, *, archived: bool = False) -> dict[str, dict[str, Any]]:
        """The definitions as they stood at `moment`: what a read serves that has not settled yet."""
        docs: dict[str, dict[str, Any] | None] = {name: found.doc for name, found in self.properties.items()}
        docs |= {name: before for at, name, before in reversed(self._log) if at > moment}
        return {name: doc for name, doc in docs.items() if doc and bool(doc.get("archived")) == archived}

    def _remember(self, name: str, now: datetime) -> None:
        self._log = [entry for entry in self._log if now - entry[0] <= STALE_FOR]
        found = self.properties.get(name)
        self._log.append((now, name, found.doc if found else None))

    def _check(self, spec: Mapping[str, Any]) -> None:
        missing = [key for key in ("name", "label", "type", "fieldType", "groupName") if not spec.get(key)]
        if missing:
            raise validation(
                f"Invalid input: required fields are missing: {', '.join(missing)}",
                errors=[
                    {"message": f"{key} is required", "code": "REQUIRED_FIELD", "in": key} for key in missing
                ],
            )
        name, kind, form = str(spec["name"]), spec["type"], spec["fieldType"]
        if not (name[0].isalpha() and name == name.lower() and name.replace("_", "").isalnum()):
            raise validation(
                f"Property name {name} is invalid: lower-case letters, digits and underscores only"
            )
        if kind not in FIELD_TYPES:
            raise validation(
                f"{kind} is not a property type", sub_category="PropertyValidationError.INVALID_TYPE"
            )
        if form not in FIELD_TYPES[kind]:
            raise validation(f"fieldType {form} does not fit type {kind}")
        if spec["groupName"] not in self.groups:
            raise validation(
                f"Property group {spec['groupName']} does not exist",
                sub_category="PropertyValidationError.PROPERTY_GROUP_NOT_FOUND",
            )
        self._check_options(spec)

    @staticmethod
    def _check_options(spec: Mapping[str, Any]) -> None:
        options = spec.get("options") or []
        values = [str(option.get("value", "")) for option in options]
        if spec["type"] == "bool" and sorted(values) != ["false", "true"]:
            raise validation(
                "Boolean properties must have exactly the options true and false",
                sub_category="PropertyValidationError.INVALID_BOOLEAN_OPTION",
            )
        if any(not option.get("label") or not option.get("value") for option in options):
            raise validation("Each option needs a label and a value")
        for what, texts in (("value", values), ("label", [str(option["label"]) for option in options])):
            twice = sorted({text for text in texts if texts.count(text) > 1})
            if twice:
                raise validation(f"Property options must have unique {what}s: {', '.join(twice)}")

    def create_group(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """A new group; 409 when there is one of that name."""
        name = str(spec.get("name") or "")
        if not name or not spec.get("label"):
            raise validation("Invalid input: name and label are required")
        if name in self.groups:
            raise HubSpotError(
                409,
                {
                    "category": "OBJECT_ALREADY_EXISTS",
                    "subCategory": "Properties.PROPERTY_GROUP_WITH_NAME_EXISTS",
                    "message": f"A property group named '{name}' already exists.",
                    "context": {"name": [name]},
                },
            )
        self.groups[name] = {
            "name": name,
            "label": str(spec["label"]),
            "displayOrder": -1 if spec.get("displayOrder") is None else spec["displayOrder"],
            "archived": False,
        }
        return self.groups[name]

    def existing_group(self, name: str) -> dict[str, Any]:
        if name not in self.groups:
            raise not_found(f'No property group named "{name}" was found.')
        return self.groups[name]

    def archive_group(self, name: str) -> None:
        """Gone for good; 400 while a property stands in it, with the reason as JSON text in the message."""
        self.existing_group(name)
        inside = [found.name for found in self.listed() if found.doc["groupName"] == name]
        if inside:
            nested = (
                '{"status":"error","message":"Group has active properties",'
                f'"properties":"{",".join(inside)}"}}'
            )
            raise validation(nested, sub_category="PropertyGroupError.GROUP_WITH_ACTIVE_PROPERTIES")
        del self.groups[name]


def complete(spec: Mapping[str, Any]) -> dict[str, Any]:
    """A definition as the API answers it, every key present. An option without a `displayOrder` goes last."""
    return {
        "name": spec["name"],
        "label": spec["label"],
        "type": spec["type"],
        "fieldType": spec["fieldType"],
        "description": spec.get("description") or "",
        "groupName": spec["groupName"],
        "options": _options(spec.get("options") or ()),
        "displayOrder": -1 if spec.get("displayOrder") is None else spec["displayOrder"],
        "calculated": bool(spec.get("calculated", False)),
        "externalOptions": bool(spec.get("externalOptions", False)),
        "hasUniqueValue": bool(spec.get("hasUniqueValue", False)),
        "hidden": bool(spec.get("hidden", False)),
        "formField": bool(spec.get("formField", False)),
        "dataSensitivity": "non_sensitive",
        "modificationMetadata": spec.get("modificationMetadata")
        or {
            "archivable": True,
            "readOnlyDefinition": False,
            "readOnlyOptions": False,
            "readOnlyValue": False,
        },
        **({"calculationFormula": spec["calculationFormula"]} if spec.get("calculationFormula") else {}),
        **(
            {"referencedObjectType": spec["referencedObjectType"]} if spec.get("referencedObjectType") else {}
        ),
    }


def _options(options: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    options = list(options)
    taken = {option["displayOrder"] for option in options if option.get("displayOrder") is not None}
    last = max([len(options) - 1, *taken])
    made = []
    for option in options:
        order = option.get("displayOrder")
        if order is None:
            last += 1
            order = last
        made.append(
            {
                "label": str(option["label"]),
                "value": str(option["value"]),
                "displayOrder": order,
                "hidden": bool(option.get("hidden", False)),
                **({"description": option["description"]} if option.get("description") else {}),
            }
        )
    return sorted(made, key=lambda option: int(option["displayOrder"]))
