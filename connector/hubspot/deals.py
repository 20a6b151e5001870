"""Deals as outcomes: which company, which stage, won or not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connector.base import NativeRecord, OpportunityPage, Stage
from connector.hubspot.account import Account
from connector.hubspot.reading import Reading, chunks
from connector.hubspot.transport import Transport
from connector.hubspot.wire import BATCH
from connector.hubspot.wire_deals import (
    CURRENCY_FIELD,
    DEAL_FIELDS,
    OPTIONAL_DEAL_FIELDS,
    companies_of,
    deal_of,
    needs_stages,
    stages_of,
)


class Deals:
    """The deals of one portal. Safe to share between threads."""

    def __init__(self, transport: Transport, reading: Reading, account: Account) -> None:
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
