"""The fault catalogue as far as it is Salesforce's: what each fault id does to a request.

Answer recipes carry the catalogue's exact bodies. Rows recipes go through the write path's row errors. Mode recipes
are looked up by the code that behaves differently.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.kit.calls import Call
from emulator.kit.faults import HttpAnswer, MakeAnswer, Options, Recipe

_DATA = r"/services/(data|Soap|async)/"
_TOKEN = "/services/oauth2/token"
_WRITE = r"/services/data/v\d+\.0/(sobjects|composite|jobs/ingest)"
_INGEST = r"/services/data/v\d+\.0/jobs/ingest"
_BUSY_PAGE = (
    "<html><head><title>Maintenance</title></head><body><h1>We are down for maintenance.</h1>"
    "<p>Please check trust.salesforce.com.</p></body></html>"
)


def _error(status: int, code: str, message: str) -> MakeAnswer:
    def make(_call: Call, _options: Options) -> HttpAnswer:
        return HttpAnswer(status=status, body=[{"message": message, "errorCode": code}])

    return make


def _oauth(description: str) -> MakeAnswer:
    def make(_call: Call, options: Options) -> HttpAnswer:
        said = options.get("description", description)
        return HttpAnswer(status=400, body={"error": "invalid_grant", "error_description": said})

    return make


def _concurrent(_call: Call, options: Options) -> HttpAnswer:
    messages = {
        "requests": "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
        "transactions": "ConcurrentPerOrgLongTxn Limit exceeded",
    }
    message = messages[str(options.get("which", "requests"))]
    return HttpAnswer(status=403, body=[{"message": message, "errorCode": "REQUEST_LIMIT_EXCEEDED"}])


def _page(_call: Call, options: Options) -> HttpAnswer:
    status = int(options.get("code", 503))
    return HttpAnswer(status=status, body=_BUSY_PAGE, headers={"content-type": "text/html;charset=UTF-8"})


def _too_long(_call: Call, options: Options) -> HttpAnswer:
    status = int(options.get("code", 414))
    reason = {414: "URI Too Long", 431: "Request Header Fields Too Large"}[status]
    text = f"<h1>Bad Message {status}</h1><pre>reason: {reason}</pre>"
    return HttpAnswer(status=status, body=text, headers={"content-type": "text/html"})


def _no_such_column(_call: Call, options: Options) -> HttpAnswer:
    field, entity = options.get("field", "Missing__c"), options.get("object", "Account")
    message = (
        f"\nSELECT Id, {field} FROM {entity}\n           ^\nERROR at Row:1:Column:12\n"
        f"No such column '{field}' on entity '{entity}'. If you are attempting to use a custom field, be sure to append"
        " the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate"
        " names."
    )
    return HttpAnswer(status=400, body=[{"message": message, "errorCode": "INVALID_FIELD"}])


def _several(call: Call, options: Options) -> HttpAnswer:
    base = call.path.split("/sobjects/", 1)[0]
    kind = call.path.split("/sobjects/", 1)[-1].split("/", 1)[0]
    ids = options.get("ids") or ["0015e00000000zzAAA", "0015e00000000zyAAA"]
    return HttpAnswer(status=300, body=[f"{base}/sobjects/{kind}/{item}" for item in ids])


def _precondition(_call: Call, _options: Options) -> HttpAnswer:
    return HttpAnswer(status=412)


def _lost(_call: Call, _options: Options) -> HttpAnswer:
    return HttpAnswer(
        status=504, body="<html><body>Gateway Time-out</body></html>", headers={"content-type": "text/html"}
    )


def _answers(
    fault: str, summary: str, make: MakeAnswer, path: str = _DATA, method: str | None = None, **more: Any
) -> Recipe:
    options = frozenset(more.pop("options", ()))
    return Recipe(
        id=fault,
        summary=summary,
        sort="answer",
        answer=make,
        path=path,
        method=method,
        options=options,
        **more,
    )


def _mode(fault: str, summary: str, path: str = _DATA, options: tuple[str, ...] = ()) -> Recipe:
    return Recipe(id=fault, summary=summary, sort="mode", path=path, options=frozenset(options))


def _rows(fault: str, summary: str, options: tuple[str, ...] = ()) -> Recipe:
    return Recipe(id=fault, summary=summary, sort="rows", path=_WRITE, options=frozenset(options))


_QUERY = r"/services/data/v\d+\.0/(query|queryAll)"
_LIMIT = "REQUEST_LIMIT_EXCEEDED"
RECIPES: tuple[Recipe, ...] = (
    _answers("F01", "session expired", _error(401, "INVALID_SESSION_ID", "Session expired or invalid")),
    _answers(
        "F02", "refresh token dead", _oauth("expired access/refresh token"), _TOKEN, options=("description",)
    ),
    _mode("F03", "the token answer carries a new refresh token", _TOKEN),
    _answers("F04", "JWT refused: clocks differ", _oauth("assertion is expired"), _TOKEN),
    _answers("F05", "daily limit reached", _error(403, _LIMIT, "TotalRequests Limit exceeded.")),
    _answers("F06", "too many at once (which: requests, transactions)", _concurrent, options=("which",)),
    _mode("F07", "usage header near the limit (used, extra)", options=("used", "extra")),
    _answers("F08", "server unavailable", _error(503, "SERVER_UNAVAILABLE", "Server Unavailable")),
    _answers("F09", "an HTML page instead of JSON (code: 500, 502, 503, 420)", _page, options=("code",)),
    _mode("F10", "pages shorter than asked, not done (size)", _QUERY, ("size",)),
    _mode("F11", "the query locator is dead", _QUERY + r"/.+"),
    _answers("F12", "address or headers too long (code: 414, 431)", _too_long, _QUERY, options=("code",)),
    _answers("F13", "a field is gone (field, object)", _no_such_column, _QUERY, options=("field", "object")),
    _mode("F14", "a row turns up later with an older stamp (lag: seconds, default 3)", _WRITE, ("lag",)),
    _mode("F16", "a write is invisible to queries for a while (lag: seconds, default 3)", _WRITE, ("lag",)),
    _mode("F19", "the delete log was trimmed (kept: its last seconds)", options=("kept",)),
    _mode("F20", "latestDateCovered stays behind end (lag: seconds)", options=("lag",)),
    _mode("F21", "sharing hides records (records: ids)", options=("records",)),
    _rows("F24", "entity is deleted"),
    _answers("F26", "several records match (ids)", _several, _WRITE, "PATCH", options=("ids",)),
    _answers(
        "F27",
        "a key in the address is taken for a file name",
        _error(404, "NOT_FOUND", "The requested resource does not exist"),
        r"/services/data/v\d+\.0/sobjects/[^/]+/[^/]+/.+",
    ),
    _mode("F28", "an upsert that updated answers 204", _WRITE),
    _mode("F29", "a collection with failed rows answers 400 with the same rows", _WRITE),
    _rows("F33", "row locked by another transaction"),
    _rows("F34", "duplicate found, may be saved (twin: id)", ("twin",)),
    _rows("F35", "duplicate found, may not be saved (twin: id)", ("twin",)),
    _rows("F36", "unique value is taken (twin: id)", ("twin",)),
    _rows("F37", "a validation rule refuses"),
    _rows("F38", "fields may not be written (fields)", ("fields",)),
    _rows("F39", "bad value for a restricted picklist (value)", ("value",)),
    _rows("F40", "text too long (value)", ("value",)),
    _rows("F41", "invalid cross reference"),
    _rows("F42", "the owner is inactive (owner)", ("owner",)),
    _answers("F43", "precondition failed", _precondition, _WRITE, "PATCH"),
    _answers("F44", "the answer is lost after the write", _lost, _WRITE, work_done=True),
    _mode(
        "F45", "a trigger rewrites the field (field, rewrite, value)", _WRITE, ("field", "rewrite", "value")
    ),
    Recipe(id="F48", summary="rows of a Bulk job end in no result file", sort="rows", path=_INGEST),
    _answers(
        "F52",
        "the grant fails after the field was made",
        _error(400, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record"),
        r"/services/data/v\d+\.0/sobjects/FieldPermissions",
        "POST",
    ),
)
#: faults that need no order: the server behaves so whenever the situation arises
STANDING: Mapping[str, str] = {
    "F15": "load or write many records within one second",
    "F17": "POST /__emulator__/silent changes values without a stamp",
    "F18": "POST /__emulator__/touch moves the stamp alone",
    "F22": "POST /__emulator__/merge",
    "F23": "POST /__emulator__/merge",
    "F25": "POST /__emulator__/undelete",
    "F30": "allOrNone with one bad row",
    "F31": "a create that fails has no id",
    "F32": "the same record twice in one call",
    "F46": "a Bulk job with one bad row",
    "F47": "a Bulk header with an unknown field",
    "F49": "an empty cell and #N/A in Bulk CSV",
    "F50": "the last page of Bulk query results",
    "F51": "a field that nobody was granted",
    "F53": "the same assignment twice",
    "F54": "a picklist deployed without a value",
    "F55": "a Checkbox with required",
    "F56": "POST /__emulator__/stages",
    "F57": "move a closed opportunity to an open stage",
    "F58": "CurrencyIsoCode does not exist here",
}
