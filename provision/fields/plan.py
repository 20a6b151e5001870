"""What provisioning would do: ordered lines, fingerprinted; as data and as JSON."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from provision.fields.compare_rights import BUNDLE
from provision.fields.state import STEPS, Action, Line
from sync.core.saved_files import parsed
from sync.errors import StalePlan

#: The form of a saved file. A file of another form is refused, not guessed at.
FORMAT = 1
#: What tells such a file from a saved Plan of record changes.
KIND = "definitions"

#: The commands that make and carry out such plans, as people type them.
PROVISION, STAGES = "tandem provision", "tandem stages"


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionPlan:
    """Every finding about the definitions of all Systems, in the order in which it would be carried out."""

    created_at: datetime
    #: System name -> org or portal id.
    identities: Mapping[str, str]
    lines: tuple[Line, ...] = ()
    #: Which command made it and carries it out.
    command: str = PROVISION
    #: What it was asked for beyond the mapping, by the option's name; a saved plan is carried out for the same.
    asked: Mapping[str, Any] = field(default_factory=dict)

    @property
    def steps(self) -> tuple[Line, ...]:
        """What applying would write."""
        return tuple(line for line in self.lines if line.action in STEPS)

    @property
    def problems(self) -> tuple[Line, ...]:
        """What must be fixed by a person before anything is written."""
        return tuple(line for line in self.lines if line.blocks)

    @property
    def fingerprint(self) -> str:
        """The same for two plans that would write the same definitions over the same ones."""
        return _digest(self.steps, self.asked)

    def counts(self) -> dict[str, int]:
        """Lines by action, each action named."""
        found = Counter(line.action for line in self.lines)
        return {action.value: found[action] for action in Action}


def _again(command: str) -> str:
    return f"Make a new one with: {command} plan -o FILE"


def _digest(steps: tuple[Line, ...], asked: Mapping[str, Any]) -> str:
    told = [*(asdict(line) for line in steps), *([dict(asked)] if asked else [])]
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def to_json(plan: DefinitionPlan) -> dict[str, Any]:
    """The plan as it is saved and as ``--json`` prints it."""
    return {
        "format": FORMAT,
        "kind": KIND,
        "command": plan.command,
        "asked": dict(plan.asked),
        "created_at": plan.created_at.isoformat(),
        "identities": dict(plan.identities),
        "fingerprint": plan.fingerprint,
        "counts": plan.counts(),
        "lines": [asdict(line) for line in plan.lines],
    }


def to_text(plan: DefinitionPlan) -> str:
    """The plan as it stands in a file."""
    return json.dumps(to_json(plan), indent=1, ensure_ascii=False) + "\n"


def from_text(text: str, *, name: str, command: str = PROVISION) -> DefinitionPlan:
    """Read a saved plan back. ``StalePlan`` where it is none, is of another form, another command's, or was edited."""
    again = _again(command)
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise StalePlan(f"{name} is not a saved plan of definitions: {error}", remedy=again) from error
    if not isinstance(data, dict) or (data.get("format"), data.get("kind")) != (FORMAT, KIND):
        raise StalePlan(f"{name} is not a plan of definitions of this version of Tandem.", remedy=again)
    made_by = data.get("command", PROVISION)
    if made_by != command:
        raise StalePlan(
            f"{name} was made by {made_by} plan and cannot be carried out by {command} apply.",
            remedy=f"Carry it out with: {made_by} apply {name}",
        )
    plan = parsed(DefinitionPlan, {**data, "command": command}, name=name, again=again)
    if plan.fingerprint != data.get("fingerprint"):
        raise StalePlan(
            f"{name} was edited after it was saved: its fingerprint no longer matches.", remedy=again
        )
    return plan


def _in_words(line: Line) -> str:
    sides = f", {line.stands or '∅'} → {line.should}" if line.should else f", {line.stands}"
    return f"{line.system} {line.field}: {line.attribute or line.action}{sides if line.stands else ''}"


def check_still_stands(saved: DefinitionPlan, fresh: DefinitionPlan) -> None:
    """``StalePlan`` where the definitions have moved since the plan was saved: there is something to write, or to be
    fixed by a person, of which it says nothing.

    Steps that are done already do not count as a move: a saved plan may be applied again after it was interrupted.
    """
    if dict(saved.identities) != dict(fresh.identities):
        raise StalePlan(
            "The saved plan was made for other orgs or portals than the ones that are configured.",
            remedy=_again(saved.command),
        )
    # How many records a step touches changes by the hour, and with it no definition.
    known = {replace(line, effect="") for line in saved.lines}
    created = {(step.system, step.field) for step in saved.steps if step.action is Action.CREATE}
    bundles = {(step.system, step.attribute) for step in saved.steps if step.object == BUNDLE}
    moved = [
        step
        for step in fresh.lines
        # What blocks is refused in its own words.
        if (step.action in STEPS or (step.action is Action.WRONG and not step.blocks))
        and replace(step, effect="") not in known
        # A create that was cut short leaves a field that nobody may see yet.
        and not (step.action is Action.GRANT and (step.system, step.field) in created)
        # Rights that were given in part are the rest of the same step.
        and not (step.object == BUNDLE and (step.system, step.attribute) in bundles)
    ]
    if moved:
        lines = [f"  {_in_words(step)}" for step in moved]
        raise StalePlan(
            "\n".join(["Definitions have moved since the plan was saved; nothing was written.", *lines]),
            remedy=_again(saved.command),
        )
