"""The shapes of request bodies. What does not fit is refused before any handler looks at it, as the service's own
deserialiser does; keys that no shape knows pass."""

# ruff: noqa: N815 - names are HubSpot's own; the docstrings tell only what the names do not

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from emulator.hubspot.errors import HubSpotError, unreadable_body

Text = str | int | float | bool
Values = dict[str, Text | None]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="ignore", populate_by_name=True)


class Id(_Shape):
    """`{"id": ...}`; numbers are read as text."""

    id: str | int


class LinkKind(_Shape):
    """One label of a link."""

    associationCategory: str
    associationTypeId: int


class NewLink(_Shape):
    """A link that a create brings along."""

    to: Id
    types: list[LinkKind]


class NewRecord(_Shape):
    """`POST` of a record."""

    properties: Values
    associations: list[NewLink] | None = None


class Change(_Shape):
    """`PATCH` of a record."""

    properties: Values


class NewRow(NewRecord):
    """A row of `batch/create`."""

    objectWriteTraceId: str | None = None


class Row(Change):
    """A row of `batch/update` and `batch/upsert`."""

    id: str | int
    idProperty: str | None = None
    objectWriteTraceId: str | None = None


class NewRows(_Shape):
    """`batch/create`."""

    inputs: list[NewRow]


class Rows(_Shape):
    """`batch/update` and `batch/upsert`."""

    inputs: list[Row]


class Ids(_Shape):
    """`batch/archive`."""

    inputs: list[Id]


class Reading(Ids):
    """`batch/read`."""

    idProperty: str | None = None
    properties: list[str] | None = None
    propertiesWithHistory: list[str] | None = None


class Merge(_Shape):
    """`merge` of two records."""

    primaryObjectId: str | int
    objectIdToMerge: str | int


class Filter(_Shape):
    """One condition of a search."""

    propertyName: str
    operator: str
    value: Text | None = None
    highValue: Text | None = None
    values: list[Text] | None = None


class FilterGroup(_Shape):
    """Conditions that must all hold."""

    filters: list[Filter]


class Sort(_Shape):
    """By which property a search sorts."""

    propertyName: str
    direction: str | None = None


class SearchBody(_Shape):
    """`search`."""

    filterGroups: list[FilterGroup] | None = None
    sorts: list[Sort | str] | None = None
    query: str | None = None
    limit: int | str | None = None
    after: int | str | None = None
    properties: list[str] | None = None


class Option(_Shape):
    """One option of a property."""

    label: str
    value: str
    displayOrder: int | None = None
    hidden: bool | None = None
    description: str | None = None


class PropertyChange(_Shape):
    """`PATCH` of a definition."""

    label: str | None = None
    type: str | None = None
    fieldType: str | None = None
    groupName: str | None = None
    description: str | None = None
    displayOrder: int | None = None
    hidden: bool | None = None
    formField: bool | None = None
    calculationFormula: str | None = None
    options: list[Option] | None = None


class NewProperty(PropertyChange):
    """`POST` of a definition; what must be there is checked with the definitions."""

    name: str | None = None
    hasUniqueValue: bool | None = None
    externalOptions: bool | None = None
    referencedObjectType: str | None = None


class NewProperties(_Shape):
    """`batch/create` of definitions."""

    inputs: list[NewProperty]


class PropertyName(_Shape):
    """One definition, by name."""

    name: str


class PropertyNames(_Shape):
    """`batch/read` and `batch/archive` of definitions."""

    inputs: list[PropertyName]
    archived: bool | None = None


class Group(_Shape):
    """A group of properties."""

    name: str | None = None
    label: str | None = None
    displayOrder: int | None = None


class Stage(_Shape):
    """One stage of a pipeline."""

    id: str | None = None
    stageId: str | None = None
    label: str | None = None
    displayOrder: int | None = None
    metadata: Values | None = None


class Pipeline(_Shape):
    """A pipeline with its stages."""

    label: str | None = None
    displayOrder: int | None = None
    stages: list[Stage] | None = None


class Link(_Shape):
    """A row of the batches that make or unlabel links."""

    origin: Id = Field(alias="from")
    to: Id
    types: list[LinkKind] | None = None


class Links(_Shape):
    """The batches that make or unlabel links."""

    inputs: list[Link]


class Unlink(_Shape):
    """A row of the batch that removes links."""

    origin: Id = Field(alias="from")
    to: list[Id]


class Unlinks(_Shape):
    """The batch that removes links."""

    inputs: list[Unlink]


class Label(_Shape):
    """A label of links."""

    name: str | None = None
    label: str | None = None
    inverseLabel: str | None = None


class LabelChange(_Shape):
    """Another wording for a label of links."""

    associationTypeId: int
    label: str
    inverseLabel: str | None = None


class Throttling(_Shape):
    """How many deliveries of webhooks may be under way."""

    maxConcurrentRequests: int


class WebhookSettings(_Shape):
    """Where webhooks are delivered, and how fast."""

    targetUrl: str
    throttling: Throttling | None = None


class Subscription(_Shape):
    """One event that webhooks tell of."""

    eventType: str
    propertyName: str | None = None
    objectTypeId: str | None = None
    active: bool | None = None


class Activation(_Shape):
    """Whether a subscription is active."""

    active: bool


LINK_KINDS: TypeAdapter[list[LinkKind]] = TypeAdapter(list[LinkKind])
Form = type[_Shape] | TypeAdapter[list[LinkKind]]


def refusal(form: Form, body: Any) -> HubSpotError | None:
    """The 400 for a body of another shape, None when it fits."""
    adapter = form if isinstance(form, TypeAdapter) else TypeAdapter(form)
    try:
        adapter.validate_python(body)
    except ValidationError as error:
        told = [
            f"{'.'.join(str(part) for part in one['loc']) or 'body'}: {one['msg']}" for one in error.errors()
        ]
        return unreadable_body("; ".join(told[:5]))
    return None
