"""What a stage is most like, in seven languages and without any."""

import pytest

from provision.wording.similarity import Candidate, ending, language_of, nearest, plain, spoken
from provision.wording.vocabulary import WORDS, Meaning

LADDER = [
    Candidate(value="identified", names=("identified", "Identified")),
    Candidate(value="awareness", names=("awareness", "Awareness")),
    Candidate(value="engaged", names=("engaged", "Engaged")),
    Candidate(value="evaluating", names=("evaluating", "Evaluating")),
    Candidate(value="negotiating", names=("negotiating", "Negotiating")),
    Candidate(value="closed", names=("closed", "Closed")),
]


@pytest.mark.parametrize(
    ("label", "value", "sure"),
    [
        ("ENGAGED ", "engaged", True),
        ("3 - Engaged", "engaged", True),
        ("Stage 4: Evaluating", "evaluating", True),
        ("Prospect", "identified", False),
        ("Demo scheduled", "evaluating", False),
        ("Verhandlung", "negotiating", False),
        ("2. Négociation", "negotiating", False),
        ("Propuesta", "negotiating", False),
        ("Interessato", "engaged", False),
        ("受注", "closed", False),
        ("Negotiatng", "negotiating", False),
        ("Signed with partner", "closed", False),
    ],
)
def test_a_label_is_like_a_rung_by_its_words_or_their_synonyms(label: str, value: str, *, sure: bool) -> None:
    proposal = nearest((label,), LADDER)
    assert proposal is not None
    assert (proposal.value, proposal.sure) == (value, sure)
    assert proposal.reason


@pytest.mark.parametrize("label", ["Zebra", "", "???", "Closed lost", "Not engaged at all, really"])
def test_what_is_like_nothing_is_not_guessed_at(label: str) -> None:
    assert nearest((label,), LADDER) is None


def test_what_no_word_tells_is_placed_by_its_order_on_the_lower_rung() -> None:
    order = ["identified", "awareness", "Zebra", "engaged"]
    proposal = nearest(("Zebra",), LADDER, order=order, value="Zebra")
    assert proposal is not None
    assert (proposal.value, proposal.sure) == ("awareness", False)
    assert proposal.reason == "it stands behind awareness"


def test_what_stands_before_all_rungs_is_like_the_first() -> None:
    proposal = nearest(("Zebra",), LADDER, order=["Zebra", "identified", "engaged"], value="Zebra")
    assert proposal is not None
    assert proposal.value == "identified"


@pytest.mark.parametrize(
    ("label", "says"),
    [
        ("Closed Won", Meaning.WON),
        ("Geschlossen - verloren", Meaning.LOST),
        ("Closed Abandoned", Meaning.LOST),
        ("Cerrada ganada", Meaning.WON),
        ("100% Signed", Meaning.WON),
        ("失注", Meaning.LOST),
        ("Closed", None),
        ("Customer", None),
        ("Closed, no budget", None),
        ("Won't buy", None),
        ("Not won yet", None),
        ("Negotiation/Review", None),
    ],
)
def test_a_label_says_how_it_ended_only_in_clear_words(label: str, says: Meaning | None) -> None:
    assert ending(label) is says


@pytest.mark.parametrize(
    ("label", "language"),
    [
        ("Gewonnen", "German"),
        ("3 - Négociation", "French"),
        ("Propuesta", "Spanish"),
        ("Onderhandeling", "Dutch"),
        ("受注", "Japanese"),
        ("Новый клиент", "another script"),
        ("Closed Won", None),
        ("Zebra", None),
        ("123", None),
    ],
)
def test_the_language_of_a_label_is_told_where_it_is_known(label: str, language: str | None) -> None:
    assert language_of(label) == language


def test_accents_capitals_punctuation_and_numbers_in_front_are_no_part_of_a_name() -> None:
    assert plain("  02) NÉGOCIATION / révision ") == "negociation revision"
    assert plain("2024 renewal") == "renewal"
    assert plain("3") == "3"


def test_every_word_is_known_by_itself() -> None:
    """Words that mean two things in two languages may mean the first; within one language that would be a slip."""
    slips = [
        (language, word, said[0], meaning)
        for meaning, languages in WORDS.items()
        for language, words in languages.items()
        for word in words
        if (said := spoken(word)) is not None and said[0] is not meaning and said[1] == language
    ]
    assert slips == []
    assert all(spoken(word) for languages in WORDS.values() for words in languages.values() for word in words)
