"""Systems that the ledger knows and the configuration does not name: renamed, or taken out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import closing

from connector.base import Connector
from connector.errors import ConnectorError
from sync.core.identities import Mismatch, Tenant, gone, renamed
from sync.errors import SettingsError
from sync.identify import known_tenants, tenant_of
from sync.ledger.ledger import Ledger
from sync.settings.load import Settings


def misnamed(
    settings: Settings, ledger: Ledger, connect: Callable[[Settings], dict[str, Connector]]
) -> list[Mismatch]:
    """What became of each System that the configuration does not name, as far as those that it names anew can tell."""
    known = known_tenants(ledger)
    missing = {name: tenant for name, tenant in known.items() if name not in settings.systems}
    kinds = {tenant.kind for tenant in missing.values()}
    new = [name for name, system in settings.systems.items() if name not in known and system.kind in kinds]
    answering = {name: ask(settings, name, connect) for name in new}
    return [
        wrong
        for name, before in missing.items()
        for wrong in _became(name, before, {one: answering[one] for one in new}, settings)
    ]


def _became(
    name: str, before: Tenant, answering: Mapping[str, Tenant | None], settings: Settings
) -> list[Mismatch]:
    same = [one for one, tenant in answering.items() if tenant is not None and tenant.same_as(before)]
    if same:
        return [renamed(one, before, name) for one in same]
    told = gone(name, before)
    silent = [
        one
        for one, tenant in answering.items()
        if tenant is None and settings.systems[one].kind == before.kind
    ]
    if silent:
        hint = f"{' or '.join(silent)} may be the same and cannot be asked: tandem doctor. "
        return [Mismatch(message=told.message, remedy=hint + told.remedy)]
    return [told]


def misnamed_in(ledger: Ledger, configured: Collection[str]) -> list[Mismatch]:
    """The same as far as the ledger alone can tell, and what is kept under a name that it does not know."""
    known = known_tenants(ledger)
    strangers = sorted(ledger.systems.mentioned() - known.keys() - set(configured))
    return [
        *(gone(name, tenant) for name, tenant in known.items() if name not in configured),
        *(
            Mismatch(
                message=f"Something is kept of {name}, which is no System of the ledger or of tandem.yaml.",
                remedy="Put back a ledger from before: tandem ledger restore. Or make it anew: tandem ledger rebuild",
            )
            for name in strangers
        ),
    ]


def ask(settings: Settings, name: str, connect: Callable[[Settings], dict[str, Connector]]) -> Tenant | None:
    """Who a System is; None where it cannot be asked."""
    alone = settings.model_copy(update={"systems": {name: settings.systems[name]}})
    try:
        with closing(connect(alone)[name]) as connector:
            return tenant_of(connector.kind, connector.identity())
    except (ConnectorError, SettingsError):
        return None
