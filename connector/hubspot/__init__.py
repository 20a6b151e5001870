"""The HubSpot side: ``connect`` gives a Connector to one portal."""

from connector.hubspot.api.settings import AccessToken, HubSpotSettings, RefreshToken
from connector.hubspot.client import connect

__all__ = ["AccessToken", "HubSpotSettings", "RefreshToken", "connect"]
