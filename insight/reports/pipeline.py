"""Pipeline per account by tier: the target cohort beside the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sync.ledger.ledger import Ledger
from sync.model.abm import Outcome
from sync.model.records import Account, Value

#: Everything that is on no list of target accounts, accounts that are not linked included.
REST = "other accounts"
NO_TIER = "no tier"


@dataclass(slots=True)
class Cohort:
    """The figures of one group of accounts in one currency. Amounts are sums of what the CRM states."""

    name: str
    target: bool
    #: Linked accounts in the cohort.
    accounts: int = 0
    open: int = 0
    won: int = 0
    lost: int = 0
    #: Open amount, and won amount, by currency; "" where the CRM tells none.
    pipeline: dict[str, Decimal] = field(default_factory=dict)
    revenue: dict[str, Decimal] = field(default_factory=dict)

    @property
    def win_rate(self) -> float | None:
        """Won out of closed; None where nothing is closed."""
        closed = self.won + self.lost
        return self.won / closed if closed else None

    def per_account(self, currency: str) -> Decimal | None:
        """Open amount per linked account; None for a cohort without linked accounts."""
        return self.pipeline.get(currency, Decimal(0)) / self.accounts if self.accounts else None

    def add(self, outcome: Outcome) -> None:
        amount = Decimal(outcome.amount or 0)
        currency = outcome.currency or ""
        if not outcome.closed:
            self.open += 1
            self.pipeline[currency] = self.pipeline.get(currency, Decimal(0)) + amount
        elif outcome.won:
            self.won += 1
            self.revenue[currency] = self.revenue.get(currency, Decimal(0)) + amount
        else:
            self.lost += 1


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The report."""

    cohorts: tuple[Cohort, ...]
    #: Outcomes that have no account in their CRM; they are in no cohort.
    without_account: int

    @property
    def target(self) -> Cohort:
        """All tiers together."""
        return _together("target accounts", [cohort for cohort in self.cohorts if cohort.target])

    @property
    def currencies(self) -> tuple[str, ...]:
        return tuple(sorted({c for cohort in self.cohorts for c in (*cohort.pipeline, *cohort.revenue)}))

    def in_one_currency(self) -> Pipeline:
        """Where only one currency is ever named, amounts without one are in it: a CRM with a single currency names
        none."""
        named = [currency for currency in self.currencies if currency]
        if len(named) != 1 or "" not in self.currencies:
            return self
        for cohort in self.cohorts:
            for amounts in (cohort.pipeline, cohort.revenue):
                if "" in amounts:
                    amounts[named[0]] = amounts.get(named[0], Decimal(0)) + amounts.pop("")
        return self


def pipeline(ledger: Ledger, tiers: Iterable[tuple[str, str]]) -> Pipeline:
    """The report out of the ledger; ``tiers``: value and label, in order."""
    labels = {**dict(tiers), NO_TIER: NO_TIER}
    cohorts = {tier: Cohort(name=label, target=True) for tier, label in labels.items()}
    rest = Cohort(name=REST, target=False)
    by_link: dict[str, Cohort] = {}
    for account in ledger.accounts.all_linked():
        cohort = _cohort(account, cohorts, rest)
        cohort.accounts += 1
        by_link[account.link.id] = cohort
    without_account = 0
    for outcome in ledger.outcomes.all():
        if outcome.account_id is None:
            without_account += 1
        else:
            by_link.get(outcome.link_id or "", rest).add(outcome)
    shown = [cohort for cohort in cohorts.values() if cohort.accounts or cohort.name != NO_TIER]
    return Pipeline(cohorts=(*shown, rest), without_account=without_account).in_one_currency()


def _cohort(account: Account, cohorts: Mapping[str, Cohort], rest: Cohort) -> Cohort:
    if _agreed(account, "target_account") != "true":
        return rest
    return cohorts.get(_agreed(account, "tier") or NO_TIER, cohorts[NO_TIER])


def _agreed(account: Account, name: str) -> Value:
    """The Base, or what stands in the first System that tells, where nothing was agreed on yet."""
    if name in account.link.base:
        return account.link.base[name]
    return next((value for record in account.records.values() if (value := record.current.get(name))), None)


def _together(name: str, cohorts: list[Cohort]) -> Cohort:
    total = Cohort(name=name, target=True)
    for cohort in cohorts:
        total.accounts += cohort.accounts
        total.open += cohort.open
        total.won += cohort.won
        total.lost += cohort.lost
        for mine, theirs in ((total.pipeline, cohort.pipeline), (total.revenue, cohort.revenue)):
            for currency, amount in theirs.items():
                mine[currency] = mine.get(currency, Decimal(0)) + amount
    return total


def pipeline_json(report: Pipeline) -> dict[str, Any]:
    """The report for programs; amounts are decimal text by currency."""

    def told(cohort: Cohort) -> dict[str, Any]:
        return {
            "cohort": cohort.name,
            "target": cohort.target,
            "accounts": cohort.accounts,
            "open": cohort.open,
            "won": cohort.won,
            "lost": cohort.lost,
            "win_rate": cohort.win_rate,
            "pipeline": {currency: str(amount) for currency, amount in cohort.pipeline.items()},
            "won_amount": {currency: str(amount) for currency, amount in cohort.revenue.items()},
            "pipeline_per_account": {
                currency: str(round(amount, 2))
                for currency in cohort.pipeline
                if (amount := cohort.per_account(currency)) is not None
            },
        }

    return {
        "cohorts": [told(cohort) for cohort in report.cohorts],
        "target": told(report.target),
        "without_account": report.without_account,
    }
