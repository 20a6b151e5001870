"""What a request of Tandem's is about to write: records, fields and values, read off its body as the CRM would."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.simulation.crms import Crms, is_salesforce
from tests.simulation.fields import FIELDS, Value, shown
from tests.simulation.wire_tap import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One record that is being written."""

    system: str
    #: None for one that is to be made.
    record: str | None
    #: What it is to hold then.
    values: Mapping[str, Value]
    #: What it held before.
    stood: Mapping[str, Value]


def rows_of(crms: Crms, system: str, request: Request) -> list[tuple[str | None, dict[str, Value]]]:
    """The records that this request writes, by id where it names one, with the values that it brings."""
    if request.body is None or request.method == "GET":
        return []
    found = _salesforce(request) if is_salesforce(system) else _hubspot(request)
    names = {field.of(system): name for name, field in FIELDS.items()}
    return [
        (record, {names[n]: shown(crms, system, names[n], v) for n, v in values.items() if n in names})
        for record, values in found
    ]


def _hubspot(request: Request) -> Iterator[tuple[str | None, Mapping[str, Any]]]:
    path = request.url.partition("?")[0]
    if path.endswith(("/batch/update", "/batch/create", "/batch/upsert")):
        for item in json.loads(request.body or b"")["inputs"]:
            yield (item.get("id") if path.endswith("update") else None), item["properties"]


def _salesforce(request: Request) -> Iterator[tuple[str | None, Mapping[str, Any]]]:
    path = request.url.partition("?")[0]
    if path.endswith("/batches") and "/jobs/ingest/" in path:
        for row in csv.DictReader(io.StringIO(_text(request.body))):
            yield row.get("Id"), {name: _cell(value) for name, value in row.items()}
    elif "/composite" in path:
        yield from _composite(path, json.loads(request.body or b""))


def _composite(path: str, body: Any) -> Iterator[tuple[str | None, Mapping[str, Any]]]:
    for part in body.get("compositeRequest", ()):
        if part["method"] == "PATCH":
            yield from _composite(part["url"], part["body"])
    for row in body.get("records", ()):
        yield row.get("id"), row
    if "/sobjects/Account/" in path and "records" not in body:
        yield path.rpartition("/")[2], body


def _cell(text: str | None) -> str | None:
    return None if text in {"", "#N/A"} else text


def _text(body: bytes | str | None) -> str:
    return body.decode() if isinstance(body, bytes) else body or ""
