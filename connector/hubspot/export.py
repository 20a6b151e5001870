"""Property definitions as a file for an administrator: the bodies that HubSpot's own API takes. Pure.

Sources: HubSpot: properties ("Create a batch of properties", "Create a property group").
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from connector.base import FieldDefinition
from connector.hubspot.wire_definitions import GROUP, change_of, creation_of, group_creation


def definitions_file(
    object: str, fields: Sequence[FieldDefinition], held: Mapping[str, FieldDefinition]
) -> bytes:
    """JSON with three parts: ``groups``, each the body of one POST to ``/crm/v3/properties/{object}/groups``;
    ``create``, the body of one POST to ``/crm/v3/properties/{object}/batch/create``; ``update``, by name the body of
    a PATCH to ``/crm/v3/properties/{object}/{name}``.

    ``held``: the properties that stand there, which are only named where something about them changes. A create of a
    property that stands is refused, so these are not among them.
    """
    missing = [field for field in fields if field.name not in held]
    there = {field.group for field in held.values()}
    groups = sorted({field.group or GROUP for field in missing} - there)
    changes = {
        field.name: change
        for field in fields
        if field.name in held and (change := change_of(held[field.name], field))
    }
    body = {
        "object": object,
        "groups": [group_creation(name) for name in groups],
        "create": {"inputs": [creation_of(field) for field in missing]},
        "update": changes,
    }
    return (json.dumps(body, indent=2, ensure_ascii=False) + "\n").encode()
