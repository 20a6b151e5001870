"""Who the portal is: owners, account details and usage, OAuth tokens, object schemas, property limits."""

# ruff: noqa: D103 - RULES at the end says which route each handler answers

from typing import Any
from urllib.parse import parse_qsl

from emulator.hubspot.api.objects import shelf_of
from emulator.hubspot.api.rule import Rule, schemas
from emulator.hubspot.data.stamps import instant
from emulator.hubspot.errors import HubSpotError
from emulator.hubspot.portal import Shelf
from emulator.hubspot.tokens import CLIENT_ID, Token
from emulator.hubspot.wire import NOTHING, Ask, ok
from emulator.kit.faults import HttpAnswer

MAX_OWNERS = 500
MAX_CUSTOM = 1000
USER_ID = 6_400_001


def list_owners(ask: Ask) -> HttpAnswer:
    limit = ask.limit(MAX_OWNERS, 100)
    owners = ask.portal.owners.listed(archived=ask.flag("archived"), email=ask.one("email"))
    after = ask.one("after")
    if after:
        owners = [owner for owner in owners if int(owner["id"]) > int(after if after.isdigit() else 0)]
    body: dict[str, Any] = {"results": owners[:limit]}
    if len(owners) > limit:
        last = owners[limit - 1]["id"]
        body["paging"] = {
            "next": {"after": last, "link": f"https://api.hubapi.com{ask.call.path}?after={last}"}
        }
    return ok(body)


def get_owner(ask: Ask) -> HttpAnswer:
    by_user_id = ask.one("idProperty") == "userId"
    return ok(
        ask.portal.owners.get(ask.params["ownerId"], by_user_id=by_user_id, archived=ask.flag("archived"))
    )


def details(ask: Ask) -> HttpAnswer:
    settings = ask.portal.settings
    offset = ask.portal.usage.resets_at(ask.now).utcoffset()
    seconds = int(offset.total_seconds()) if offset else 0
    sign, minutes = ("-" if seconds < 0 else "+"), abs(seconds) // 60
    return ok(
        {
            "portalId": settings.portal_id,
            "accountType": settings.account_type,
            "timeZone": settings.time_zone,
            "companyCurrency": settings.currency,
            "additionalCurrencies": [],
            "utcOffset": f"{sign}{minutes // 60:02d}:{minutes % 60:02d}",
            "utcOffsetMilliseconds": seconds * 1000,
            "uiDomain": "app.hubspot.com",
            "dataHostingLocation": "na1",
        }
    )


def daily_usage(ask: Ask) -> HttpAnswer:
    usage = ask.portal.usage
    return ok(
        {
            "results": [
                {
                    "name": "private-apps-api-calls-daily",
                    "usageLimit": usage.limits.daily or 1_000_000,
                    "currentUsage": usage.today,
                    "collectedAt": instant(ask.now),
                    "fetchStatus": "SUCCESS",
                    "resetsAt": instant(usage.resets_at(ask.now)),
                }
            ]
        }
    )


def issue_token(ask: Ask) -> HttpAnswer:
    """A form, as OAuth asks; the refresh token comes back unchanged."""
    form = dict(parse_qsl(ask.call.body.decode(errors="replace")))
    token, refresh = ask.portal.tokens.issue(form, ask.now, dated=ask.version is not None)
    ask.portal.state.put("tokens", token.text, token.as_doc())
    expires_in = int((token.expires - ask.now).total_seconds()) if token.expires else 0
    told = {"token_type": "bearer", "access_token": token.text, "expires_in": expires_in}
    return ok(told if refresh is None else {**told, "refresh_token": refresh})


def revoke_token(ask: Ask) -> HttpAnswer:
    """A form with the app's credentials and one of its tokens, of either kind."""
    form = dict(parse_qsl(ask.call.body.decode(errors="replace")))
    ask.portal.tokens.check_app(form)
    text = form.get("token", "")
    ask.portal.tokens.revoke(text)
    ask.portal.state.delete("tokens", text)
    return NOTHING


def _info(ask: Ask, token: Token) -> dict[str, Any]:
    left = int((token.expires - ask.now).total_seconds()) if token.expires else 1800
    return {
        "token": token.text,
        "user": "admin@example.com",
        "hub_domain": f"portal-{ask.portal.settings.portal_id}.example.com",
        "scopes": sorted(token.scopes),
        "hub_id": ask.portal.settings.portal_id,
        "app_id": token.app_id,
        "expires_in": left,
        "user_id": USER_ID,
        "token_type": "access",
    }


def access_token(ask: Ask) -> HttpAnswer:
    token = ask.portal.tokens.by_text.get(ask.params["token"])
    if token is None or (token.expires is not None and token.expires <= ask.now):
        raise HubSpotError(404, {"message": "access token does not exist", "category": "OBJECT_NOT_FOUND"})
    return ok(_info(ask, token))


def introspect(ask: Ask) -> HttpAnswer:
    """A form with the app's own credentials: what one of its tokens is good for; only `active` where it is not."""
    form = dict(parse_qsl(ask.call.body.decode(errors="replace")))
    ask.portal.tokens.check_app(form)
    token = ask.portal.tokens.by_text.get(form.get("token", ""))
    if token is None or not token.oauth or (token.expires is not None and token.expires <= ask.now):
        return ok({"active": False})
    info = _info(ask, token)
    kept = {key: info[key] for key in ("scopes", "hub_id", "app_id", "expires_in", "user_id", "token_type")}
    return ok({"active": True, "token_use": "access_token", "client_id": CLIENT_ID, **kept})


def private_app_token(ask: Ask) -> HttpAnswer:
    """Which app a private app's token belongs to; the token comes in the body."""
    token = ask.portal.tokens.by_text.get(str(ask.json.get("tokenKey")))
    if token is None or token.oauth:
        raise HubSpotError(404, {"message": "access token does not exist", "category": "OBJECT_NOT_FOUND"})
    return ok(
        {
            "userId": USER_ID,
            "hubId": ask.portal.settings.portal_id,
            "appId": token.app_id,
            "scopes": sorted(token.scopes),
        }
    )


def refresh_token(ask: Ask) -> HttpAnswer:
    scopes = ask.portal.tokens.refresh.get(ask.params["token"])
    if scopes is None:
        raise HubSpotError(404, {"message": "refresh token does not exist", "category": "OBJECT_NOT_FOUND"})
    return ok(
        {
            "token": ask.params["token"],
            "user": "admin@example.com",
            "hub_domain": f"portal-{ask.portal.settings.portal_id}.example.com",
            "scopes": sorted(scopes),
            "hub_id": ask.portal.settings.portal_id,
            "client_id": CLIENT_ID,
            "user_id": USER_ID,
            "token_type": "refresh",
        }
    )


def delete_refresh_token(ask: Ask) -> HttpAnswer:
    ask.portal.tokens.refresh.pop(ask.params["token"], None)
    return NOTHING


def _custom(shelf: Shelf) -> int:
    return sum(not definition.doc["hubspotDefined"] for definition in shelf.definitions.listed())


def custom_properties(ask: Ask) -> HttpAnswer:
    """How many custom properties there are, and may be."""
    shelves = ask.portal.shelves.values()
    overall = sum(_custom(shelf) for shelf in shelves)
    return ok(
        {
            "overallLimit": 10 * MAX_CUSTOM,
            "overallUsage": overall,
            "overallPercentage": overall / (10 * MAX_CUSTOM) * 100,
            "byObjectType": [
                {
                    "objectTypeId": shelf.type.type_id,
                    "singularLabel": shelf.type.singular.capitalize(),
                    "pluralLabel": shelf.type.name.capitalize(),
                    "limit": MAX_CUSTOM,
                    "usage": _custom(shelf),
                    "percentage": _custom(shelf) / MAX_CUSTOM * 100,
                }
                for shelf in shelves
            ],
        }
    )


def object_schema(ask: Ask) -> HttpAnswer:
    shelf = shelf_of(ask)
    kind = shelf.type
    return ok(
        {
            "id": kind.type_id.partition("-")[2],
            "objectTypeId": kind.type_id,
            "name": kind.legacy,
            "fullyQualifiedName": kind.legacy,
            "labels": {"singular": kind.singular.capitalize(), "plural": kind.name.capitalize()},
            "requiredProperties": [],
            "searchableProperties": list(kind.searched),
            "primaryDisplayProperty": kind.title,
            "secondaryDisplayProperties": [],
            "archived": False,
            "properties": [definition.doc for definition in shelf.definitions.listed()],
            "associations": [
                {
                    "id": str(link.id),
                    "name": link.name,
                    "fromObjectTypeId": ask.portal.shelves[link.origin].type.type_id,
                    "toObjectTypeId": ask.portal.shelves[link.goal].type.type_id,
                }
                for link in ask.portal.associations.types.values()
                if link.origin == kind.name
            ],
        }
    )


def _owners(_ask: Ask) -> set[str]:
    return {"crm.objects.owners.read"}


RULES = (
    Rule(method="GET", path="/crm/v3/owners", handler=list_owners, scopes=_owners),
    Rule(method="GET", path="/crm/v3/owners/{ownerId}", handler=get_owner, scopes=_owners),
    Rule(method="GET", path="/account-info/v3/details", handler=details),
    Rule(method="GET", path="/account-info/v3/api-usage/daily/private-apps", handler=daily_usage),
    Rule(method="GET", path="/crm/v3/limits/custom-properties", handler=custom_properties),
    Rule(
        method="GET",
        path="/crm-object-schemas/v3/schemas/{objectType}",
        handler=object_schema,
        scopes=schemas("read"),
    ),
    Rule(method="GET", path="/crm/v3/schemas/{objectType}", handler=object_schema, scopes=schemas("read")),
    Rule(method="POST", path="/oauth/v1/token", handler=issue_token, auth=False),
    Rule(
        method="POST",
        path="/oauth/v2/private-apps/get/access-token-info",
        handler=private_app_token,
        auth=False,
    ),
    Rule(method="POST", path="/oauth/v3/token", handler=issue_token, auth=False),
    Rule(method="POST", path="/oauth/v3/token/revoke", handler=revoke_token, auth=False),
    Rule(method="POST", path="/oauth/v3/token/introspect", handler=introspect, auth=False),
    Rule(method="GET", path="/oauth/v1/access-tokens/{token}", handler=access_token, auth=False),
    Rule(method="GET", path="/oauth/v1/refresh-tokens/{token}", handler=refresh_token, auth=False),
    Rule(method="DELETE", path="/oauth/v1/refresh-tokens/{token}", handler=delete_refresh_token, auth=False),
)
