"""Which org or portal stands behind each System's name: asked, compared with the ledger, and never guessed."""

from __future__ import annotations

from collections.abc import Mapping

from connector.base import Connector, Identity
from connector.errors import WrongIdentity
from sync.core.identities import Tenant, mismatches
from sync.ledger.ledger import Ledger
from sync.ledger.systems import KnownSystem
from sync.model.records import SystemName
from sync.settings.systems import TENANTS


def identify(connectors: Mapping[SystemName, Connector], ledger: Ledger) -> dict[SystemName, Identity]:
    """Ask every System who it is, and remember it at first sight. ``WrongIdentity`` where one is not the one that the
    ledger belongs to, goes by another name there, or is another one's twin; then nothing is remembered."""
    identities = {name: connector.identity() for name, connector in connectors.items()}
    answering = {
        str(name): tenant_of(connectors[name].kind, identity) for name, identity in identities.items()
    }
    wrong = mismatches(known_tenants(ledger), answering)
    if wrong:
        raise WrongIdentity(
            "\n".join([*(mismatch.message for mismatch in wrong), "Nothing was read or written."]),
            remedy="\n".join(mismatch.remedy for mismatch in wrong),
        )
    for name, identity in identities.items():
        ledger.systems.bind(name, connectors[name].kind, identity)
    return identities


def tenant_of(kind: str, identity: Identity) -> Tenant:
    """The org or portal that answers."""
    return Tenant(
        kind=kind,
        id=identity.id,
        name=identity.name,
        called=TENANTS.get(kind, "org or portal"),
        is_copy=identity.environment != "production",
    )


def known_tenants(ledger: Ledger) -> dict[str, Tenant]:
    """The orgs and portals that the ledger knows, by the names of their Systems."""
    return tenants(ledger.systems.known())


def tenants(known: Mapping[str, KnownSystem]) -> dict[str, Tenant]:
    """The orgs and portals of these Systems, by their names."""
    return {
        name: Tenant(
            kind=tenant.kind,
            id=tenant.identity,
            name=tenant.identity_name,
            called=TENANTS.get(tenant.kind, "org or portal"),
        )
        for name, tenant in known.items()
    }
