"""The smallest pieces of what the terminal shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

if TYPE_CHECKING:
    from sync.model.records import Value

#: How a blank is shown.
BLANK = "∅"


FAINT = "bright_black"

#: Characters that would steer a terminal, turn the reading order or cannot be written: each becomes one that is seen.
_STEERING: dict[int, int] = {
    **{code: 0x2400 + code for code in range(0x20) if chr(code) not in "\n\t"},
    0x7F: 0x2421,
    **dict.fromkeys(
        (
            *range(0x80, 0xA0),
            0x061C,
            0x200E,
            0x200F,
            *range(0x2028, 0x202F),
            *range(0x2066, 0x206A),
            *range(0xD800, 0xE000),
        ),
        0xFFFD,
    ),
}


def harmless(text: str) -> str:
    """Text from a CRM, a file or an answer so that it changes nothing about the terminal but what it says. As many
    characters as before."""
    return text.translate(_STEERING)


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
    return harmless(text).replace("\n", "⏎").replace("\t", " ")


def one_line(text: str) -> str:
    """Harmless, and without line breaks or wide gaps, as a pipe gets it."""
    return " ".join(harmless(text).split())


def value_text(value: Value, style: str = "") -> Text:
    """A canonical value; a blank is shown as such."""
    return Text(BLANK, style=FAINT) if value is None else Text(line(value), style=style)


def plural(count: int, noun: str, many: str | None = None) -> str:
    """``1 account``, ``2,000 accounts``, ``3 companies``."""
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"
