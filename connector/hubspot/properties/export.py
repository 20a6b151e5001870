"""Property definitions as a file for an administrator: the bodies that HubSpot's own API takes. Pure.

Sources: HubSpot: properties ("Create a batch of properties", "Create a property group").
"""

from __future__ import annotations

import json

from connector.base import Deployment
from connector.hubspot.properties.bodies import GROUP, change_of, creation_of, group_creation


def definitions_file(deployment: Deployment) -> bytes:
    """JSON with four parts: ``groups``, each the body of one POST to ``/crm/v3/properties/{object}/groups``;
    ``create``, the body of one POST to ``/crm/v3/properties/{object}/batch/create``; ``update``, by name the body of
    a PATCH to ``/crm/v3/properties/{object}/{name}``; ``update_groups``, by name the body of a PATCH to
    ``/crm/v3/properties/{object}/groups/{name}``.

    A create of a property that stands is refused, so those that stand are only named where something about them
    changes.
    """
    held = deployment.held
    missing = [field for field in deployment.fields if field.name not in held]
    changes = {
        field.name: change
        for field in deployment.fields
        if field.name in held and (change := change_of(held[field.name], field))
    }
    there = {field.group for field in held.values()} | set(deployment.groups)
    moved = {field.name for field in deployment.fields if "groupName" in changes.get(field.name, ())}
    labels = {
        field.group or GROUP: field.group_label
        for field in deployment.fields
        if field in missing or field.name in moved
    }
    body = {
        "object": deployment.object,
        "groups": [group_creation(name, labels[name]) for name in sorted(labels.keys() - there)],
        "create": {"inputs": [creation_of(field) for field in missing]},
        "update": changes,
        "update_groups": {name: {"label": label} for name, label in deployment.groups.items()},
    }
    return (json.dumps(body, indent=2, ensure_ascii=False) + "\n").encode()
