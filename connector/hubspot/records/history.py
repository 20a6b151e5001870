"""The former values of many companies: whose edit stood there before the last one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from connector.base import Version
from connector.hubspot.api.bodies import batch_read_body, instant
from connector.hubspot.api.transport import Transport
from connector.hubspot.records.change_sources import APPS, AUTOMATIC, in_words
from connector.hubspot.records.read import chunks

#: Records of one batch read with history (HubSpot: batch read, "propertiesWithHistory").
BATCH_WITH_HISTORY = 50


def history(
    transport: Transport,
    workers: ThreadPoolExecutor,
    object: str,
    fields: Sequence[str],
    ids: Sequence[str],
) -> dict[str, dict[str, list[Version]]]:
    """See ``Connector.history``. HubSpot gives the newest first."""
    path = transport.paths.batch(object, "read")
    bodies = [
        {**batch_read_body(chunk, ()), "propertiesWithHistory": list(fields)}
        for chunk in chunks(list(dict.fromkeys(ids)), BATCH_WITH_HISTORY)
    ]
    answers = workers.map(lambda body: transport.read(path, body=body).data, bodies)
    return {
        str(item["id"]): {
            name: [version_of(found) for found in kept]
            for name, kept in (item.get("propertiesWithHistory") or {}).items()
        }
        for answer in answers
        for item in answer["results"]
    }


def version_of(found: Mapping[str, Any]) -> Version:
    """One entry of a property's history."""
    source = found.get("sourceType")
    by_app = source in APPS
    who = found.get("sourceId") if by_app else found.get("updatedByUserId")
    return Version(
        value=found.get("value") or None,
        at=instant(found["timestamp"]),
        by=None if who is None else str(who),
        by_app=by_app,
        automatic=source in AUTOMATIC,
        source=in_words(source),
    )
