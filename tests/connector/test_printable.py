"""What comes from outside says something wherever it is shown, and does nothing."""

from __future__ import annotations

import inspect
import json
import unicodedata
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector import errors
from connector.errors import ConnectorError, Refusal
from connector.printable import INSTEAD, LONGEST, harmless_json, printable, printable_line

#: Every kind of text that does something, each with what it does.
HOSTILE = {
    "escape": "\x1b[2J\x1b]0;title\x07",
    "C1": "\x9b31m\x90q\x9c",
    "override": "\u202eexe.pdf\u202c",
    "embedding": "\u202a\u202b",
    "isolates": "\u2066\u2067\u2068\u2069",
    "marks of direction": "\u200e\u200f\u061c",
    "line breaks": "\r\x0b\x0c\x85\u2028\u2029",
    "no width": "\u200b\u2060\ufeff\u180e\u00ad\u034f\u2063",
    "halves": "\ud800 \udfff",
    "tags": "\U000e0001\U000e0041\U000e007f",
    "blank letters": "\u115f\u3164\uffa0",
    "no characters": "\ufffe\uffff\ufdd0",
    "joiners in ASCII": "ac\u200dme a\u200cb \u200d",
    "nothing": "\0\x08\x7f",
}
#: What names are really written with.
REAL = (
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian, with a non-joiner
    "\u0915\u094d\u200d\u0937",  # Devanagari with a joiner
    "\U0001f469\u200d\U0001f4bb \u2764\ufe0f",  # emoji
    "Société Générale \u2013 Ærø \u682a\u5f0f\u4f1a\u793e \U00020bb7",
    "\u05e9\u05dc\u05d5\u05dd \u0634\u0631\u0643\u0629",
    "A\u0301 e\u0308 \ufb01",
)


def does_something(text: str) -> list[str]:
    """Characters that steer, hide, turn or cannot be written."""
    kinds = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    return [
        character
        for character in text
        if unicodedata.category(character) in kinds and character not in "\n\t\u200c\u200d"
    ]


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_does_something_is_shown_instead(kind: str) -> None:
    told = printable(f"Evil{HOSTILE[kind]}corp")
    assert told.startswith("Evil")
    assert told.endswith("corp")
    assert len(told) == len(f"Evil{HOSTILE[kind]}corp")
    assert does_something(told) == []
    told.encode()


@pytest.mark.parametrize("name", REAL)
def test_real_names_stay_as_they_are(name: str) -> None:
    assert printable(name) == name


@given(st.text(st.characters()))
def test_no_text_does_anything_once_it_is_printable(text: str) -> None:
    told = printable(text)
    assert len(told) == len(text)
    assert [c for c in does_something(told) if unicodedata.category(c) != "Cf"] == []
    assert printable(told) == told
    assert printable_line(text).count("\n") == 0
    told.encode()


@given(st.dictionaries(st.text(st.characters()), st.text(st.characters())))
def test_json_is_read_as_it_was_meant_and_steers_no_terminal(data: dict[str, str]) -> None:
    text = harmless_json(json.dumps(data, ensure_ascii=False))
    assert json.loads(text) == data
    assert (
        printable(text).replace(INSTEAD, "") == text.replace(INSTEAD, "")
        or "\u200c" in text
        or "\u200d" in text
    )
    text.encode()


def every_error() -> Iterator[type[ConnectorError]]:
    for _, kind in inspect.getmembers(errors, inspect.isclass):
        if issubclass(kind, ConnectorError):
            yield kind


@pytest.mark.parametrize("kind", list(every_error()))
def test_no_error_of_a_connector_says_more_than_words(kind: type[ConnectorError]) -> None:
    said = "".join(HOSTILE.values()) + "\nforged"
    error = kind(said, code=said, remedy=said)
    for told in (str(error), error.code or "", error.remedy or ""):
        assert printable_line(told) == told
        assert "\n" not in told
    assert len(str(kind("x" * 100_000))) <= LONGEST + 2


def test_no_refusal_of_a_row_says_more_than_words() -> None:
    said = "".join(HOSTILE.values()) + "\nforged"
    refusal = Refusal(code=said, message=said)
    assert printable_line(refusal.code + refusal.message) == refusal.code + refusal.message
