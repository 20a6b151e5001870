import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.identity.names import core_name, normal_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Acme, Inc.", "acme"),
        ("ACME GmbH & Co. KG", "acme"),
        ("The Acme Company", "acme"),
        ("Acme s.r.o.", "acme"),
        ("Acme Sp. z o.o.", "acme"),
        ("Acme A/S", "acme"),
        ("Acme & Co", "acme"),
        ("Amazon.com, Inc.", "amazon com"),
        ("Société Générale S.A.", "societe generale"),
        ("A. O. Smith", "a o smith"),
        ("U.S. Bancorp", "us bancorp"),
        ("AT&T Inc.", "at and t"),
        ("Procter & Gamble Co", "procter and gamble"),
        ("L'Oréal", "loreal"),
        ("  3M  ", "3m"),
        ("株式会社", "株式会社"),
        ("株式会社日立製作所", "日立製作所"),
        ("日立製作所 株式会社", "日立製作所"),
        ("㈱日立製作所", "日立製作所"),
        ("华为技术有限公司", "华为技术"),
        ("삼성전자 주식회사", "삼성전자"),
        ("\N{CYRILLIC CAPITAL LETTER O}" * 3 + " «Ромашка»", "ромашка"),
        ("Cemex, S.A.B. de C.V.", "cemex"),
        ("Acme S. de R.L. de C.V.", "acme"),
        ("Koç Holding A.Ş.", "koc holding"),
        ("PT Astra International Tbk", "astra international"),
        ("Hershey Company (The)", "hershey"),
        ("Estée Lauder Companies", "estee lauder"),
        ("Limited", "limited"),
        ("The", "the"),
        ("Visa", "visa"),
        ("!!!", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_spellings_of_one_company_are_one_name(text: str | None, name: str) -> None:
    assert normal_name(text) == name


@pytest.mark.parametrize(
    ("name", "core"),
    [("altria group", "altria"), ("acme", "acme"), ("group", "group"), ("acme intl holdings", "acme")],
)
def test_words_that_people_leave_out_are_no_part_of_the_core(name: str, core: str) -> None:
    assert core_name(name) == core


@given(st.text(max_size=40))
def test_a_normal_name_is_case_blind_and_has_single_spaces(text: str) -> None:
    name = normal_name(text)
    assert name == name.casefold()
    assert name == " ".join(name.split())
    assert normal_name(f"  {text}  ") == name


@given(st.text(st.characters(categories=["Lu", "Ll"]), min_size=1, max_size=20))
def test_a_legal_form_changes_no_name(word: str) -> None:
    assert normal_name(f"Acme {word}xq Inc.") == normal_name(f"ACME {word}xq")
