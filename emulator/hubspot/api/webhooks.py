"""Webhook settings and subscriptions of an app (HubSpot: webhooks v3). Any credentials will do here."""

# ruff: noqa: D103 - RULES at the end says which route each handler answers

from typing import Any

from emulator.hubspot import bodies
from emulator.hubspot.api.rule import Rule
from emulator.hubspot.data.stamps import instant
from emulator.hubspot.errors import not_found, validation
from emulator.hubspot.wire import NOTHING, Ask, ok
from emulator.kit.faults import HttpAnswer

BASE = "/webhooks/v3/{appId:int}"
_KINDS = ("creation", "deletion", "propertyChange", "associationChange", "merge", "restore")
EVENT_TYPES = frozenset(
    f"{name}.{kind}" for name in ("company", "contact", "deal", "object") for kind in _KINDS
)
NOT_FOR_PROPERTIES = frozenset({"hs_lastmodifieddate", "lastmodifieddate"})


def _keep(ask: Ask) -> None:
    ask.portal.state.put("webhooks", "webhooks", ask.portal.webhooks.as_doc())


def get_settings(ask: Ask) -> HttpAnswer:
    if ask.portal.webhooks.settings is None:
        raise not_found("Webhook settings were never set for this app")
    return ok(ask.portal.webhooks.settings)


def put_settings(ask: Ask) -> HttpAnswer:
    concurrent = int((ask.json.get("throttling") or {}).get("maxConcurrentRequests", 10))
    try:
        settings = ask.portal.webhooks.configure(
            int(ask.params["appId"]), str(ask.json.get("targetUrl", "")), concurrent, ask.now
        )
    except ValueError as error:
        raise validation(str(error)) from error
    _keep(ask)
    ask.portal.send_off_webhooks()
    return ok(settings)


def delete_settings(ask: Ask) -> HttpAnswer:
    ask.portal.webhooks.switch_off()
    _keep(ask)
    return NOTHING


def list_subscriptions(ask: Ask) -> HttpAnswer:
    return ok({"results": list(ask.portal.webhooks.subscriptions.values())})


def create_subscription(ask: Ask) -> HttpAnswer:
    spec = ask.json
    event, name = spec.get("eventType"), spec.get("propertyName")
    if event not in EVENT_TYPES:
        raise validation(f"eventType {event} is not known")
    if str(event).endswith(".propertyChange") != bool(name):
        raise validation("propertyName is needed for propertyChange, and for nothing else")
    if name in NOT_FOR_PROPERTIES:
        raise validation(f"{name} cannot be subscribed to")
    made = ask.portal.webhooks.subscribe(spec, ask.now)
    _keep(ask)
    return ok(made, 201)


def _subscription(ask: Ask, subscription_id: str) -> dict[str, Any]:
    found = ask.portal.webhooks.subscriptions.get(subscription_id)
    if found is None:
        raise not_found(f"No subscription {subscription_id}")
    return found


def get_subscription(ask: Ask) -> HttpAnswer:
    return ok(_subscription(ask, ask.params["subscriptionId"]))


def change_subscription(ask: Ask) -> HttpAnswer:
    found = _subscription(ask, ask.params["subscriptionId"])
    found.update(active=ask.json["active"], updatedAt=instant(ask.now))
    _keep(ask)
    return ok(found)


def delete_subscription(ask: Ask) -> HttpAnswer:
    ask.portal.webhooks.subscriptions.pop(ask.params["subscriptionId"], None)
    _keep(ask)
    return NOTHING


RULES = tuple(
    Rule(method=method, path=BASE + path, handler=handler, auth=False, body=body)
    for method, path, handler, body in (
        ("GET", "/settings", get_settings, None),
        ("PUT", "/settings", put_settings, bodies.WebhookSettings),
        ("DELETE", "/settings", delete_settings, None),
        ("GET", "/subscriptions", list_subscriptions, None),
        ("POST", "/subscriptions", create_subscription, bodies.Subscription),
        ("GET", "/subscriptions/{subscriptionId}", get_subscription, None),
        ("PATCH", "/subscriptions/{subscriptionId}", change_subscription, bodies.Activation),
        ("DELETE", "/subscriptions/{subscriptionId}", delete_subscription, None),
    )
)
