"""Field definitions between the mapping and the CRMs: read, compared, made, shown to the connected user, looked at
again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial

from connector.base import Connector, Rights
from connector.errors import ConnectorError
from mappings.model import Mapping as FieldMapping
from provision.fields.affected_records import counted
from provision.fields.compare import writes
from provision.fields.compare_history import object_is_tracked
from provision.fields.compare_rights import StandingRights, compare_rights, with_powers
from provision.fields.plan import PROVISION, DefinitionPlan
from provision.fields.state import STEPS, Action, Line
from provision.fields.steps import Steps
from provision.fields.survey import Survey, survey
from sync.builtin_fields import remember_builtin_fields
from sync.errors import DefinitionsRefused
from sync.identify import identify
from sync.ledger.ledger import Ledger
from sync.model.progress import Report, unwatched
from sync.model.records import SystemName

#: What a plan was asked for beyond the mapping: the System's own names of fields that may be narrowed.
DESTRUCTIVE = "allow_destructive"


# -- reading and writing ---------------------------------------------------------------------------------------


class Provisioner:
    """Brings the account fields of every System in order. The caller holds the lease."""

    def __init__(
        self,
        connectors: Mapping[str, Connector],
        ledger: Ledger,
        mapping: FieldMapping,
        *,
        clock: Callable[[], datetime],
        only: Collection[str] | None = None,
        users: Sequence[str] = (),
        profiles: Sequence[str] = (),
        destructive: Collection[str] = (),
        command: str = PROVISION,
        report: Report = unwatched,
    ) -> None:
        self.connectors = {SystemName(name): connector for name, connector in connectors.items()}
        self.ledger = ledger
        self.mapping = mapping
        self._clock = clock
        #: The canonical fields that are worked on; None for everything.
        self._only = only
        #: Whom the rights are given beside the connected user.
        self._users = tuple(users)
        self._profiles = tuple(profiles)
        #: The System's own names of fields that may be made to hold less, those of one System as ``SYSTEM:NAME``.
        self._destructive = frozenset(destructive)
        #: Whose plans these are, for what people are told to type.
        self._command = command
        self._report = report
        self._surveys: dict[SystemName, Survey] = {}
        self._rights: dict[str, Rights] = {}

    def plan(self) -> DefinitionPlan:
        """What applying would do. Nothing is written to any System."""
        identities = identify(self.connectors, self.ledger)
        self._surveys = {
            name: survey(
                connector, self.mapping, settling=self._settling(name), destructive=self._narrowed_in(name)
            )
            for name, connector in self.connectors.items()
        }
        rights = (
            [line for name in self._surveys for line in self._rights_of(name)] if self._only is None else []
        )
        found_lines = {name: counted(self.connectors[name], found) for name, found in self._surveys.items()}
        lines: list[Line] = []
        for system, found in self._surveys.items():
            of_system = [
                line
                for line in (*found_lines[system], *(one for one in rights if one.system == system))
                if self._only is None or line.canonical in self._only
            ]
            steps = any(line.action in STEPS for line in of_system)
            powers = self.connectors[system].powers(found.schema.object) if steps else {}
            told = {str(power): right for power, right in powers.items()}
            lines += with_powers(system, told, of_system, tracked=object_is_tracked(found.standing))
        return DefinitionPlan(
            created_at=self._clock(),
            identities={name: identity.id for name, identity in identities.items()},
            lines=tuple(lines),
            command=self._command,
            asked={DESTRUCTIVE: sorted(self._destructive)} if self._destructive else {},
        )

    def _rights_of(self, system: SystemName) -> Sequence[Line]:
        found = self._surveys[system]
        rights = self.connectors[system].rights(found.schema.object, self._users, self._profiles)
        if rights is None:
            return ()
        self._rights[system] = rights
        ours = [
            wanted.name
            for wanted in found.mapping.definitions(system)
            if (held := found.schema.fields.get(wanted.name)) is not None
            and held.custom
            and held.permissionable
            and (held.writable or writes(found.mapping, system, wanted.canonical))
        ]
        standing = StandingRights(
            name=rights.name,
            exists=rights.exists,
            fields=rights.fields,
            lacking=tuple(rights.lacking),
            unknown=rights.unknown,
        )
        named = bool(self._users or self._profiles)
        return compare_rights(system, standing, found.lines, ours=ours, named=named)

    def _narrowed_in(self, system: str) -> frozenset[str]:
        """Fields of this System that may be narrowed: named alone, or with the System in front."""
        parted = (name.rpartition(":") for name in self._destructive)
        return frozenset(field for where, _, field in parted if where in ("", system))

    def found(self, system: str) -> Survey:
        """What the last plan found in a System."""
        return self._surveys[SystemName(system)]

    def apply(self, plan: DefinitionPlan) -> DefinitionPlan:
        """Carry out the plan that :meth:`plan` just gave, and read all definitions again.

        Fields first, then grants; each step may be repeated. One System that fails does not stop the others.
        Raises ``DefinitionsRefused`` before the first write where a person must fix something first, and
        afterwards where a step failed or a field is still missing, wrong or hidden. What is answered may hold
        steps: a field that was hidden shows only now where else it differs, and nobody has agreed to that yet.
        """
        refuse_problems(plan)
        if plan.steps:
            self.ledger.drift.look_again()
        errors = [
            error
            for name in self.connectors
            for error in self._carry_out(name, [line for line in plan.steps if line.system == name])
        ]
        if errors:
            raise _failed(errors, self._command)
        after = self.plan() if plan.steps else plan
        for name, found in self._surveys.items():
            remember_builtin_fields(self.mapping, name, found.schema.fields, self.ledger)
        shown = {(line.system, line.field) for line in plan.steps if line.action is Action.GRANT}
        left = [
            line
            for line in after.lines
            if line.action is not Action.CHANGE or (line.system, line.field) not in shown
        ]
        _refuse_unfinished(left, self._command)
        return after

    def _carry_out(self, system: SystemName, steps: list[Line]) -> list[ConnectorError]:
        """One System's steps. A field that is refused does not stop the others; anything worse ends this System."""
        found = self._surveys[system]
        work = Steps(
            connector=self.connectors[system],
            object=found.mapping.systems[system].account_object,
            standing=found.standing,
            fields={**found.schema.fields, **found.hidden},
            wanted={field.name: field for field in found.mapping.definitions(system)},
            lines=steps,
            rights=self._rights.get(system),
            note=partial(self._note_written, system),
            report=self._report,
        )
        work.carry_out()
        return work.errors

    # -- what is still settling ----------------------------------------------------------------------------

    def _note_written(self, system: SystemName, name: str, digest: str) -> None:
        """Remember what was written and when, for a CRM whose definitions are read late; at once, for nobody knows how
        long this process lives."""
        if self.connectors[system].capabilities.definition_lag:
            self.ledger.fields.keep_written(system, name, digest, self._clock())

    def _settling(self, system: SystemName) -> Mapping[str, str]:
        lag = self.connectors[system].capabilities.definition_lag
        return self.ledger.fields.written(system, since=self._clock() - lag)


def refuse_problems(plan: DefinitionPlan) -> None:
    """``DefinitionsRefused`` with everything that a person must fix first."""
    refuse_problems_in(plan.lines, plan.command)


def refuse_problems_in(lines: Iterable[Line], command: str = PROVISION) -> None:
    """The same for the findings about one System."""
    problems = [line for line in lines if line.blocks]
    if problems:
        told = [f"  {_sentence(line)} {line.remedy}" for line in problems]
        raise DefinitionsRefused(
            "\n".join(["Nothing was written: these fields cannot be brought into order by Tandem.", *told]),
            remedy=f"Fix these, then run: {command} plan",
        )


def _refuse_unfinished(lines: Iterable[Line], command: str) -> None:
    left = [line for line in lines if line.blocks or line.action in STEPS]
    if not left:
        return
    told = [f"  {_sentence(line)} {line.remedy}".rstrip() for line in left]
    hidden = any(line.action is Action.GRANT for line in left)
    fix = (
        "Give the connected user the rights that are missing (tandem doctor tells them)"
        if hidden
        else f"See whether somebody changed them at the same time: {command} plan"
    )
    raise DefinitionsRefused(
        "\n".join(["Everything was written, and yet:", *told]),
        remedy=f"{fix}. Then run again: {command} apply",
    )


def _failed(errors: Iterable[ConnectorError], command: str) -> DefinitionsRefused:
    told = [f"  {error} {error.remedy or ''}".rstrip() for error in errors]
    return DefinitionsRefused(
        "\n".join(["Not everything could be written; what was written stays:", *told]),
        remedy=f"Fix this, then run again: {command} apply. Steps that are done are not repeated.",
    )


def _sentence(line: Line) -> str:
    sides = f" ({line.attribute}: {line.stands} → {line.should})" if line.attribute and line.should else ""
    what = line.reason or line.stands
    return f"{line.system} {line.field}{sides}: {what}."
