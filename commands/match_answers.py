"""Answers to questions of matching, carried out all together or not at all, and what is told of them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import click

from commands.app import App
from commands.views.text import plural
from sync.errors import SettingsError
from sync.ledger.ledger import Ledger
from sync.model.inbox import MatchState, StoredMatch
from sync.model.records import Account, Record, RecordKey
from sync.planning.match_decisions import accept, is_duplicate, problems_of, records_in_place, reject, spare
from sync.planning.new_links import in_scope
from sync.settings.load import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """What became of a question that was answered with yes."""

    stored: StoredMatch
    #: None where both records are of one System.
    account: Account | None = None
    #: The one that is left alone then.
    alone: RecordKey | None = None


def check_answers(ledger: Ledger, answers: Sequence[tuple[StoredMatch, MatchState]]) -> None:
    """``SettingsError`` with all that stands in the way of these answers."""
    problems = [problem for stored, state in answers for problem in problems_of(ledger, stored, state)]
    if problems:
        raise SettingsError(
            problems, remedy="Nothing was written. See what stands now with: tandem matches list --all"
        )


def accept_all(
    ledger: Ledger, found: Sequence[StoredMatch], *, by: str, note: str | None = None
) -> list[Accepted]:
    """Each is one account now."""
    accepted: list[Accepted] = []
    for stored in found:
        alone = spare(ledger, stored) if is_duplicate(stored) else None
        accepted.append(
            Accepted(stored=stored, account=accept(ledger, stored, by=by, note=note), alone=alone)
        )
    return accepted


def reject_all(
    ledger: Ledger,
    found: Sequence[StoredMatch],
    *,
    by: str,
    note: str | None = None,
    leave_alone: bool = False,
) -> list[Account]:
    """Each is two accounts for good; answers with those that stay as they are."""
    kept = [reject(ledger, stored, by=by, note=note, leave_alone=leave_alone) for stored in found]
    return [account for accounts in kept for account in accounts]


def after_rejection(ledger: Ledger, settings: Settings, found: Sequence[StoredMatch]) -> list[str]:
    """What the next Run creates when these are answered with no, in words."""
    told: list[str] = []
    waiting = {
        member: other
        for stored in ledger.matches.list(MatchState.WAITING)
        for member, other in permutations(stored.match.members)
    }
    for record in {
        record.id: record for stored in found for record in records_in_place(ledger, stored)
    }.values():
        lacking = sorted(set(settings.systems) - {record.system})
        if record.link_id is not None or not in_scope(settings.scope, (record,)) or not lacking:
            continue
        name, where = record.name or record.id, " and ".join(lacking)
        beside = waiting.get(record.key) or _sibling(ledger, record)
        if beside is not None:
            told.append(
                f"{name} ({record.system} {record.id}) is asked about beside {':'.join(beside)} next."
            )
        elif not settings.scope.create:
            continue
        elif record.domain is None:
            told.append(
                f"{name} ({record.system} {record.id}) has no website: it is created nowhere, since a duplicate could "
                "not be ruled out."
            )
        else:
            told.append(f"The next Run then creates {name} ({record.system} {record.id}) in {where}.")
    return told


def _sibling(ledger: Ledger, record: Record) -> RecordKey | None:
    """Another record of its System that shares its domain, and that nobody keeps apart from it."""
    if record.domain is None:
        return None
    apart = ledger.matches.kept_apart().get(record.key, frozenset())
    there = {
        RecordKey(record.system, id) for _, id in ledger.accounts.with_domain(record.system, [record.domain])
    }
    return min(there - {record.key} - apart, default=None)


def leave_alone_offered() -> bool:
    """On a terminal: does the person want them left alone?"""
    return sys.stdin.isatty() and click.confirm(
        "Leave them alone instead, so that neither is created?", default=False
    )


def tell_accepted(app: App, accepted: Sequence[Accepted]) -> None:
    """What was done, and what comes next."""
    linked = [each.account for each in accepted if each.account is not None]
    for each in accepted:
        if each.alone is not None:
            system, id = each.alone
            app.console.print(
                f"{system} {id} is left alone. Merge the two in {system}; or make it an account of its own: "
                f"tandem matches reject {each.stored.match.key}"
            )
    if len(linked) == 1:
        app.console.print(f"{linked[0].link.label} is one account now. Bring it in step with: tandem apply")
    elif linked:
        app.console.print(
            f"{plural(len(linked), 'match', 'matches')} accepted: each is one account now. "
            "Bring them in step with: tandem apply"
        )
