"""Accounts that a person names, found in what a Run is about to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sync.core.matching.match import Proposal
from sync.core.matching.question import MatchQuestion
from sync.errors import SettingsError
from sync.ledger.ledger import Ledger
from sync.model.records import Account, LinkId, Record, RecordKey, link_id

#: As many are listed where a name fits several.
_LISTED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedAccounts:
    """What was named: Links, and Records that belong to none yet."""

    links: frozenset[LinkId]
    records: frozenset[RecordKey]
    #: Those that no Run keeps in step: not linked, not about to be, and nobody is asked.
    out_of_reach: tuple[Account, ...]

    def asks(self, question: MatchQuestion) -> bool:
        """Is this a question about one of them?"""
        return any(record.key in self.records or record.link_id in self.links for record in question.records)


def named(
    ledger: Ledger,
    names: Sequence[str],
    proposals: Iterable[Proposal],
    questions: Iterable[MatchQuestion],
    waiting: Iterable[Record],
) -> NamedAccounts:
    """The accounts of these names: a Link, a record's id or page, a domain, a piece of the name. ``SettingsError`` with
    every name that fits none, or several. Records that the Plan makes one account, or asks about together, are one."""
    place: dict[RecordKey, str] = {}
    asked = [[record.key for record in question.records] for question in questions]
    asked += [list(stored.match.members) for stored in ledger.matches.list()]
    for pair in asked:
        # Several questions may be about one group of Records.
        old = {place[key] for key in pair if key in place}
        new = min([*old, " ".join(map(" ".join, sorted(pair)))])
        if old - {new}:
            place.update((key, new) for key, label in list(place.items()) if label in old)
        place.update((key, new) for key in pair)
    for record in waiting:
        place[record.key] = link_id(record.system, record.id)
    for proposal in proposals:
        place.update((member.key, proposal.link.id) for member in proposal.members)
    problems: list[str] = []
    links: set[LinkId] = set()
    records: set[RecordKey] = set()
    beyond: dict[LinkId, Account] = {}
    for name in names:
        accounts = ledger.accounts.find(name, _LISTED + 1)
        places = {_place(account, place) for account in accounts}
        if len(places) > 1:
            problems.append(_several(name, accounts))
        elif not places:
            problems.append(f"No account fits {name!r}.")
        for account in accounts:
            keys = {record.key for record in account.records.values()}
            records |= keys
            if place.keys().isdisjoint(keys) and not _is_open(ledger, account):
                beyond[account.link.id] = account
            links.add(account.link.id)
            links |= {LinkId(place[key]) for key in keys if key in place}
    if problems:
        raise SettingsError(
            problems,
            remedy="Nothing was written. Name each account by its domain, by a record's id or by its Link. "
            "What the ledger knows of one: tandem explain NAME",
        )
    return NamedAccounts(
        links=frozenset(links), records=frozenset(records), out_of_reach=tuple(beyond.values())
    )


def _is_open(ledger: Ledger, account: Account) -> bool:
    return bool(ledger.accounts.linked([account.link.id]))


def _place(account: Account, place: Mapping[RecordKey, str]) -> str:
    if account.link.stored:
        return account.link.id
    keys = [record.key for record in account.records.values()]
    return next((place[key] for key in keys if key in place), account.link.id)


def _several(name: str, accounts: Sequence[Account]) -> str:
    listed = [f"  {_described(account)}" for account in accounts[:_LISTED]]
    more = ["  …"] if len(accounts) > _LISTED else []
    return "\n".join([f"{name!r} fits several accounts:", *listed, *more])


def _described(account: Account) -> str:
    where = ", ".join(f"{record.system} {record.id}" for record in account.records.values())
    domain = f" ({account.link.domain})" if account.link.domain else ""
    return f"{account.link.label}{domain}: {where or account.link.id}"
