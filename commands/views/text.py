"""The smallest pieces of what the terminal shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from connector.printable import printable, printable_line

if TYPE_CHECKING:
    from sync.model.records import Value

#: How a blank is shown.
BLANK = "∅"


FAINT = "bright_black"


def harmless(text: str) -> str:
    """Text from a CRM, a file or an answer so that it changes nothing about the terminal but what it says. As many
    characters as before."""
    return printable(text)


def harmless_text(text: Text) -> Text:
    """The same with its styles."""
    said = harmless(text.plain)
    if said == text.plain:
        return text
    told = text.copy()
    told.plain = said
    return told


def line(text: str) -> str:
    """The name of an account, a value: harmless, and its line breaks shown, so that it forges no line."""
    return printable_line(text)


def one_line(text: str) -> str:
    """Harmless, and without line breaks or wide gaps, as a pipe gets it."""
    return " ".join(harmless(text).split())


def value_text(value: Value, style: str = "") -> Text:
    """A canonical value; a blank is shown as such."""
    return Text(BLANK, style=FAINT) if value is None else Text(line(value), style=style)


def plural(count: int, noun: str, many: str | None = None) -> str:
    """``1 account``, ``2,000 accounts``, ``3 companies``."""
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"
