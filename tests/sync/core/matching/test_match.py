"""Which Records become one account, and which wait for a person."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.identity.domains import company_domains, company_sites
from sync.core.matching.grounds import Ground, Grounds
from sync.core.matching.match import Matched, match, propose_link
from sync.model.records import NativeId, Record, RecordKey, RecordState, SystemName, link_id
from tests.ids import HUBSPOT, SALESFORCE


def record(key: str, **more: object) -> Record:
    """``salesforce:1`` is record 1 of salesforce."""
    system, _, id = key.partition(":")
    return Record(**{"system": system, "id": id, "name": "Acme", **more})  # type: ignore[arg-type]


def keys(records: tuple[Record, ...]) -> list[str]:
    return [f"{found.system}:{found.id}" for found in records]


def told(matched: Matched) -> tuple[list[tuple[str, list[str]]], list[list[str]], list[str]]:
    """Proposals, ambiguous groups and what is alone, in short."""
    return (
        [(found.link.id, keys(found.members)) for found in matched.proposals],
        [keys(found.records) for found in matched.ambiguous],
        keys(matched.alone),
    )


def test_one_record_in_each_system_with_the_same_domain_is_one_account() -> None:
    matched = match([record("hubspot:9", domain="acme.com"), record("salesforce:1", domain="acme.com")])
    assert told(matched) == ([(link_id(HUBSPOT, NativeId("9")), ["hubspot:9", "salesforce:1"])], [], [])
    (proposal,) = matched.proposals
    assert (proposal.link.domain, proposal.link.evidence) == (
        "acme.com",
        "same domain acme.com, and the same name",
    )
    assert (proposal.link.label, proposal.link.stored) == ("Acme", False)


def test_records_without_a_common_trait_are_alone_even_if_their_names_are_equal() -> None:
    matched = match([record("hubspot:1"), record("salesforce:1"), record("salesforce:2", domain="acme.com")])
    assert told(matched) == ([], [], ["hubspot:1", "salesforce:1", "salesforce:2"])


def test_two_records_of_one_system_with_the_same_domain_are_reported_not_guessed() -> None:
    matched = match([record(key, domain="acme.com") for key in ("salesforce:1", "salesforce:2", "hubspot:9")])
    assert told(matched) == ([], [["hubspot:9", "salesforce:1", "salesforce:2"]], [])
    assert matched.ambiguous[0].reason == "same domain acme.com, but 2 in salesforce"
    assert matched.ambiguous[0].key == "acme.com"


def test_duplicates_are_reported_where_no_other_system_knows_the_account() -> None:
    matched = match([record("hubspot:1", domain="acme.com"), record("hubspot:2", domain="acme.com")])
    assert told(matched) == ([], [["hubspot:1", "hubspot:2"]], [])


def test_a_shared_tandem_id_beats_a_domain() -> None:
    matched = match(
        [
            record("salesforce:1", domain="acme.com", tandem_id="tdmX"),
            record("hubspot:9", domain="acme.de", tandem_id="tdmX"),
            record("hubspot:8", domain="acme.com"),
        ]
    )
    # hubspot:8 is left: it shares the domain of a record whose partner in HubSpot is another.
    assert told(matched) == (
        [("tdmX", ["hubspot:9", "salesforce:1"])],
        [["hubspot:8", "hubspot:9", "salesforce:1"]],
        [],
    )
    assert matched.proposals[0].link.evidence == "same Tandem id"


def test_a_record_joins_the_link_that_knows_its_domain() -> None:
    matched = match(
        [
            record("salesforce:1", domain="acme.com", link_id="tdmX"),
            record("hubspot:9", domain="acme.com", link_id="tdmX"),
            record("salesforce_emea:5", domain="acme.com"),
        ]
    )
    assert told(matched) == ([("tdmX", ["salesforce_emea:5"])], [], [])
    assert matched.proposals[0].link.stored


def test_a_record_joins_the_link_whose_id_it_carries() -> None:
    matched = match([record("salesforce:1", link_id="tdmX"), record("hubspot:9", tandem_id="tdmX")])
    assert told(matched) == ([("tdmX", ["hubspot:9"])], [], [])
    assert matched.proposals[0].link.label == "Acme"


def test_a_link_is_never_given_a_second_record_of_a_system_that_shows_another_domain() -> None:
    matched = match(
        [
            record("salesforce:1", domain="acme.com", link_id="tdmX"),
            record("hubspot:9", domain="acme-group.com", link_id="tdmX"),
            record("hubspot:8", domain="acme.com"),
        ]
    )
    assert told(matched) == ([], [["hubspot:8", "hubspot:9", "salesforce:1"]], [])


def test_a_record_that_fits_two_links_waits_for_a_person() -> None:
    matched = match(
        [
            record("salesforce:1", domain="acme.com", link_id="tdmX"),
            record("hubspot:9", domain="acme.com", link_id="tdmY"),
            record("salesforce_emea:5", domain="acme.com"),
        ]
    )
    assert told(matched)[1] == [["hubspot:9", "salesforce:1", "salesforce_emea:5"]]
    assert matched.ambiguous[0].reason == "same domain acme.com, but 2 Links"


def test_a_third_system_is_not_left_alone_when_the_other_two_share_a_tandem_id() -> None:
    matched = match(
        [
            record("salesforce:1", domain="acme.com", tandem_id="tdmX"),
            record("hubspot:9", domain="acme.com", tandem_id="tdmX"),
            record("salesforce_emea:5", domain="acme.com"),
        ]
    )
    assert told(matched) == ([("tdmX", ["hubspot:9", "salesforce:1", "salesforce_emea:5"])], [], [])


def test_two_that_share_a_tandem_id_are_no_account_that_lacks_what_another_account_with_their_domain_has() -> (
    None
):
    """Their company was merged into another one, which keeps its name: they would be made there once more."""
    matched = match(
        [
            record("hubspot:6", domain="acme.com", link_id="tdmZ"),
            record("salesforce:2", domain="beta.com", link_id="tdmZ"),
            record("salesforce:3", domain="acme.com", tandem_id="tdmX"),
            record("salesforce_emea:3", domain="acme.com", tandem_id="tdmX"),
        ]
    )
    waiting = ["hubspot:6", "salesforce:2", "salesforce:3", "salesforce_emea:3"]
    assert told(matched) == ([], [waiting], [])


def test_two_that_share_a_tandem_id_are_not_made_a_third_time_where_a_system_offers_two() -> None:
    matched = match(
        [
            record("hubspot:9", domain="acme.com", tandem_id="tdmX"),
            record("salesforce:1", domain="acme.com", tandem_id="tdmX"),
            record("salesforce_emea:5", domain="acme.com"),
            record("salesforce_emea:6", domain="acme.com"),
        ]
    )
    waiting = ["hubspot:9", "salesforce:1", "salesforce_emea:5", "salesforce_emea:6"]
    assert told(matched) == ([], [waiting], [])


def test_the_domain_partner_of_a_duplicate_waits_with_it_instead_of_being_created_anew() -> None:
    matched = match(
        [
            record("salesforce:1", domain="acme.com", tandem_id="tdmX"),
            record("salesforce:2", tandem_id="tdmX"),
            record("hubspot:9", domain="acme.com"),
        ]
    )
    assert told(matched) == ([], [["salesforce:1", "salesforce:2"], ["hubspot:9", "salesforce:1"]], [])
    assert matched.ambiguous[1].reason == "same domain acme.com, but one of them waits for a decision"


def test_a_record_that_is_gone_is_matched_with_nothing() -> None:
    gone = record("hubspot:9", domain="acme.com", state=RecordState.DELETED)
    assert told(match([gone, record("salesforce:1", domain="acme.com")])) == ([], [], ["salesforce:1"])


def test_a_linked_record_that_is_merely_invisible_keeps_its_place() -> None:
    hidden = record("hubspot:9", domain="acme.com", link_id="tdmX", state=RecordState.INVISIBLE)
    mates = [
        record("salesforce:1", domain="acme.com", link_id="tdmX"),
        record("hubspot:8", domain="acme.com"),
    ]
    assert told(match([hidden, *mates])) == ([], [["hubspot:8", "hubspot:9", "salesforce:1"]], [])


def test_a_label_is_the_first_name_that_names_somebody_or_else_the_domain() -> None:
    nameless = Record(system=HUBSPOT, id=NativeId("9"), domain="acme.com")
    named = Record(system=SALESFORCE, id=NativeId("1"), domain="acme.com", name="Acme")
    other = Record(system=SALESFORCE, id=NativeId("2"), domain="acme.com")
    assert match([nameless, named]).proposals[0].link.label == "Acme"
    assert match([replace(nameless, name="n/a"), named]).proposals[0].link.label == "Acme"
    assert propose_link([nameless, other], evidence="").label == "acme.com"
    assert propose_link([replace(nameless, name="n/a"), other], evidence="").label == "acme.com"


def test_a_label_of_what_has_neither_name_nor_domain_is_an_id() -> None:
    nobody = Record(system=HUBSPOT, id=NativeId("9"))
    assert propose_link([nobody], evidence="").label == "9"
    assert propose_link([replace(nobody, name="n/a")], evidence="").label == "n/a"


def apart(*pairs: str) -> dict[RecordKey, frozenset[RecordKey]]:
    """``salesforce:1 hubspot:9``: a person keeps these two apart."""
    found: dict[RecordKey, frozenset[RecordKey]] = {}
    for pair in pairs:
        one, other = (
            RecordKey(SystemName(system), NativeId(id))
            for key in pair.split()
            for system, _, id in [key.partition(":")]
        )
        found[one] = found.get(one, frozenset()) | {other}
        found[other] = found.get(other, frozenset()) | {one}
    return found


def test_records_that_a_person_keeps_apart_are_accounts_of_their_own() -> None:
    pair = [record("salesforce:1", domain="acme.com"), record("hubspot:9", domain="acme.com")]
    parted = match(pair, apart=apart("salesforce:1 hubspot:9"))
    assert told(parted) == ([], [], ["hubspot:9", "salesforce:1"])
    assert len(match(pair, apart=apart("salesforce:1 hubspot:7")).proposals) == 1


def test_a_duplicate_that_is_kept_apart_from_one_record_of_an_account_is_kept_apart_from_the_account() -> (
    None
):
    linked = [record(key, domain="acme.com", link_id="tdmX") for key in ("salesforce:1", "hubspot:9")]
    parted = match(
        [*linked, record("salesforce:2", domain="acme.com")], apart=apart("salesforce:2 hubspot:9")
    )
    assert told(parted) == ([], [], ["salesforce:2"])


def test_two_that_are_kept_apart_and_may_both_be_one_with_a_third_wait() -> None:
    group = [record(key, domain="acme.com") for key in ("salesforce:1", "hubspot:9", "salesforce_emea:5")]
    asked = match(group, apart=apart("salesforce:1 hubspot:9"))
    assert told(asked) == ([], [["hubspot:9", "salesforce:1", "salesforce_emea:5"]], [])
    assert asked.ambiguous[0].reason == "same domain acme.com, but a person keeps some of them apart"


def test_what_a_person_has_linked_since_is_no_longer_kept_apart() -> None:
    linked = [record(key, domain="acme.com", link_id="tdmX") for key in ("salesforce:1", "hubspot:9")]
    joined = match(
        [*linked, record("salesforce_emea:5", domain="acme.com")], apart=apart("salesforce:1 hubspot:9")
    )
    assert told(joined) == ([("tdmX", ["salesforce_emea:5"])], [], [])


def test_the_parts_into_which_people_divided_a_domain_are_two_questions() -> None:
    group = [record(f"salesforce:{number}", domain="acme.com") for number in (1, 2, 3, 4)]
    parts = apart(*(f"salesforce:{one} salesforce:{other}" for one in (1, 2) for other in (3, 4)))
    asked = match(group, apart=parts)
    assert told(asked) == ([], [["salesforce:1", "salesforce:2"], ["salesforce:3", "salesforce:4"]], [])
    assert [found.key for found in asked.ambiguous] == ["acme.com", "acme.com salesforce 3"]


def test_accounts_whose_records_come_to_share_a_domain_are_reported_as_duplicates() -> None:
    standing = [
        record(f"{system}:{id}", domain="acme.com", link_id=f"tdm{id}")
        for system in ("hubspot", "salesforce")
        for id in (1, 2)
    ]
    matched = match(standing)
    assert told(matched) == ([], [["hubspot:1", "hubspot:2", "salesforce:1", "salesforce:2"]], [])
    assert matched.ambiguous[0].reason == "same domain acme.com, but 2 in hubspot, 2 in salesforce"
    assert match(standing, apart=apart("hubspot:1 hubspot:2")) == Matched()


def test_a_group_that_is_linked_already_says_nothing() -> None:
    linked = [record(key, domain="acme.com", link_id="tdmX") for key in ("salesforce:1", "hubspot:9")]
    assert match(linked) == Matched()


SYSTEMS = ("salesforce", "hubspot", "salesforce_emea")
ROWS = st.lists(
    st.builds(
        record,
        st.tuples(st.sampled_from(SYSTEMS), st.integers(1, 3)).map(lambda key: f"{key[0]}:{key[1]}"),
        domain=st.sampled_from([None, "acme.com", "acme.de"]),
        tandem_id=st.sampled_from([None, None, "tdmX", "tdmY"]),
        link_id=st.sampled_from([None, None, "tdmX", "tdmZ"]),
        state=st.sampled_from([RecordState.PRESENT, RecordState.PRESENT, RecordState.DELETED]),
    ),
    max_size=7,
    unique_by=lambda found: (found.system, found.id),
)


@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_the_records_decides_nothing(rows: list[Record], random: object) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert match(shuffled) == match(rows)


@given(ROWS)
def test_no_proposal_puts_two_records_of_one_system_into_a_link(rows: list[Record]) -> None:
    for proposal in match(rows).proposals:
        standing = [found for found in rows if found.link_id == proposal.link.id]
        joined = [found.system for found in proposal.members]
        assert len(set(joined)) == len(joined)
        assert not {found.system for found in standing} & set(joined)
        assert len(standing) + len(joined) > 1


@given(ROWS)
def test_every_record_without_a_link_is_proposed_or_ambiguous_or_alone(rows: list[Record]) -> None:
    matched = match(rows)
    proposed = [key for found in matched.proposals for key in keys(found.members)]
    waiting = {key for found in matched.ambiguous for key in keys(found.records)}
    new = {
        f"{found.system}:{found.id}"
        for found in rows
        if found.link_id is None and found.state is RecordState.PRESENT
    }
    assert len(proposed) == len(set(proposed))
    assert set(proposed) | set(keys(matched.alone)) | waiting >= new
    assert set(proposed) | set(keys(matched.alone)) <= new
    assert not set(proposed) & set(keys(matched.alone))


@given(ROWS)
def test_no_new_link_by_domain_lacks_a_system_in_which_its_domain_is_known(rows: list[Record]) -> None:
    for proposal in match(rows).proposals:
        domains = {found.domain for found in proposal.members} - {None}
        systems = {found.system for found in proposal.members}
        standing = [found for found in rows if found.state is RecordState.PRESENT and found.domain in domains]
        by_id = proposal.grounds.kind is Ground.TANDEM_ID
        assert by_id or proposal.link.stored or {found.system for found in standing} <= systems


@given(ROWS)
def test_what_is_alone_shares_nothing_with_anybody(rows: list[Record]) -> None:
    standing = [found for found in rows if found.link_id is not None or found.state is RecordState.PRESENT]
    for lonely in match(rows).alone:
        for other in standing:
            if other is not lonely:
                assert lonely.domain is None or other.domain != lonely.domain
                assert lonely.tandem_id is None or lonely.tandem_id not in (other.tandem_id, other.link_id)


# -- two pieces of evidence --------------------------------------------------------------------------------------


def called(key: str, name: str | None, website: str, **more: object) -> Record:
    """A Record as it is read: with the domains and addresses of its website."""
    domains = company_domains(website)
    return record(
        key,
        name=name,
        domain=next(iter(domains), None),
        more_domains=domains[1:],
        sites=company_sites(website),
        **more,
    )


def between(first: tuple[str | None, str], second: tuple[str | None, str]) -> str:
    """What becomes of one Record in each System."""
    matched = match([called("salesforce:1", *first), called("hubspot:9", *second)])
    return "linked" if matched.proposals else "asked" if matched.ambiguous else "alone"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("Acme Inc.", "acme.com"), ("ACME GmbH", "https://www.acme.com/en/")),
        (("Müller", "mueller.de"), ("Mueller KG", "mueller.de/impressum")),
        (("SCHWAB CHARLES CORP", "schwab.com"), ("Charles Schwab", "www.schwab.com")),
        (("International Business Machines", "ibm.com"), ("IBM", "ibm.com")),
        (("Infomaniak", "infomaniak.com"), ("Infomaniak Networks SA", "infomaniak.com")),
        (("Altria Group", "altria.com"), ("Altria", "altria.com")),
        (("Acme (Germany)", "acme.de"), ("Acme", "acme.de")),
        (("Facebook", "meta.com"), ("Meta Platforms (formerly Facebook)", "meta.com")),
        (("Whole Foods Market", "amazon.com/wholefoods"), ("WFM", "https://amazon.com/wholefoods?x=1")),
        (("Acme", "acme.com"), (None, "acme.com")),
        (("Acme", "https://shop.acme.com"), ("Acme", "acme.com")),
        (("Acme", "acme.io, acme.com"), ("Acme", "acme.com")),
        (("Basho Technologies", "basho.com"), ("Bosho Technologies", "basho.com")),
        (
            ("Electronics and Telecommunications Research Institute (ETRI)", "etri.re.kr"),
            ("ETRI", "etri.re.kr"),
        ),
    ],
)
def test_a_domain_and_what_agrees_with_it_are_one_account(
    first: tuple[str | None, str], second: tuple[str | None, str]
) -> None:
    assert between(first, second) == between(second, first) == "linked"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("Whole Foods Market", "amazon.com/wholefoods"), ("Amazon Web Services", "aws.amazon.com")),
        (("Amazon", "amazon.com"), ("Amazon Web Services", "aws.amazon.com")),
        (("Amazon", "amazon.com"), ("Amazon Web Services", "amazon.com")),
        (("Eurostat", "ec.europa.eu/eurostat"), ("DG Trade", "ec.europa.eu/trade")),
        (("Harvard Law School", "law.harvard.edu"), ("Harvard Medical School", "hms.harvard.edu")),
        (("Harvard University", "harvard.edu"), ("Harvard Medical School", "harvard.edu")),
        (("Clinic of Urology", "hospital.org"), ("Clinic of Neurology", "hospital.org")),
        (("Bright Agency", "acme.com"), ("Acme", "acme.com")),
        (("Acme UK", "acme.com"), ("Acme", "acme.com")),
        (("Acme (Germany)", "acme.com"), ("Acme", "acme.com")),
        (("Acme (Germany)", "acme.com"), ("Acme (France)", "acme.com")),
        (("Acme Holding", "acme.com"), ("Acme", "acme.com")),
        (("Acme Holding", "acme.com"), ("Acme Logistics", "acme.com")),
        (("Acme (Robotics Division)", "acme.com"), ("Acme", "acme.com")),
        (("Siemens", "siemens.com"), ("Siemens Energy", "siemens.com")),
        (("McDonald's Miller Ltd", "mcdonalds.com"), ("McDonald's Jones Ltd", "mcdonalds.com")),
        (("Subway", "order.com/store/subway-1"), ("Subway", "order.com/store/subway-2")),
        ((None, "acme.com"), (None, "acme.com")),
        ((None, "acme.com"), ("Bolt", "acme.com")),
        ((None, "emea.acme.com/bolt"), ("Acme", "acme.com")),
        (("AutoScout24", "autoscout.com"), ("AutoScout", "autoscout.com")),
    ],
)
def test_a_domain_alone_is_a_question(first: tuple[str | None, str], second: tuple[str | None, str]) -> None:
    assert between(first, second) == between(second, first) == "asked"


def test_names_that_differ_in_a_number_are_two_companies_whatever_their_domain() -> None:
    assert between(("Store 12", "franchise.com"), ("Store 15", "franchise.com")) == "alone"
    # Where the names are others besides, the numbers tell nothing.
    assert between(("Store 12", "franchise.com"), ("Bolt 15", "franchise.com")) == "asked"


@pytest.mark.parametrize(
    "website",
    [
        "acme.github.io",
        "https://acme.zendesk.com/hc/en-us",
        "acme.myshopify.com",
        "acme.wixsite.com/home",
        "acme.sharepoint.com",
        "acme.europa.eu",
    ],
)
def test_tenants_of_one_host_have_nothing_in_common(website: str) -> None:
    other = website.replace("acme", "bolt")
    assert between(("Acme", website), ("Bolt", other)) == "alone"
    assert between(("Acme", website), ("Acme", website)) == "linked"


@pytest.mark.parametrize(
    "host",
    [
        "facebook.com",
        "linkedin.com/company",
        "linktr.ee",
        "sites.google.com/view",
        "ebay.de/str",
        "doordash.com/store",
        "instagram.com",
        "medium.com",
        "etsy.com/shop",
    ],
)
def test_a_page_of_a_shared_host_is_no_domain(host: str) -> None:
    assert company_domains(f"https://www.{host}/acme") == ()


def test_a_domain_with_several_companies_in_one_system_is_shared_and_it_is_said() -> None:
    matched = match(
        [
            called("salesforce:1", "Harvard Law School", "harvard.edu"),
            called("salesforce:2", "Harvard Medical School", "harvard.edu"),
            called("hubspot:8", "Harvard Medical School", "harvard.edu"),
            called("hubspot:9", "Dana Farber", "harvard.edu"),
        ]
    )
    assert told(matched) == ([], [["hubspot:8", "salesforce:2"]], ["hubspot:9", "salesforce:1"])
    said = "Dana Farber and Harvard Medical School stand under it in hubspot"
    assert matched.ambiguous[0].reason == f"same domain harvard.edu, but it is shared: {said}"
    assert matched.shared == {"harvard.edu": said}


def test_duplicates_of_one_name_make_no_shared_domain() -> None:
    matched = match(
        [
            called("salesforce:1", "Acme", "acme.com"),
            called("salesforce:2", "Acme Inc", "acme.com"),
            called("hubspot:9", "Acme", "acme.com"),
        ]
    )
    assert not matched.shared
    assert told(matched)[1] == [["hubspot:9", "salesforce:1", "salesforce:2"]]


def test_a_stranger_does_not_join_the_account_that_knows_its_domain() -> None:
    linked = [record(key, domain="acme.com", link_id="tdmX") for key in ("salesforce:1", "hubspot:9")]
    stranger = record("salesforce_emea:5", name="Bolt", domain="acme.com")
    assert told(match([*linked, stranger])) == ([], [["hubspot:9", "salesforce:1", "salesforce_emea:5"]], [])


def test_a_link_says_on_what_grounds_it_is_made() -> None:
    pair = [
        called("salesforce:1", "Whole Foods Market", "amazon.com/wholefoods"),
        called("hubspot:9", "WFM", "amazon.com/wholefoods"),
    ]
    (proposal,) = match(pair).proposals
    assert proposal.grounds == Grounds(
        kind=Ground.DOMAIN_AND_SITE,
        score=0.9,
        why="same domain amazon.com, and the same page /wholefoods",
        names=("WFM", "Whole Foods Market"),
        hosts=("amazon.com/wholefoods", "amazon.com/wholefoods"),
    )
    assert proposal.link.evidence == proposal.grounds.why
