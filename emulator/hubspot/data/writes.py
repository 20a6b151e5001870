"""Writing records: checks, HubSpot's own consequences, history, index and events, in this order, in one place.

The HTTP handlers and in-process tests come through here alike; only seeding goes past it.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from emulator.hubspot.data import rules
from emulator.hubspot.data.definitions import Definition
from emulator.hubspot.data.records import CALCULATED, Record, Source, ValueTaken
from emulator.hubspot.data.values import kept_text, text_of
from emulator.hubspot.errors import (
    BadValue,
    HubSpotError,
    bad_values,
    contact_exists,
    unique_value_taken,
    unreadable_body,
    validation,
)
from emulator.hubspot.portal import Portal, Shelf

NOBODY: Collection[str] = frozenset()


def checked(
    portal: Portal,
    shelf: Shelf,
    raw: Any,
    *,
    before: Mapping[str, str],
    unknown: Collection[str] = NOBODY,
) -> dict[str, str]:
    """The texts to keep for a request's properties; raises 400 with every bad value.

    A JSON null is passed over: HubSpot documents the empty text as the way to clear and says nothing of null.
    `unknown`: properties that the record store has not heard of yet.
    """
    if not isinstance(raw, Mapping):
        raise unreadable_body("properties must be an object")
    kept: dict[str, str] = {}
    bad: list[BadValue] = []
    for name, value in raw.items():
        if value is None:
            continue
        definition = shelf.definitions.get(name)
        if definition is None or name in unknown:
            problem = f'Property "{name}" does not exist'
            bad.append(BadValue(name=name, code="PROPERTY_DOESNT_EXIST", message=problem))
            continue
        if definition.read_only:
            problem = f'"{name}" is a calculated property; its value cannot be set.'
            bad.append(BadValue(name=name, code="READ_ONLY_VALUE", message=problem))
            continue
        text = kept_text(
            definition,
            value,
            present=before.get(name),
            options=_outside_options(portal, definition, raw, before),
        )
        if isinstance(text, BadValue):
            bad.append(text)
        elif name == "email" and text and ("@" not in text.strip("@") or " " in text):
            bad.append(BadValue(name=name, code="INVALID_EMAIL", message=f"Email address {text} is invalid"))
        else:
            kept[name] = text
    if bad:
        raise bad_values(bad, portal.settings.portal_id)
    return kept


def _outside_options(
    portal: Portal, definition: Definition, raw: Mapping[str, Any], before: Mapping[str, str]
) -> Sequence[str] | None:
    """The values of a property whose options live elsewhere; None for every other property."""
    if not definition.external_options:
        return None
    pipelines = portal.pipelines["deals"]
    match definition.name:
        case "pipeline":
            return list(pipelines.by_id)
        case "dealstage":
            pipeline = raw.get("pipeline") or before.get("pipeline") or "default"
            return [stage["id"] for stage in pipelines.stages(text_of(pipeline))]
        case _:
            return portal.owners.active_ids()


def settle(
    portal: Portal, shelf: Shelf, before: Mapping[str, str], wanted: Mapping[str, str]
) -> rules.Settled:
    """The request with HubSpot's own consequences."""
    now = portal.clock.now()
    match shelf.type.name:
        case "deals":
            stages = {stage["id"]: stage for _, stage in portal.pipelines["deals"].all_stages()}
            if not before and "pipeline" not in wanted:
                wanted = {**wanted, "pipeline": "default"}
            settled = rules.settle_deal(before, wanted, stages=stages, now=now)
        case name:
            lifecycle = [stage["id"] for _, stage in portal.pipelines[name].all_stages()]
            rule: Callable[..., rules.Settled] = (
                rules.settle_company if name == "companies" else rules.settle_lifecycle
            )
            settled = rule(before, wanted, lifecycle=lifecycle, now=now)
    return rules.Settled(
        wanted=settled.wanted,
        derived={**settled.derived, **rules.owner_assigned(before, settled.wanted, now=now)},
    )


def create(
    portal: Portal,
    shelf: Shelf,
    kept: Mapping[str, str],
    *,
    by: Source,
    record_id: str | None = None,
    in_batch: bool = False,
) -> Record:
    """A new record of checked values. Raises the unique conflict."""
    refuse_bare(shelf, kept)
    record_id = record_id or shelf.records.new_id()
    refuse_taken(portal, shelf, record_id, kept, in_batch=in_batch)
    settled = settle(portal, shelf, {}, kept)
    values = {name: value for name, value in {**settled.derived, **settled.wanted}.items() if value != ""}
    now = portal.clock.now()
    record = shelf.records.insert(values, by=by, now=now, record_id=record_id)
    for name in settled.derived:
        record.history[name] = [version._replace(source=CALCULATED) for version in record.versions(name)]
    shelf.index.note(record, now)
    portal.keep(shelf, record)
    portal.webhooks.note(f"{shelf.type.singular}.creation", shelf.type, record.id, by=by, now=now)
    for name, value in settled.wanted.items():
        if value:
            portal.webhooks.note_change(shelf.type, record.id, name, value, by=by, now=now)
    return record


def refuse_bare(shelf: Shelf, kept: Mapping[str, str]) -> None:
    """Raises 400 for a record that nothing names."""
    needed = {"companies": ("name", "domain"), "contacts": ("email", "firstname", "lastname")}.get(
        shelf.type.name
    )
    if needed and not any(kept.get(name) for name in needed):
        raise validation(
            f"Error creating {shelf.type.legacy}. At least one of these properties is required: {', '.join(needed)}",
            errors=[
                {"message": f"one of {', '.join(needed)} is required", "code": "MISSING_REQUIRED_PROPERTY"}
            ],
        )


def refuse_taken(
    portal: Portal, shelf: Shelf, record_id: str, kept: Mapping[str, str], *, in_batch: bool = False
) -> None:
    """Raises 409 for a contact's e-mail, 400 for another unique value, when another record holds it."""
    try:
        shelf.records.check_unique(record_id, kept)
    except ValueTaken as taken:
        if taken.name == "email":
            raise contact_exists(taken.holder, in_batch=in_batch) from taken
        raise unique_value_taken(
            portal_id=portal.settings.portal_id,
            object_name=shelf.type.legacy,
            name=taken.name,
            value=taken.value,
            record_id=record_id,
            holder_id=taken.holder,
        ) from taken


def update(
    portal: Portal, shelf: Shelf, record: Record, kept: Mapping[str, str], *, by: Source
) -> dict[str, str]:
    """Write checked values to a record; answers what was written, HubSpot's own consequences included."""
    refuse_taken(portal, shelf, record.id, kept)
    settled = settle(portal, shelf, record.values, kept)
    now = portal.clock.now()
    changed = shelf.records.write(record, settled.wanted, derived=settled.derived, by=by, now=now)
    shelf.index.note(record, now)
    portal.keep(shelf, record)
    for name, value in changed.items():
        source = CALCULATED if name in settled.derived else by
        portal.webhooks.note_change(shelf.type, record.id, name, value, by=source, now=now)
    return {**settled.wanted, **settled.derived}


def touch(portal: Portal, shelf: Shelf, records: Sequence[Record], *, by: Source) -> None:
    """Move the stamp of the last change, and nothing else: what HubSpot's own jobs do."""
    now = portal.clock.now()
    for record in records:
        shelf.records.write(record, {}, by=by, now=now, stamp_only=True)
        shelf.index.note(record, now)
        portal.keep(shelf, record)


def archive(portal: Portal, shelf: Shelf, record: Record, *, by: Source) -> None:
    """Into the recycle bin."""
    now = portal.clock.now()
    shelf.records.archive(record, now=now)
    shelf.index.drop(record)
    portal.keep(shelf, record)
    portal.webhooks.note(f"{shelf.type.singular}.deletion", shelf.type, record.id, by=by, now=now)


def restore(portal: Portal, shelf: Shelf, record: Record, *, by: Source) -> None:
    """Out of the recycle bin, with the same id."""
    now = portal.clock.now()
    shelf.records.restore(record)
    shelf.index.note(record, now)
    portal.keep(shelf, record)
    portal.webhooks.note(f"{shelf.type.singular}.restore", shelf.type, record.id, by=by, now=now)


def merge(portal: Portal, shelf: Shelf, primary: Record, loser: Record, *, by: Source) -> Record:
    """Two records become a new one with a new id; both old ids lead to it (HubSpot changelog, 2025)."""
    if primary.id == loser.id:
        raise validation("Cannot merge a record with itself.")
    now = portal.clock.now()
    kind = shelf.type
    merged = rules.merged_values(primary.values, loser.values)
    old_ids = [
        old
        for record in (primary, loser)
        for old in (*filter(None, record.values.get("hs_merged_object_ids", "").split(";")), record.id)
    ]
    system = {"hs_object_id", kind.modified, "hs_merged_object_ids", "hs_object_source"}
    values = {name: value for name, value in merged.items() if name not in system}
    new_id = shelf.records.new_id()
    for record in (primary, loser):
        shelf.records.merge_away(record, new_id)
        shelf.index.drop(record)
        portal.keep(shelf, record)
    survivor = shelf.records.insert(
        {**values, "hs_merged_object_ids": ";".join(old_ids)}, by=by, now=now, record_id=new_id
    )
    survivor.history = {
        name: versions
        for name in values
        if (versions := (primary if name in primary.values else loser).versions(name)[::-1])
    }
    portal.associations.move(kind.name, primary.id, new_id)
    portal.associations.move(kind.name, loser.id, new_id)
    portal.keep_links()
    shelf.index.note(survivor, now)
    portal.keep(shelf, survivor)
    portal.webhooks.note_merge(
        kind, primary_id=primary.id, loser_id=loser.id, new_id=new_id, moved=len(values), by=by, now=now
    )
    return survivor


def live(shelf: Shelf, record_id: str) -> Record | None:
    """The record that an id leads to, unless it is archived."""
    record = shelf.records.find(record_id)
    return record if record is not None and record.live else None


def row_error(error: HubSpotError, *, trace: str | None = None) -> dict[str, Any]:
    """An error as a row of a 207."""
    row: dict[str, Any] = {}
    row.update(
        (key, error.body[key])
        for key in ("status", "category", "subCategory", "message")
        if key in error.body
    )
    row.setdefault("category", "VALIDATION_ERROR")
    context = dict(error.body.get("context") or {})
    if trace is not None:
        context = {"objectWriteTraceId": [trace], **context}
    if "errors" in error.body:
        row["errors"] = error.body["errors"]
    return {**row, "context": context}
