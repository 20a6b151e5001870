"""Links between records (HubSpot: CRM associations v4)."""

# ruff: noqa: D103 - RULES at the end says which route each handler answers

from typing import Any

from emulator.hubspot import bodies
from emulator.hubspot.api.batches import batch
from emulator.hubspot.api.rule import Rule, objects
from emulator.hubspot.data import writes
from emulator.hubspot.data.associations import LinkType, invalid_ids, unknown_label
from emulator.hubspot.errors import unreadable_body, validation
from emulator.hubspot.portal import Shelf
from emulator.hubspot.wire import NOTHING, Ask, ok
from emulator.kit.faults import HttpAnswer

PAIR = "/crm/v4/associations/{fromObjectType}/{toObjectType}"
PER_OBJECT = "/crm/v4/objects/{objectType}/{objectId}/associations/{toObjectType}"
DEFAULT = "/crm/v4/objects/{fromObjectType}/{fromObjectId}/associations/default/{toObjectType}/{toObjectId}"
MAX_READ, MAX_WRITE, MAX_PAGE = 1000, 2000, 500


def _pair(ask: Ask) -> tuple[Shelf, Shelf]:
    origin = ask.params.get("fromObjectType") or ask.params["objectType"]
    return ask.portal.shelf(origin), ask.portal.shelf(ask.params["toObjectType"])


def _ids(row: dict[str, Any]) -> tuple[str, str]:
    return str((row.get("from") or {}).get("id", "")), str((row.get("to") or {}).get("id", ""))


def _check_records(origin: Shelf, goal: Shelf, *pairs: tuple[str, str]) -> None:
    for from_id, to_id in pairs:
        if writes.live(origin, from_id) is None or writes.live(goal, to_id) is None:
            raise invalid_ids()


def _changed(ask: Ask, origin: Shelf, from_id: str, to_id: str, kind: LinkType, *, removed: bool) -> None:
    extra = {
        "fromObjectId": int(from_id),
        "toObjectId": int(to_id),
        "associationType": kind.name.upper(),
        "associationRemoved": removed,
        "isPrimaryAssociation": kind.primary,
    }
    ask.portal.webhooks.note(
        f"{origin.type.singular}.associationChange", origin.type, from_id, by=ask.by, now=ask.now, extra=extra
    )


def _link(
    ask: Ask, origin: Shelf, goal: Shelf, from_id: str, to_id: str, kinds: list[LinkType]
) -> list[LinkType]:
    made = ask.portal.associations.link(origin.type.name, from_id, goal.type.name, to_id, kinds)
    for kind in made:
        _changed(ask, origin, from_id, to_id, kind, removed=False)
    ask.portal.keep_links()
    return made


def _row(origin: Shelf, goal: Shelf, from_id: str, to_id: str, kinds: list[LinkType]) -> dict[str, Any]:
    return {
        "fromObjectTypeId": origin.type.type_id,
        "fromObjectId": from_id,
        "toObjectTypeId": goal.type.type_id,
        "toObjectId": to_id,
        "labels": [kind.label for kind in kinds if kind.label and kind.category == "USER_DEFINED"],
    }


def _listed(ask: Ask, origin: Shelf, goal: Shelf, from_id: str) -> list[dict[str, Any]]:
    links = ask.portal.associations.of(origin.type.name, from_id, goal.type.name)
    return [
        {
            "toObjectId": to_id,
            "associationTypes": [
                ask.portal.associations.types[type_id].as_json() for type_id in sorted(type_ids)
            ],
        }
        for to_id, type_ids in sorted(links.items(), key=lambda item: int(item[0]))
    ]


def _page(
    rows: list[dict[str, Any]], after: str | None, limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    start = int(after) if after and after.isdigit() else 0
    rest = [row for row in rows if int(row["toObjectId"]) > start]
    page = rest[:limit]
    return page, page[-1]["toObjectId"] if len(rest) > limit else None


def list_of_object(ask: Ask) -> HttpAnswer:
    origin, goal = _pair(ask)
    ask.portal.associations.between(origin.type.name, goal.type.name)
    page, after = _page(
        _listed(ask, origin, goal, ask.params["objectId"]), ask.one("after"), ask.limit(MAX_PAGE, 500)
    )
    body: dict[str, Any] = {"results": page}
    if after:
        body["paging"] = {"next": {"after": after}}
    return ok(body)


def link_one(ask: Ask) -> HttpAnswer:
    """PUT with a list of labels: they replace the labels that stand."""
    origin, goal = _pair(ask)
    from_id, to_id = ask.params["objectId"], ask.params["toObjectId"]
    kinds = ask.portal.associations.check(origin.type.name, goal.type.name, ask.rows)
    if not kinds:
        raise unreadable_body("at least one association type is expected")
    _check_records(origin, goal, (from_id, to_id))
    return ok(_row(origin, goal, from_id, to_id, _link(ask, origin, goal, from_id, to_id, kinds)), 201)


def unlink_one(ask: Ask) -> HttpAnswer:
    origin, goal = _pair(ask)
    _unlink(ask, origin, goal, ask.params["objectId"], ask.params["toObjectId"])
    return NOTHING


def _unlink(ask: Ask, origin: Shelf, goal: Shelf, from_id: str, to_id: str) -> None:
    if ask.portal.associations.unlink(origin.type.name, from_id, goal.type.name, to_id):
        kind = ask.portal.associations.default(origin.type.name, goal.type.name)
        _changed(ask, origin, from_id, to_id, kind, removed=True)
        ask.portal.keep_links()


def _default_rows(ask: Ask, pairs: list[tuple[str, str]]) -> list[dict[str, Any]]:
    origin, goal = _pair(ask)
    _check_records(origin, goal, *pairs)
    kind = ask.portal.associations.default(origin.type.name, goal.type.name)
    back = ask.portal.associations.types[kind.inverse]
    results = []
    for from_id, to_id in pairs:
        _link(ask, origin, goal, from_id, to_id, [])
        for start, end, shown in ((from_id, to_id, kind), (to_id, from_id, back)):
            spec = {"associationCategory": shown.category, "associationTypeId": shown.id}
            results.append({"from": {"id": start}, "to": {"id": end}, "associationSpec": spec})
    return results


def link_default(ask: Ask) -> HttpAnswer:
    return batch(ask, _default_rows(ask, [(ask.params["fromObjectId"], ask.params["toObjectId"])]))


def link_default_batch(ask: Ask) -> HttpAnswer:
    return batch(ask, _default_rows(ask, [_ids(row) for row in ask.inputs(MAX_WRITE)]))


def create_batch(ask: Ask) -> HttpAnswer:
    origin, goal = _pair(ask)
    inputs = ask.inputs(MAX_WRITE)
    checked = [
        (*_ids(row), ask.portal.associations.check(origin.type.name, goal.type.name, row.get("types") or ()))
        for row in inputs
    ]
    _check_records(origin, goal, *((from_id, to_id) for from_id, to_id, _ in checked))
    rows = [
        _row(origin, goal, from_id, to_id, _link(ask, origin, goal, from_id, to_id, kinds))
        for from_id, to_id, kinds in checked
    ]
    return batch(ask, rows, good=201)


def read_batch(ask: Ask) -> HttpAnswer:
    """Records without a link are errors of the 207, as the service does it."""
    origin, goal = _pair(ask)
    ask.portal.associations.between(origin.type.name, goal.type.name)
    results, errors = [], []
    for row in ask.inputs(MAX_READ):
        from_id = str(row.get("id", ""))
        record = origin.records.find(from_id)
        rows = _listed(ask, origin, goal, record.id if record else from_id)
        if not rows:
            errors.append(
                {
                    "status": "error",
                    "category": "OBJECT_NOT_FOUND",
                    "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
                    "message": f"No {goal.type.singular} is associated with {origin.type.singular} {from_id}.",
                    "context": {
                        "fromObjectId": [from_id],
                        "fromObjectType": [origin.type.singular],
                        "toObjectType": [goal.type.singular],
                    },
                }
            )
            continue
        page, after = _page(rows, row.get("after"), MAX_PAGE)
        result: dict[str, Any] = {"from": {"id": from_id}, "to": page}
        if after:
            result["paging"] = {"next": {"after": after}}
        results.append(result)
    return batch(ask, results, errors)


def archive_batch(ask: Ask) -> HttpAnswer:
    origin, goal = _pair(ask)
    for row in ask.inputs(MAX_WRITE):
        for to in row.get("to") or ():
            _unlink(ask, origin, goal, str((row.get("from") or {}).get("id", "")), str(to.get("id", "")))
    return NOTHING


def archive_labels(ask: Ask) -> HttpAnswer:
    origin, goal = _pair(ask)
    for row in ask.inputs(MAX_WRITE):
        kinds = ask.portal.associations.check(origin.type.name, goal.type.name, row.get("types") or ())
        from_id, to_id = _ids(row)
        ask.portal.associations.drop_labels(origin.type.name, from_id, goal.type.name, to_id, kinds)
    ask.portal.keep_links()
    return NOTHING


def list_labels(ask: Ask) -> HttpAnswer:
    origin, goal = _pair(ask)
    kinds = ask.portal.associations.between(origin.type.name, goal.type.name)
    return ok({"results": [kind.as_json() for kind in kinds]})


def create_label(ask: Ask) -> HttpAnswer:
    origin, goal = _pair(ask)
    made = ask.portal.associations.create_label(origin.type.name, goal.type.name, ask.json)
    for kind in made:
        ask.portal.keep_label(kind)
    return ok({"results": [kind.as_json() for kind in made]})


def rename_label(ask: Ask) -> HttpAnswer:
    kind = ask.portal.associations.types.get(ask.json["associationTypeId"])
    if kind is None:
        raise unknown_label(ask.json["associationTypeId"])
    if kind.category != "USER_DEFINED":
        raise validation("Labels defined by HubSpot cannot be changed.")
    for renamed in ask.portal.associations.rename_label(
        kind, ask.json["label"], ask.json.get("inverseLabel")
    ):
        ask.portal.keep_label(renamed)
    return NOTHING


def delete_label(ask: Ask) -> HttpAnswer:
    kind = ask.portal.associations.types.get(int(ask.params["associationTypeId"]))
    if kind is None:
        raise unknown_label(int(ask.params["associationTypeId"]))
    if kind.category != "USER_DEFINED":
        raise validation("Labels defined by HubSpot cannot be deleted.")
    for type_id in {kind.id, kind.inverse}:
        ask.portal.associations.drop_type(type_id)
        ask.portal.state.delete("labels", str(type_id))
    ask.portal.keep_links()
    return NOTHING


_PAIR = ("fromObjectType", "toObjectType")
_OBJECT = ("objectType", "toObjectType")
RULES = (
    Rule(method="GET", path=f"{PAIR}/labels", handler=list_labels),
    Rule(
        method="GET",
        path=PER_OBJECT,
        handler=list_of_object,
        scopes=objects("read", *_OBJECT),
        # A batch tells it (HubSpot: API specifications, associations).
        gone_since="2026-09",
    ),
    *(
        Rule(method=method, path=path, handler=handler, scopes=objects(right, *names), body=body)
        for method, path, handler, right, names, body in (
            ("PUT", DEFAULT, link_default, "write", _PAIR, None),
            ("PUT", f"{PER_OBJECT}/{{toObjectId}}", link_one, "write", _OBJECT, bodies.LINK_KINDS),
            ("DELETE", f"{PER_OBJECT}/{{toObjectId}}", unlink_one, "write", _OBJECT, None),
            ("POST", f"{PAIR}/batch/associate/default", link_default_batch, "write", _PAIR, bodies.Links),
            ("POST", f"{PAIR}/batch/create", create_batch, "write", _PAIR, bodies.Links),
            ("POST", f"{PAIR}/batch/read", read_batch, "read", _PAIR, bodies.Ids),
            ("POST", f"{PAIR}/batch/archive", archive_batch, "write", _PAIR, bodies.Unlinks),
            ("POST", f"{PAIR}/batch/labels/archive", archive_labels, "write", _PAIR, bodies.Links),
            ("POST", f"{PAIR}/labels", create_label, "write", _PAIR, bodies.Label),
            ("PUT", f"{PAIR}/labels", rename_label, "write", _PAIR, bodies.LabelChange),
            ("DELETE", f"{PAIR}/labels/{{associationTypeId:int}}", delete_label, "write", _PAIR, None),
        )
    ),
)
