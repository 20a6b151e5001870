"""What was read or issued as a secret stands in nothing that is told, in whatever form it comes back."""

import base64
import html
import io
import json
import sys
import threading
from typing import cast
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import Refusal, Unavailable
from connector.secrecy import MASK, KnownSecrets, ScrubbedStream, register, scrub
from sync.errors import SettingsError, SyncError

#: Long enough to be no part of anybody's sentence.
secrets = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=12, max_size=40
).filter(lambda text: len(text.strip()) >= 12)


@given(secret=secrets, before=st.text(max_size=5))
def test_no_form_of_a_secret_is_told(secret: str, before: str) -> None:
    known = KnownSecrets()
    known.add(secret)
    plain = secret.strip()
    forms = [
        plain,
        quote(plain),
        quote(plain, safe=""),
        quote_plus(plain),
        urlencode({"x": plain}),
        json.dumps({"x": plain}),
        json.dumps({"x": plain}, ensure_ascii=False),
        repr([plain]),
        html.escape(plain),
    ]
    for form in forms:
        told = known.scrub(f"{before}: {form}.")
        assert MASK in told
        assert form not in told


@given(
    secret=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=12, max_size=40),
    user=st.binary(max_size=9),
)
def test_a_secret_inside_of_base64_is_found_wherever_it_begins(secret: str, user: bytes) -> None:
    known = KnownSecrets()
    known.add(secret)
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        header = encode(user + b":" + secret.encode()).decode()
        assert MASK in known.scrub(f"Authorization: Basic {header}")


def test_each_line_of_a_key_is_a_secret_and_the_marks_around_it_are_not() -> None:
    lines = ["MIIEvQIBADANBgkqhkiG9w0BAQEFAASC", "BKcwggSjAgEAAoIBAQDJ4Vw6pQ"]
    register("\n".join(["-----BEGIN PRIVATE KEY-----", *lines, "-----END PRIVATE KEY-----"]))
    told = scrub(f"cannot load -----BEGIN PRIVATE KEY----- {lines[1]}")
    assert told == f"cannot load -----BEGIN PRIVATE KEY----- {MASK}"


@pytest.mark.parametrize("word", ["sunshineday", "correct-horse", "aaaaaaaaaaaa"])
def test_a_password_that_is_a_plain_word_is_a_secret_all_the_same(word: str) -> None:
    known = KnownSecrets()
    known.add(word)
    assert known.scrub(f"wrong: {word}") == f"wrong: {MASK}"


def test_what_is_too_short_or_what_the_emulators_take_makes_no_holes_into_sentences() -> None:
    for text in ("", "  ", "abc12", "emulator", "pat-emulator"):
        register(text)
    assert scrub("the emulator says abc12, pat-emulator") == "the emulator says abc12, pat-emulator"


def test_of_two_secrets_of_which_one_begins_the_other_nothing_is_left() -> None:
    register("pat-na1-short1")
    register("pat-na1-short1-and-longer2")
    assert scrub("pat-na1-short1-and-longer2") == MASK


def test_threads_that_register_side_by_side_lose_no_secret() -> None:
    names = [f"secret-{number:04}-of-threads" for number in range(64)]

    known = KnownSecrets()

    def work(mine: list[str]) -> None:
        for name in mine:
            known.add(name)
            known.scrub(name)

    threads = [threading.Thread(target=work, args=(names[start::8],)) for start in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [name for name in names if known.scrub(name) != MASK] == []


def test_every_error_is_scrubbed_where_it_is_made() -> None:
    secret = register("pat-na1-0123-of-errors")
    for error in (
        Unavailable(f"the proxy said {secret}", remedy=f"drop {secret}"),
        SyncError(f"refused {secret}", remedy=f"drop {secret}"),
        SettingsError([f"wrong: {secret}"], remedy=f"drop {secret}"),
    ):
        assert secret not in f"{error} {error.remedy} {getattr(error, 'problems', '')}"
        assert MASK in str(error)
    assert Refusal(code="X", message=f"no {secret}").message == f"no {MASK}"


def test_what_is_written_to_the_terminal_is_scrubbed_a_traceback_included() -> None:
    secret = register("pat-na1-4567-of-streams")
    kept = io.StringIO()
    stream = ScrubbedStream(kept)
    stream.writelines([f"a {secret}\n", "b\n"])
    try:
        raise ValueError(secret)
    except ValueError:
        kept_error, sys.stderr = sys.stderr, cast(io.StringIO, stream)
        try:
            sys.excepthook(*cast("tuple[type[BaseException], BaseException, None]", sys.exc_info()))
        finally:
            sys.stderr = kept_error
    assert secret not in kept.getvalue()
    assert f"ValueError: {MASK}" in kept.getvalue()
    assert stream.isatty() is False  # type: ignore[operator]


@pytest.mark.parametrize("text", ["", "nothing to hide"])
def test_ordinary_texts_stay_as_they_are(text: str) -> None:
    register("pat-na1-8901-somewhere")
    assert scrub(text) == text


def test_tokens_of_months_do_not_pile_up() -> None:
    known = KnownSecrets()
    for number in range(600):
        known.add(f"access-token-{number:05}")
    assert known.scrub("access-token-00000 access-token-00599") == f"access-token-00000 {MASK}"
