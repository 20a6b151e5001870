"""The guard: a Plan that would touch too much is stopped before its first write, with the numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from sync.core.diff import Why
from sync.core.matching.match import Proposal
from sync.core.plan import Change, Plan
from sync.errors import UnsafePlan
from sync.model.records import TANDEM_ID

#: Below so many accounts a share says nothing: three of five is a normal morning.
MIN_ACCOUNTS = 20
#: Below so many new Links a share of them says nothing.
MIN_NEW_LINKS = 10
#: A full read that misses more than this share of the records that the ledger knows is not believed.
EMPTIED_SHARE = 0.5


class Broken(NamedTuple):
    """A limit that a Plan breaks, with the numbers."""

    sentence: str
    #: What lets one Run through: this option, with this value at the least.
    option: str
    needed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Limits of one Run; raising them is an explicit act."""

    #: Share of the linked accounts whose standing values may be overwritten, or which may close or go out of sight,
    #: in one Run.
    max_change_share: float = 0.3
    #: Field writes in one Run, creates and fills included.
    max_changes: int = 5000
    #: Points by which a score may move without being a swing.
    score_swing: float = 30.0
    #: Share of all scores that may swing in one Run.
    max_swing_share: float = 0.3
    #: Share of the new Links of one Run whose Records have names that do not fit each other.
    max_unlike_share: float = 0.1

    @property
    def max_missing_share(self) -> float:
        """Share of the known records that a full read may miss. Who allows more than half of the accounts to change in
        one Run allows as many to be gone."""
        return max(EMPTIED_SHARE, self.max_change_share)

    def check(self, plan: Plan) -> None:
        """Raise ``UnsafePlan`` with every limit that the Plan breaks."""
        broken = self.broken(plan)
        if broken:
            raise UnsafePlan(
                "The Plan is larger than the guard allows; nothing was written. "
                + " ".join(limit.sentence for limit in broken),
                remedy="Look at it with: tandem plan. If it is right, let this one Run through with: "
                + overrides(broken),
            )

    def broken(self, plan: Plan) -> list[Broken]:
        """Every limit that the Plan breaks."""
        broken: list[Broken] = []
        writes = [change for change in plan.changes if change.field != TANDEM_ID]
        if len(writes) + len(plan.creates) > self.max_changes:
            creating = f" and creates {len(plan.creates):,} records" if plan.creates else ""
            sentence = (
                f"It writes {len(writes):,} field values{creating}; max_changes is {self.max_changes:,}."
            )
            broken.append(Broken(sentence, "--max-changes", str(len(writes) + len(plan.creates))))
        # The first Run is the largest of all, and the ledger holds no Link yet.
        accounts = plan.linked + sum(1 for proposal in plan.proposals if not proposal.link.stored)
        if accounts >= MIN_ACCOUNTS:
            overwritten = {change.link_id for change in writes if _overwrites(change)}
            broken.extend(self._share(len(overwritten), accounts, "overwrites values of"))
            closing = {closure.link_id for closure in plan.closures}
            broken.extend(self._share(len(closing), accounts, "would close the Link of"))
            broken.extend(self._share(plan.hidden, accounts, "can no longer see"))
        return broken + self._swings(writes, plan.scored) + self._unlike(plan.proposals)

    def _unlike(self, proposals: Sequence[Proposal]) -> list[Broken]:
        """Links of strangers: an external id that was copied about, or domains that many companies share."""
        joined = [proposal for proposal in proposals if len(proposal.members) > 1 or proposal.link.stored]
        unlike = sum(1 for proposal in joined if proposal.grounds.unlike)
        share = unlike / len(joined) if len(joined) >= MIN_NEW_LINKS else 0.0
        if share <= self.max_unlike_share:
            return []
        numbers = f"{unlike:,} of {len(joined):,} new Links ({share:.0%})"
        limit = f"max_unlike_share is {self.max_unlike_share:.0%}"
        sentence = f"It makes one account of records whose names do not fit each other in {numbers}; {limit}."
        return [Broken(sentence, "--max-unlike-share", _up(share))]

    def _swings(self, writes: Sequence[Change], scored: int) -> list[Broken]:
        """Scores that a broken model or a wrong file throws about: most of them move, and far."""
        swinging = {change.link_id for change in writes if _swing(change) > self.score_swing}
        share = len(swinging) / scored if scored >= MIN_ACCOUNTS else 0.0
        if share <= self.max_swing_share:
            return []
        numbers = f"{len(swinging):,} of {scored:,} scores ({share:.0%})"
        limit = f"max_swing_share is {self.max_swing_share:.0%}"
        sentence = f"It moves {numbers} by more than {self.score_swing:g} points; {limit}."
        return [Broken(sentence, "--max-swing-share", _up(share))]

    def _share(self, count: int, accounts: int, what: str) -> list[Broken]:
        share = count / accounts
        if share <= self.max_change_share:
            return []
        numbers = f"{count:,} of {accounts:,} linked accounts ({share:.0%})"
        sentence = f"It {what} {numbers}; max_change_share is {self.max_change_share:.0%}."
        return [Broken(sentence, "--max-change-share", _up(share))]


def overrides(broken: Sequence[Broken]) -> str:
    """The options that let a Plan through that breaks these limits."""
    limits: dict[str, str] = {}
    for limit in broken:
        limits[limit.option] = max(limits.get(limit.option, "0"), limit.needed, key=float)
    return " ".join(f"{option} {needed}" for option, needed in limits.items())


def _up(share: float) -> str:
    """A share as a person types it, never less than it is."""
    return f"{min(math.ceil(share * 100) / 100, 1.0):g}"


def _swing(change: Change) -> Decimal:
    """By how much a pushed number moves; 0 for everything else, and for a first score."""
    if change.why is not Why.PUSHED or change.expected is None or change.value is None:
        return Decimal(0)
    try:
        return abs(Decimal(change.value) - Decimal(change.expected))
    except InvalidOperation:
        return Decimal(0)


def _overwrites(change: Change) -> bool:
    """Does a value that somebody may have given go? Scores are computed anew every day; they are nobody's."""
    return change.expected is not None and not change.fills and change.why is not Why.PUSHED
