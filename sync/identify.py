"""Which org or portal stands behind each System's name: asked, compared with the ledger, and never guessed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from connector.base import Connector, Identity
from connector.errors import WrongIdentity
from sync.ledger.ledger import Ledger
from sync.model.records import SystemName

#: The longest day over which a CRM counts calls: a rolling one.
_DAY = timedelta(hours=24)


def identify(connectors: Mapping[SystemName, Connector], ledger: Ledger) -> dict[SystemName, Identity]:
    """Ask every System who it is, and remember it at first sight. ``WrongIdentity`` where it is not the one that the
    ledger belongs to."""
    _remember_the_day(connectors, ledger)
    found: dict[SystemName, Identity] = {}
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


def _remember_the_day(connectors: Mapping[SystemName, Connector], ledger: Ledger) -> None:
    """A service that starts anew, or a command from cron, goes on within the share of the day that is left."""
    for run in ledger.runs.since(_DAY):
        for name, calls in run.calls.items():
            connector = connectors.get(SystemName(name))
            # What this Connector has made itself it knows; a Run of before it was made is news.
            if connector is not None and connector.calls == 0:
                connector.remember(calls, run.started_at)
