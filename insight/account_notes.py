"""Why an account stands in one System alone, and what people are asked about an account, in words. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from sync.model.inbox import MatchState, StoredMatch
from sync.model.records import Account, RecordState
from sync.planning.new_links import in_scope
from sync.settings.sections import Scope


def notes_on(
    account: Account, *, closed: bool, systems: Collection[str], scope: Scope, matches: Iterable[StoredMatch]
) -> Iterator[str]:
    """What the timeline cannot tell, because nothing happened. ``systems``: those of the configuration."""
    asked = list(_questions(account, matches))
    yield from asked
    for record in account.records.values():
        if record.state is RecordState.DELETED:
            yield f"{record.system} {record.id} was deleted there."
        elif record.state is RecordState.INVISIBLE:
            yield f"{record.system} {record.id} is hidden from the connected user."
    lacking = sorted(set(systems) - set(account.records))
    if lacking and not asked and not closed and account.records:
        yield _alone(account, lacking, scope)


def _questions(account: Account, matches: Iterable[StoredMatch]) -> Iterator[str]:
    members = {record.key for record in account.records.values()}
    for stored in matches:
        if members.isdisjoint(stored.match.members):
            continue
        others = ", ".join(
            f"{system} {id}" for system, id in stored.match.members if (system, id) not in members
        )
        if stored.state is MatchState.OPEN:
            beside = f" beside {others}" if others else ""
            yield (
                f"A person is asked{beside}: {stored.match.evidence}. See: tandem matches list ({stored.match.key})"
            )
        elif stored.state is MatchState.WAITING and others:
            yield f"It is asked about beside {others} when another question is answered: {stored.match.evidence}."
        elif stored.state is MatchState.REJECTED and others:
            yield f"Kept apart from {others} by {stored.decided_by} (match {stored.match.key})."
        if not members.isdisjoint(stored.left_alone):
            yield f"Left alone by {stored.decided_by} (match {stored.match.key})."


def _alone(account: Account, lacking: Iterable[str], scope: Scope) -> str:
    """Why an account stands in some Systems and not in others."""
    where = f"It is not in {' and '.join(lacking)}"
    if not in_scope(scope, account.records.values()):
        said = scope.accounts if isinstance(scope.accounts, str) else "by its fields"
        return f"{where}, and not in the scope of tandem.yaml (scope: accounts: {said})."
    if account.link.domain is None:
        return f"{where}: it has no website, so a duplicate cannot be ruled out."
    if not scope.create:
        return f"{where}, and scope: create: false forbids creating it there."
    return f"{where} yet. See what the next Run does: tandem plan"
