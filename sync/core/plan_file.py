"""A Plan as JSON: saved, read back, checked against its fingerprint, and cut to what was saved."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sync.core.conflicts import Conflict
from sync.core.draft import Draft, drop
from sync.core.plan import (
    Change,
    Closure,
    Create,
    Plan,
    PromisedLink,
    change_json,
    fingerprint_of,
)
from sync.core.saved_files import parsed
from sync.errors import StalePlan
from sync.model.records import OWNER, LinkId, NativeId, PageOf, Record, RecordKey, SystemName, Value

#: The form of a saved Plan. A file of another form is refused, not guessed at.
FORMAT = 1
#: Part of a saved Plan -> the keys that it has for people and programs, and that are read back by nobody.
_REMARKS = {
    "changes": frozenset({"reason", "url"}),
    "links": frozenset({"score", "likeness", "unlike", "joins", "members"}),
    "closures": frozenset({"url"}),
}


def _conflict_json(conflict: Conflict) -> dict[str, Any]:
    sides = {
        name: {
            "value": seen.value,
            "observed": seen.observed,
            "at": seen.at.isoformat() if seen.at else None,
            "by": seen.by,
            "evidence": seen.evidence.value,
        }
        for name, seen in conflict.sides.items()
    }
    return {
        "id": conflict.id,
        "link_id": conflict.link_id,
        "label": conflict.label,
        "field": conflict.field,
        "why": conflict.why.value,
        "reason": conflict.reason,
        "base": conflict.base.value if conflict.base else None,
        "has_base": conflict.base is not None,
        "sides": sides,
        "proposals": dict(conflict.proposals),
    }


def _no_page(_system: SystemName, _id: NativeId) -> str | None:
    return None


def to_json(plan: Plan, page: PageOf = _no_page) -> dict[str, Any]:
    """The Plan as it is saved and as ``--json`` prints it; ``page``: where people see a record."""

    def record_json(record: Record) -> dict[str, Any]:
        return {
            "system": record.system,
            "id": record.id,
            "name": record.name,
            "domain": record.domain,
            "website": record.sites[0] if record.sites else None,
            "owner": record.current.get(OWNER),
            "url": page(record.system, record.id),
        }

    def url(system: SystemName, id: NativeId | None) -> dict[str, str | None]:
        return {"url": None if id is None else page(system, id)}

    return {
        "format": FORMAT,
        "created_at": plan.created_at.isoformat(),
        "identities": dict(plan.identities),
        "fingerprint": plan.fingerprint,
        "undoes": plan.undoes,
        "changes": [
            change_json(change) | {"reason": change.reason} | url(change.system, change.record_id)
            for change in plan.changes
        ],
        "creates": plan.creates_json(),
        "conflicts": [_conflict_json(conflict) for conflict in plan.conflicts],
        "links": [
            asdict(link)
            | {
                "records": [list(record) for record in link.records],
                "score": proposal.grounds.score,
                "likeness": proposal.grounds.likeness,
                "unlike": proposal.grounds.unlike,
                "joins": proposal.link.stored,
                "members": [record_json(member) for member in proposal.members],
            }
            for proposal, link in zip(plan.proposals, plan.promised_links, strict=True)
        ],
        "ambiguous": [
            {
                "key": pair.key,
                "kind": pair.kind,
                "reason": pair.reason,
                "score": pair.score,
                "waits": pair.waits,
                "records": [[record.system, record.id] for record in pair.records],
                "members": [record_json(record) for record in pair.records],
            }
            for pair in plan.ambiguous
        ],
        "held": [
            asdict(hold) | {"waits_until": hold.waits_until.isoformat() if hold.waits_until else None}
            for hold in plan.held
        ],
        "merges": [asdict(merge) | {"url": page(merge.system, merge.survivor)} for merge in plan.merges],
        "closures": [asdict(closure) | url(closure.system, closure.record_id) for closure in plan.closures],
        "waiting": [asdict(each) | {"until": each.until.isoformat()} for each in plan.waiting],
        "left_out": plan.left_out,
        "price": dict(plan.price),
        "linked": plan.linked,
    }


def to_text(plan: Plan, page: PageOf = _no_page) -> str:
    """The Plan as it stands in a file."""
    return json.dumps(to_json(plan, page), indent=1, ensure_ascii=False) + "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPlan:
    """What a saved Plan promises to write, and where; checked against its own fingerprint."""

    created_at: datetime
    identities: Mapping[str, str]
    changes: tuple[Change, ...]
    creates: tuple[Create, ...]
    fingerprint: str
    undoes: str | None = None
    links: tuple[PromisedLink, ...] = ()
    closures: tuple[Closure, ...] = ()

    @property
    def concerned(self) -> frozenset[LinkId]:
        """Every account of which it says something."""
        return frozenset(
            {
                *(LinkId(link.id) for link in self.links),
                *(change.link_id for change in self.changes),
                *(create.link_id for create in self.creates),
                *(closure.link_id for closure in self.closures),
            }
        )

    @property
    def joining(self) -> frozenset[RecordKey]:
        """Records that come to a Link."""
        return frozenset(
            RecordKey(SystemName(system), NativeId(id)) for link in self.links for system, id in link.records
        )

    @property
    def name(self) -> str:
        """What the journal calls it. Two Plans may do the same, and were made at different times."""
        return f"the Plan of {self.created_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC, {self.fingerprint[:12]}"


def from_json(text: str, *, name: str) -> SavedPlan:
    """Read a saved Plan back. ``StalePlan`` where it is none, is of another form, or was edited."""
    again = "Make a new one with: tandem plan -o FILE"
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise StalePlan(f"{name} is not a saved Plan: {error}", remedy=again) from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise StalePlan(f"{name} is not a saved Plan of this version of Tandem.", remedy=again)
    saved = parsed(SavedPlan, _without_remarks(data), name=name, again=again)
    promised = (saved.identities, saved.changes, saved.creates, saved.undoes)
    # A Plan that was saved before Links belonged to its fingerprint.
    before = fingerprint_of(*promised)
    if saved.fingerprint not in {fingerprint_of(*promised, saved.links, saved.closures), before}:
        raise StalePlan(
            f"{name} was edited after it was saved: its fingerprint no longer matches.", remedy=again
        )
    return saved


def only_saved(
    plan: Plan, changes: Iterable[Change], creates: Iterable[Create]
) -> tuple[Plan, tuple[Change, ...]]:
    """Of a fresh Plan only what a saved one promised; and what the saved one promised that no longer stands."""
    fresh = {_promise(change): change for change in plan.changes}
    promised = list(changes)
    moved = tuple(change for change in promised if _promise(change) not in fresh)
    kept = {_promise(change) for change in promised}
    made = {create.side for create in creates}
    left_out = {change.key for change in plan.changes if _promise(change) not in kept}
    draft = Draft(
        changes=list(plan.changes),
        creates=[create for create in plan.creates if create.side in made],
        agreements=list(plan.agreements),
    )
    drop(draft, left_out)
    return (
        replace(
            plan,
            changes=tuple(draft.changes),
            creates=tuple(draft.creates),
            agreements=tuple(draft.agreements),
        ),
        moved,
    )


def _promise(change: Change) -> tuple[str, str, str, Value, Value]:
    return (change.link_id, change.system, change.field, change.expected, change.value)


def _without_remarks(data: dict[str, Any]) -> dict[str, Any]:
    """What a file holds but for what it tells people and programs besides: no Plan is carried out by it."""
    return data | {
        part: [
            {key: item[key] for key in item if key not in remarks} if isinstance(item, dict) else item
            for item in data[part]
        ]
        for part, remarks in _REMARKS.items()
        if isinstance(data.get(part), list)
    }
