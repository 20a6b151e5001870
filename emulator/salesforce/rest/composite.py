"""Composite, batch and tree: several requests in one call that counts once. Source: Salesforce REST API, Composite."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from emulator.salesforce.data import dml
from emulator.salesforce.errors import CallError, Problem, RecordError, refuse
from emulator.salesforce.rest.records import object_of
from emulator.salesforce.rest.surface import Ask, Endpoint, Reply, Surface, answer, refused, version_of

_V = "/services/data/{v}"
#: subrequests of one call, and how many of them may be queries or collections
MOST, MOST_HEAVY = 25, 5
MOST_TREE = 200
_HEAVY = re.compile(r"/services/data/v[\d.]+/(query|queryAll|composite/sobjects)([/?]|$)")
_REFERENCE = re.compile(r"@\{([A-Za-z0-9_]+)((?:\.[A-Za-z0-9_]+|\[\d+\])*)\}")
_HALTED = "The transaction was rolled back since another operation in the same transaction failed."


class _Failed(Exception):
    pass


class _Unresolved(Exception):
    def __init__(self, text: str, reference: str) -> None:
        super().__init__(f"Invalid reference specified. No value for {text} found in {reference}")


def make(surface: Surface) -> list[Endpoint]:
    """Return the endpoints; their subrequests go to ``surface``."""

    def composite(ask: Ask) -> Reply:
        return _composite(surface, ask)

    def batch(ask: Ask) -> Reply:
        return _batch(surface, ask)

    return [
        Endpoint(method="POST", template=_V + "/composite", handle=composite),
        Endpoint(method="POST", template=_V + "/composite/batch", handle=batch),
        Endpoint(method="POST", template=_V + "/composite/tree/{object}", handle=tree),
    ]


def _composite(surface: Surface, ask: Ask) -> Reply:
    body = ask.object_body()
    subrequests = ask.list_in("compositeRequest")
    if not subrequests:
        raise refuse("JSON_PARSER_ERROR", "compositeRequest must be a list of at least one subrequest")
    if len(subrequests) > MOST:
        raise refuse(
            "LIMIT_EXCEEDED", f"Limit of {MOST} subrequests reached: {len(subrequests)} in this request."
        )
    heavy = sum(bool(_HEAVY.match(str(item.get("url", "")))) for item in subrequests)
    if heavy > MOST_HEAVY:
        message = (
            f"Limit reached. A maximum of {MOST_HEAVY} subrequests can be queries or sObject Collections."
        )
        raise refuse("LIMIT_EXCEEDED", message)
    names = [str(item.get("referenceId", "")) for item in subrequests]
    if len(set(names)) != len(names) or not all(names):
        raise refuse("INVALID_INPUT", "Each subrequest needs a referenceId of its own")
    all_or_none = bool(body.get("allOrNone", False))
    results: list[dict[str, Any]] = []
    try:
        with ask.org.store.savepoint():
            known: dict[str, Any] = {}
            for item in subrequests:
                results.append(_sub(surface, ask, item, known))
                if all_or_none and results[-1]["httpStatusCode"] >= 400:
                    raise _Failed
    except _Failed:
        failed = len(results) - 1
        results = [
            results[place] if place == failed else _halted(str(item["referenceId"]))
            for place, item in enumerate(subrequests)
        ]
    return Reply(body={"compositeResponse": results})


def _sub(surface: Surface, ask: Ask, item: Mapping[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    name = str(item["referenceId"])
    try:
        url = str(_resolved(item.get("url", ""), known))
        body = _resolved(item.get("body"), known)
    except _Unresolved as error:
        problem = Problem(code="PROCESSING_HALTED", message=str(error))
        return _result(Reply(status=400, body=[problem.as_single()]), name)
    headers = item.get("httpHeaders")
    method = str(item.get("method", "")).upper()
    reply = dispatch(surface, ask, method, url, body, headers if isinstance(headers, dict) else {})
    if reply.status < 300:
        known[name] = reply.body
    return _result(reply, name)


def dispatch(
    surface: Surface, ask: Ask, method: str, url: str, body: Any, headers: Mapping[str, str]
) -> Reply:
    """Answer one subrequest with the caller, and the faults, of the whole request."""
    parts = urlsplit(url)
    try:
        endpoint, params = surface.find(method, parts.path)
        if not endpoint.secured or "v" not in params:
            raise refuse("NOT_FOUND", "The requested resource does not exist")
        version = version_of(params["v"])
    except CallError as error:
        return refused(error)
    if re.search(r"/composite(/batch|/tree/.*)?/?$", parts.path):
        return refused(refuse("INVALID_INPUT", "A composite request cannot hold another one"))
    inner = replace(
        ask,
        caller=replace(ask.caller, version=version),
        method=method,
        params={key: unquote(value) for key, value in params.items()},
        query=dict(parse_qsl(parts.query, keep_blank_values=True)),
        headers={key.lower(): str(value) for key, value in headers.items()},
        body=b"",
        parsed=body,
    )
    return answer(endpoint, inner)


def _result(reply: Reply, name: str) -> dict[str, Any]:
    return {
        "body": reply.body,
        "httpHeaders": dict(reply.headers),
        "httpStatusCode": reply.status,
        "referenceId": name,
    }


def _halted(name: str) -> dict[str, Any]:
    return _result(
        Reply(status=400, body=[Problem(code="PROCESSING_HALTED", message=_HALTED).as_single()]), name
    )


def _resolved(value: Any, known: Mapping[str, Any]) -> Any:
    """Put earlier results in: ``@{ref.id}``, ``@{query.records[0].Id}``."""
    if isinstance(value, dict):
        return {key: _resolved(item, known) for key, item in value.items()}
    if isinstance(value, list):
        return [_resolved(item, known) for item in value]
    if not isinstance(value, str):
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole is not None:
        return _looked_up(whole, known)
    return _REFERENCE.sub(lambda found: str(_looked_up(found, known)), value)


def _looked_up(found: re.Match[str], known: Mapping[str, Any]) -> Any:
    name, path = found[1], found[2]
    text = f"{name}{path}"
    if name not in known:
        raise _Unresolved(text, name)
    value: Any = known[name]
    for key, place in re.findall(r"\.([A-Za-z0-9_]+)|\[(\d+)\]", path):
        try:
            value = value[int(place)] if place else value[key]
        except (KeyError, IndexError, TypeError) as error:
            raise _Unresolved(text, name) from error
    return value


def _batch(surface: Surface, ask: Ask) -> Reply:
    body = ask.object_body()
    subrequests = ask.list_in("batchRequests")
    if not subrequests:
        raise refuse("JSON_PARSER_ERROR", "batchRequests must be a list of at least one subrequest")
    if len(subrequests) > MOST:
        raise refuse(
            "LIMIT_EXCEEDED", f"Limit of {MOST} subrequests reached: {len(subrequests)} in this request."
        )
    results: list[dict[str, Any]] = []
    halted = False
    for item in subrequests:
        if halted:
            problem = Problem(code="BATCH_PROCESSING_HALTED", message="Batch processing halted per request")
            results.append({"statusCode": 412, "result": [problem.as_single()]})
            continue
        url = "/services/data/" + str(item.get("url", "")).removeprefix("/services/data/").lstrip("/")
        method = str(item.get("method", "")).upper()
        reply = dispatch(surface, ask, method, url, item.get("richInput"), {})
        results.append({"statusCode": reply.status, "result": reply.body})
        halted = bool(body.get("haltOnError")) and reply.status >= 400
    return Reply(body={"hasErrors": any(item["statusCode"] >= 400 for item in results), "results": results})


def tree(ask: Ask) -> Reply:
    """POST composite/tree/{object}: records with their children, all or none."""
    object_ = object_of(ask)
    made: list[dict[str, Any]] = []
    records = ask.list_in("records")
    if not records:
        raise refuse("REQUIRED_FIELD_MISSING", "At least 1 record is required")
    if json.dumps(records).count('"referenceId"') > MOST_TREE:
        raise refuse("LIMIT_EXCEEDED", f"A tree may hold at most {MOST_TREE} records")
    reference = ""
    try:
        with ask.org.store.savepoint():
            pending: list[tuple[str, Any, Any]] = [(object_.name, record, {}) for record in records]
            while pending:
                kind, record, parent = pending.pop(0)
                reference = _reference_of(record)
                made.append({"referenceId": reference, "id": _plant(ask, kind, record, parent, pending)})
    except RecordError as error:
        rows = [problem.as_row() for problem in error.problems]
        return Reply(
            status=400, body={"hasErrors": True, "results": [{"referenceId": reference, "errors": rows}]}
        )
    return Reply(status=201, body={"hasErrors": False, "results": made})


def _reference_of(record: Any) -> str:
    """Return the name that a record of a tree has in the answer. Raises CallError when it has none."""
    attributes = record.get("attributes") if isinstance(record, dict) else None
    if not isinstance(attributes, dict) or not attributes.get("referenceId"):
        raise refuse("INVALID_INPUT", "Each record of a tree needs attributes with type and referenceId")
    return str(attributes["referenceId"])


def _plant(
    ask: Ask,
    kind: str,
    record: Mapping[str, Any],
    parent: Mapping[str, Any],
    pending: list[tuple[str, Any, Any]],
) -> str:
    """Create one record of a tree and put its children in line; return its id."""
    object_ = ask.org.sobject(kind)
    plain = {
        key: value for key, value in record.items() if not (isinstance(value, dict) and "records" in value)
    }
    made = str(dml.create(ask.org, ask.caller, object_, {**plain, **parent}).id)
    for key, value in record.items():
        if isinstance(value, dict) and "records" in value:
            child = next(
                (item for item in object_.children if (item.name or "").lower() == key.lower()), None
            )
            if child is None:
                raise refuse("INVALID_FIELD", f"No such relation '{key}' on entity '{object_.name}'.")
            pending.extend((child.child, item, {child.field: made}) for item in value["records"] or ())
    return made
