"""Text from outside, made so that it says something and does nothing. Pure.

A name in a CRM, a page of a proxy's, a cell of a file may hold what steers a terminal (control characters, escape
sequences), turns the reading order, breaks lines, cannot be seen or cannot be written. Each such character becomes one
that is seen, so that a text has as many characters as before.

What real names need stays: every letter and mark of every script, variation selectors, and the joiners (U+200C, U+200D)
where they join, which is between two characters that are not ASCII: Persian and Indic names and emoji are written with
them. Between ASCII letters they would only make two names look like one. Tag characters go, although three flags are
written with them: a whole hidden text can be, too.
"""

from __future__ import annotations

import re

#: What stands in the place of a character that nobody could see or write.
INSTEAD = "\ufffd"
#: The longest message of a server that is kept.
LONGEST = 2000

_HIDDEN = (
    *range(0x80, 0xA0),  # C1, NEL among them
    0xAD,  # soft hyphen
    0x34F,  # grapheme joiner
    0x61C,
    0x200E,
    0x200F,
    *range(0x202A, 0x202F),
    *range(0x2066, 0x206A),  # reading order: marks, embeddings, overrides, isolates
    0x115F,
    0x1160,
    0x3164,
    0xFFA0,  # letters of Hangul that are blank
    0x180E,
    0x200B,
    *range(0x2060, 0x2066),
    *range(0x206A, 0x2070),
    0xFEFF,  # of no width
    0x2028,
    0x2029,  # line and paragraph separator
    *range(0xFFF9, 0xFFFC),
    *range(0xFDD0, 0xFDF0),
    0xFFFE,
    0xFFFF,  # no characters
    *range(0xD800, 0xE000),  # halves of characters
    *range(0xE0000, 0xE0080),  # tags
)
_STEERING: dict[int, int] = {
    **{code: 0x2400 + code for code in range(0x20) if chr(code) not in "\n\t"},
    0x7F: 0x2421,
    **dict.fromkeys(_HIDDEN, ord(INSTEAD)),
}
_ASCII_JOINERS = re.compile(
    "(?:(?<=[\x00-\x7f])|^)[\u200c\u200d]|[\u200c\u200d](?=[\x00-\x7f]|$|[\u200c\u200d])"
)
_ESCAPED: dict[int, str] = {
    code: f"\\u{code:04x}"
    if code < 0x10000
    else f"\\u{0xD800 + ((code - 0x10000) >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
    for code in _STEERING
    if code >= 0x7F
}


def printable(text: str) -> str:
    """The text, harmless wherever it is shown. Line feeds and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    text = text.translate(_STEERING)
    return _ASCII_JOINERS.sub(INSTEAD, text) if "\u200c" in text or "\u200d" in text else text


def printable_line(text: str) -> str:
    """The same as one line: a line feed is shown, so that it forges no line."""
    return printable(text).replace("\n", "⏎").replace("\t", " ")


def printable_message(text: str) -> str:
    """The words of a server as one line, of a length that somebody may read."""
    text = printable_line(text)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"


def harmless_json(text: str) -> str:
    """JSON whose readers get every text as it is, while a terminal that shows it is not steered."""
    return text if text.isascii() else text.translate(_ESCAPED)
