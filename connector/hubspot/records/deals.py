"""Deals as outcomes: which company, which stage, won or not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connector.base import NativeRecord, OpportunityPage, Stage
from connector.errors import Rejected
from connector.hubspot.account import PortalAccount
from connector.hubspot.api.bodies import BATCH
from connector.hubspot.api.errors import STAGE_LABEL_EXISTS
from connector.hubspot.api.transport import Transport
from connector.hubspot.records.deal_bodies import (
    CURRENCY_FIELD,
    DEAL_FIELDS,
    DEFAULT_PIPELINE,
    OPTIONAL_DEAL_FIELDS,
    companies_of,
    deal_of,
    flat,
    moved_stage,
    needs_stages,
    placed_stages,
    stage_creation,
    stages_of,
)
from connector.hubspot.records.read import Reader, chunks


class Deals:
    """The deals of one portal. Safe to share between threads."""

    def __init__(self, transport: Transport, reading: Reader, account: PortalAccount) -> None:
        self._transport = transport
        self._reading = reading
        self._account = account

    def opportunities(self, position: str | None) -> Iterator[OpportunityPage]:
        """Deals changed since ``position``. A change of a deal's company alone moves no stamp, so it is seen when
        the deal itself changes, or by a full read (HubSpot: associations)."""
        stages: dict[str, Stage] | None = None
        pages = self._reading.changes("deals", DEAL_FIELDS, position, optional=OPTIONAL_DEAL_FIELDS)
        for page in pages:
            if stages is None and needs_stages(page.records):
                stages = {stage.id: stage for stage in self.stages()}
            companies = self._companies([record.id for record in page.records])
            home = self._home_currency(page.records)
            yield OpportunityPage(
                opportunities=tuple(
                    deal_of(
                        record,
                        company=companies.get(record.id),
                        stages=stages or {},
                        home_currency=home,
                    )
                    for record in page.records
                ),
                removals=page.removals,
                position=page.position,
            )

    def stages(self) -> list[Stage]:
        """Every stage of every deal pipeline; one call."""
        return stages_of(self._transport.read(self._transport.paths.pipelines("deals")).data)

    def create_stages(self, wanted: Sequence[Stage]) -> None:
        """See ``Connector.create_stages``. Whatever moves down is moved from the last on, so that a break in between
        leaves every stage behind those that it stood behind."""
        for pipeline in dict.fromkeys(stage.pipeline or DEFAULT_PIPELINE for stage in wanted):
            ours = [stage for stage in wanted if (stage.pipeline or DEFAULT_PIPELINE) == pipeline]
            self._create_in(pipeline, ours)

    def _create_in(self, pipeline: str, wanted: Sequence[Stage]) -> None:
        held = self._stages_in(pipeline)
        placed = placed_stages(held, wanted)
        for place, stage in reversed(list(enumerate(placed))):
            if stage in held and stage.order != place:
                path = self._transport.paths.stage("deals", pipeline, stage.id)
                self._transport.write("PATCH", path, moved_stage(stage, place))
        for place, stage in enumerate(placed):
            if stage not in held:
                self._create(pipeline, stage, place)

    def _create(self, pipeline: str, stage: Stage, place: int) -> None:
        path = self._transport.paths.stages("deals", pipeline)
        try:
            self._transport.write("POST", path, stage_creation(stage, place))
        except Rejected as error:
            # Our own, after an answer that got lost, or somebody was faster: the label is what tells.
            if error.code != STAGE_LABEL_EXISTS:
                raise
            if flat(stage.label) not in {flat(one.label) for one in self._stages_in(pipeline)}:
                raise

    def _stages_in(self, pipeline: str) -> list[Stage]:
        found = self._transport.look_up(self._transport.paths.pipeline("deals", pipeline)).data
        return stages_of({"results": [found]})

    def _companies(self, deals: Sequence[str]) -> dict[str, str]:
        path = self._transport.paths.associations("deals", "companies")
        found: dict[str, str] = {}
        for part in chunks(deals, BATCH):
            answer = self._transport.read(path, body={"inputs": [{"id": id} for id in part]})
            found |= companies_of(answer.data)
        return found

    def _home_currency(self, records: Sequence[NativeRecord]) -> str | None:
        """A portal with one currency names none on its deals."""
        if any(record.values[CURRENCY_FIELD] is None for record in records):
            return self._account.identity().currency
        return None
