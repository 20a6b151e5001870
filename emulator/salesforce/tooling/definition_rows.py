"""Definitions of the org, told as rows: what the Tooling API's query shows, and REST's in part.

Source: Salesforce, Tooling API developer guide: "CustomField", "FieldDefinition", "EntityDefinition",
"ValidationRule"; Object Reference: "DuplicateRule". People and rights are the org's own rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any

from emulator.salesforce.data import histories
from emulator.salesforce.data.ids import checksum
from emulator.salesforce.data.stamps import stamp
from emulator.salesforce.data.user_view import Eyes
from emulator.salesforce.metadata import custom_field_shown
from emulator.salesforce.org import Org
from emulator.salesforce.parts import Caller
from emulator.salesforce.schema.model import Field, SObject
from emulator.salesforce.soql import FieldInfo, ObjectInfo, Row

#: objects of the org that the Tooling API shows too
SHARED = frozenset({"user", "profile", "permissionset", "organization", "recordtype"})
#: definitions that REST's own query shows too
IN_REST = frozenset(
    {"entitydefinition", "fielddefinition", "duplicaterule", "flowdefinitionview", "apextrigger"}
)


def _columns(**types: str) -> tuple[FieldInfo, ...]:
    """Columns by name and type; a type that ends in `!` can be neither filtered nor sorted."""
    return tuple(
        FieldInfo(
            name=name,
            type=kind.rstrip("!"),
            filterable=not kind.endswith("!"),
            sortable=not kind.endswith("!"),
            groupable=not kind.endswith("!"),
        )
        for name, kind in types.items()
    )


_MADE = {
    "CreatedDate": "datetime",
    "CreatedById": "reference",
    "LastModifiedDate": "datetime",
    "LastModifiedById": "reference",
}
_ENTITY = FieldInfo(
    name="EntityDefinitionId",
    type="string",
    relationship_name="EntityDefinition",
    reference_to=("EntityDefinition",),
)
OBJECTS: Mapping[str, ObjectInfo] = {
    info.name.lower(): info
    for info in (
        ObjectInfo(
            name="CustomField",
            fields=(
                *_columns(Id="id", TableEnumOrId="string", DeveloperName="string", NamespacePrefix="string"),
                *_columns(
                    Description="string", InlineHelpText="string", Length="int", Precision="int", Scale="int"
                ),
                *_columns(RelationshipLabel="string", ManageableState="string", FullName="string!"),
                *_columns(Metadata="complexvalue!", **_MADE),
                _ENTITY,
            ),
        ),
        ObjectInfo(
            name="FieldDefinition",
            fields=(
                *_columns(
                    DurableId="string", QualifiedApiName="string", DeveloperName="string", Label="string"
                ),
                *_columns(
                    MasterLabel="string", DataType="string", Length="int", Precision="int", Scale="int"
                ),
                *_columns(
                    IsNillable="boolean", IsCalculated="boolean", IsIndexed="boolean", IsNameField="boolean"
                ),
                *_columns(Description="string", NamespacePrefix="string", RelationshipName="string"),
                *_columns(IsFieldHistoryTracked="boolean"),
                *_columns(ReferenceTo="complexvalue!", ValueTypeId="string", LastModifiedDate="datetime"),
                _ENTITY,
            ),
        ),
        ObjectInfo(
            name="EntityDefinition",
            fields=(
                *_columns(
                    DurableId="string", QualifiedApiName="string", DeveloperName="string", Label="string"
                ),
                *_columns(
                    MasterLabel="string", PluralLabel="string", KeyPrefix="string", NamespacePrefix="string"
                ),
                *_columns(IsCustomizable="boolean", IsQueryable="boolean", IsTriggerable="boolean"),
                *_columns(IsSearchable="boolean", IsLayoutable="boolean", LastModifiedDate="datetime"),
            ),
        ),
        ObjectInfo(
            name="ValidationRule",
            fields=(
                *_columns(Id="id", ValidationName="string", Active="boolean", Description="string"),
                *_columns(ErrorMessage="string", ErrorDisplayField="string", NamespacePrefix="string"),
                *_columns(FullName="string!", Metadata="complexvalue!", **_MADE),
                _ENTITY,
            ),
        ),
        ObjectInfo(
            name="FlowDefinitionView",
            fields=(
                *_columns(
                    Id="id", DurableId="string", ApiName="string", Label="string", ProcessType="string"
                ),
                *_columns(
                    TriggerType="string", TriggerObjectOrEventId="string", TriggerObjectOrEventLabel="string"
                ),
                *_columns(IsActive="boolean", NamespacePrefix="string", LastModifiedDate="datetime"),
            ),
        ),
        ObjectInfo(
            name="ApexTrigger",
            fields=(
                *_columns(Id="id", Name="string", TableEnumOrId="string", Status="string"),
                *_columns(NamespacePrefix="string", **_MADE),
            ),
        ),
        ObjectInfo(
            name="DuplicateRule",
            fields=(
                *_columns(Id="id", DeveloperName="string", MasterLabel="string", SobjectType="string"),
                *_columns(IsActive="boolean", NamespacePrefix="string", Language="string", **_MADE),
            ),
        ),
    )
}


class Workshop:
    """Implements the query engine's catalogue over the org's definitions."""

    def __init__(self, org: Org, caller: Caller, *, rest: bool = False, deleted: bool = False) -> None:
        """`rest`: all of the org with some definitions beside it; otherwise all definitions and some of the org."""
        self._org = org
        self._caller = caller
        self._rest = rest
        self._eyes = Eyes(org, caller, deleted=deleted)
        self._tables: dict[str, list[Row]] = {}

    @property
    def user_id(self) -> str:
        """The running user."""
        return self._caller.user_id

    def now(self) -> datetime:
        """The org's present."""
        return self._org.clock.now()

    def object(self, name: str) -> ObjectInfo | None:
        """A Tooling object, or one of the org's that the Tooling API shows."""
        key = name.lower()
        if key in OBJECTS and (not self._rest or key in IN_REST):
            return OBJECTS[key]
        return self._eyes.object(name) if self._rest or key in SHARED else None

    def rows(self, name: str) -> Iterable[Row]:
        """Every row, made when it is first asked for."""
        if name not in self._makers:
            return self._eyes.rows(name)
        if name not in self._tables:
            self._tables[name] = list(self._makers[name]())
        return self._tables[name]

    def by_id(self, name: str, record_id: str) -> Row | None:
        """The row of an id, or of a durable id."""
        if name not in self._makers:
            return self._eyes.by_id(name, record_id)
        return next((row for row in self.rows(name) if row["Id"] == record_id), None)

    def by_value(self, name: str, field: str, value: Any) -> Iterable[Row] | None:
        """Rows by an index of the org's; definitions are few and have none."""
        return None if name in self._makers else self._eyes.by_value(name, field, value)

    def at_or_after(self, name: str, field: str, value: str) -> Iterable[Row] | None:
        """Rows by an index of the org's; definitions are few and have none."""
        return None if name in self._makers else self._eyes.at_or_after(name, field, value)

    @cached_property
    def _makers(self) -> Mapping[str, Callable[[], Iterator[Row]]]:
        return {
            "CustomField": self._custom_fields,
            "FieldDefinition": self._field_definitions,
            "EntityDefinition": self._entity_definitions,
            "ValidationRule": self._validation_rules,
            "DuplicateRule": self._duplicate_rules,
            "FlowDefinitionView": self._flows,
            "ApexTrigger": self._triggers,
        }

    def _made(self) -> dict[str, Any]:
        at = stamp(self._org.described_at())
        user = next((str(row["Id"]) for row in self._org.store.rows("User")), None)
        return {"CreatedDate": at, "CreatedById": user, "LastModifiedDate": at, "LastModifiedById": user}

    def _custom_fields(self) -> Iterator[Row]:
        made = self._made()
        for object_ in self._org.schema:
            for info in object_.fields.values():
                if info.custom and info.id:
                    tracked = histories.tracks(self._org, object_.name, info.name)
                    yield {**custom_field_row(object_, info, tracked=tracked), **made}

    def _field_definitions(self) -> Iterator[Row]:
        at = stamp(self._org.described_at())
        for object_ in self._org.schema:
            for info in object_.fields.values():
                yield {
                    **_field_definition(object_, info),
                    "IsFieldHistoryTracked": histories.tracks(self._org, object_.name, info.name),
                    "LastModifiedDate": at,
                }

    def _entity_definitions(self) -> Iterator[Row]:
        at = stamp(self._org.described_at())
        for object_ in self._org.schema:
            yield {**_entity_definition(object_), "LastModifiedDate": at}

    def _validation_rules(self) -> Iterator[Row]:
        for number, rule in enumerate(self._org.rules.all(), start=1):
            if rule.sort == "validation":
                yield {
                    "Id": _rule_id("03d", number),
                    "ValidationName": rule.name,
                    "EntityDefinitionId": rule.object,
                    "Active": True,
                    "ErrorMessage": rule.message,
                    "ErrorDisplayField": rule.field,
                    "FullName": f"{rule.object}.{rule.name}",
                    "Metadata": {
                        "active": True,
                        "description": None,
                        "errorConditionFormula": f'REGEX({rule.field}, "{rule.pattern}")',
                        "errorDisplayField": rule.field,
                        "errorMessage": rule.message,
                        "shouldEvaluateOnClient": None,
                        "urls": None,
                    },
                    **self._made(),
                }

    def _duplicate_rules(self) -> Iterator[Row]:
        for number, rule in enumerate(self._org.rules.all(), start=1):
            if rule.sort == "duplicate":
                yield {
                    "Id": _rule_id("0Bm", number),
                    "DeveloperName": rule.name,
                    "MasterLabel": rule.name.replace("_", " "),
                    "SobjectType": rule.object,
                    "IsActive": True,
                    "Language": "en_US",
                    **self._made(),
                }

    def _flows(self) -> Iterator[Row]:
        for number, rule in enumerate(self._org.rules.all(), start=1):
            if rule.sort == "flow":
                yield {
                    "Id": _rule_id("300", number),
                    "DurableId": _rule_id("300", number),
                    "ApiName": rule.name,
                    "Label": rule.name.replace("_", " "),
                    "ProcessType": "AutoLaunchedFlow",
                    "TriggerType": "RecordBeforeSave",
                    "TriggerObjectOrEventId": rule.object,
                    "TriggerObjectOrEventLabel": rule.object,
                    "IsActive": True,
                    "LastModifiedDate": self._made()["LastModifiedDate"],
                }

    def _triggers(self) -> Iterator[Row]:
        for number, rule in enumerate(self._org.rules.all(), start=1):
            if rule.sort == "trigger":
                yield {
                    "Id": _rule_id("01q", number),
                    "Name": rule.name,
                    "TableEnumOrId": rule.object,
                    "Status": "Active",
                    **self._made(),
                }


def _rule_id(prefix: str, number: int) -> str:
    short = f"{prefix}5e000{number:07d}"
    return short + checksum(short)


def custom_field_row(object_: SObject, info: Field, *, tracked: bool) -> dict[str, Any]:
    """A custom field as a row of CustomField; one whose name carries a prefix came with a package."""
    prefix, parted, base = custom_field_shown.developer_name(info.name).rpartition("__")
    return {
        "Id": info.id,
        "TableEnumOrId": object_.name,
        "EntityDefinitionId": object_.name,
        "DeveloperName": base,
        "NamespacePrefix": prefix or None,
        "Description": info.description,
        "InlineHelpText": info.help_text,
        "Length": info.length or None,
        "Precision": info.precision or None,
        "Scale": info.scale if info.precision else None,
        "RelationshipLabel": None,
        "ManageableState": "installed" if parted else "unmanaged",
        "FullName": f"{object_.name}.{info.name}",
        "Metadata": custom_field_shown.shown_by_tooling(info, tracked=tracked),
    }


def _field_definition(object_: SObject, info: Field) -> dict[str, Any]:
    durable = f"{object_.name}.{info.id[:15] if info.id else info.name}"
    return {
        "Id": durable,
        "DurableId": durable,
        "EntityDefinitionId": object_.name,
        "QualifiedApiName": info.name,
        "DeveloperName": custom_field_shown.developer_name(info.name),
        "Label": info.label,
        "MasterLabel": info.label,
        "DataType": custom_field_shown.data_type(info),
        "Length": info.length,
        "Precision": info.precision or info.digits,
        "Scale": info.scale,
        "IsNillable": info.nillable,
        "IsCalculated": info.calculated,
        "IsIndexed": info.unique or info.external_id or info.id_lookup or info.type in ("id", "reference"),
        "IsNameField": info.name_field,
        "Description": info.description,
        "RelationshipName": info.relationship,
        "ReferenceTo": {"referenceTo": list(info.reference_to)},
        "ValueTypeId": info.type,
    }


def _entity_definition(object_: SObject) -> dict[str, Any]:
    return {
        "Id": object_.name,
        "DurableId": object_.name,
        "QualifiedApiName": object_.name,
        "DeveloperName": object_.name.removesuffix("__c"),
        "Label": object_.label,
        "MasterLabel": object_.label,
        "PluralLabel": object_.plural,
        "KeyPrefix": object_.prefix,
        "IsCustomizable": object_.layoutable,
        "IsQueryable": object_.queryable,
        "IsTriggerable": object_.triggerable,
        "IsSearchable": object_.searchable,
        "IsLayoutable": object_.layoutable,
    }
