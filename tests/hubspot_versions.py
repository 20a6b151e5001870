"""HubSpot's addresses by version: what a test writes as numbered is sent and looked for as the version has it.

Where a version has a path, what is sent and answered there is the same (HubSpot: public API specifications of August
2026), so that one test holds for all of them.
"""

from __future__ import annotations

import re

from connector.hubspot.api.paths import VERSIONS

#: The numbered path of each family, and the dated one; the first that fits counts.
_FAMILIES = (
    (
        re.compile(r"^/crm/v[34]/(objects|properties|pipelines|owners|associations|limits)(?=/|$|\?)"),
        r"/crm/\1/{date}",
    ),
    (re.compile(r"^/account-info/v3(?=/)"), "/account-info/{date}"),
    (re.compile(r"^/oauth/v[13](?=/token)"), "/oauth/{date}"),
)
#: A numbered path, or one that is part of a pattern.
NUMBERED = re.compile(r"/v[1-4](?=/|$)")


def dated(path: str, version: str) -> str:
    """The path of this version that a numbered one means; one that has no dated form stays as it is."""
    if version not in VERSIONS:
        raise ValueError(f"{version} is no version")
    if version == "v3":
        return path
    for numbered, form in _FAMILIES:
        if numbered.match(path):
            found = numbered.sub(form.format(date=version), path, count=1)
            return re.sub(r"/(?=\?|$)", "", found)
    return path


def numbered(path: str) -> str:
    """The numbered path that a dated one means; any other as it is."""
    match = re.match(r"^/(crm/\w+|account-info|oauth)/20\d\d-\d\d(?=/|$|\?)", path)
    if match is None:
        return path
    family, rest = match[1], path[match.end() :]
    if family == "crm/owners" and rest == "":
        return "/crm/v3/owners/"
    if family == "crm/associations" or (family == "crm/objects" and "/associations" in rest):
        return f"/crm/v4/{family[4:]}{rest}"
    if family.startswith("crm/"):
        return f"/crm/v3/{family[4:]}{rest}"
    old = family == "oauth" and not rest.startswith("/token/introspect")
    return f"/{family}/{'v1' if old else 'v3'}{rest}"
