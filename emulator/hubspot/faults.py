"""HubSpot's bad days, by the fault ids of the project's catalogue: recipes for the control door.

What the portal does by itself needs no recipe; `NATURAL` says which ids those are and how to bring them about.
"""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from emulator.hubspot import errors
from emulator.hubspot.errors import BadValue, HubSpotError
from emulator.kit.calls import Call
from emulator.kit.faults import HttpAnswer, Options, Recipe

NO_ONE = "00000000-0000-4000-8000-000000000000"
OBJECTS = r"/crm/(v3/objects|objects/20\d\d-\d\d)/[^/]+"
BATCH = OBJECTS + r"/batch"
_PAGE = "<html><head><title>{status}</title></head><body><h1>{status}</h1><p>cloudflare</p></body></html>"


def _answer(error: HubSpotError, call: Call) -> HttpAnswer:
    body = dict(error.body)
    head = {key: body.pop(key) for key in ("status", "message")}
    # A stand-in id, different for each moment: a fault answers before the portal is asked.
    number = f"{int(call.at.timestamp() * 1000) & 0xFFFFFFFFFFFF:012x}"
    correlation = NO_ONE[:-12] + number
    if "policyName" in body:
        body["requestId"] = correlation
    headers = {**error.headers, "x-hubspot-correlation-id": correlation, "x-request-id": correlation}
    return HttpAnswer(
        status=error.status, body={**head, "correlationId": correlation, **body}, headers=headers
    )


def _fails(make: Callable[[Call, Options], HubSpotError]) -> Callable[[Call, Options], HttpAnswer]:
    return lambda call, options: _answer(make(call, options), call)


def _rows(call: Call) -> list[Mapping[str, Any]]:
    try:
        body = json.loads(call.body or b"{}")
    except json.JSONDecodeError:
        return []
    inputs = body.get("inputs", [body]) if isinstance(body, dict) else []
    return [row for row in inputs if isinstance(row, dict)]


def _first_id(call: Call) -> str:
    ids = [str(row["id"]) for row in _rows(call) if row.get("id")]
    tail = call.path.rstrip("/").rpartition("/")[2]
    return ids[0] if ids else tail if tail.isdigit() else "1"


def _field(call: Call, options: Options) -> str:
    """The property that is said to be bad: the option `field`, else the first one sent."""
    sent = [name for values in _values(call) for name in values]
    return str(options.get("field") or (sent[0] if sent else "name"))


def _value(call: Call, name: str) -> str:
    return next((str(values[name]) for values in _values(call) if name in values), "")


def _values(call: Call) -> list[Mapping[str, Any]]:
    """What each row gives to its properties; a read only lists the names of those that it wants."""
    given = (row.get("properties") for row in _rows(call))
    return [values for values in given if isinstance(values, dict)]


def _bad(code: str, text: Callable[[str, str], str]) -> Callable[[Call, Options], HubSpotError]:
    def make(call: Call, options: Options) -> HubSpotError:
        name = _field(call, options)
        message = str(options.get("message") or text(name, _value(call, name)))
        return errors.bad_values([BadValue(name=name, code=code, message=message)], 0)

    return make


def _expired(call: Call, options: Options) -> HubSpotError:
    return errors.expired_token(call.at - timedelta(seconds=float(options.get("age", 75))), call.at)


def _edge(_call: Call, options: Options) -> HttpAnswer:
    status = int(options.get("status", 502))
    return HttpAnswer(status=status, body=_PAGE.format(status=status), headers={"content-type": "text/html"})


def _wordless(call: Call, options: Options) -> HttpAnswer:
    """A body without a category, its errors hidden as JSON text in the message."""
    name = _field(call, options)
    nested = [{"isValid": False, "message": f"{name} was not valid", "error": "INVALID_OPTION", "name": name}]
    message = "Property values were not valid: " + json.dumps(nested)
    return _answer(HubSpotError(400, {"message": message}), call)


def _moved(_call: Call, options: Options) -> HubSpotError:
    message = "This account is being migrated between data centers. Please try again later."
    return HubSpotError(477, {"message": message}, {"Retry-After": str(options.get("retry_after", 3600))})


def _locked(_call: Call, _options: Options) -> HubSpotError:
    return HubSpotError(
        423, {"message": "The resource is locked. Please try again in 2 seconds.", "category": "LOCKED"}
    )


def _taken(call: Call, options: Options) -> HubSpotError:
    name = _field(call, options)
    return errors.unique_value_taken(
        portal_id=0,
        object_name="COMPANY",
        name=name,
        value=_value(call, name),
        record_id=_first_id(call),
        holder_id=str(options.get("holder", "194235510142")),
    )


def _conditional(_call: Call, options: Options) -> HubSpotError:
    name = str(options.get("field", "closed_lost_reason"))
    return errors.validation(
        f"Property {name} is required.",
        errors=[
            {
                "message": f"{name} is required by a validation rule",
                "code": "MISSING_CONDITIONAL_REQUIRED_PROPERTY",
                "context": {"propertyName": [name]},
            }
        ],
    )


def _scopes(_call: Call, options: Options) -> HubSpotError:
    named = bool(options.get("named", True))
    return errors.missing_scopes(options.get("scopes", ["crm.objects.companies.write"]), named=named)


def _exists(_call: Call, options: Options) -> HubSpotError:
    return errors.contact_exists(str(options.get("existing", "171591000198")))


def _whole(
    id: str, summary: str, make: Callable[[Call, Options], HubSpotError], *options: str, **where: Any
) -> Recipe:
    return Recipe(
        id=id, summary=summary, sort="answer", answer=_fails(make), options=frozenset(options), **where
    )


RECIPES = (
    _whole("F60", "401: the token expired `age` seconds ago (75)", _expired, "age"),
    _whole(
        "F61", "401: a malformed token, read as one of 1970", lambda call, _: errors.malformed_token(call.at)
    ),
    _whole("F62", "403: scopes are missing (`scopes`, `named`)", _scopes, "scopes", "named"),
    _whole("F63", "429: the ten-second window is full", lambda _c, _o: errors.too_fast_rolling()),
    _whole("F64", "429: the day is used up", lambda _c, _o: errors.too_many_today()),
    _whole(
        "F65",
        "429: more than five searches a second",
        lambda _c, _o: errors.too_fast_search(),
        path=OBJECTS + "/search",
    ),
    _whole("F66", "423: locked by heavy writes", _locked),
    _whole("F67", "477: the account moves; Retry-After (`retry_after`, 3600)", _moved, "retry_after"),
    Recipe(
        id="F68",
        summary="an HTML page from the edge (`status` 502, 504 or 524); with `work_done` the write happened",
        sort="answer",
        answer=_edge,
        options=frozenset({"status", "work_done"}),
    ),
    Recipe(
        id="F69",
        summary="400 without a category, the errors as JSON text in the message",
        sort="answer",
        answer=_wordless,
        options=frozenset({"field"}),
        path=OBJECTS,
    ),
    Recipe(
        id="F70",
        summary="record writes do not know properties younger than `age` seconds (300)",
        sort="mode",
        options=frozenset({"age"}),
        path=OBJECTS,
    ),
    _whole(
        "F71",
        "400 INVALID_OPTION for `field`",
        _bad("INVALID_OPTION", lambda _n, value: f"{value} was not one of the allowed options: []"),
        "field",
        "message",
        path=OBJECTS,
    ),
    _whole(
        "F72",
        "400 READ_ONLY_VALUE for `field`",
        _bad(
            "READ_ONLY_VALUE", lambda name, _v: f'"{name}" is a calculated property; its value cannot be set.'
        ),
        "field",
        "message",
        path=OBJECTS,
    ),
    _whole(
        "F73", "400 MISSING_CONDITIONAL_REQUIRED_PROPERTY for `field`", _conditional, "field", path=OBJECTS
    ),
    _whole(
        "F74",
        "409 that names one conflict (`existing`)",
        _exists,
        "existing",
        method="POST",
        path=BATCH + "/create",
    ),
    Recipe(
        id="F75",
        summary="rows of a batch fail with 207 (`rows`, `category`, `message`)",
        sort="rows",
        options=frozenset({"category"}),
        method="POST",
        path=BATCH,
    ),
    _whole(
        "F76",
        "400: duplicate ids in a batch",
        lambda call, _o: errors.duplicate_ids([_first_id(call)]),
        method="POST",
        path=BATCH + "/update",
    ),
    _whole(
        "F77",
        "400: one bad property refuses the batch, without a record index (`field`)",
        _bad("PROPERTY_DOESNT_EXIST", lambda name, _v: f'Property "{name}" does not exist'),
        "field",
        "message",
        method="POST",
        path=BATCH,
    ),
    Recipe(
        id="F78",
        summary="batch update answers 200 and nothing changes",
        sort="mode",
        method="POST",
        path=BATCH + "/update",
    ),
    _whole(
        "F79",
        "400: two inputs of an upsert are one record",
        lambda call, _o: errors.duplicate_ids([_first_id(call)]),
        method="POST",
        path=BATCH + "/upsert",
    ),
    _whole(
        "F80",
        "400: `holder` has the unique value of `field` already",
        _taken,
        "field",
        "holder",
        path=OBJECTS,
    ),
    _whole("F82", "409: the contact exists (`existing`)", _exists, "existing", method="POST", path=OBJECTS),
    Recipe(
        id="F83",
        summary="search lags `lag` seconds (60)",
        sort="mode",
        options=frozenset({"lag"}),
        path=OBJECTS + "/search",
    ),
    _whole(
        "F84",
        "400: past 10,000 results",
        lambda _c, _o: errors.validation(
            "Paging through more than 10,000 results of one search is not supported."
        ),
        path=OBJECTS + "/search",
    ),
    Recipe(
        id="F98",
        summary="definition reads are `age` seconds old (300)",
        sort="mode",
        options=frozenset({"age"}),
        method="GET",
        path=r"/crm/(v3/properties|properties/20\d\d-\d\d)",
    ),
)

NATURAL: Mapping[str, str] = {
    "F81": "companies are never refused for their domain",
    "F85": "POST /__emulator__/touch stamps any number of records with one moment",
    "F86": "POST /__emulator__/touch moves the stamp and no value",
    "F87": "unset values are null or absent, as asked for",
    "F88": "moments are printed like that whenever their milliseconds are zero",
    "F89": "unknown names in a read are left out",
    "F90": "merge two records, then read one of the old ids",
    "F91": "merge two records, then list",
    "F92": "archive a record, then POST /__emulator__/restore",
    "F93": "write a lower lifecycle stage",
    "F94": "user ids and archived owners are refused as owners",
    "F95": "PATCH a property with fewer options",
    "F96": "archive a property and create its name again",
    "F97": "create a name that exists",
    "F99": "PATCH the stage's label and probability",
    "F100": "move a deal into a closed stage",
    "F101": "POST /__emulator__/webhooks with duplicate and shuffle",
    "F102": "POST /__emulator__/webhooks with old_timestamp",
    "F103": "link a deal or contact to its first company",
}
