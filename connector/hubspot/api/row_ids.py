"""Ids of HubSpot's records: decimal numbers, as text. Pure."""

from __future__ import annotations

import re

_ID = re.compile(r"[0-9]{1,20}")


def is_id(text: str) -> bool:
    """Whether it can be the id of a record; anything else must reach neither an address nor a batch."""
    return _ID.fullmatch(text) is not None
