"""What could not be written, with the account that it belongs to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sync.ledger.ledger import Ledger
from sync.model.inbox import Held
from sync.model.records import NativeId, PageOf


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldAccount:
    """One thing that is held, and whose it is."""

    held: Held
    #: The account's name; its Link where it has none any more.
    account: str
    #: The record that refuses; None where the System has none yet.
    record_id: NativeId | None
    #: Where people see that record.
    page: str | None


def held_accounts(ledger: Ledger, found: Iterable[Held], page: PageOf) -> list[HeldAccount]:
    """The same with names, records and their pages, out of the ledger; no System is asked."""
    ready = list(found)
    links = {item.hold.link_id for item in ready}
    labels = {id: stored.link.label for id, stored in ledger.accounts.links(links).items()}
    accounts = ledger.accounts.linked(links)
    told: list[HeldAccount] = []
    for item in ready:
        hold = item.hold
        account = accounts.get(hold.link_id)
        record = None if account is None else account.records.get(hold.system)
        told.append(
            HeldAccount(
                held=item,
                account=labels.get(hold.link_id, hold.link_id),
                record_id=None if record is None else record.id,
                page=None if record is None else page(hold.system, record.id),
            )
        )
    return told


def hold_json(item: Held) -> dict[str, Any]:
    """What is held, for programs."""
    return {
        "link_id": item.hold.link_id,
        "system": item.hold.system,
        "field": item.hold.field,
        "code": item.hold.code,
        "message": item.hold.message,
        "remedy": item.hold.remedy,
        "attempts": item.attempts,
        "since": item.first_at.isoformat(),
        "next_try_at": item.next_try_at.isoformat(),
    }


def held_json(found: HeldAccount) -> dict[str, Any]:
    """The same with the account, for programs."""
    return {
        "account": found.account,
        **hold_json(found.held),
        "record_id": found.record_id,
        "page": found.page,
    }
