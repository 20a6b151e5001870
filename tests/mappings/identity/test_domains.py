import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.identity.domains import (
    company_domains,
    is_shared,
    is_unreadable,
    registrable_domain,
    registrable_domains,
)


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("acme.com", "acme.com"),
        ("www.acme.com", "acme.com"),
        ("acme.com.", "acme.com"),
        ("http://www.acme.com/", "acme.com"),
        ("HTTPS://Acme.com/en", "acme.com"),
        ("https://https://acme.com", "acme.com"),
        ("http:/acme.com", "acme.com"),
        ("//acme.com/x", "acme.com"),
        ("acme.com:8080/x?y=z#w", "acme.com"),
        ("https://user:secret@shop.acme.co.uk/x", "acme.co.uk"),
        ("jane@acme.com", "acme.com"),
        ("mailto:jane@mail.acme.com", "acme.com"),
        ("Acme (acme.com)", "acme.com"),
        ("acme.com, acme.de", "acme.com"),
        ("  acme.com\t", "acme.com"),
        ("acme.github.io", "acme.github.io"),
        ("https://foo.myshopify.com/cart", "foo.myshopify.com"),
        ("www.bücher.de", "xn--bcher-kva.de"),
        ("xn--bcher-kva.de", "xn--bcher-kva.de"),
        ("\uff21\uff23\uff2d\uff25.com", "acme.com"),
        ("acme。com", "acme.com"),
    ],
)
def test_a_company_is_recognised_by_its_registrable_domain(text: str, domain: str) -> None:
    assert registrable_domain(text) == domain


@pytest.mark.parametrize(
    "text",
    [
        "http//acme.com",
        "http:\\\\www.acme.com\\de",
        "http:\\acme.com",
        "htp://acme.com",
        "https.//acme.com",
        "http;//acme.com",
        "http:///acme.com",
        "http://http//acme.com",
        "www..acme.com",
        "acme..com",
        "acme.com:",
        "Website: acme.com",
        "\u2022 acme.com",
        "- acme.com",
        "-acme.com",
        "\u00b7 acme.com",
        "\u201cacme.com\u201d",
        "\u00abacme.com\u00bb",
        "acme.com\u2122",
        "\u200bacme.com\u200b",
        "acme\u2024com",
        "\uff48\uff54\uff54\uff50\uff1a\uff0f\uff0f\uff41\uff43\uff4d\uff45\uff0e\uff43\uff4f\uff4d\uff0f",
        "https%3A%2F%2Fwww.acme.com%2Fen",
        "https%3a//acme.com",
        "%20acme.com%20",
        "acme.com%20(main)",
        "https://acme.com/?to=https%3A%2F%2Fother.com",
        "[Acme](https://acme.com)",
        "**acme.com**",
        "_acme.com_",
        "`acme.com`",
        "<https://acme.com>",
        '<a href="https://acme.com/">Acme</a>',
        "<a href=https://acme.com/>Acme</a>",
        "<p>acme.com</p>",
        "&lt;acme.com&gt;",
        "&nbsp;acme.com",
        "facebook.com/acme acme.com",
        "https://www.linkedin.com/company/acme; https://acme.com",
        "info@gmail.com, www.acme.com",
        "jane@partner.com www.acme.com",
        "mailto:jane@partner.com / acme.com",
    ],
)
def test_a_website_is_read_as_people_write_it(text: str) -> None:
    assert company_domains(text)[0] == "acme.com"
    assert registrable_domain(text) == "acme.com"
    assert not is_unreadable(text)


@pytest.mark.parametrize(
    ("text", "domains"),
    [
        ("acme.com, acme.de", ("acme.com", "acme.de")),
        ("acme.com | www.acme.com/en | acme.fr", ("acme.com", "acme.fr")),
        ("acme.com<br>acme.de", ("acme.com", "acme.de")),
        ("acme.com\u2013acme.de", ("acme.com", "acme.de")),
        ("jane@acme.de acme.com", ("acme.com", "acme.de")),
        ("facebook.com/acme\nacme.com", ("acme.com",)),
        ("twitter.com/acme", ()),
        ("", ()),
        (None, ()),
    ],
)
def test_every_domain_of_a_cell_is_read(text: str | None, domains: tuple[str, ...]) -> None:
    assert company_domains(text) == domains


def test_a_shared_domain_is_named_behind_those_of_one_company() -> None:
    assert registrable_domains("facebook.com/acme acme.com") == ("acme.com", "facebook.com")
    assert is_shared("facebook.com/acme")
    assert not is_shared("facebook.com/acme acme.com")


@pytest.mark.parametrize(
    "text", ["acme", "see our leaflet", "http://10.0.0.1", "acme.notatld", "www acme com"]
)
def test_a_cell_without_a_readable_domain_is_told_from_a_blank_one(text: str) -> None:
    assert is_unreadable(text)


@pytest.mark.parametrize("text", [None, "", "  ", "-", "n/a", "None", "acme.com", "facebook.com/acme"])
def test_a_blank_cell_and_one_with_a_domain_are_not_unreadable(text: str | None) -> None:
    assert not is_unreadable(text)


@pytest.mark.parametrize(
    "text",
    [None, "", " ", "n/a", "none", "-", "acme", "localhost", "https://", "10.0.0.1", "http://10.0.0.1:80/",
     "[::1]", "co.uk", "github.io", "acme.notatld", "..", "jane@acme", "xn--\u00fc.de", "a%20b.com"],
)  # fmt: skip
def test_what_names_no_company_has_no_domain(text: str | None) -> None:
    assert registrable_domain(text) is None


@given(st.text(max_size=40))
def test_any_text_has_a_domain_or_none_and_the_domain_is_its_own(text: str) -> None:
    domain = registrable_domain(text)
    assert domain is None or (registrable_domain(domain) == domain and domain.isascii())


@pytest.mark.parametrize(
    "text",
    ["gmail.com", "jane@googlemail.com", "https://www.facebook.com/acme", "linkedin.com/company/acme",
     "wix.com", "sites.google.com/acme", "HOTMAIL.co.uk", "example.com", "yahoo.com.mx", "info@gmx.li",
     "https://www.google.de/maps/place/acme", "acme.business.site", "acme.godaddysites.com", "acme.hs-sites.com",
     "seznam.cz", "acme@wp.pl", "docomo.ne.jp", "none.com", "yourcompany.com"],
)  # fmt: skip
def test_a_domain_of_many_companies_recognises_none(text: str) -> None:
    assert is_shared(text)


@pytest.mark.parametrize(
    "text", ["acme.com", "acme.wixsite.com", "acme.github.io", "aoltec.com", "nothing", None]
)
def test_a_domain_of_one_company_is_its_own(text: str | None) -> None:
    assert not is_shared(text)


@pytest.mark.parametrize(
    "text",
    ["jane@poczta.fm", "info@vp.pl", "asahi-net.or.jp", "bezeqint.net", "airtelmail.in", "usermail.com", "outlook.ie",
     "mailinator.org", "0-mail.com", "1secmail.org", "campsite.bio/acme", "solo.to/acme", "cutt.ly/x7", "is.gd/acme",
     "yelp.de/biz/acme", "tripadvisor.ie/acme", "behance.net/acme", "vinted.fr/member/1"],
)  # fmt: skip
def test_a_domain_of_a_public_list_recognises_no_company(text: str) -> None:
    assert is_shared(text)


@pytest.mark.parametrize(
    "text",
    ["charter.com", "comcast.com", "cox.com", "frontier.com", "telstra.com", "ancestry.com", "airbnb.com"],
)
def test_a_company_that_a_public_list_names_by_mistake_keeps_its_domain(text: str) -> None:
    assert company_domains(text) == (text,)


@pytest.mark.parametrize(
    "service",
    ["bitrix24.de", "clickfunnels.com", "duckdns.org", "fandom.com", "glitch.me", "herokuapp.com", "hund.io",
     "kintone.com", "kommo.com", "learnworlds.com", "libguides.com", "netlify.app", "ning.com",
     "onrender.com", "pages.dev", "pbworks.com", "podbean.com", "proboards.com", "synology.me",
     "talentlms.com", "tistory.com", "trydiscourse.com", "vercel.app", "wikidot.com", "wpengine.com",
     "zapier.app"],
)  # fmt: skip
def test_two_customers_of_a_service_are_never_found_under_one_domain(service: str) -> None:
    first, second = (company_domains(f"https://{name}.{service}/start") for name in ("acme", "bolt"))
    assert set(first).isdisjoint(second)


def test_every_listed_domain_is_in_the_form_that_is_compared() -> None:
    from mappings.identity.domains import _shared

    shared = _shared()
    listed = {*shared.domains, *shared.tenant_hosts}
    assert all(registrable_domain(domain) in (domain, None) for domain in listed)
    assert not any("." in word for word in {*shared.families, *shared.own_hosts})
    assert not shared.domains & shared.tenant_hosts
    assert len(shared.domains) > 500


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("https://acme.zendesk.com/hc", "acme.zendesk.com"),
        ("acme.bamboohr.com", "acme.bamboohr.com"),
        ("eu.acme.zendesk.com", "acme.zendesk.com"),
        ("acme.myshopify.com", "acme.myshopify.com"),
        ("acme.wixsite.com/home", "acme.wixsite.com"),
        ("www.zendesk.com", "zendesk.com"),
        ("support.zendesk.com", "zendesk.com"),
        ("zendesk.com", "zendesk.com"),
    ],
)
def test_a_customer_of_a_service_is_known_by_its_own_host(text: str, domain: str) -> None:
    assert registrable_domain(text) == domain
    assert not is_shared(text)


@pytest.mark.parametrize(
    "text",
    [
        "voila.fr",
        "windstream.net",
        "runbox.com",
        "yopmail.net",
        "jane@temp-mail.org",
        "www.ebay.de/str/acme",
        "mail.tm",
    ],
)
def test_mail_providers_throw_away_addresses_and_marketplaces_are_shared(text: str) -> None:
    assert is_shared(text)


def test_nearly_every_large_company_is_recognised_by_its_website(shared: Path) -> None:
    with (shared / "data" / "fortune1000_2022" / "fortune1000.csv").open(encoding="utf-8") as file:
        websites = [row["Website"] for row in csv.DictReader(file)]
    domains = [registrable_domain(website) for website in websites]
    assert sum(domain is not None for domain in domains) >= 0.99 * len(websites)
    known = [domain for domain in domains if domain is not None]
    assert len(set(known)) == len(known)
    # The hosts themselves cannot be told from their guests; they are matched by name.
    hosts = {"doordash.com", "ebay.com", "etsy.com", "fb.com", "godaddy.com", "twitter.com"}
    assert {domain for domain in known if is_shared(domain)} == hosts
