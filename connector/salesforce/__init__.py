"""The Salesforce connector: ``connect(settings)`` gives a :class:`connector.base.Connector`.

In order of a call: ``client`` (the seam) -> ``reading``, ``writing``, ``schema`` (what to ask) -> ``session`` (one
call, login, retries, budget) -> simple-salesforce -> ``transport``. Pure beside them: ``soql`` (statements),
``wire`` (error codes, headers), ``rows`` (records), ``definitions`` (fields).
"""

from __future__ import annotations

from connector.base import Connector
from connector.budget import Budget
from connector.clock import Pace
from connector.network import Network
from connector.retry import RetryPolicy
from connector.salesforce.api.login import SaveRefreshToken
from connector.salesforce.api.session import Session
from connector.salesforce.api.settings import (
    Auth,
    ClientCredentials,
    JwtBearer,
    Password,
    RefreshToken,
    SalesforceSettings,
)
from connector.salesforce.client import SalesforceConnector

__all__ = [
    "Auth",
    "ClientCredentials",
    "JwtBearer",
    "Password",
    "RefreshToken",
    "SalesforceSettings",
    "connect",
]


def connect(
    settings: SalesforceSettings,
    *,
    pace: Pace | None = None,
    policy: RetryPolicy | None = None,
    budget: Budget | None = None,
    save_refresh_token: SaveRefreshToken | None = None,
    network: Network | None = None,
) -> Connector:
    """A Connector for one org; nothing is sent before its first call.

    ``pace``: clocks and chance (default: this machine's). ``budget``: one to share with other Connectors of the
    same org. ``save_refresh_token``: told each rotated refresh token before its access token is used.
    ``network``: certificates and proxy (default: those that the process's environment names).
    """
    pace = pace or Pace.real()
    budget = budget or Budget(
        pace=pace,
        in_flight=settings.in_flight,
        quota_share=settings.quota_share,
        quota_ceiling=settings.quota_ceiling,
        patience=settings.connect_timeout + settings.timeout,
    )
    session = Session(
        settings,
        pace=pace,
        budget=budget,
        policy=policy or RetryPolicy(),
        save_refresh_token=save_refresh_token,
        network=network or Network.of(),
    )
    return SalesforceConnector(session)
