"""A file of scores, as programs save it and people fill it in."""

from __future__ import annotations

import codecs
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from abm.scoring.decode import NoText, decode
from abm.scoring.import_csv import Fold, ScoreFile, folds, read_scores
from emulator.salesforce.data.ids import long_id
from mappings.files.load import load
from sync.settings.sections import ScoreSettings

NOON = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
SPEC = load(None, {"salesforce": "salesforce"}).fields["engagement_score"]
TIMED = ScoreSettings(as_of_column="as_of")
BY_ID = ScoreSettings(key="salesforce")


PLAIN = ScoreSettings()


def read(text: str, settings: ScoreSettings = PLAIN, *, zone: str | None = None) -> ScoreFile:
    return read_scores(text, settings, SPEC, now=NOON, zone=None if zone is None else ZoneInfo(zone))


def said(found: ScoreFile) -> list[str]:
    return [f"{row.line}: {row.reason}" for row in found.bad]


def values(found: ScoreFile) -> dict[str, str]:
    assert not found.bad, said(found)
    return {score.key: score.score for score in found.scores}


@pytest.mark.parametrize(
    "text",
    [
        "domain,score\nacme.com,57.5\n",
        " Domain , SCORE \nacme.com,57.5\n",
        "\ufeff\ufeffDomain,Score\r\nacme.com,57.5\r\n",
        '"domain";"score"\n"acme.com";"57.5"\n',
        "domain\tscore\nacme.com\t57.5\n",
        "domain|score\nacme.com|57.5\n",
        "sep=;\ndomain;score\nacme.com;57.5\n",
        "\n,,\ndomain,score,owner\n\nacme.com, 57.50 ,ann\n",
        "score\u200b,domain\r57.5,https://www.ACME.com/about\r",
    ],
)
def test_how_a_file_separates_cells_and_spells_its_header_makes_no_odds(text: str) -> None:
    assert values(read(text)) == {"acme.com": "57.5"}


@pytest.mark.parametrize(
    ("asked", "written"), [("As Of", "as_of"), ("as_of", " AS  OF "), ("as-of", "As of")]
)
def test_blanks_bars_and_case_of_a_column_are_forgiven_on_both_sides(asked: str, written: str) -> None:
    found = read(f"domain,score,{written}\nacme.com,5,2026-11-01\n", ScoreSettings(as_of_column=asked))
    assert [score.as_of for score in found.scores] == [datetime(2026, 11, 1, tzinfo=UTC)]


def test_a_column_that_is_missing_or_there_twice_is_told_with_what_may_be_meant() -> None:
    assert said(read("domains,score\nacme.com,5\n")) == [
        (
            "1: the header lacks domain; it has domains, score; did you mean domains? "
            "(scores: in tandem.yaml names the columns)"
        )
    ]
    assert said(read("domain,Score,score \nacme.com,5,6\n")) == [
        "1: the header has more than one column score; rename all but one"
    ]
    assert said(read("")) == [
        "1: the header lacks domain, score; it has nothing (scores: in tandem.yaml names the columns)"
    ]


def test_a_decimal_comma_is_told_in_every_form_of_file() -> None:
    assert said(read('domain;score\nacme.com;57,5\nb.com;1.057,5\nc.com;57 %\n"d.com";12\n')) == [
        "2: '57,5' has a comma in it; write a point, and no marks between thousands, as in 1057.5",
        "3: '1.057,5' has a comma in it; write a point, and no marks between thousands, as in 1057.5",
        "4: '57 %' has a percent sign; write the number alone",
    ]
    assert said(read("domain,score\nacme.com,57,5\n")) == [
        "2: it has 3 cells, the header 2; a decimal comma? Write a point, as in 57.5"
    ]


def test_what_is_no_csv_is_told_and_no_traceback() -> None:
    huge = "x" * 200_000
    assert said(read(f'domain,score\nacme.com,"{huge}"\n')) == [
        "2: it is no CSV (field larger than field limit (131072)); look for a quote that is not closed"
    ]


# -- times ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Pacific/Kiritimati", "2026-12-01"),
        ("Pacific/Kiritimati", "2026-11-30"),
        ("Pacific/Pago_Pago", "2026-11-30"),
        ("Europe/Berlin", "2026-11-30"),
        ("UTC", "20261130"),
        (None, "2026-11-30"),
        (None, "2026-12-01"),
    ],
)
def test_today_is_never_in_the_future_whatever_the_zone(zone: str | None, day: str) -> None:
    found = read(f"domain,score,as_of\nacme.com,5,{day}\n", TIMED, zone=zone)
    assert values(found) == {"acme.com": "5"}
    assert found.scores[0].as_of <= NOON


@pytest.mark.parametrize(
    ("zone", "said_at"),
    [
        ("Europe/Berlin", "2026-12-01"),
        ("Pacific/Pago_Pago", "2026-12-01"),
        (None, "2026-12-02"),
        ("Europe/Berlin", "2026-11-30T13:01"),
        ("Asia/Tokyo", "2026-11-30 21:01"),
        (None, "2026-11-30T12:00:01Z"),
        (None, "9999-12-31"),
    ],
)
def test_what_has_not_begun_there_is_in_the_future(zone: str | None, said_at: str) -> None:
    found = read(f"domain,score,as_of\nacme.com,5,{said_at}\n", TIMED, zone=zone)
    assert said(found) == [f"2: {said_at} is in the future"]


def test_a_time_without_an_offset_is_meant_in_the_zone_of_the_configuration() -> None:
    text = "domain,score,as_of\nacme.com,5,2026-11-30T13:00\n"
    assert read(text, TIMED, zone="Europe/Berlin").scores[0].as_of == NOON
    assert said(read(text, TIMED)) == [
        (
            "2: 2026-11-30T13:00 is in the future, as UTC's "
            "(write its offset, as in 09:00:00+01:00, or timezone: in tandem.yaml)"
        )
    ]


def test_a_day_begins_where_the_company_is() -> None:
    found = read("domain,score,as_of\nacme.com,5,2026-11-20\n", TIMED, zone="Asia/Tokyo")
    assert found.scores[0].as_of == datetime(2026, 11, 19, 15, tzinfo=UTC)


@pytest.mark.parametrize("at", ["0001-01-01", "0001-01-01T00:00"])
def test_a_time_outside_the_calendar_is_told(at: str) -> None:
    assert said(read(f"domain,score,as_of\nacme.com,5,{at}\n", TIMED, zone="Asia/Tokyo")) == [
        f"2: {at} lies outside the years 1 to 9999"
    ]


# -- several rows of one account ------------------------------------------------------------------------------


def test_rows_of_one_account_are_named_by_line_with_the_one_that_counts() -> None:
    found = read("domain,score\nacme.com,1\nb.com,2\nwww.acme.com,3\nhttps://ACME.com/x,4\n")
    assert folds(found, {}) == [Fold(lines=(2, 4, 5), counts=5)]


def test_of_several_rows_the_latest_time_counts() -> None:
    found = read("domain,score,as_of\nacme.com,1,2026-11-02\nacme.com,3,2026-11-01\nb.com,1,\n", TIMED)
    assert folds(found, {}) == [Fold(lines=(2, 3), counts=2)]


def test_keys_of_one_account_fold_too() -> None:
    found = read("domain,score\nacme.de,1\nacme.com,2\nother.com,3\nacme.com,4\n")
    accounts = {"acme.de": "tdm1", "acme.com": "tdm1", "other.com": "tdm2"}
    assert folds(found, accounts) == [Fold(lines=(2, 3, 5), counts=5)]


# -- ids ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("short", ["001Ws00003aBcDe", "0010000000zZ9yX", "001ABCDEFGHIJKL"])
def test_an_id_of_18_characters_is_known_in_any_case(short: str) -> None:
    whole = long_id(short)
    assert whole is not None
    for written in (whole, whole.lower(), whole.upper(), whole.swapcase()):
        assert values(read(f"salesforce,score\n{written},5\n", BY_ID)) == {whole: "5"}


@pytest.mark.parametrize("id", ["9001234567", "123456789012345678", "001Ws00003aBcDe"])
def test_an_id_of_another_kind_stays_as_it_is(id: str) -> None:
    assert values(read(f"salesforce,score\n{id},5\n", BY_ID)) == {id: "5"}


def test_an_id_that_a_spreadsheet_has_shortened_is_told() -> None:
    assert said(read("salesforce,score\n9.00123E+09,5\n", BY_ID)) == [
        "2: 9.00123E+09 is an id that a spreadsheet has shortened; format the column as text and export again"
    ]


# -- bytes ----------------------------------------------------------------------------------------------------

TEXT = "domain,score\nmüller.de,57.5\n"


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        TEXT.encode("utf-32"),
        TEXT.encode("cp1252"),
    ],
)
def test_a_file_is_read_in_the_encodings_that_programs_save(data: bytes) -> None:
    assert values(read(decode(data).text)) == {"xn--mller-kva.de": "57.5"}


def test_only_what_is_assumed_is_noted() -> None:
    assert decode(TEXT.encode("utf-16")).note is None
    assert decode(TEXT.encode("cp1252")).note == (
        "is not UTF-8 and was read as Windows-1252. Where letters look wrong: save it as “CSV UTF-8” and import that."
    )


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is empty"),
        (b" \n\r\n", "is empty"),
        (b"PK\x03\x04rest", "is an Excel workbook or a zip file, not a CSV file"),
        (b"domain,score\x00\x01\x00", "holds zero bytes, so it is no text"),
        (codecs.BOM_UTF16_LE + b"d\x00o", "begins as UTF-16 and does not go on so (byte 4)"),
        (b"domain,score\nm\x81ller.de,5\n", "is neither UTF-8 nor UTF-16 nor Windows-1252 (line 2)"),
    ],
)
def test_a_file_that_is_no_text_is_refused_with_the_cure(data: bytes, why: str) -> None:
    with pytest.raises(NoText) as refused:
        decode(data)
    assert str(refused.value) == why
    assert refused.value.remedy
