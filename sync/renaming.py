"""What an account is called now: companies are renamed and move to other domains."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from sync.ledger.ledger import Ledger
from sync.model.records import Account, Link, LinkId


def as_called_now(account: Account) -> Account:
    """The account with a name and a domain that one of its Records still has."""
    link = account.link
    records = [record for _, record in sorted(account.records.items())]
    names = [record.name for record in records if record.name] or [link.label]
    domains: list[str | None] = [record.domain for record in records if record.domain is not None] or [
        link.domain
    ]
    called = replace(
        link,
        label=link.label if link.label in names else names[0],
        domain=link.domain if link.domain in domains else domains[0],
    )
    return account if called == link else replace(account, link=called)


def renamings(
    ledger: Ledger, accounts: Mapping[LinkId, Account], looked_at: Iterable[str]
) -> tuple[tuple[Link, Link], ...]:
    """Links, each as the ledger has it and as it is called now, where that differs."""
    before = ledger.accounts.links(sorted(accounts.keys() & set(looked_at)))
    now = {id: accounts[id].link for id in before}
    return tuple(
        (stored.link, now[id])
        for id, stored in before.items()
        if (stored.link.label, stored.link.domain) != (now[id].label, now[id].domain)
    )
