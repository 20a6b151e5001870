"""HubSpot's part of the control door: portal settings, tokens, restore, touch, owners, webhooks."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from emulator.hubspot.data import writes
from emulator.hubspot.data.records import Record, Source
from emulator.hubspot.errors import HubSpotError
from emulator.hubspot.portal import Portal, Shelf
from emulator.hubspot.tokens import ALL_SCOPES, PRIVATE_APP, Token
from emulator.kit.control import DOOR, json_of, refused

BACKGROUND = Source("AUTOMATION_PLATFORM", "background-job")

Endpoint = Callable[[Request], Awaitable[Response]]


class PortalDoor:
    """What only a person with the whole portal in hand could do, for scenes and tests."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    @property
    def routes(self) -> list[BaseRoute]:
        return [
            Route(f"{DOOR}/portal", self.get_portal, methods=["GET"]),
            Route(f"{DOOR}/portal", self._told(self.set_portal), methods=["POST"]),
            Route(f"{DOOR}/tokens", self._told(self.add_token), methods=["POST"]),
            Route(f"{DOOR}/restore", self._told(self.restore), methods=["POST"]),
            Route(f"{DOOR}/touch", self._told(self.touch), methods=["POST"]),
            Route(f"{DOOR}/owners", self._told(self.set_owner), methods=["POST"]),
            Route(f"{DOOR}/uses", self._told(self.use_property), methods=["POST"]),
            Route(f"{DOOR}/webhooks", self._told(self.set_webhooks), methods=["POST"]),
        ]

    @staticmethod
    def _told(do: Callable[[dict[str, Any]], Any]) -> Endpoint:
        """An endpoint that carries out an order and answers what came of it, or every problem in words."""

        async def endpoint(request: Request) -> Response:
            try:
                return JSONResponse(do(await json_of(request)))
            except HubSpotError as error:
                return refused(str(error.body["message"]))
            except (ValueError, LookupError, TypeError) as error:
                return refused(str(error))

        return endpoint

    async def get_portal(self, _request: Request) -> Response:
        return JSONResponse(self._state())

    def _state(self) -> dict[str, Any]:
        portal, limits = self._portal, self._portal.usage.limits
        return {
            "portal_id": portal.settings.portal_id,
            "index_lag": portal.index_lag,
            "limits": {
                "rolling": limits.rolling,
                "rolling_oauth": limits.rolling_oauth,
                "search_per_second": limits.search_per_second,
                "daily": limits.daily,
            },
            "used_today": portal.usage.today,
            "records": {name: sum(r.live for r in shelf.records) for name, shelf in portal.shelves.items()},
            "tokens": sorted(portal.tokens.by_text),
        }

    def set_portal(self, order: dict[str, Any]) -> dict[str, Any]:
        """`{"index_lag": seconds, "limits": {...}, "used_today": n}`."""
        _known(order, "index_lag", "limits", "used_today")
        limits = self._portal.usage.limits.changed(order.get("limits") or {})
        self._portal.index_lag = float(order.get("index_lag", self._portal.index_lag))
        self._portal.usage.limits = limits
        if "used_today" in order:
            self._portal.usage.set_today(int(order["used_today"]), self._portal.clock.now())
        return self._state()

    def add_token(self, order: dict[str, Any]) -> dict[str, Any]:
        """`{"token": text, "scopes": [...], "app_id": n}`: a private app's token; all scopes unless named."""
        _known(order, "token", "scopes", "app_id")
        scopes = frozenset(str(scope) for scope in order.get("scopes", ALL_SCOPES))
        token = Token(text=str(order["token"]), app_id=int(order.get("app_id", PRIVATE_APP)), scopes=scopes)
        self._portal.tokens.add(token)
        self._portal.state.put("tokens", token.text, token.as_doc())
        return {"token": token.text, "scopes": sorted(scopes)}

    def _records(self, order: dict[str, Any]) -> tuple[Shelf, list[Record]]:
        shelf = self._portal.shelf(str(order.get("object", "companies")))
        ids = order.get("ids")
        if ids is None:
            return shelf, [record for record in shelf.records if record.live]
        found = [shelf.records.find(str(record_id)) for record_id in ids]
        if missing := [str(id) for id, record in zip(ids, found, strict=True) if record is None]:
            raise LookupError(f"no {shelf.type.name} with these ids: {', '.join(missing)}")
        return shelf, [record for record in found if record is not None]

    def restore(self, order: dict[str, Any]) -> dict[str, Any]:
        """`{"object": "companies", "ids": [...]}`: out of the recycle bin."""
        _known(order, "object", "ids")
        if not order.get("ids"):
            raise ValueError("ids are needed")
        shelf, records = self._records(order)
        for record in records:
            if record.archived_at is not None:
                writes.restore(self._portal, shelf, record, by=BACKGROUND)
        return {"restored": [record.id for record in records]}

    def touch(self, order: dict[str, Any]) -> dict[str, Any]:
        """`{"object": "companies", "ids": [...]}`: move the stamps, of all records without ids, and no value."""
        _known(order, "object", "ids")
        shelf, records = self._records(order)
        writes.touch(self._portal, shelf, records, by=BACKGROUND)
        return {"touched": len(records)}

    def set_owner(self, order: dict[str, Any]) -> dict[str, Any]:
        """`{"email":, "first":, "last":, "archived":}`: a new owner, or one deactivated or brought back."""
        _known(order, "email", "first", "last", "archived")
        email, archived = str(order["email"]), bool(order.get("archived", False))
        known = self._portal.owners.person(email)
        if known is None:
            return self._portal.add_owner(
                email=email,
                first=str(order.get("first", email.partition("@")[0].capitalize())),
                last=str(order.get("last", "")),
                archived=archived,
            )
        owner = self._portal.owners.set_archived(known["id"], archived=archived)
        self._portal.state.put("owners", owner["id"], owner)
        return owner

    def use_property(self, order: dict[str, Any]) -> dict[str, Any]:
        """`{"object":, "property":, "by": "Workflow 12"}`: let something use a property; an empty `by` ends it."""
        _known(order, "object", "property", "by")
        shelf = self._portal.shelf(str(order.get("object", "companies")))
        found = shelf.definitions.existing(str(order["property"]))
        found.used_by = [*found.used_by, str(order["by"])] if order.get("by") else []
        self._portal.keep_definitions(shelf)
        return {"used_by": found.used_by}

    def set_webhooks(self, order: dict[str, Any]) -> dict[str, Any]:
        """`{"deliver": true, "duplicate":, "shuffle":, "old_timestamp": seconds}`."""
        _known(order, "deliver", "duplicate", "shuffle", "old_timestamp")
        webhooks = self._portal.webhooks
        habits = webhooks.habits
        habits.duplicate = bool(order.get("duplicate", habits.duplicate))
        habits.shuffle = bool(order.get("shuffle", habits.shuffle))
        habits.old_timestamp = float(order.get("old_timestamp", habits.old_timestamp))
        sent = webhooks.pump(self._portal.clock.now()) if order.get("deliver") else 0
        return {"delivered": sent, "waiting": len(webhooks.waiting)}


def _known(order: dict[str, Any], *keys: str) -> None:
    if unknown := sorted(set(order) - set(keys)):
        raise ValueError(f"unknown keys: {', '.join(unknown)} (known: {', '.join(keys)})")
