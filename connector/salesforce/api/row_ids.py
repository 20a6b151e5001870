"""Ids of Salesforce's records: 15 letters and digits, or the same with three more that tell capitals apart. Pure."""

from __future__ import annotations

import re

_ID = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?")
_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def is_id(text: str) -> bool:
    """Whether it can be the id of a record; anything else must reach neither an address nor a statement."""
    return _ID.fullmatch(text) is not None


def to_18(id: str) -> str:
    """The 18-character form of a record id: three letters at the end say which of the first 15 are capitals.
    Anything that is not a 15-character id is returned unchanged."""
    if len(id) != 15 or not id.isalnum() or not id.isascii():
        return id
    suffix = ""
    for start in (0, 5, 10):
        bits = sum(1 << place for place, letter in enumerate(id[start : start + 5]) if letter.isupper())
        suffix += _CHECK[bits]
    return id + suffix
