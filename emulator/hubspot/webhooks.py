"""Webhooks: settings, subscriptions, events, and delivery with HubSpot's signature v3 (HubSpot: webhooks API).

Nothing is sent unless a target on this machine is set. Deliveries are due by the emulator's clock; `pump` sends what
is due, so a test decides when.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import requests

from emulator.hubspot.data.records import Source
from emulator.hubspot.data.stamps import instant, to_ms
from emulator.hubspot.data.stock import ObjectType
from emulator.hubspot.tokens import CLIENT_SECRET

MAX_EVENTS = 100
MAX_RETRIES = 10
SPREAD = timedelta(hours=24)
TIMEOUT = 5.0

Post = Callable[[str, bytes, Mapping[str, str]], int | None]
"""Send a body to an address; answers the status, None when there was no answer in time."""


def post(address: str, body: bytes, headers: Mapping[str, str]) -> int | None:
    """The real way out, to this machine alone."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            return session.post(address, data=body, headers=dict(headers), timeout=TIMEOUT).status_code
        except requests.RequestException:
            return None


def signature(secret: str, method: str, address: str, body: bytes, timestamp: str) -> str:
    """Signature v3: base64 of HMAC-SHA256 over method, address, raw body and timestamp in milliseconds."""
    message = f"{method}{address}".encode() + body + timestamp.encode()
    return base64.b64encode(hmac.new(secret.encode(), message, hashlib.sha256).digest()).decode()


@dataclass(kw_only=True)
class Delivery:
    """A batch of events on its way."""

    events: list[dict[str, Any]]
    due: datetime
    attempt: int = 0


@dataclass(kw_only=True)
class Habits:
    """How badly deliveries behave: repeated, out of order, or signed with an old timestamp (seconds)."""

    duplicate: bool = False
    shuffle: bool = False
    old_timestamp: float = 0.0


class Webhooks:
    """One app's subscriptions and the events that wait for delivery."""

    def __init__(self, *, portal_id: int, random: Random, send: Post = post) -> None:
        self._portal_id = portal_id
        self._random = random
        self.send = send
        self.app_id = 0
        self.settings: dict[str, Any] | None = None
        self.subscriptions: dict[str, dict[str, Any]] = {}
        self.habits = Habits()
        self.waiting: list[Delivery] = []
        self._fresh: list[dict[str, Any]] = []
        # The courier packs and sends beside the server's own thread.
        self._lock = Lock()
        self._count = 100

    @property
    def target(self) -> str | None:
        """Where events go; None while switched off."""
        return str(self.settings["targetUrl"]) if self.settings else None

    def configure(self, app_id: int, target: str, concurrent: int, now: datetime) -> dict[str, Any]:
        """Set the target. Raises ValueError unless it is on this machine."""
        if urlsplit(target).hostname not in ("127.0.0.1", "localhost", "::1"):
            raise ValueError(
                f"the emulator delivers to this machine alone (http://127.0.0.1:...), not to {target}"
            )
        created = self.settings["createdAt"] if self.settings else instant(now)
        self.app_id = app_id
        self.settings = {
            "targetUrl": target,
            "throttling": {"maxConcurrentRequests": concurrent},
            "createdAt": created,
            "updatedAt": instant(now),
        }
        return self.settings

    def switch_off(self) -> None:
        """No target: what waits is dropped."""
        self.settings = None
        self.waiting.clear()
        self._fresh.clear()

    def subscribe(self, spec: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        self._count += 1
        subscription = {
            "id": str(self._count),
            "eventType": spec["eventType"],
            "active": bool(spec.get("active", False)),
            "createdAt": instant(now),
            "updatedAt": instant(now),
            **({"propertyName": spec["propertyName"]} if spec.get("propertyName") else {}),
            **({"objectTypeId": spec["objectTypeId"]} if spec.get("objectTypeId") else {}),
        }
        self.subscriptions[subscription["id"]] = subscription
        return subscription

    def note_change(
        self, kind: ObjectType, record_id: str, name: str, value: str, *, by: Source, now: datetime
    ) -> None:
        """A property changed."""
        event = f"{kind.singular}.propertyChange"
        self.note(event, kind, record_id, by=by, now=now, name=name, extra={"propertyValue": value})

    def note_merge(
        self,
        kind: ObjectType,
        *,
        primary_id: str,
        loser_id: str,
        new_id: str,
        moved: int,
        by: Source,
        now: datetime,
    ) -> None:
        """Two records became one."""
        extra = {
            "primaryObjectId": int(primary_id),
            "mergedObjectIds": [int(primary_id), int(loser_id)],
            "newObjectId": int(new_id),
            "numberOfPropertiesMoved": moved,
        }
        self.note(f"{kind.singular}.merge", kind, new_id, by=by, now=now, extra=extra)

    def note(
        self,
        event: str,
        kind: ObjectType,
        record_id: str,
        *,
        by: Source,
        now: datetime,
        name: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        """Something happened: one event for each active subscription that fits."""
        if self.settings is None:
            return
        general = f"object.{event.partition('.')[2]}"
        for subscription in self.subscriptions.values():
            fits = subscription["eventType"] == event or (
                subscription["eventType"] == general and subscription.get("objectTypeId") == kind.type_id
            )
            if not (fits and subscription["active"] and subscription.get("propertyName") == name):
                continue
            payload: dict[str, Any] = {
                "eventId": self._random.randrange(1, 2**31),
                "subscriptionId": int(subscription["id"]),
                "portalId": self._portal_id,
                "appId": self.app_id,
                "occurredAt": to_ms(now),
                "subscriptionType": subscription["eventType"],
                "attemptNumber": 0,
                "objectId": int(record_id),
                "changeSource": by.type,
                "sourceId": by.id,
            }
            if subscription["eventType"].startswith("object."):
                payload["objectTypeId"] = kind.type_id
            if name is not None:
                payload["propertyName"] = name
            with self._lock:
                self._fresh.append({**payload, **(extra or {})})

    def pump(self, now: datetime) -> int:
        """Send what is due; answers how many batches were tried. Failed ones wait for their next time."""
        if self.settings is None:
            return 0
        with self._lock:
            self._pack(now)
            due = [delivery for delivery in self.waiting if delivery.due <= now]
            self.waiting = [delivery for delivery in self.waiting if delivery.due > now]
        for delivery in due:
            if not self._deliver(delivery, now) and delivery.attempt < MAX_RETRIES:
                delivery.attempt += 1
                share = SPREAD / MAX_RETRIES
                delivery.due = now + share * (0.5 + self._random.random() / 2)
                with self._lock:
                    self.waiting.append(delivery)
        return len(due)

    def _pack(self, now: datetime) -> None:
        events, self._fresh = self._fresh, []
        if self.habits.duplicate:
            events = [*events, *(dict(event) for event in events)]
        if self.habits.shuffle:
            self._random.shuffle(events)
        for start in range(0, len(events), MAX_EVENTS):
            self.waiting.append(Delivery(events=events[start : start + MAX_EVENTS], due=now))

    def _deliver(self, delivery: Delivery, now: datetime) -> bool:
        if self.target is None:
            return True
        for event in delivery.events:
            event["attemptNumber"] = delivery.attempt
        body = json.dumps(delivery.events, separators=(",", ":")).encode()
        timestamp = str(to_ms(now) - int(self.habits.old_timestamp * 1000))
        headers = {
            "content-type": "application/json",
            "X-HubSpot-Signature-Version": "v3",
            "X-HubSpot-Request-Timestamp": timestamp,
            "X-HubSpot-Signature-v3": signature(CLIENT_SECRET, "POST", self.target, body, timestamp),
        }
        status = self.send(self.target, body, headers)
        return status is not None and 200 <= status < 300

    def as_doc(self) -> dict[str, Any]:
        """Settings and subscriptions for the state file; events on their way are not kept."""
        return {
            "app": self.app_id,
            "settings": self.settings,
            "subscriptions": self.subscriptions,
            "count": self._count,
        }

    def restore_from(self, docs: Mapping[str, Any]) -> None:
        doc = docs.get("webhooks")
        if doc:
            self.app_id, self.settings = doc["app"], doc["settings"]
            self.subscriptions, self._count = doc["subscriptions"], doc["count"]
