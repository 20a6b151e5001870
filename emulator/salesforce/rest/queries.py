"""query, queryAll and their pages; search. Source: Salesforce REST API, Query."""

from __future__ import annotations

import re
from typing import Any

from emulator.salesforce.cursors import page_size
from emulator.salesforce.data.user_view import Eyes
from emulator.salesforce.errors import refuse
from emulator.salesforce.org import Org
from emulator.salesforce.parts import Caller
from emulator.salesforce.rest.records import printed
from emulator.salesforce.rest.surface import Ask, Endpoint, Reply
from emulator.salesforce.soql import SoqlError, run
from emulator.salesforce.tooling.definition_rows import Workshop
from emulator.salesforce.tooling.query_rules import check

_V = "/services/data/{v}"


def answer(org: Org, caller: Caller, text: str, *, deleted: bool, size: int) -> dict[str, Any]:
    """Run a statement and return its first page. Raises CallError with the engine's code."""
    try:
        seen = Workshop(org, caller, rest=True, deleted=deleted)
        found = run(seen, text, version=f"{caller.version:.1f}")
        check(text, found)
    except SoqlError as error:
        raise refuse(error.code, error.message) from error
    base = f"{caller.base}/{'queryAll' if deleted else 'query'}"
    return org.cursors.first(found, user_id=caller.user_id, size=size, base=base)


def query(ask: Ask) -> Reply:
    """GET query."""
    return _first(ask, deleted=False)


def query_all(ask: Ask) -> Reply:
    """GET queryAll: with the recycle bin."""
    return _first(ask, deleted=True)


def more(ask: Ask) -> Reply:
    """GET a following page."""
    if ask.caller.taken.options("F11") is not None:
        raise refuse("INVALID_QUERY_LOCATOR", "invalid query locator")
    base = f"{ask.caller.base}/query"
    body = ask.org.cursors.following(
        ask.params["locator"], user_id=ask.caller.user_id, size=_size(ask), base=base
    )
    return Reply(body=body)


def search(ask: Ask) -> Reply:
    """GET search: the simplest SOSL, ``FIND {words} [IN …] RETURNING Account(Id, Name), Contact``."""
    found = re.match(
        r"\s*FIND\s*\{(?P<words>[^}]+)\}.*?RETURNING\s+(?P<what>.+)",
        ask.query.get("q", ""),
        re.IGNORECASE | re.DOTALL,
    )
    if found is None:
        message = "No search term found. The search term must be enclosed in braces."
        raise refuse("MALFORMED_SEARCH", message)
    words = found["words"].strip().lower().strip("*")
    records: list[dict[str, Any]] = []
    for name, fields in re.findall(r"(\w+)\s*(?:\(([^)]*)\))?", found["what"]):
        object_ = ask.org.schema.get(name)
        if object_ is None:
            raise refuse("INVALID_TYPE", f"sObject type '{name}' is not supported.")
        view = ask.org.view(ask.caller, object_)
        asked = [part.strip() for part in fields.split(",") if part.strip()] or ["Id"]
        names = [field.name for part in asked if (field := view.field(part)) is not None]
        found_rows = Eyes(ask.org, ask.caller).rows(object_.name)
        records.extend(
            printed(view, row, ask.caller, names)
            for row in found_rows
            if words in str(row.get("Name", "")).lower()
        )
    return Reply(body={"searchRecords": records})


def _first(ask: Ask, *, deleted: bool) -> Reply:
    text = ask.query.get("q")
    if text is None:
        raise refuse("MALFORMED_QUERY", "A query string has to be specified")
    body = answer(ask.org, ask.caller, text, deleted=deleted, size=_size(ask))
    return Reply(body=body)


def _size(ask: Ask) -> int:
    short = ask.caller.taken.options("F10")
    if short is not None:
        return int(short.get("size", 137))
    return page_size(ask.headers.get("sforce-query-options"))


ENDPOINTS = [
    Endpoint(method="GET", template=_V + "/query", handle=query),
    Endpoint(method="GET", template=_V + "/queryAll", handle=query_all),
    Endpoint(method="GET", template=_V + "/query/{locator}", handle=more),
    Endpoint(method="GET", template=_V + "/queryAll/{locator}", handle=more),
    Endpoint(method="GET", template=_V + "/search", handle=search),
]
