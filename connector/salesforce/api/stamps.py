"""Moments as Salesforce prints them. Pure."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache


@lru_cache(maxsize=4096)
def moment(text: str) -> datetime:
    """A datetime as Salesforce prints it, ``2026-03-01T12:00:00.000+0000``. Cached: bulk loads share stamps."""
    return datetime.fromisoformat(text)
