"""Laws that hold for every query: generated conditions over a small org."""

from hypothesis import given
from hypothesis import strategies as st

from emulator.salesforce.soql import parse, run
from tests.emulator.salesforce.soql.conftest import Memory, population, record_id

ACCOUNT_IDS = [record_id("001", number) for number in range(1, 7)]
STAMPS = [f"2026-03-0{day}T09:00:00Z" for day in range(1, 7)]

WEBSITES = ["acme.com", "DUNE.EXAMPLE", ""]

comparisons = st.one_of(
    st.builds("Id = '{}'".format, st.sampled_from(ACCOUNT_IDS)),
    st.builds("Id {} '{}'".format, st.sampled_from(["<", ">=", "!="]), st.sampled_from(ACCOUNT_IDS)),
    st.builds("Id {} ('{}', '{}')".format, st.sampled_from(["IN", "NOT IN"]), *[st.sampled_from(ACCOUNT_IDS)] * 2),
    st.builds("Website {} '{}'".format, st.sampled_from(["=", "!="]), st.sampled_from(WEBSITES)),
    st.builds("Website IN ('{}', null)".format, st.sampled_from(["acme.com", "none"])),
    st.builds("SystemModstamp {} {}".format, st.sampled_from(["=", ">", ">=", "<", "!="]), st.sampled_from(STAMPS)),
    st.builds("Name LIKE '{}%'".format, st.sampled_from("abco")),
    st.just("Owner.Name = 'Bob'"),
)  # fmt: skip
conditions = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.builds("({} AND {})".format, inner, inner),
        st.builds("({} OR {})".format, inner, inner),
        st.builds("(NOT ({}))".format, inner),
    ),
    max_leaves=6,
)
endings = st.sampled_from(
    [
        "ORDER BY Id",
        "ORDER BY SystemModstamp, Id LIMIT 2",
        "ORDER BY SystemModstamp, Id LIMIT 2 OFFSET 1",
        "ORDER BY SystemModstamp DESC, Id LIMIT 3",
        "ORDER BY Name DESC NULLS LAST LIMIT 3",
    ]
)


def found(text: str, *, indexed: bool) -> list[str]:
    return [record["Id"] for record in run(Memory(population(), indexed=indexed), text).records()]


@given(condition=conditions, ending=endings)
def test_an_index_never_changes_an_answer(condition: str, ending: str) -> None:
    text = f"SELECT Id FROM Account WHERE {condition} {ending}"
    assert found(text, indexed=True) == found(text, indexed=False)


@given(condition=conditions)
def test_a_condition_and_its_opposite_share_the_rows_out_between_them(condition: str) -> None:
    yes = found(f"SELECT Id FROM Account WHERE {condition} ORDER BY Id", indexed=False)
    no = found(f"SELECT Id FROM Account WHERE (NOT ({condition})) ORDER BY Id", indexed=False)
    assert sorted(yes + no) == ACCOUNT_IDS[:5]


@given(condition=conditions)
def test_a_count_is_the_number_of_records(condition: str) -> None:
    where = f"FROM Account WHERE {condition}"
    counted = run(Memory(population()), f"SELECT COUNT() {where}").total_size
    (grouped,) = run(Memory(population()), f"SELECT COUNT(Id) {where}").records()
    assert counted == grouped["expr0"] == len(found(f"SELECT Id {where}", indexed=False))


@given(text=st.text(st.characters(codec="ascii", exclude_characters="\r"), max_size=40))
def test_any_text_can_be_asked_for_once_it_is_escaped(text: str) -> None:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    parsed = parse(f"SELECT Id FROM Account WHERE Name = '{escaped}'")
    assert parsed.where is not None
    assert getattr(parsed.where, "value").value == text  # noqa: B009 - the other conditions have none
