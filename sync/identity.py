"""Which org or portal stands behind each System's name: asked, compared with the ledger, and never guessed."""

from __future__ import annotations

from collections.abc import Mapping

from connector.base import Connector, Identity
from connector.errors import WrongIdentity
from sync.ledger.ledger import Ledger


def identify(connectors: Mapping[str, Connector], ledger: Ledger) -> dict[str, Identity]:
    """Ask every System who it is, and remember it at first sight. ``WrongIdentity`` where it is not the one that the
    ledger belongs to."""
    found: dict[str, Identity] = {}
    for name, connector in connectors.items():
        identity = found[name] = connector.identity()
        known = ledger.systems.bind(name, connector.kind, identity)
        if known.identity != identity.id:
            raise WrongIdentity(
                f"{name} is {identity.name} ({identity.id}), but this ledger belongs to "
                f"{known.identity_name} ({known.identity}). Nothing was read or written.",
                remedy="Correct the credentials, or name another ledger for this org in tandem.yaml (ledger:).",
            )
    return found
