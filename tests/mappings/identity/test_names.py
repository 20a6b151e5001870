import pytest
from cleanco.termdata import terms_by_country, terms_by_type
from hypothesis import given
from hypothesis import strategies as st

from mappings.identity.names import (
    core_name,
    name_to_show,
    normal_name,
    numbers,
    spellings,
    without_form_words,
    without_leading_form,
)


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
        ("Acme S.à r.l.", "acme"),
        ("Acme OÜ", "acme"),
        ("Acme SIA", "acme"),
        ("Acme gGmbH", "acme"),
        ("Acme Gesellschaft mit beschränkter Haftung", "acme"),
        ("Acme, Société Anonyme", "acme"),
        ("Ørsted A/S", "orsted"),
        ("Łukasiewicz", "lukasiewicz"),
        ("Þór hf.", "thor"),
        ("Æon Œuvre Đuro", "aeon oeuvre duro"),
        ("Packaging Corporation of America", "packaging corp of america"),
        ("Acme Mfg.", "acme manufacturing"),
        ("Univ. of Bern", "university of bern"),
        ("Universität Zürich", "university zurich"),
        ("St. Gobain", "saint gobain"),
        ("St", "st"),
        ("WATERS CORP /DE/", "waters"),
        ("VERISIGN INC/CA", "verisign"),
        ("Acme Inc. - DUPLICATE", "acme"),
        ("Acme (duplicate)", "acme"),
        ("DUPLICATE - Acme", "acme"),
        ("Duplicate", "duplicate"),
        ("Acme™ (Germany)", "acme"),
        ("Acme (Berlin Labs)", "acme berlin labs"),
        ("Digitalist Oyj (formerly) Ixonos Plc", "digitalist"),
        ("Acme Ltd d/b/a Bolt", "acme"),
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


FORMS = sorted(
    {form for lists in (terms_by_country, terms_by_type) for forms in lists.values() for form in forms}
)


def test_the_legal_forms_of_all_countries_are_known() -> None:
    assert len(FORMS) > 300


@pytest.mark.parametrize("form", FORMS)
def test_no_legal_form_behind_a_name_makes_it_another(form: str) -> None:
    for written in (form, form.upper(), f"({form})"):
        assert normal_name(f"Acme Widgets {written}") == "acme widgets"
    assert without_leading_form(normal_name(f"{form} Acme Widgets")) == "acme widgets"


@pytest.mark.parametrize(
    "form", [form for form in FORMS if form.isalpha() and form.isascii() and len(form) < 6]
)
def test_a_legal_form_is_known_with_dots_and_with_spaces(form: str) -> None:
    assert normal_name(f"Acme Widgets {'.'.join(form)}.") == "acme widgets"
    assert normal_name(f"Acme Widgets, {' '.join(form)}") == "acme widgets"


@pytest.mark.parametrize(
    ("text", "others"),
    [
        ("Müller", ("muller", "mueller")),
        ("Ромашка", ("ромашка", "romashka")),
        ("acme.com", ("acme com", "acme")),
        ("https://www.acme.co.uk/", ("https www acme", "acme")),
        ("Vision Service Plan dba VSP Global", ("vision service plan", "vsp global")),
        ("Acme (Bolt)", ("acme bolt", "acme")),
        ("Acme", ("acme",)),
        ("", ()),
    ],
)
def test_a_name_has_the_spellings_that_others_write(text: str, others: tuple[str, ...]) -> None:
    assert spellings(text) == others


@pytest.mark.parametrize(
    ("label", "bare"),
    [("thekrogerco", "kroger"), ("chsinc", "chs"), ("acme", "acme"), ("theco", "theco"), ("co", "co")],
)
def test_of_a_label_the_words_that_make_it_formal_are_left_out(label: str, bare: str) -> None:
    assert without_form_words(label) == bare


def test_the_numbers_of_a_name_are_told_in_order() -> None:
    assert numbers("studio 54 of 3m") == ("3", "54")


@pytest.mark.parametrize(
    ("names", "domain", "shown"),
    [
        (["Acme"], "acme.com", "Acme"),
        ([None, "", "n/a", "Acme"], "acme.com", "Acme"),
        ([None, "n/a", "test 2", "-"], "acme.com", "acme.com"),
        (["360"], "360.cn", "360"),
        (["360"], "acme.com", "acme.com"),
        (["n/a"], None, None),
    ],
)
def test_a_stand_in_is_never_shown_as_a_name(
    names: list[str | None], domain: str | None, shown: str | None
) -> None:
    assert name_to_show(names, domain) == shown
