"""What HubSpot's answers look like, route by route. Pure.

Sources: HubSpot's OpenAPI documents of companies, deals, objects, properties, pipelines, owners, associations and
account information. Keys that nothing here reads are not asked for, and more keys than these are no fault.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, NotRequired

from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from connector.answers import Check, require, require_rows
from connector.hubspot.api.bodies import ID, MERGED, STAMP, instant
from connector.hubspot.api.row_ids import is_id

_VERSION = re.compile(r"/(?:v\d|20\d\d-\d\d(?:-beta)?)(?=/|$)")


def _moment(value: str | int) -> str | int:
    try:
        found = instant(value)
    except (ValueError, OverflowError) as error:
        raise ValueError("is no moment") from error
    if not 1970 <= found.year <= 2200:
        raise ValueError("is a moment in no record's life")
    return value


Moment = Annotated[str | int, AfterValidator(_moment)]
Number = Annotated[str, Field(pattern=r"^[0-9]{1,20}\z")]
Count = Annotated[int, Field(ge=0, le=10**12)]
#: An id or name that stands in an address and in the ledger.
Name = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f/\\]+\z")]
Text = str | None
Flag = bool | None


class _Next(TypedDict):
    after: Annotated[str, Field(min_length=1, max_length=4096)] | Count


class _Paging(TypedDict, total=False):
    next: _Next | None


class _Listed(TypedDict):
    paging: NotRequired[_Paging | None]


def _values(held: dict[str, str | None]) -> dict[str, str | None]:
    stamp, merged, id = held.get(STAMP), held.get(MERGED), held.get(ID)
    if stamp:
        _moment(stamp)
    if merged and not all(is_id(part) for part in merged.split(";") if part):
        raise ValueError(f"{MERGED} holds something that is no id")
    if id and not is_id(id):
        raise ValueError(f"{ID} is no id")
    return held


class _Version(TypedDict):
    value: NotRequired[Text]
    timestamp: Moment
    sourceType: NotRequired[Text]
    sourceId: NotRequired[Text]
    updatedByUserId: NotRequired[Count | None]


class _Record(TypedDict):
    id: Number
    properties: Annotated[dict[str, str | None], AfterValidator(_values)]
    updatedAt: Moment
    archivedAt: NotRequired[Moment | None]
    archived: NotRequired[Flag]
    new: NotRequired[Flag]
    objectWriteTraceId: NotRequired[Text]
    propertiesWithHistory: NotRequired[dict[str, list[_Version]] | None]


class _Records(_Listed):
    results: list[_Record]


class _Found(_Records):
    total: Count


class _Batch(TypedDict):
    results: list[_Record]
    errors: NotRequired[list[dict[str, Any]] | None]


class _Option(TypedDict):
    value: str
    label: NotRequired[Text]
    displayOrder: NotRequired[Annotated[int, Field(ge=-(10**9), le=10**9)] | None]
    hidden: NotRequired[Flag]
    description: NotRequired[Text]


class _Property(TypedDict):
    name: Name
    label: str
    type: str
    fieldType: str
    description: NotRequired[Text]
    groupName: NotRequired[Text]
    options: NotRequired[list[_Option] | None]
    archived: NotRequired[Flag]
    hasUniqueValue: NotRequired[Flag]
    hubspotDefined: NotRequired[Flag]
    calculated: NotRequired[Flag]
    externalOptions: NotRequired[Flag]
    showCurrencySymbol: NotRequired[Flag]
    referencedObjectType: NotRequired[Text]
    modificationMetadata: NotRequired[dict[str, Any] | None]


class _Properties(TypedDict):
    results: list[_Property]


class _Group(TypedDict):
    name: Name
    label: str
    archived: NotRequired[Flag]


class _Groups(TypedDict):
    results: list[_Group]


class _StageDetails(TypedDict, total=False):
    probability: str | float | None
    isClosed: str | None


class _Stage(TypedDict):
    id: Name
    label: str
    displayOrder: NotRequired[Annotated[int, Field(ge=-(10**9), le=10**9)] | None]
    metadata: NotRequired[_StageDetails | None]
    archived: NotRequired[Flag]


class _Pipeline(TypedDict):
    id: Name
    label: str
    displayOrder: NotRequired[Annotated[int, Field(ge=-(10**9), le=10**9)] | None]
    stages: list[_Stage]
    archived: NotRequired[Flag]


class _Pipelines(TypedDict):
    results: list[_Pipeline]


class _Owner(TypedDict):
    id: Number
    email: NotRequired[Text]
    firstName: NotRequired[Text]
    lastName: NotRequired[Text]
    userId: NotRequired[Count | None]
    userIdIncludingInactive: NotRequired[Count | None]
    archived: NotRequired[Flag]


class _Owners(_Listed):
    results: list[_Owner]


class _End(TypedDict):
    id: Number


class _Kind(TypedDict):
    typeId: Count


class _To(TypedDict):
    toObjectId: Number | Count
    associationTypes: list[_Kind]


_Link = TypedDict("_Link", {"from": _End, "to": list[_To]})


class _Links(TypedDict):
    results: list[_Link]


class _Account(TypedDict):
    portalId: Annotated[int, Field(ge=1, le=10**15)]
    timeZone: NotRequired[Text]
    accountType: NotRequired[Text]
    companyCurrency: NotRequired[Text]
    additionalCurrencies: NotRequired[list[str] | None]


class _Usage(TypedDict):
    usageLimit: NotRequired[Count | None]
    currentUsage: Count
    resetsAt: NotRequired[Moment | None]


class _Usages(TypedDict):
    results: list[_Usage]


class _TokenFacts(TypedDict, total=False):
    appId: Count | None
    scopes: list[str] | None


class _AppFacts(TypedDict, total=False):
    app_id: Count | None
    scopes: list[str] | None


class _IssuedToken(TypedDict):
    access_token: Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,8192}\z")]
    refresh_token: NotRequired[Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,8192}\z")] | None]
    expires_in: NotRequired[Annotated[int, Field(ge=0, le=10**9)] | None]


# -- which rows an answer speaks of ------------------------------------------------------------------------------


def names_of(item: Mapping[str, Any]) -> set[str]:
    """The ids by which a record of an answer may have been asked for."""
    merged = item["properties"].get(MERGED) or ""
    return {item["id"], *(part for part in merged.split(";") if part)}


def _read(sent: Mapping[str, Any], body: Any) -> None:
    require(_Batch, body)
    if sent.get("idProperty"):
        return
    asked = {row["id"] for row in sent["inputs"]}
    for item in body["results"]:
        require_rows(not asked.isdisjoint(names_of(item)), "it holds a record that was not asked for")


def _written(sent: Mapping[str, Any], body: Any) -> None:
    require(_Batch, body)
    results = body["results"]
    ids = [item["id"] for item in results]
    require_rows(len(results) <= len(sent["inputs"]), "it holds more rows than were sent")
    require_rows(len(set(ids)) == len(ids), "it holds a row twice")


def _updated(sent: Mapping[str, Any], body: Any) -> None:
    _written(sent, body)
    asked = {row["id"] for row in sent["inputs"]}
    require_rows(all(item["id"] in asked for item in body["results"]), "it holds a row that was not sent")


def _distinct(form: Any, key: str) -> Callable[[Mapping[str, Any], Any], None]:
    """A list in which nothing stands twice."""

    def check(_: Mapping[str, Any], body: Any) -> None:
        require(form, body)
        names = [item[key] for item in body["results"]]
        require_rows(len(set(names)) == len(names), f"a {key} stands in it twice")

    return check


def _of(form: Any) -> Callable[[Mapping[str, Any], Any], None]:
    return lambda _, body: require(form, body)


#: Method and path without its version -> what a good answer looks like; the first that fits.
_ROUTES: tuple[tuple[str, str, Callable[[Mapping[str, Any], Any], None]], ...] = (
    ("GET", r"/crm/objects/[^/]+", _distinct(_Records, "id")),
    ("GET", r"/crm/objects/[^/]+/[^/]+", _of(_Record)),
    ("POST", r"/crm/objects/[^/]+/search", _distinct(_Found, "id")),
    ("POST", r"/crm/objects/[^/]+/batch/read", _read),
    ("POST", r"/crm/objects/[^/]+/batch/update", _updated),
    ("POST", r"/crm/objects/[^/]+/batch/upsert", _written),
    ("GET", r"/crm/properties/[^/]+", _distinct(_Properties, "name")),
    ("GET", r"/crm/properties/[^/]+/groups", _distinct(_Groups, "name")),
    ("*", r"/crm/properties/[^/]+/groups(/[^/]+)?", _of(_Group)),
    ("*", r"/crm/properties/[^/]+(/[^/]+)?", _of(_Property)),
    ("GET", r"/crm/pipelines/[^/]+", _distinct(_Pipelines, "id")),
    ("GET", r"/crm/pipelines/[^/]+/[^/]+", _of(_Pipeline)),
    ("*", r"/crm/pipelines/[^/]+/[^/]+/stages(/[^/]+)?", _of(_Stage)),
    ("GET", r"/crm/owners/?", _distinct(_Owners, "id")),
    ("POST", r"/crm/associations/[^/]+/[^/]+/batch/read", _of(_Links)),
    ("GET", r"/account-info/details", _of(_Account)),
    ("GET", r"/account-info/api-usage/daily/private-apps", _of(_Usages)),
    ("POST", r"/oauth/private-apps/get/access-token-info", _of(_TokenFacts)),
    ("POST", r"/oauth/token/introspect", _of(_AppFacts)),
    ("POST", r"/oauth/token", _of(_IssuedToken)),
)


def check_of(method: str, path: str, sent: Mapping[str, Any] | None) -> Check:
    """What a good answer to this request is held against. KeyError for a route that has no form here."""
    plain = _VERSION.sub("", path)
    for verb, pattern, check in _ROUTES:
        if verb in {"*", method} and re.fullmatch(pattern, plain):
            return lambda body: check(sent or {}, body)
    raise KeyError(f"{method} {plain}")


def require_token(body: Any) -> None:
    """Hold what a token address answered against what it must hold."""
    require(_IssuedToken, body)
