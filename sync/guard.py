"""The guard: a Plan that would touch too much is stopped before its first write, with the numbers."""

from __future__ import annotations

from dataclasses import dataclass

from sync.diff import Why
from sync.errors import UnsafePlan
from sync.plan import Change, Plan
from sync.records import TANDEM_ID

#: Below so many accounts a share says nothing: three of five is a normal morning.
MIN_ACCOUNTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Limits of one Run; raising them is an explicit act."""

    #: Share of the linked accounts whose standing values may be overwritten, or which may close, in one Run.
    max_change_share: float = 0.3
    #: Field writes in one Run, creates and fills included.
    max_changes: int = 5000

    def check(self, plan: Plan) -> None:
        """Raise ``UnsafePlan`` with every limit that the Plan breaks."""
        broken = self.broken(plan)
        if broken:
            raise UnsafePlan(
                "The Plan is larger than the guard allows; nothing was written. " + " ".join(broken),
                remedy="Look at it with: tandem plan. If it is right, raise the limit for this one Run with "
                "--max-changes N or --max-change-share S.",
            )

    def broken(self, plan: Plan) -> list[str]:
        """One sentence per broken limit."""
        found: list[str] = []
        writes = [change for change in plan.changes if change.field != TANDEM_ID]
        if len(writes) + len(plan.creates) > self.max_changes:
            creating = f" and creates {len(plan.creates):,} records" if plan.creates else ""
            found.append(
                f"It writes {len(writes):,} field values{creating}; max_changes is {self.max_changes:,}."
            )
        # The first Run is the largest of all, and the ledger holds no Link yet.
        accounts = plan.linked + sum(1 for proposal in plan.proposals if not proposal.link.stored)
        if accounts >= MIN_ACCOUNTS:
            overwritten = {change.link_id for change in writes if _overwrites(change)}
            found.extend(self._share(len(overwritten), accounts, "overwrites values of"))
            closing = {closure.link_id for closure in plan.closures}
            found.extend(self._share(len(closing), accounts, "would close the Link of"))
        return found

    def _share(self, count: int, accounts: int, what: str) -> list[str]:
        share = count / accounts
        if share <= self.max_change_share:
            return []
        numbers = f"{count:,} of {accounts:,} linked accounts ({share:.0%})"
        return [f"It {what} {numbers}; max_change_share is {self.max_change_share:.0%}."]


def _overwrites(change: Change) -> bool:
    """Does a value that somebody may have given go? Scores are computed anew every day; they are nobody's."""
    return change.expected is not None and not change.fills and change.why is not Why.PUSHED
