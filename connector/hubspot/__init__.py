"""The HubSpot side: ``connect`` gives a Connector to one portal."""

from connector.hubspot.client import connect
from connector.hubspot.settings import AccessToken, HubSpotSettings, RefreshToken

__all__ = ["AccessToken", "HubSpotSettings", "RefreshToken", "connect"]
