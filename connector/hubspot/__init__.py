"""The HubSpot connector."""
