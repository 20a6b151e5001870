"""The guard: a Plan that would touch too much is stopped before its first write, with the numbers."""

from __future__ import annotations

from dataclasses import dataclass

from sync.diff import Why
from sync.errors import UnsafePlan
from sync.plan import Plan
from sync.records import TANDEM_ID

#: Below so many Links a share says nothing: three of five accounts is a normal morning.
MIN_LINKS = 20


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
        changes = sum(1 for change in plan.changes if change.field != TANDEM_ID)
        if changes > self.max_changes:
            found.append(f"It writes {changes:,} field values; max_changes is {self.max_changes:,}.")
        if plan.linked >= MIN_LINKS:
            overwritten = {
                change.link_id
                for change in plan.changes
                if change.expected is not None and change.field != TANDEM_ID and change.why is not Why.PUSHED
            }
            found.extend(self._share(len(overwritten), plan.linked, "overwrites values of"))
            closing = {closure.link_id for closure in plan.closures}
            found.extend(self._share(len(closing), plan.linked, "would close the Link of"))
        return found

    def _share(self, count: int, linked: int, what: str) -> list[str]:
        share = count / linked
        if share <= self.max_change_share:
            return []
        numbers = f"{count:,} of {linked:,} linked accounts ({share:.0%})"
        return [f"It {what} {numbers}; max_change_share is {self.max_change_share:.0%}."]
