"""What the control door does to this org beside the kit's own: scenes that no API call can set.

Every route takes and answers JSON; a refused order answers 400 with ``problems``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from emulator.kit.control import DOOR, json_of, refused
from emulator.salesforce import definitions
from emulator.salesforce.data import dml, record_types, recycle
from emulator.salesforce.data.store import Row
from emulator.salesforce.definitions import Stage
from emulator.salesforce.errors import CallError, RecordError
from emulator.salesforce.faults import STANDING
from emulator.salesforce.org import Org
from emulator.salesforce.parts import Caller
from emulator.salesforce.schema.model import SObject

Order = dict[str, Any]
Work = Callable[[Org, Order], Any]


def routes(org: Org) -> list[BaseRoute]:
    """Return the org's own routes of the control door."""
    return [
        *(Route(f"{DOOR}/{name}", _serve(org, work), methods=["POST"]) for name, work in _WORK.items()),
        Route(f"{DOOR}/standing", _standing, methods=["GET"]),
        Route(f"{DOOR}/rules", _rules(org), methods=["GET", "DELETE"]),
    ]


async def _standing(_request: Request) -> Response:
    return JSONResponse({"standing": dict(STANDING)})


def _rules(org: Org) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request) -> Response:
        if request.method == "DELETE":
            org.rules.clear()
        return JSONResponse({"rules": [asdict(rule) for rule in org.rules.all()]})

    return handle


def _serve(org: Org, work: Work) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request) -> Response:
        try:
            order = await json_of(request)
            with org.store.savepoint():
                done = work(org, order)
        except KeyError as error:
            return refused(f"the key {error.args[0]} is missing")
        except (ValueError, TypeError, CallError, RecordError) as error:
            return refused(str(error))
        return JSONResponse({"done": done})

    return handle


def _admin(org: Org) -> Caller:
    """Return the first user, in whose name the door works."""
    return Caller(user_id=str(next(iter(org.store.rows("User")))["Id"]))


def _settings(org: Org, order: Order) -> Any:
    """Change org-wide settings by name; ``used_calls`` sets the last day's calls."""
    if "used_calls" in order:
        org.usage.set(int(order.pop("used_calls")))
    for name in ("tracked", "histories"):
        if name in order:
            order[name] = tuple(order[name])
    return asdict(org.configure(**order))


def _load(org: Org, order: Order) -> Any:
    """Put rows as they are: ``{"object": "Account", "rows": […]}``."""
    return org.load(order["object"], order["rows"])


def _rule(org: Org, order: Order) -> Any:
    rule = org.rules.parse(order)
    org.rules.put(rule)
    return asdict(rule)


def _key(org: Org, order: Order) -> Any:
    """Register a public key for JWT logins: ``{"client_id": …, "public_key": PEM}``."""
    return org.sessions.add_key(order["client_id"], order["public_key"]).client_id


def _app(org: Org, order: Order) -> Any:
    """Let a connected app in: ``{"client_id", "client_secret", "run_as"}``."""
    return org.sessions.register(
        client_id=order["client_id"], client_secret=order["client_secret"], run_as=order["run_as"]
    ).client_id


def _refresh_token(org: Org, order: Order) -> Any:
    """Give a refresh token as the browser flow would: ``{"client_id", "user"}``."""
    user = _user(org, order["user"])
    return {"refresh_token": org.sessions.issue_refresh_token(order["client_id"], user["Id"])}


def _expire(org: Org, _order: Order) -> Any:
    """Kill every access token."""
    return org.sessions.revoke_all()


def _close_cursors(org: Org, _order: Order) -> Any:
    org.cursors.close_all()
    return True


def _undelete(org: Org, order: Order) -> Any:
    done = []
    for record_id in order["ids"]:
        object_, _ = _target(org, record_id)
        done.append(dml.undelete(org, _admin(org), object_, record_id).id)
    return done


def _merge(org: Org, order: Order) -> Any:
    """Merge: ``{"master": id, "losers": [ids], "user": …}``."""
    object_, master = _target(org, order["master"])
    losers = [_target(org, record_id)[1] for record_id in order["losers"]]
    caller = Caller(user_id=_user(org, order["user"])["Id"]) if "user" in order else _admin(org)
    return recycle.merge(org, caller, object_, master, losers)


def _empty_bin(org: Org, order: Order) -> Any:
    return recycle.empty(org, order.get("ids"))


def _silent(org: Org, order: Order) -> Any:
    """Change values without a stamp: ``{"id": …, "values": {…}}``."""
    object_, _ = _target(org, order["id"])
    definitions.set_silently(org, object_.name, order["id"], order["values"])
    return True


def _touch(org: Org, order: Order) -> Any:
    """Move SystemModstamp alone: ``{"ids": […]}``."""
    for record_id in order["ids"]:
        object_, _ = _target(org, record_id)
        definitions.touch(org, object_.name, [record_id])
    return True


def _sharing(org: Org, order: Order) -> Any:
    """Hide records from everybody but their owner, or show them: ``{"ids": […], "hidden": true}``."""
    org.unshare(order["ids"], hidden=bool(order.get("hidden", True)))
    return sorted(org.unshared)


def _fields(org: Org, order: Order) -> Any:
    """Take fields from everybody, or give them back: ``{"fields": ["Account.Rating"], "hidden": true}``."""
    org.withdraw(order["fields"], hidden=bool(order.get("hidden", True)))
    return sorted(org.access.withdrawn)


def _stages(org: Org, order: Order) -> Any:
    """Set the stages, or rename one: ``{"stages": […]}`` or ``{"rename": name, "label": …, "api_name": …}``."""
    if "rename" in order:
        definitions.rename_stage(org, order["rename"], order["label"], api_name=order.get("api_name"))
    else:
        definitions.put_stages(org, [Stage(**stage) for stage in order["stages"]])
    return [definitions.describe_stage(stage) for stage in definitions.stages(org)]


def _record_types(org: Org, order: Order) -> Any:
    """Add a record type: ``{"object": …, "name": …, "offers": {"Tier__c": ["a"]}}``."""
    return record_types.add(org, order["object"], order["name"], order.get("offers"))


def _target(org: Org, record_id: str) -> tuple[SObject, Row]:
    found = org.target(record_id)
    if found is None:
        raise ValueError(f"there is no record {record_id}")
    return found


def _user(org: Org, name: str) -> Row:
    found = org.find_user(name)
    if found is None:
        raise ValueError(f"there is no user {name}")
    return found


_WORK: dict[str, Work] = {
    "settings": _settings,
    "load": _load,
    "rules": _rule,
    "keys": _key,
    "apps": _app,
    "refresh_tokens": _refresh_token,
    "expire_sessions": _expire,
    "close_cursors": _close_cursors,
    "undelete": _undelete,
    "merge": _merge,
    "empty_bin": _empty_bin,
    "silent": _silent,
    "touch": _touch,
    "sharing": _sharing,
    "fields": _fields,
    "stages": _stages,
    "record_types": _record_types,
}
