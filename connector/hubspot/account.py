"""The portal itself: who it is, what it allows in a day, who can own its records."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from typing import Any

from connector.base import Identity, Power, Quota, Surroundings, User
from connector.endings import Pages
from connector.errors import AuthFailed, Rejected, Unsupported, WrongIdentity
from connector.hubspot.api.bodies import instant, next_page
from connector.hubspot.api.settings import AccessToken
from connector.hubspot.api.transport import Transport
from connector.hubspot.records.deal_bodies import owner_of

_ENVIRONMENTS: Mapping[str, str] = {
    "STANDARD": "production",
    "SANDBOX": "sandbox",
    "DEVELOPER_TEST": "developer",
    "APP_DEVELOPER": "developer",
}
_OWNER_PAGE = 100
#: Portals with HubSpot's account-based tools have it (HubSpot: target accounts).
_ABM_PROPERTY = "hs_is_target_account"
#: HubSpot's own Salesforce connector keeps an account's id in it (HubSpot: Salesforce integration).
_CONNECTORS_PROPERTY = "salesforceaccountid"


class PortalAccount:
    """One portal. Safe to share between threads."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._lock = threading.Lock()
        self._identity: Identity | None = None

    def identity(self) -> Identity:
        """The portal, asked once in the life of this object. Raises ``WrongIdentity`` if it is not the expected one.

        One call. The app's name is asked of the token, which HubSpot does not count."""
        with self._lock:
            if self._identity is None:
                details = self._transport.read(self._transport.paths.account_details()).data
                self._transport.learn_zone(details.get("timeZone"))
                self._expect(str(details["portalId"]))
                self._identity = self._identity_of(details)
            return self._identity

    def guard(self) -> None:
        """Raise ``WrongIdentity`` before the first write goes to a portal that is not the expected one."""
        if self._transport.settings.expect_portal_id is not None:
            self.identity()

    def quota(self) -> Quota:
        """The day's allowance as answers told it; asked for only where none has."""
        known = self._transport.budget.quota
        if known is not None:
            return known
        if not isinstance(self._transport.settings.auth, AccessToken):
            # HubSpot tells an OAuth app no daily numbers, neither in headers nor here (HubSpot: usage-details).
            return Quota(limit=None, used=None)
        try:
            answer = self._transport.read(self._transport.paths.daily_usage()).data
        except (AuthFailed, Unsupported):
            # A token of another kind: the call itself may still have carried the numbers.
            return self._transport.budget.quota or Quota(limit=None, used=None)
        found = [_quota_of(item) for item in answer["results"] if item.get("usageLimit") is not None]
        if found:
            self._transport.budget.learn(found[0])
        return found[0] if found else Quota(limit=None, used=None)

    def surroundings(self, properties: Collection[str]) -> Surroundings:
        """Clock, scopes and features. ``properties``: the names of those that companies have."""
        features = {
            "ABM properties": _ABM_PROPERTY in properties,
            "multi-currency": "multi_currency" in self.identity().features,
            "Salesforce connector": _CONNECTORS_PROPERTY in properties,
        }
        try:
            answer = self._transport.token_information()
        except (AuthFailed, Unsupported, Rejected):
            return Surroundings(server_time=None, features=features)
        scopes = answer.data.get("scopes")
        return Surroundings(
            server_time=answer.clock,
            scopes=None if scopes is None else frozenset(map(str, scopes)),
            features=features,
        )

    def powers(self, object: str) -> dict[Power, tuple[str, bool]]:
        """See ``Connector.powers``."""
        try:
            scopes = self._transport.token_information().data.get("scopes")
        except (AuthFailed, Unsupported, Rejected):
            return {}
        scope = f"crm.schemas.{object}.write"
        return {} if scopes is None else {Power.DEFINE: (scope, scope in scopes)}

    def users(self) -> list[User]:
        """All owners, the deactivated ones last."""
        return [owner_of(item) for archived in ("false", "true") for item in self._owners(archived)]

    def _owners(self, archived: str) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        after: str | None = None
        pages = Pages("owners")
        while True:
            query = [("limit", str(_OWNER_PAGE)), ("archived", archived)]
            if after is not None:
                query.append(("after", after))
            answer = self._transport.read(self._transport.paths.owners(), query).data
            # A list asked for one kind has been known to hold both; each entry says what it is.
            found += [{"archived": archived == "true", **item} for item in answer["results"]]
            after = next_page(answer)
            if after is None:
                return found
            pages.go_on(after)

    def _expect(self, portal: str) -> None:
        expected = self._transport.settings.expect_portal_id
        if expected is not None and portal != expected:
            error = WrongIdentity(
                f"The token belongs to HubSpot portal {portal}, and {expected} is expected",
                remedy="Correct expect_portal_id in tandem.yaml, or use a token of that portal.",
            )
            error.system = self._transport.settings.name
            raise error

    def _acting_as(self) -> str | None:
        """The app's id, which HubSpot keeps as the source of what it writes."""
        try:
            app = self._transport.token_information().data["app"]
        except (AuthFailed, Unsupported, Rejected):
            # It is good to know and nothing depends on it.
            return None
        return None if app is None else str(app)

    def _identity_of(self, details: Mapping[str, Any]) -> Identity:
        kind = str(details.get("accountType") or "")
        features = set()
        if details.get("additionalCurrencies"):
            features.add("multi_currency")
        return Identity(
            id=str(details["portalId"]),
            name=f"HubSpot portal {details['portalId']}",
            environment=_ENVIRONMENTS.get(kind, kind.lower() or "unknown"),
            acting_as=self._acting_as(),
            time_zone=details.get("timeZone"),
            currency=details.get("companyCurrency"),
            features=frozenset(features),
        )


def _quota_of(item: Mapping[str, Any]) -> Quota:
    resets_at = item.get("resetsAt")
    return Quota(
        limit=int(item["usageLimit"]),
        used=int(item["currentUsage"]),
        resets_at=instant(resets_at) if resets_at else None,
    )
