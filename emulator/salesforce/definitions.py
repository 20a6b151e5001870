"""Changes of definitions: custom fields, value sets, opportunity stages. Tooling and Metadata API call these.

Problems are RecordErrors with the codes that both APIs answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from emulator.salesforce.data import histories, record_types
from emulator.salesforce.data.derive import FORECAST_NAMES, stage_of
from emulator.salesforce.data.store import Row
from emulator.salesforce.errors import reject
from emulator.salesforce.org import Org
from emulator.salesforce.schema.model import Field, PicklistValue, SObject

_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*__c\Z")
STAGE_SET = "OpportunityStage"


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """One opportunity stage. ``name`` is what the API carries, ``label`` what people see."""

    name: str
    label: str
    probability: float
    #: Omitted, Pipeline, BestCase, MostLikely, Forecast or Closed
    forecast_category: str
    closed: bool = False
    won: bool = False
    active: bool = True
    description: str | None = None


def object_of(org: Org, name: str) -> SObject:
    """Return the object that a definition names. Raises RecordError."""
    found = org.schema.get(name)
    if found is None:
        message = f"Entity Enumeration Or ID: bad value for restricted picklist field: {name}"
        raise reject("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, "TableEnumOrId")
    return found


def create_field(org: Org, object_name: str, field: Field) -> Field:
    """Add a custom field; nobody sees it until it is granted. Returns it with its id. Raises RecordError."""
    object_ = object_of(org, object_name)
    if not _NAME.match(field.name):
        message = (
            "The Custom Field API Name can only contain alphanumeric characters, must begin with a letter, cannot end"
            " with an underscore or contain two consecutive underscore characters, and must be unique."
        )
        raise reject("FIELD_INTEGRITY_EXCEPTION", message, "FullName")
    if object_.field(field.name) is not None:
        message = f"There is already a field named {field.name.removesuffix('__c')} on {object_.label}."
        raise reject("DUPLICATE_DEVELOPER_NAME", message, "DeveloperName")
    made = replace(_with_set(org, field), id=org.next_id("00N"))
    record_types.keep(org, object_.name, made.name, ())
    org.schema.put_field(object_.name, made)
    org.touch_definitions()
    _fill(org, object_, made)
    return made


def update_field(org: Org, object_name: str, field: Field) -> Field:
    """Replace a field's definition. A picklist value that is left out is deactivated. Raises RecordError."""
    object_ = object_of(org, object_name)
    before = object_.field(field.name)
    if before is None:
        raise _no_such_field()
    _check_room(org, object_, before, field)
    values = field.values if field.value_set else merged_values(before.values, field.values)
    given = replace(field, values=values, translation=before.translation)
    made = replace(_with_set(org, given), id=before.id, name=before.name)
    record_types.keep(org, object_.name, before.name, sorted(before.active_values()))
    org.schema.put_field(object_.name, made)
    org.touch_definitions()
    return made


def _check_room(org: Org, object_: SObject, before: Field, field: Field) -> None:
    """Raise RecordError for a text that is made shorter than what records hold."""
    if before.type == "string" and field.length < before.length:
        rows = org.store.rows(object_.name)
        if any(len(str(row.get(before.name) or "")) > field.length for row in rows):
            message = (
                f"Records hold more than {field.length} characters in {before.label}; data would be lost"
            )
            raise reject("FIELD_INTEGRITY_EXCEPTION", message, "Length")


def delete_field(org: Org, object_name: str, field_name: str) -> None:
    """Delete a custom field, its values and its grants. Raises RecordError."""
    object_ = object_of(org, object_name)
    field = object_.field(field_name)
    if field is None or not field.custom:
        raise _no_such_field()
    org.schema.drop_field(object_.name, field.name)
    histories.track(org, object_.name, field.name, on=False)
    record_types.drop(org, object_.name, field.name)
    for row in list(org.store.find("FieldPermissions", "Field", f"{object_.name}.{field.name}")):
        org.store.remove("FieldPermissions", row["Id"])
    for row in list(org.store.rows(object_.name)):
        if field.name in row:
            org.store.put(object_.name, {key: value for key, value in row.items() if key != field.name})
    org.touch_definitions()


def find_field(org: Org, field_id: str) -> tuple[SObject, Field] | None:
    """Return the object and the custom field of a definition id (``00N…``, either length)."""
    for object_ in org.schema:
        for field in object_.fields.values():
            if field.id is not None and field.id[:15] == field_id[:15]:
                return object_, field
    return None


def merged_values(
    before: Iterable[PicklistValue], given: Iterable[PicklistValue]
) -> tuple[PicklistValue, ...]:
    """Return the values after a deploy: those given, then those left out, deactivated (Metadata: CustomValue)."""
    held = {value.value: value for value in before}
    sent = [
        replace(value, translation=held[value.value].translation) if value.value in held else value
        for value in given
    ]
    names = {value.value for value in sent}
    return (
        *sent,
        *(replace(value, active=False, default=False) for value in held.values() if value.value not in names),
    )


def put_value_set(org: Org, name: str, given: Iterable[PicklistValue]) -> tuple[PicklistValue, ...]:
    """Create or replace a global value set; values left out are deactivated."""
    values = merged_values(org.schema.value_set(name) or (), given)
    org.schema.put_value_set(name, values)
    org.touch_definitions()
    return values


def grant(org: Org, permission_set_id: str, object_name: str, field_name: str, *, edit: bool = True) -> None:
    """Let a permission set show a field, without the checks of a caller's own grant: for seeds and Metadata API."""
    full = f"{object_name}.{field_name}"
    for row in org.store.find("FieldPermissions", "Field", full):
        if row["ParentId"] == permission_set_id:
            org.store.put("FieldPermissions", {**row, "PermissionsRead": True, "PermissionsEdit": edit})
            org.touch_definitions()
            return
    org.load(
        "FieldPermissions",
        [
            {
                "ParentId": permission_set_id,
                "SobjectType": object_name,
                "Field": full,
                "PermissionsRead": True,
                "PermissionsEdit": edit,
            }
        ],
    )
    org.touch_definitions()


# -- stages ----------------------------------------------------------------------------------------------------------


def stages(org: Org) -> list[Stage]:
    """Return the opportunity stages in their order, inactive ones included."""
    rows = sorted(org.store.rows(STAGE_SET), key=lambda row: row["SortOrder"])
    return [
        Stage(
            name=row["ApiName"],
            label=row["MasterLabel"],
            probability=row["DefaultProbability"],
            forecast_category=row["ForecastCategory"],
            closed=row["IsClosed"],
            won=row["IsWon"],
            active=row["IsActive"],
            description=row.get("Description"),
        )
        for row in rows
    ]


def put_stages(org: Org, wanted: Iterable[Stage]) -> list[Stage]:
    """Set the stages as a deployed StandardValueSet does: those left out are deactivated. Raises RecordError.

    Opportunities in a stage whose meaning changed take the new meaning over, by automation.
    """
    given = list(wanted)
    for stage in given:
        _check_stage(stage)
    names = {stage.name for stage in given}
    whole = [*given, *(replace(stage, active=False) for stage in stages(org) if stage.name not in names)]
    stage_object = org.sobject(STAGE_SET)
    now = org.now()
    for order, stage in enumerate(whole, start=1):
        before: Row = stage_of(org, stage.name) or {"Id": org.new_id(stage_object), "CreatedDate": now}
        org.store.put(
            STAGE_SET, {**before, **_stage_row(stage, order), "SystemModstamp": now, "LastModifiedDate": now}
        )
    values = tuple(PicklistValue(value=stage.name, label=stage.label, active=stage.active) for stage in whole)
    org.schema.put_value_set(STAGE_SET, values)
    org.touch_definitions()
    _restage(org)
    return whole


def rename_stage(org: Org, name: str, label: str, *, api_name: str | None = None) -> None:
    """Rename a stage as an administrator does in Setup. With ``api_name``, records move to the new name too."""
    row = stage_of(org, name)
    if row is None:
        raise reject("INVALID_CROSS_REFERENCE_KEY", f"no stage is called {name}")
    new = api_name or name
    org.store.put(STAGE_SET, {**row, "MasterLabel": label, "ApiName": new, "SystemModstamp": org.now()})
    if new != name:
        for item in list(org.store.find("Opportunity", "StageName", name)):
            org.store.put("Opportunity", {**item, "StageName": new, "SystemModstamp": org.now()})
    values = (
        PicklistValue(value=stage.name, label=stage.label, active=stage.active) for stage in stages(org)
    )
    org.schema.put_value_set(STAGE_SET, values)
    org.touch_definitions()


def set_silently(org: Org, object_name: str, record_id: str, values: Mapping[str, Any]) -> None:
    """Change values without a stamp, as a formula over other records does. Raises RecordError."""
    target = org.target(record_id)
    if target is None or target[0].name != org.sobject(object_name).name:
        raise reject("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", status=404)
    org.store.put(target[0].name, {**target[1], **values})


def touch(org: Org, object_name: str, record_ids: Iterable[str]) -> None:
    """Move SystemModstamp alone, as a roll-up or a sharing recalculation does."""
    for record_id in record_ids:
        target = org.target(record_id)
        if target is not None and target[0].name == org.sobject(object_name).name:
            org.store.put(target[0].name, {**target[1], "SystemModstamp": org.now()})


def _stage_row(stage: Stage, order: int) -> dict[str, Any]:
    return {
        "MasterLabel": stage.label,
        "ApiName": stage.name,
        "IsActive": stage.active,
        "SortOrder": order,
        "IsClosed": stage.closed,
        "IsWon": stage.won,
        "ForecastCategory": stage.forecast_category,
        "ForecastCategoryName": FORECAST_NAMES[stage.forecast_category],
        "DefaultProbability": float(stage.probability),
        "Description": stage.description,
    }


def _check_stage(stage: Stage) -> None:
    if stage.forecast_category not in FORECAST_NAMES:
        message = f"{stage.forecast_category} is not a forecast category ({', '.join(FORECAST_NAMES)})"
        raise reject("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, "forecastCategory")
    if stage.won and not stage.closed:
        raise reject(
            "FIELD_INTEGRITY_EXCEPTION", f"The stage {stage.name} is won and must be closed", "closed"
        )
    if not 0 <= stage.probability <= 100:
        raise reject(
            "NUMBER_OUTSIDE_VALID_RANGE", f"The probability of {stage.name} must be 0 to 100", "probability"
        )


def _restage(org: Org) -> None:
    now = org.now()
    for item in list(org.store.rows("Opportunity")):
        stage = stage_of(org, item.get("StageName"))
        if stage is None:
            continue
        meaning = {
            name: stage[name] for name in ("IsClosed", "IsWon", "ForecastCategory", "ForecastCategoryName")
        }
        if any(item.get(name) != value for name, value in meaning.items()):
            org.store.put("Opportunity", {**item, **meaning, "SystemModstamp": now})


def _with_set(org: Org, field: Field) -> Field:
    if field.value_set is None:
        return field
    values = org.schema.value_set(field.value_set)
    if values is None:
        message = f"In field: valueSetName - no GlobalValueSet named {field.value_set} found"
        raise reject("INVALID_CROSS_REFERENCE_KEY", message, "valueSetName")
    return replace(field, values=values)


def _fill(org: Org, object_: SObject, field: Field) -> None:
    """Give existing records what a new checkbox or a new default means for them; their stamps do not move."""
    if field.type == "boolean":
        table = org.store.table(object_.name)
        rows = [{**row, field.name: bool(field.default)} for row in table.rows.values()]
        org.store.put_many(object_.name, rows)


def _no_such_field() -> Exception:
    return reject(
        "INVALID_CROSS_REFERENCE_KEY", "This custom field does not exist or is not accessible", "FullName"
    )


def describe_stage(stage: Stage) -> dict[str, Any]:
    """Return a stage as a JSON document."""
    return asdict(stage)
