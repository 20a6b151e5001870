"""Field definitions in one org: reading them, making and changing fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from connector.base import FieldDefinition, ObjectSchema, RecordType
from connector.errors import AuthFailed, ConnectorError, Rejected, Unsupported
from connector.salesforce.api import errors, soql
from connector.salesforce.api.describe_cache import Describes, Description
from connector.salesforce.api.session import Session
from connector.salesforce.metadata import field_bodies, field_merge
from connector.salesforce.records.history import tracked


class Schema:
    """Reads and extends one org's definitions."""

    def __init__(self, session: Session, describes: Describes) -> None:
        self._session = session
        self._describes = describes

    def read(self, object: str) -> ObjectSchema:
        """See ``Connector.schema``. Three API calls; where there are record types, one more and one for each."""
        description = self._describes.of(object, fresh=True)
        existing, managed = self._custom_fields(object)
        histories = tracked(self._session, object)
        return ObjectSchema(
            object=description.object,
            label=description.label,
            fields={
                field["name"]: field_bodies.definition_from(field, managed, histories)
                for field in description.fields.values()
            },
            invisible=frozenset(name for name in existing if not description.has(name)),
            record_types=self._record_types(description),
        )

    def _record_types(self, description: Description) -> Mapping[str, RecordType]:
        """What each record type offers, by the name that the Metadata API has for it.

        Those of person accounts are left out: their records are no companies, and over the Metadata API they belong to
        an object of their own, ``PersonAccount`` (Metadata API developer guide: "RecordType").
        """
        if not description.record_types:
            return {}
        people = description.has("IsPersonAccount")
        rows = self._session.everything(soql.record_types(description.object, people=people))
        known = {errors.to_18(row["Id"]): row for row in rows}
        found: dict[str, RecordType] = {}
        for id, (name, label) in description.record_types.items():
            row = known.get(errors.to_18(id), {})
            if row.get("IsPersonType"):
                continue
            prefix = row.get("NamespacePrefix")
            offers, defaults = self._offers(description.object, id)
            found[f"{prefix}__{name}" if prefix else name] = RecordType(
                # Describe tells the label in the language of the connected user.
                label=row.get("Name") or label,
                offers=offers,
                defaults=defaults,
                description=row.get("Description"),
            )
        return found

    def _offers(
        self, object: str, record_type: str
    ) -> tuple[Mapping[str, frozenset[str]], Mapping[str, str]]:
        """The values that a record type offers, by picklist, and its defaults; nothing where we may not ask."""
        path = f"ui-api/object-info/{soql.name(object)}/picklist-values/{quote(record_type, safe='')}"
        try:
            found = self._session.call("GET", path).body["picklistFieldValues"]
        except (AuthFailed, Rejected, Unsupported) as error:
            if error.code not in errors.HIDDEN:
                raise
            return {}, {}
        offers = {
            name: frozenset(value["value"] for value in picklist["values"])
            for name, picklist in found.items()
        }
        chosen = {name: picklist.get("defaultValue") or {} for name, picklist in found.items()}
        return offers, {name: value["value"] for name, value in chosen.items() if value.get("value")}

    def _custom_fields(self, object: str) -> tuple[frozenset[str], frozenset[str]]:
        """Names of all custom fields, and of those in installed packages. Empty where we may not ask."""
        try:
            found = self._session.everything(soql.custom_fields(object), path="tooling/query")
        except (AuthFailed, Unsupported) as error:
            if error.code not in errors.HIDDEN:
                raise
            return frozenset(), frozenset()
        names: set[str] = set()
        managed: set[str] = set()
        for row in found:
            prefix = row.get("NamespacePrefix")
            name = f"{prefix}__{row['DeveloperName']}__c" if prefix else f"{row['DeveloperName']}__c"
            names.add(name)
            if (row.get("ManageableState") or "unmanaged").startswith("installed"):
                managed.add(name)
        return frozenset(names), frozenset(managed)

    # -- fields ----------------------------------------------------------------------------------------------

    def create(self, object: str, definition: FieldDefinition) -> None:
        """See ``Connector.create_field``. Looks after a refusal, and after a lost answer, whether it is there."""
        if not definition.name.endswith("__c"):
            raise self._rejected(f"{definition.name} is a standard field and cannot be made", definition)
        metadata = self._made(definition)
        body = {"FullName": f"{soql.name(object)}.{soql.name(definition.name)}", "Metadata": metadata}
        self._describes.forget(object)
        try:
            self._session.call("POST", "tooling/sobjects/CustomField", body=body, idempotent=False)
        except ConnectorError as error:
            if not (error.code in errors.NAME_TAKEN or getattr(error, "maybe_done", False)):
                raise
            held = self._held(object, definition.name)
            if held is None:
                raise
            differences = field_merge.same_form(held[1], definition)
            if differences:
                raise self._rejected(
                    f"{object}.{definition.name} exists already, but {' and '.join(differences)}", definition
                ) from error
        self._describes.forget(object)

    def update(self, object: str, definition: FieldDefinition, *, narrow: bool = False) -> None:
        """See ``Connector.update_field``."""
        held = self._held(object, definition.name) if definition.name.endswith("__c") else None
        if held is None:
            raise self._rejected(
                f"{object}.{definition.name} is no custom field of this org, so that it cannot be changed here",
                definition,
            )
        id, before, full_name = held[0], held[1], held[2]
        try:
            after = field_merge.merged(before, definition, narrow=narrow)
        except field_bodies.UnmadeError as error:
            raise self._rejected(str(error), definition) from error
        if after is None:
            return
        self._session.call(
            "PATCH", f"tooling/sobjects/CustomField/{id}", body={"FullName": full_name, "Metadata": after}
        )
        self._describes.forget(object)

    def stored(self, object: str, fields: Sequence[str]) -> dict[str, FieldDefinition]:
        """See ``Connector.stored_fields``: the Tooling API shows fields that field-level security hides, and labels
        in the org's own language."""
        found: dict[str, FieldDefinition] = {}
        for field in fields:
            held = self._held(object, field) if field.endswith("__c") else None
            if held is not None:
                found[field] = field_merge.definition_from_metadata(field, held[1])
        return found

    def value_set_names(self, object: str, fields: Sequence[str]) -> dict[str, str]:
        """Of these custom fields those that take their values from a global value set, and its name."""
        found: dict[str, str] = {}
        for field in fields:
            held = self._held(object, field) if field.endswith("__c") else None
            name = (held[1].get("valueSet") or {}).get("valueSetName") if held is not None else None
            if name:
                found[field] = name
        return found

    def _held(self, object: str, field: str) -> tuple[str, Mapping[str, Any], str] | None:
        """Id, metadata and full name of a custom field, seen by the Tooling API whether or not we may use it."""
        found = self._session.everything(soql.custom_field(object, field), path="tooling/query")
        if not found:
            return None
        id = found[0]["Id"]
        row = self._session.call("GET", f"tooling/sobjects/CustomField/{quote(id, safe='')}").body
        return id, row["Metadata"], row["FullName"]

    def _made(self, definition: FieldDefinition) -> dict[str, Any]:
        try:
            return field_bodies.metadata_of(definition)
        except field_bodies.UnmadeError as error:
            raise self._rejected(str(error), definition) from error

    def _rejected(self, message: str, definition: FieldDefinition) -> Rejected:
        return self._session.named(Rejected(message, code="DEFINITION", fields=(definition.name,)))
