"""Pipeline per account by tier, for the terminal."""

from __future__ import annotations

from decimal import Decimal

from rich.console import Group, RenderableType
from rich.text import Text

from commands.views.listing import Column, Listing, Names
from insight.reports.pipeline import REST, Cohort, Pipeline


def pipeline_view(report: Pipeline) -> RenderableType:
    """The report as a table, one block per currency."""
    listing = Listing(
        columns=(
            Column(name="tier", least=12),
            *(
                Column(name=name, least=5, right=True, spare=spare)
                for name, spare in (
                    *(("accounts", 0), ("open", 0), ("pipeline", 0), ("per account", 2)),
                    *(("won", 0), ("won amount", 0), ("lost", 0), ("win rate", 1)),
                )
            ),
        ),
        rows=[
            [
                Text(cell, style="bold" if cohort.name in {"target accounts", REST} else "")
                for cell in _cells(cohort, currency)
            ]
            for currency in report.currencies or ("",)
            for cohort in (*report.cohorts[:-1], report.target, report.cohorts[-1])
        ],
        names=Names.EVERYWHERE,
    )
    parts: list[RenderableType] = [listing]
    if report.without_account:
        text = f"{report.without_account:,} opportunities have no account in their CRM and are in no line."
        parts.append(Text(text, style="yellow"))
    return Group(*parts)


def _cells(cohort: Cohort, currency: str) -> tuple[str, ...]:
    per_account = cohort.per_account(currency)
    return (
        f"{cohort.name} {currency}".strip(),
        f"{cohort.accounts:,}",
        f"{cohort.open:,}",
        f"{cohort.pipeline.get(currency, Decimal(0)):,.0f}",
        f"{per_account:,.0f}" if per_account is not None else "-",
        f"{cohort.won:,}",
        f"{cohort.revenue.get(currency, Decimal(0)):,.0f}",
        f"{cohort.lost:,}",
        f"{cohort.win_rate:.0%}" if cohort.win_rate is not None else "-",
    )
