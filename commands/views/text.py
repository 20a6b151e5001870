"""The smallest pieces of what the terminal shows."""

from __future__ import annotations

from rich.text import Text

from sync.model.records import Value

#: How a blank is shown.
BLANK = "∅"


FAINT = "bright_black"


def value_text(value: Value, style: str = "") -> Text:
    """A canonical value; a blank is shown as such."""
    return Text(BLANK, style=FAINT) if value is None else Text(value, style=style)


def plural(count: int, noun: str, many: str | None = None) -> str:
    """``1 account``, ``2,000 accounts``, ``3 companies``."""
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"
