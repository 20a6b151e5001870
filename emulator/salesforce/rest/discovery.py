"""What the org offers: versions, resources, limits, objects and their descriptions."""

from __future__ import annotations

import hashlib
from typing import Any

from emulator.salesforce.data import record_types
from emulator.salesforce.data.ids import long_id
from emulator.salesforce.data.stamps import http_date, parse_http_date
from emulator.salesforce.errors import NOT_FOUND, CallError
from emulator.salesforce.org import MASTER_RECORD_TYPE
from emulator.salesforce.rest.records import object_of
from emulator.salesforce.rest.surface import NEWEST, OLDEST, Ask, Endpoint, Reply
from emulator.salesforce.schema.describe import brief, describe, describe_global
from emulator.salesforce.schema.model import Field

_SEASONS = ("Spring", "Summer", "Winter")
_V = "/services/data/{v}"


def label(version: int) -> str:
    """Return a version's name: 60 is Spring '24, 61 Summer '24, 62 Winter '25."""
    season = _SEASONS[version % 3]
    year = (version - 60) // 3 + 24 + (season == "Winter")
    return f"{season} '{year}"


def versions(_ask: Ask) -> Reply:
    """List the API's versions."""
    return Reply(
        body=[
            {"label": label(number), "url": f"/services/data/v{number}.0", "version": f"{number}.0"}
            for number in range(OLDEST, NEWEST + 1)
        ]
    )


def resources(ask: Ask) -> Reply:
    """List what stands under a version; ``identity`` is the running user's address."""
    base = ask.caller.base
    names = (
        "tooling",
        "metadata",
        "composite",
        "query",
        "queryAll",
        "search",
        "sobjects",
        "limits",
        "jobs",
        "recent",
    )
    body: dict[str, str] = {name: f"{base}/{name}" for name in names}
    body["identity"] = identity_url(ask)
    return Reply(body=body)


def identity_url(ask: Ask) -> str:
    """Return the running user's identity address."""
    return f"{ask.server}/id/{ask.org.id}/{ask.caller.user_id}"


def limits(ask: Ask) -> Reply:
    """GET limits."""
    return Reply(body=ask.org.usage.as_json())


def record_count(ask: Ask) -> Reply:
    """GET limits/recordCount: living records of the asked objects; empty objects are left out."""
    names = [name for name in ask.query.get("sObjects", "").split(",") if name]
    wanted = [found for name in names if (found := ask.org.schema.get(name.strip())) is not None]
    objects = wanted if names else list(ask.org.schema)
    counts = [
        {"count": sum(not row.get("IsDeleted") for row in ask.org.store.rows(item.name)), "name": item.name}
        for item in objects
    ]
    return Reply(body={"sObjects": [item for item in counts if item["count"]]})


def global_description(ask: Ask) -> Reply:
    """GET sobjects."""
    return _dated(ask, lambda: describe_global(list(ask.org.schema), ask.caller.base))


def one_object(ask: Ask) -> Reply:
    """GET sobjects/{object}: the object in brief and the records looked at last (none)."""
    object_ = object_of(ask)
    return Reply(body={"objectDescribe": brief(object_, ask.caller.base), "recentItems": []})


def description(ask: Ask) -> Reply:
    """GET sobjects/{object}/describe, as the running user sees it."""
    object_ = object_of(ask)
    kinds = record_types.of(ask.org, object_.name)
    return _dated(
        ask, lambda: describe(ask.org.view(ask.caller, object_), ask.caller.base, ask.server, kinds)
    )


def picklist_values(ask: Ask) -> Reply:
    """GET ui-api/object-info/{object}/picklist-values/{record type}: what a record type offers of each picklist."""
    object_ = object_of(ask)
    kind = long_id(ask.params["record_type"]) or ask.params["record_type"]
    if kind != MASTER_RECORD_TYPE and all(
        row["Id"] != kind for row in record_types.of(ask.org, object_.name)
    ):
        raise CallError(NOT_FOUND)
    url = f"{ask.caller.base}/ui-api/object-info/{object_.name}/picklist-values/{kind}"
    found: dict[str, Any] = {
        name: {
            "controllerValues": {},
            "defaultValue": _default(ask, object_.name, kind, info),
            "url": f"{url}/{name}",
            "values": [
                {"attributes": None, "label": _label(info, value), "validFor": [], "value": value}
                for value in record_types.offered(ask.org, object_.name, kind, info)
            ],
        }
        for name, info in ask.org.view(ask.caller, object_).readable.items()
        if info.type in ("picklist", "multipicklist")
    }
    return Reply(body={"picklistFieldValues": found})


def _default(ask: Ask, object_name: str, kind: str, field: Field) -> dict[str, Any] | None:
    value = record_types.default(ask.org, object_name, kind, field)
    if value is None:
        return None
    return {"attributes": None, "label": _label(field, value), "validFor": [], "value": value}


def _label(field: Field, value: str) -> str:
    return next(known.label for known in field.values if known.value == value)


def _dated(ask: Ask, make: Any) -> Reply:
    """Answer 304 when nothing changed since the moment that the caller knows (Salesforce: conditional describe)."""
    changed = ask.org.described_at()
    tag = hashlib.md5(
        f"{changed.isoformat()}{ask.caller.user_id}".encode(), usedforsecurity=False
    ).hexdigest()[:8]
    headers = {"Last-Modified": http_date(changed), "ETag": f'"{tag}"'}
    since = parse_http_date(ask.headers.get("if-modified-since", ""))
    if since is not None and changed <= since:
        return Reply(status=304, headers=headers)
    return Reply(body=make(), headers=headers)


def recent(_ask: Ask) -> Reply:
    """GET recent: API users look at nothing."""
    return Reply(body=[])


ENDPOINTS = [
    Endpoint(method="GET", template="/services/data", handle=versions, secured=False),
    Endpoint(method="GET", template=_V, handle=resources),
    Endpoint(method="GET", template=_V + "/limits", handle=limits),
    Endpoint(method="GET", template=_V + "/limits/recordCount", handle=record_count),
    Endpoint(method="GET", template=_V + "/recent", handle=recent),
    Endpoint(method="GET", template=_V + "/sobjects", handle=global_description),
    Endpoint(method="GET", template=_V + "/sobjects/{object}", handle=one_object),
    Endpoint(method="GET", template=_V + "/sobjects/{object}/describe", handle=description),
    Endpoint(
        method="GET",
        template=_V + "/ui-api/object-info/{object}/picklist-values/{record_type}",
        handle=picklist_values,
    ),
]
