"""Record ids: 15 case-sensitive characters, and the 18-character form that is safe where case is lost.

Source: Salesforce Help, "What are Salesforce record IDs composed of?".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_SHAPE = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?\Z")
_POD = "5e000"


def checksum(short: str) -> str:
    """Return the three characters that make the 15-character id ``short`` case-safe."""
    return _block(short[:5]) + _block(short[5:10]) + _block(short[10:15])


@lru_cache(maxsize=65_536)
def _block(five: str) -> str:
    return _CHECK[sum(1 << bit for bit, char in enumerate(five) if "A" <= char <= "Z")]


def long_id(text: str) -> str | None:
    """Return the 18-character form of an id of either length, or None when ``text`` has no id's shape."""
    if not _SHAPE.match(text):
        return None
    if len(text) == 15:
        return text + checksum(text)
    if checksum(text[:15]) == text[15:]:
        return text
    return _restored(text)


def short_id(text: str) -> str:
    """Return the 15-character form, the one that Salesforce puts into DUPLICATE_VALUE messages."""
    return text[:15]


def is_id(text: str) -> bool:
    """Tell whether ``text`` has the shape of an id, of either length."""
    return long_id(text) is not None


def _restored(text: str) -> str | None:
    """Give an 18-character id whose case was lost its case back, by its last three characters."""
    restored = []
    for block in range(3):
        bits = _CHECK.find(text[15 + block].upper())
        if bits < 0:
            return None
        for place, char in enumerate(text[block * 5 : block * 5 + 5]):
            upper = bool(bits >> place & 1)
            if upper and not char.isalpha():
                return None
            restored.append(char.upper() if upper else char.lower())
    return "".join(restored) + text[15:].upper()


@dataclass(kw_only=True, slots=True)
class IdSource:
    """Hands out ids per key prefix, in ascending order as an org does."""

    counters: dict[str, int] = field(default_factory=dict)

    def next(self, prefix: str) -> str:
        """Return the next 18-character id of the object with this three-character key prefix."""
        number = self.counters.get(prefix, 0) + 1
        self.counters[prefix] = number
        digits = []
        while number:
            number, rest = divmod(number, 62)
            digits.append(_DIGITS[rest])
        short = prefix + _POD + "".join(reversed(digits)).rjust(7, "0")
        return short + checksum(short)
