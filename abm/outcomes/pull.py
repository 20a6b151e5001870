"""Pull opportunities and deals into the ledger, for the feedback loop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from connector.base import Connector, Opportunity, Stage
from connector.errors import AuthFailed, Unsupported
from mappings.people import NOBODY_SPECIAL, People
from mappings.systems import SystemMapping
from sync.engine import Engine
from sync.ledger.ledger import Ledger
from sync.model.abm import Outcome
from sync.model.journal import OK, Run
from sync.model.progress import Progress, Report, unwatched
from sync.model.records import NativeId, SystemName
from sync.model.users import UserDirectory


@dataclass(slots=True)
class OutcomesPulled:
    """What one pull of one System brought."""

    read: int = 0
    new: int = 0
    changed: int = 0
    removed: int = 0


def run_outcomes(
    engine: Engine, *, trigger: str = "command", full: bool = False
) -> tuple[Run, dict[str, OutcomesPulled]]:
    """One Run that pulls the outcomes of every System, and says so in the ledger."""
    ledger, connectors = engine.ledger, engine.connectors
    run = ledger.runs.start("outcomes", trigger)
    began = {name: connector.calls for name, connector in connectors.items()}
    found: dict[str, OutcomesPulled] = {}

    def calls() -> dict[str, int]:
        return {name: connector.calls - began[name] for name, connector in connectors.items()}

    def counts() -> dict[str, int]:
        figures = {
            f"{kind}.{name}": getattr(pulled, kind)
            for name, pulled in found.items()
            for kind in ("new", "changed", "removed")
        }
        return {name: count for name, count in figures.items() if count}

    try:
        engine.identify()
        for name, connector in connectors.items():
            mapping = engine.mapping
            found[name] = pull_outcomes(
                connector, ledger, mapping.systems[name], mapping.people, full=full, report=engine.report
            )
    except BaseException as error:
        message = str(error) or type(error).__name__
        outcome = "stopped" if isinstance(error, KeyboardInterrupt) else "failed"
        ledger.runs.finish(run.id, outcome, counts=counts(), calls=calls(), error=message)
        raise
    return ledger.runs.finish(run.id, OK, counts=counts(), calls=calls()), found


def pull_outcomes(
    connector: Connector,
    ledger: Ledger,
    system: SystemMapping,
    people: People = NOBODY_SPECIAL,
    *,
    full: bool = False,
    report: Report = unwatched,
) -> OutcomesPulled:
    """Read what changed since the Cursor, or everything; closed and won are the CRM's own flags."""
    name, kind = SystemName(connector.name), system.opportunity_object
    cursor = ledger.cursors.get(name, kind)
    position = None if full or cursor is None else cursor.position
    directory = _people(connector, ledger, people)
    pulled = OutcomesPulled()
    stages: Mapping[tuple[str | None, str], Stage] | None = None
    for page in connector.opportunities(position):
        if page.opportunities and stages is None:
            stages = {(stage.pipeline, stage.id): stage for stage in connector.stages()}
        put = ledger.outcomes.put(_outcomes(page.opportunities, system, stages or {}, directory))
        ledger.outcomes.remove(name, [removal.id for removal in page.removals])
        ledger.cursors.set(name, kind, page.position, full=position is None)
        pulled.read += len(page.opportunities)
        pulled.new += put.new
        pulled.changed += put.changed
        pulled.removed += len(page.removals)
        report(Progress(system=name, what="opportunities read", done=pulled.read))
    ledger.outcomes.resolve()
    return pulled


def _people(connector: Connector, ledger: Ledger, people: People) -> UserDirectory:
    name = SystemName(connector.name)
    if ledger.users.read_at(name) is None:
        try:
            ledger.users.replace(name, connector.users())
        except (AuthFailed, Unsupported):
            # Outcomes are worth having without their owners' names.
            return UserDirectory(())
    return UserDirectory(ledger.users.all(name), people=people)


def _outcomes(
    found: tuple[Opportunity, ...],
    system: SystemMapping,
    stages: Mapping[tuple[str | None, str], Stage],
    people: UserDirectory,
) -> Iterator[Outcome]:
    for opportunity in found:
        stage = stages.get((opportunity.pipeline, opportunity.stage))
        closed, won = opportunity.closed, opportunity.won
        buyer_stage = system.buyer_stage(opportunity.stage, closed=closed, won=won)
        yield Outcome(
            system=SystemName(system.name),
            id=NativeId(opportunity.id),
            account_id=opportunity.account_id,
            name=opportunity.name,
            stage=opportunity.stage,
            stage_label=stage.label if stage is not None else None,
            buyer_stage=buyer_stage.value if buyer_stage is not None else None,
            pipeline=opportunity.pipeline,
            amount=opportunity.amount,
            currency=opportunity.currency,
            close_date=opportunity.close_date,
            closed=closed,
            won=won,
            probability=opportunity.probability,
            owner_email=people.email_of(opportunity.owner_id) if opportunity.owner_id else None,
            created_at=opportunity.created_at,
            modified_at=opportunity.modified_at,
        )
