"""The bytes of a file as text, whatever program saved it."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

#: How files begin that hold no text, and what they are.
_OTHERS = (
    (b"PK\x03\x04", "an Excel workbook or a zip file"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"\x1f\x8b", "a gzip file"),
    (b"%PDF", "a PDF"),
    (b"PAR1", "a Parquet file"),
)
#: The marks of byte order, the longer ones first: UTF-32's begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAVE = "Save it as “CSV UTF-8” and import that."


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text of a file."""

    text: str
    #: What was assumed of it, for people; None where nothing was.
    note: str | None = None


class NoText(ValueError):
    """The bytes are no text that can be read; ``str(error)`` says what they are, ``remedy`` what to do."""

    def __init__(self, message: str, remedy: str = _SAVE) -> None:
        super().__init__(message)
        self.remedy = remedy


def decode(data: bytes) -> Decoded:
    """UTF-8, UTF-16 and UTF-32 as they are; else Windows-1252, and a note of it. Raises NoText."""
    if not data.strip():
        raise NoText(
            "is empty",
            "Export the scores again, with a header row such as domain,score and one row an account.",
        )
    for magic, what in _OTHERS:
        if data.startswith(magic):
            raise NoText(f"is {what}, not a CSV file")
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), None) or _unmarked(data)
    try:
        return Decoded(data.decode(encoding))
    except UnicodeDecodeError as error:
        if encoding != "utf-8":
            raise NoText(
                f"begins as {encoding.upper()} and does not go on so (byte {error.start:,})"
            ) from None
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise NoText(f"is neither UTF-8 nor UTF-16 nor Windows-1252 (line {line:,})") from None
    return Decoded(
        text,
        f"is not UTF-8 and was read as Windows-1252. Where letters look wrong: {_SAVE[0].lower()}{_SAVE[1:]}",
    )


def _unmarked(data: bytes) -> str:
    """Text of ours is mostly ASCII: in UTF-16 every second byte of it is zero."""
    head = data[:4096]
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if not even and not odd:
        return "utf-8"
    if odd > len(head) // 4 and not even:
        return "utf-16-le"
    if even > len(head) // 4 and not odd:
        return "utf-16-be"
    raise NoText("holds zero bytes, so it is no text")
