"""Where nothing is in scope: how many accounts were read, and why each of them is left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from mappings.model import Mapping as FieldMapping
from sync.ledger.ledger import Ledger
from sync.model.records import Record, SystemName
from sync.settings.sections import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeOfSystem:
    """What was read of one System, and how much of it the scope takes in."""

    read: int
    in_scope: int
    #: Why the others are not, with how many, the most frequent first.
    left_out: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmptyScope:
    """Why no account is kept in step, and what to do about it."""

    systems: Mapping[SystemName, ScopeOfSystem]
    remedy: str


def empty_scope(ledger: Ledger, scope: Scope, mapping: FieldMapping) -> EmptyScope:
    """Read it out of the ledger, for Systems of which no account is linked; no System is asked."""
    read: Counter[str] = Counter()
    inside: Counter[str] = Counter()
    reasons: dict[str, Counter[str]] = {name: Counter() for name in mapping.systems}
    for record in ledger.accounts.present():
        if record.system not in reasons:
            continue
        read[record.system] += 1
        if scope.includes(record.current):
            inside[record.system] += 1
        else:
            reasons[record.system][_why(record, scope, mapping)] += 1
    return EmptyScope(
        systems={
            SystemName(name): ScopeOfSystem(
                read=read[name], in_scope=inside[name], left_out=tuple(reasons[name].most_common())
            )
            for name in mapping.systems
        },
        remedy=_remedy(scope, any_read=bool(read), any_inside=bool(inside)),
    )


def _why(record: Record, scope: Scope, mapping: FieldMapping) -> str:
    if scope.accounts == "linked":
        return f"only in {record.system}, and scope: linked creates nothing"
    wanted = scope.accounts if isinstance(scope.accounts, dict) else {"target_account": ["true"]}
    name = next(each for each, values in wanted.items() if record.current.get(each) not in values)
    native = mapping.systems[record.system].fields.get(name)
    if native is None:
        return f"{record.system} keeps no {name}"
    where = f"{name} ({native.builtin or native.name})"
    return (
        f"{where} is not set" if name == "target_account" else f"{where} is none of {', '.join(wanted[name])}"
    )


def _remedy(scope: Scope, *, any_read: bool, any_inside: bool) -> str:
    if not any_read:
        return "See whether the connected users may see accounts: tandem doctor"
    if any_inside:
        return (
            "What is in scope was saved a moment ago and waits for the next Run, or lost its counterpart. "
            "Run tandem plan again in a minute, or look at one account: tandem explain NAME"
        )
    if scope.accounts == "linked":
        return (
            "Join two records by hand: tandem matches pin RECORD RECORD. Or have what a System lacks created: "
            "scope: {accounts: all} in tandem.yaml. Then: tandem plan --full"
        )
    chosen = (
        "Flag an account" if scope.accounts == "target_accounts" else "Give an account one of these values"
    )
    widen = "widen the scope in tandem.yaml, such as scope: {accounts: all}"
    return f"{chosen} in a CRM, or {widen}. Then: tandem plan --full"
