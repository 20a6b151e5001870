"""Pipeline per account by tier, for the terminal."""

from __future__ import annotations

from decimal import Decimal

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from insight.reports.pipeline import REST, Cohort, Pipeline


def pipeline_view(report: Pipeline) -> RenderableType:
    """The report as a table, one block per currency."""
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bright_black")
    table.add_column("")
    for name in ("accounts", "open", "pipeline", "per account", "won", "won amount", "lost", "win rate"):
        table.add_column(name, justify="right")
    for currency in report.currencies or ("",):
        for cohort in (*report.cohorts[:-1], report.target, report.cohorts[-1]):
            style = "bold" if cohort.name in {"target accounts", REST} else ""
            table.add_row(*_cells(cohort, currency), style=style)
    parts: list[RenderableType] = [table]
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
