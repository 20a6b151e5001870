"""Every address of HubSpot's API that Tandem uses, built in one place.

HubSpot numbered its paths (``/crm/v3/objects/…``) and now dates them (``/crm/objects/2026-09/…``): new ones
appear each March and September and live 18 months, v4 is unsupported from 30 March 2027 and v1 to v3 are from
September 2027 (HubSpot: changelog, "Deprecating support for HubSpot v4 APIs", "Legacy APIs and legacy apps"). The
operations and their bodies are the same, so the version is a setting and nothing else knows of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from connector.errors import Rejected
from connector.row_ids import MALFORMED

_NUMBERED = "v3"
#: Those that Tandem is tested with, the newest first.
VERSIONS = ("2026-09", "2026-03", _NUMBERED)
DEFAULT_VERSION = VERSIONS[0]


def _segment(text: str) -> str:
    """One path segment: a name or id that holds ``/`` or ``?``, or is ``..``, must not lead elsewhere."""
    if text in {"", ".", ".."}:
        raise Rejected(f"{text!r} is no name or id that an address can hold", code=MALFORMED)
    return quote(text, safe="")


@dataclass(frozen=True, slots=True)
class Paths:
    """Addresses below the base URL for one of ``VERSIONS``."""

    version: str = DEFAULT_VERSION

    def __post_init__(self) -> None:
        if self.version not in VERSIONS:
            known = ", ".join(f'"{version}"' for version in VERSIONS)
            raise ValueError(
                f"api_version {self.version!r} is no version of HubSpot's API that Tandem knows: write one of {known}"
            )

    def _crm(self, subject: str, *rest: str, numbered: str = _NUMBERED) -> str:
        head = f"/crm/{numbered}/{subject}" if self.version == _NUMBERED else f"/crm/{subject}/{self.version}"
        return "/".join([head, *map(_segment, rest)])

    def objects(self, object: str) -> str:
        """GET: pages of records."""
        return self._crm("objects", object)

    def record(self, object: str, id: str) -> str:
        return self._crm("objects", object, id)

    def search(self, object: str) -> str:
        return self._crm("objects", object, "search")

    def batch(self, object: str, verb: str) -> str:
        """POST; ``verb`` is ``read``, ``update`` or ``upsert``."""
        return self._crm("objects", object, "batch", verb)

    def properties(self, object: str) -> str:
        return self._crm("properties", object)

    def property(self, object: str, name: str) -> str:
        return self._crm("properties", object, name)

    def property_groups(self, object: str) -> str:
        return self._crm("properties", object, "groups")

    def property_group(self, object: str, name: str) -> str:
        return self._crm("properties", object, "groups", name)

    def pipelines(self, object: str) -> str:
        return self._crm("pipelines", object)

    def pipeline(self, object: str, id: str) -> str:
        return self._crm("pipelines", object, id)

    def stages(self, object: str, pipeline: str) -> str:
        """POST: a new stage."""
        return self._crm("pipelines", object, pipeline, "stages")

    def stage(self, object: str, pipeline: str, id: str) -> str:
        return self._crm("pipelines", object, pipeline, "stages", id)

    def owners(self) -> str:
        # The numbered path is published with a slash at its end.
        return self._crm("owners") + ("/" if self.version == _NUMBERED else "")

    def associations(self, from_object: str, to_object: str) -> str:
        """POST: which records of ``to_object`` hang on each given record."""
        return self._crm("associations", from_object, to_object, "batch", "read", numbered="v4")

    def account_details(self) -> str:
        return f"/account-info/{self.version}/details"

    def daily_usage(self) -> str:
        """GET: calls of the day by all private apps of the portal."""
        return f"/account-info/{self.version}/api-usage/daily/private-apps"

    def token_information(self) -> str:
        """POST: which app a private app's token or a service key belongs to. Never had another version."""
        return "/oauth/v2/private-apps/get/access-token-info"

    def introspection(self) -> str:
        """POST (form): what an OAuth app's token is good for. The numbered one is v3 (HubSpot: auth-oauth-v3)."""
        return f"/oauth/{self.version}/token/introspect"

    def token(self) -> str:
        """POST (form): a new access token for a refresh token. Still numbered v1 where the rest is v3."""
        return f"/oauth/{'v1' if self.version == _NUMBERED else self.version}/token"
