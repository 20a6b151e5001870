"""Events, batches, retries and signatures, with the sending end of the wire replaced by a list."""

import json
import queue
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from hubspot.utils.signature import Signature

from emulator.hubspot.app import build
from emulator.hubspot.portal import Portal
from emulator.hubspot.webhooks import post
from emulator.kit.clock import Clock
from emulator.kit.server import serve
from emulator.kit.state import StateFile
from tests.emulator.hubspot.judged import Judged

APP = "/webhooks/v3/1160452"
TARGET = "http://127.0.0.1:9/hook"


class Inbox:
    """What arrived, and what to answer next."""

    def __init__(self) -> None:
        self.status: int | None = 200
        self.posts: list[tuple[str, bytes, dict[str, str]]] = []

    def __call__(self, address: str, body: bytes, headers: Mapping[str, str]) -> int | None:
        self.posts.append((address, body, dict(headers)))
        return self.status

    def events(self) -> list[dict[str, Any]]:
        return [event for _, body, _ in self.posts for event in json.loads(body)]


@pytest.fixture
def inbox(hubspot: Judged, portal: Portal) -> Inbox:
    settings = {"targetUrl": TARGET, "throttling": {"maxConcurrentRequests": 10}}
    assert hubspot("PUT", f"{APP}/settings", settings).status_code == 200
    portal.webhooks.send = inbox = Inbox()
    return inbox


def subscribe(hubspot: Judged, event: str, **more: Any) -> str:
    answer = hubspot("POST", f"{APP}/subscriptions", {"eventType": event, "active": True} | more)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def deliver(hubspot: Judged, **habits: Any) -> Any:
    return hubspot("POST", "/__emulator__/webhooks", {"deliver": True} | habits).json()


def test_nothing_is_sent_without_a_target(hubspot: Judged) -> None:
    assert hubspot("GET", f"{APP}/settings").status_code == 404
    subscribe(hubspot, "company.creation")
    hubspot.company()
    assert deliver(hubspot) == {"delivered": 0, "waiting": 0}


def test_events_leave_only_for_this_machine(hubspot: Judged) -> None:
    settings = {"targetUrl": "https://example.com/hook", "throttling": {"maxConcurrentRequests": 10}}
    answer = hubspot("PUT", f"{APP}/settings", settings)
    assert answer.status_code == 400
    assert "this machine alone" in answer.json()["message"]


def test_a_change_is_told_per_property_with_its_writer(hubspot: Judged, inbox: Inbox) -> None:
    subscription = subscribe(hubspot, "company.propertyChange", propertyName="city")
    company = hubspot.company(name="Acme")
    hubspot(
        "PATCH",
        f"/__emulator__/as/rep@example.com/crm/v3/objects/companies/{company}",
        {"properties": {"city": "Rome"}},
    )
    assert deliver(hubspot)["delivered"] == 1
    (event,) = inbox.events()
    assert event.pop("eventId") > 0
    assert event == {
        "subscriptionId": int(subscription),
        "portalId": 24_680_135,
        "appId": 1_160_452,
        "occurredAt": 1_791_201_600_250,
        "subscriptionType": "company.propertyChange",
        "attemptNumber": 0,
        "objectId": int(company),
        "changeSource": "CRM_UI",
        "sourceId": "userId:9002",
        "propertyName": "city",
        "propertyValue": "Rome",
    }


def test_every_kind_of_event(hubspot: Judged, inbox: Inbox) -> None:
    for kind in ("creation", "deletion", "merge", "restore"):
        subscribe(hubspot, f"company.{kind}")
    subscribe(hubspot, "object.creation", objectTypeId="0-2")
    subscribe(hubspot, "deal.associationChange")
    first, second = hubspot.company(), hubspot.company()
    hubspot("DELETE", f"/crm/v3/objects/companies/{first}")
    hubspot("POST", "/__emulator__/restore", {"ids": [first]})
    merge = {"primaryObjectId": first, "objectIdToMerge": second}
    merged = hubspot("POST", "/crm/v3/objects/companies/merge", merge).json()["id"]
    hubspot("PUT", f"/crm/v4/objects/deals/{hubspot.deal()}/associations/default/companies/{merged}")
    deliver(hubspot)
    events = inbox.events()
    kinds = [event["subscriptionType"] for event in events]
    assert kinds.count("company.creation") == kinds.count("object.creation") == 2
    assert {"company.deletion", "company.restore"} <= set(kinds)
    told = next(event for event in events if event["subscriptionType"] == "company.merge")
    assert (told["primaryObjectId"], told["newObjectId"]) == (int(first), int(merged))
    assert told["mergedObjectIds"] == [int(first), int(second)]
    assert kinds.count("deal.associationChange") == 2  # the primary type and the unlabelled one


def test_subscriptions_are_kept_and_changed(hubspot: Judged, inbox: Inbox) -> None:
    subscription = subscribe(hubspot, "company.creation")
    path = f"{APP}/subscriptions/{subscription}"
    assert hubspot("PATCH", path, {"active": False}).json()["active"] is False
    hubspot.company()
    assert deliver(hubspot)["delivered"] == 0
    assert hubspot("GET", path).status_code == 200
    assert len(hubspot("GET", f"{APP}/subscriptions").json()["results"]) == 1
    assert hubspot("DELETE", path).status_code == 204
    assert hubspot("GET", path).status_code == 404
    assert hubspot("DELETE", f"{APP}/settings").status_code == 204


@pytest.mark.parametrize(
    "spec",
    [
        {"eventType": "company.opened"},
        {"eventType": "company.propertyChange"},
        {"eventType": "company.creation", "propertyName": "name"},
        {"eventType": "company.propertyChange", "propertyName": "hs_lastmodifieddate"},
    ],
)
def test_a_wrong_subscription_is_refused(hubspot: Judged, spec: dict[str, Any]) -> None:
    assert hubspot("POST", f"{APP}/subscriptions", spec).status_code == 400


def test_batches_hold_a_hundred_events(hubspot: Judged, inbox: Inbox) -> None:
    subscribe(hubspot, "company.creation")
    row = {"properties": {"name": "x"}}
    hubspot("POST", "/crm/v3/objects/companies/batch/create", {"inputs": [row] * 100})
    hubspot.company()
    assert deliver(hubspot)["delivered"] == 2
    assert [len(json.loads(body)) for _, body, _ in inbox.posts] == [100, 1]


@pytest.mark.parametrize("status", [None, 400, 500])
def test_a_failed_delivery_is_tried_ten_times_in_a_day(
    hubspot: Judged, inbox: Inbox, status: int | None
) -> None:
    subscribe(hubspot, "company.creation")
    inbox.status = status
    hubspot.company()
    assert deliver(hubspot) == {"delivered": 1, "waiting": 1}
    assert deliver(hubspot) == {"delivered": 0, "waiting": 1}
    for _ in range(24):
        hubspot.advance(3600)
        deliver(hubspot)
    assert [event["attemptNumber"] for event in inbox.events()] == list(range(11))
    assert deliver(hubspot) == {"delivered": 0, "waiting": 0}


def test_deliveries_can_repeat_and_lose_their_order(hubspot: Judged, inbox: Inbox) -> None:
    subscribe(hubspot, "company.creation")
    ids = [int(hubspot.company()) for _ in range(10)]
    deliver(hubspot, duplicate=True, shuffle=True)
    told = [event["objectId"] for event in inbox.events()]
    assert sorted(told) == sorted(ids * 2)
    assert told != ids * 2


def test_the_signature_is_the_one_of_hubspots_own_library(hubspot: Judged, inbox: Inbox) -> None:
    subscribe(hubspot, "company.creation")
    hubspot.company()
    deliver(hubspot)
    address, body, headers = inbox.posts[0]
    timestamp = headers["X-HubSpot-Request-Timestamp"]
    expected = Signature.get_signature(
        client_secret="emulator",
        request_body=body.decode(),
        signature_version="v3",
        http_uri=address,
        http_method="POST",
        timestamp=timestamp,
    )
    assert headers["X-HubSpot-Signature-v3"] == expected
    assert int(timestamp) == 1_791_201_600_250


def test_a_signature_can_carry_an_old_timestamp(hubspot: Judged, inbox: Inbox) -> None:
    subscribe(hubspot, "company.creation")
    hubspot.company()
    deliver(hubspot, old_timestamp=360)
    assert int(inbox.posts[0][2]["X-HubSpot-Request-Timestamp"]) == 1_791_201_600_250 - 360_000


@pytest.fixture
def listener() -> Iterator[tuple[str, "queue.Queue[bytes]"]]:
    got: queue.Queue[bytes] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.put(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class says so
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook", got
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_listener_is_reached_without_being_asked(listener: tuple[str, "queue.Queue[bytes]"]) -> None:
    address, got = listener
    with serve(build(StateFile(), Clock.virtual(datetime(2026, 1, 1, tzinfo=UTC)))) as base:
        client = Judged(base, None)
        settings = {"targetUrl": address, "throttling": {"maxConcurrentRequests": 10}}
        client("PUT", f"{APP}/settings", settings)
        subscribe(client, "company.creation")
        company = client.company()
        (event,) = json.loads(got.get(timeout=10))
        assert event["objectId"] == int(company)
        client("DELETE", f"{APP}/settings")
        client.close()


def test_nobody_there_is_no_answer() -> None:
    assert post("http://127.0.0.1:9/hook", b"[]", {}) is None
