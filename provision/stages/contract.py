"""The stage contract between the mapping and the CRMs: read, checked, planned, applied, looked at again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from connector.base import Connector, Power, Stage
from connector.errors import ConnectorError, Unsupported
from mappings.model import Mapping as FieldMapping
from mappings.systems import BuyerStage
from provision.fields.plan import STAGES, DefinitionPlan
from provision.fields.provisioner import Provisioner, refuse_problems
from provision.fields.state import STEPS, Line
from provision.fields.translate import standing_of
from provision.stages.findings import Counted, Kept, StageFinding
from provision.stages.ladders import Ladder, kept_rungs, ladder_findings, ladders
from provision.stages.missing import STAGE, Compared, compare_stages, stage_lines
from provision.stages.opportunity import agreed_names, kept_stages, opportunity_findings
from provision.stages.record_type_offers import offer_findings
from sync.errors import DefinitionsRefused, SettingsError
from sync.ledger.ledger import Ledger
from sync.model.progress import Progress, Report, unwatched


@dataclass(frozen=True, slots=True, kw_only=True)
class StageReport:
    """What stands in every System against the contract."""

    #: System name -> org or portal id.
    identities: Mapping[str, str]
    findings: tuple[StageFinding, ...] = ()
    #: What each rung and stage means that is in order.
    kept: tuple[Kept, ...] = ()
    #: Rungs and stages that were looked at.
    rungs: int = 0
    stages: int = 0

    @property
    def drift(self) -> tuple[StageFinding, ...]:
        """What has to be done before the contract is kept."""
        return tuple(finding for finding in self.findings if finding.drift)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateMissing:
    """Where missing opportunity stages are to be made."""

    systems: frozenset[str] = frozenset()
    #: Id or label of the HubSpot pipeline that is meant; None for the first one.
    pipeline: str | None = None

    @property
    def asked(self) -> dict[str, Any]:
        """As a saved plan carries it."""
        if not self.systems:
            return {}
        return {"create_missing": sorted(self.systems), "pipeline": self.pipeline}

    @classmethod
    def from_asked(cls, asked: Mapping[str, Any]) -> CreateMissing:
        """What a saved plan was made for."""
        return cls(systems=frozenset(asked.get("create_missing", ())), pipeline=asked.get("pipeline"))


class StageContract:
    """Keeps the ladders and the opportunity stages of every System. The caller holds the lease."""

    def __init__(
        self,
        connectors: Mapping[str, Connector],
        ledger: Ledger,
        mapping: FieldMapping,
        *,
        clock: Callable[[], datetime],
        report: Report = unwatched,
    ) -> None:
        self.connectors = connectors
        self.ledger = ledger
        self.mapping = mapping
        self._clock = clock
        self._report = report
        rungs = [name for name, field in mapping.fields.items() if field.ladder]
        self._provisioner = Provisioner(
            connectors, ledger, mapping, clock=clock, only=rungs, command=STAGES, report=report
        )
        self._stages: dict[str, tuple[Stage, ...]] = {}
        self._missing: dict[str, Compared] = {}

    # -- check ---------------------------------------------------------------------------------------------

    def check(self) -> StageReport:
        """Compare, and count what records carry beyond the contract. Writes nothing."""
        planned = self._provisioner.plan()
        self._read_stages()
        findings: list[StageFinding] = []
        kept: list[Kept] = []
        rungs = 0
        for name, connector in self.connectors.items():
            # The plan has asked for the definitions already; what it found is compared value by value here.
            found = self._provisioner.found(name)
            standing = found.standing
            lines = [line for line in planned.lines if line.system == name]
            for ladder in ladders(found.mapping, name):
                rungs += len(ladder.values)
                there = ladder.wanted.name in standing.fields
                counted = self._carried(connector, ladder) if there else None
                told = ladder_findings(ladder, standing, lines, counted)
                findings += told
                kept += kept_rungs(ladder, standing, told)
            kept += kept_stages(self.mapping.systems[name], self._stages[name])
            findings += self._opportunity_stages(connector)
            findings += self._offers(connector)
        return StageReport(
            identities=planned.identities,
            findings=tuple(findings),
            kept=tuple(kept),
            rungs=rungs,
            stages=sum(map(len, self._stages.values())),
        )

    def _carried(self, connector: Connector, ladder: Ladder) -> Counted | None:
        return _counted(connector, ladder.object, ladder.wanted.name, besides=list(ladder.meaning))

    def _opportunity_stages(self, connector: Connector) -> tuple[StageFinding, ...]:
        system = self.mapping.systems[connector.name]
        stages = self._stages[connector.name]
        settled = [
            stage.id
            for stage in stages
            if stage.active and system.buyer_stage(stage.id, closed=stage.closed, won=stage.won) is not None
        ]
        counted = _counted(connector, system.opportunity_object, system.opportunity.stage, besides=settled)
        return opportunity_findings(system, stages, counted, self.agreed(connector.name))

    def _offers(self, connector: Connector) -> tuple[StageFinding, ...]:
        """What record types offer of the stages, where the CRM has any."""
        if not connector.capabilities.record_types:
            return ()
        system = self.mapping.systems[connector.name]
        try:
            schema = connector.schema(system.opportunity_object)
        except Unsupported:
            return ()  # without opportunities that the connected user may see
        kinds = standing_of(schema, connector.kind).record_types
        return offer_findings(system, self._stages[connector.name], kinds)

    def agreed(self, besides: str) -> dict[str, BuyerStage]:
        """What the stages of the other Systems are mapped to, by name."""
        known = [(self.mapping.systems[name], stages) for name, stages in self._stages.items()]
        return agreed_names(known, besides=besides)

    @property
    def standing(self) -> Mapping[str, Sequence[Stage]]:
        """Every opportunity stage by System, as the last check found them."""
        return self._stages

    def _read_stages(self) -> None:
        self._stages = {name: tuple(connector.stages()) for name, connector in self.connectors.items()}

    # -- plan and apply ------------------------------------------------------------------------------------

    def plan(self, create: CreateMissing = CreateMissing()) -> DefinitionPlan:
        """What applying would fix: the ladders, and where asked the opportunity stages that are missing."""
        planned = self._provisioner.plan()
        self._missing = {}
        lines = list(planned.lines)
        if create.systems:
            self._read_stages()
            for name in self.connectors:
                if name in create.systems:
                    lines += self._stage_lines(name, create.pipeline)
        return replace(planned, lines=tuple(lines), asked=create.asked)

    def _stage_lines(self, name: str, pipeline: str | None) -> tuple[Line, ...]:
        system = self.mapping.systems[name]
        have = _of_pipeline(name, self._stages[name], pipeline)
        models = {
            other: _of_pipeline(other, stages, pipeline)
            for other, stages in self._stages.items()
            if other != name
        }
        self._missing[name] = compare_stages(system.kind, have, models)
        standing = sum(stage.active for stage in have)
        connector = self.connectors[name]
        powers = connector.powers(system.opportunity_object) if self._missing[name].missing else {}
        # Salesforce's stages are a value set, which takes more than fields do.
        told = powers.get(Power.ADMINISTER) or powers.get(Power.DEFINE)
        lacking = told[0] if told is not None and not told[1] else ""
        return stage_lines(system, self._missing[name], standing=standing, lacking=lacking)

    def apply(self, plan: DefinitionPlan, create: CreateMissing = CreateMissing()) -> DefinitionPlan:
        """Carry out the plan that :meth:`plan` just gave, and read everything again.

        Raises ``DefinitionsRefused`` before the first write where a person must fix something first, and afterwards
        where something is still not as it should be.
        """
        refuse_problems(plan)
        rungs = replace(plan, lines=tuple(line for line in plan.lines if line.attribute != STAGE))
        if rungs.steps:
            self._provisioner.apply(rungs)
        errors: list[str] = []
        for name, compared in self._missing.items():
            if not compared.missing:
                continue
            try:
                self.connectors[name].create_stages(
                    [replace(wanted.stage, active=True) for wanted in compared.missing]
                )
            except ConnectorError as error:
                errors.append(f"  {name}: {error} {error.remedy or ''}".rstrip())
            else:
                self._report(Progress(system=name, what="stages made", done=len(compared.missing)))
        if errors:
            raise DefinitionsRefused(
                "\n".join(["Not every stage could be made; what was made stays:", *errors]),
                remedy="Fix this, then run again: tandem stages apply. Steps that are done are not repeated.",
            )
        after = self.plan(create)
        left = [line for line in after.lines if line.blocks or line.action in STEPS]
        if left:
            told = [f"  {line.system} {line.field}: {line.attribute} {line.stands}" for line in left]
            raise DefinitionsRefused(
                "\n".join(["Everything was written, and yet:", *told]),
                remedy="Give the connected user the rights that are missing (tandem doctor tells them), "
                "then run again: tandem stages apply",
            )
        return after


def _of_pipeline(system: str, stages: Sequence[Stage], wanted: str | None) -> Sequence[Stage]:
    """The stages of one pipeline, by its id or label; all stages of a System that has no pipelines."""
    pipelines = {stage.pipeline: stage.pipeline_label or "" for stage in stages if stage.pipeline is not None}
    if not pipelines:
        return stages
    chosen = next(
        (id for id, label in pipelines.items() if wanted is None or wanted in {id, label}),
        None,
    )
    if chosen is None:
        known = ", ".join(f"{id} ({label})" for id, label in pipelines.items())
        raise SettingsError(
            [f"{system} has no pipeline {wanted!r}."], remedy=f"Name one of them with --pipeline: {known}"
        )
    return [stage for stage in stages if stage.pipeline == chosen]


def _counted(connector: Connector, object: str, field: str, *, besides: Sequence[str]) -> Counted | None:
    try:
        counts = connector.value_counts(object, field, besides=besides)
    except Unsupported:
        # A field that the connected user may not see; the definitions say so in their own words.
        return None
    return Counted(values=counts.values, others=counts.others)
