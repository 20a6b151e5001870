"""Whether the Systems that answer are the ones that the ledger knows. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """An org or portal, as it names itself."""

    kind: str
    id: str
    name: str
    #: What its CRM calls such a thing: ``org``, ``portal``.
    called: str = "org or portal"
    #: A copy for tests, which is made anew now and then.
    is_copy: bool = False

    def __str__(self) -> str:
        # Where a CRM gives no name of its own, its id is all that there is.
        shown = f" ({self.name})" if self.name and self.id not in self.name else ""
        return f"{self.called} {self.id}{shown}"

    def same_as(self, other: Tenant) -> bool:
        return (self.kind, self.id) == (other.kind, other.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """One thing that does not fit, and what to do about it."""

    message: str
    remedy: str


def mismatches(known: Mapping[str, Tenant], answering: Mapping[str, Tenant]) -> list[Mismatch]:
    """What of the Systems that answer, by name, is not as the ledger knows it (``known``), all at once."""
    problems = [*_twins(answering)]
    for name, tenant in answering.items():
        before = known.get(name)
        if before is not None and not before.same_as(tenant):
            problems.append(_another(name, before, tenant, known, answering))
        elif before is None:
            old = _known_as(tenant, known)
            if old is not None and old not in answering:
                problems.append(renamed(name, tenant, old))
    return problems


def renamed(name: str, tenant: Tenant, old: str) -> Mismatch:
    """The configuration calls a System by another name than the ledger."""
    return Mismatch(
        message=f"{name} is {tenant}, known as {old}.",
        remedy=f"Let the ledger follow: tandem systems rename {old} {name}. Or call it {old} again in tandem.yaml.",
    )


def gone(name: str, before: Tenant) -> Mismatch:
    """The ledger knows a System that the configuration does not name."""
    return Mismatch(
        message=f"{name}, {before}, is in the ledger and not in tandem.yaml.",
        remedy=f"Put it back there, or let the ledger forget it, told first what is lost: tandem systems forget {name}",
    )


def _twins(answering: Mapping[str, Tenant]) -> Iterator[Mismatch]:
    by_tenant: dict[tuple[str, str], list[str]] = {}
    for name, tenant in answering.items():
        by_tenant.setdefault((tenant.kind, tenant.id), []).append(name)
    for names in by_tenant.values():
        if len(names) > 1:
            yield Mismatch(
                message=f"{' and '.join(names)} are the same {answering[names[0]]}.",
                remedy="Take one of them out of tandem.yaml, or correct its address and credentials.",
            )


def _another(
    name: str, before: Tenant, now: Tenant, known: Mapping[str, Tenant], answering: Mapping[str, Tenant]
) -> Mismatch:
    other = _known_as(now, known)
    if other is not None and other in answering and answering[other].same_as(before):
        return Mismatch(
            message=f"{name} is {now} and {other} is {before}: the other way round than the ledger knows them.",
            remedy=f"Exchange the addresses and credentials of {name} and {other} in tandem.yaml.",
        )
    message = f"{name} is {now}, but this ledger belongs to {before}."
    if other is not None:
        message = f"{message[:-1]}; it knows {now.called} {now.id} as {other}."
    cures = [f"Correct the address and credentials of {name} in tandem.yaml"]
    if now.is_copy or before.is_copy:
        cures.append(
            f"where a sandbox was refreshed, it is another {now.called} now: let the ledger forget the one before, "
            f"tandem systems forget {name}, then look: tandem plan"
        )
    cures.append(f"name another ledger for this {now.called} (ledger:)")
    return Mismatch(message=message, remedy="; or ".join(cures) + ".")


def _known_as(tenant: Tenant, known: Mapping[str, Tenant]) -> str | None:
    return next((name for name, known_tenant in known.items() if known_tenant.same_as(tenant)), None)
