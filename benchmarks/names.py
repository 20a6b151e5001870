"""Names of companies that nobody has, of any number, and the same as another System may have them."""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import accumulate

import click

from benchmarks.report import report
from benchmarks.targets import Figure
from sync.core.matching.questions import questions
from sync.model.records import NativeId, Record, SystemName

_ONSETS = "b br c ch cl d dr f fl g gr h j k kr l m n p pr qu r s sch st t tr v w z".split()
_VOWELS = "a e i o u ai ea ie oo ou".split()
_CODAS = ["", "", "l", "n", "r", "s", "t", "ck", "ld", "mp", "nd", "rt", "x"]
_TRADES = (
    "Software Systems Logistics Foods Energy Partners Medical Capital Bank Insurance Motors Steel Textiles Media "
    "Robotics Pharma Consulting Networks Security Analytics Airlines Chemicals Paper Design Legal Shipping Tools"
).split()
_PLACES = (
    "American National Northern Pacific Global United Royal European Western Central Alpine Baltic".split()
)
_FORMS = ["Inc.", "LLC", "GmbH", "Ltd", "S.A.", "Corp.", "AG", "B.V."]
#: What another System's people do to a name, and how often of a hundred; the others are entered as they are.
_WAYS = (
    ("form", 40),
    ("slip", 12),
    ("left out", 12),
    ("order", 5),
    ("joined", 4),
    ("swapped", 4),
    ("same", 23),
)
#: Of a hundred companies so many stand in the other System, too.
_BOTH = 70
#: A name is told apart from so many others by a rare word at most; common ones recur as they do in the world.
_SHARE_OF_WORDS = 3
_COUNTS = (10_000, 100_000, 1_000_000)
#: From so many on there are targets for time and memory.
_LARGE = 1_000_000
#: Megabytes for a million names a side, and seconds.
PEAK_MB = 6_000.0
SECONDS = 300.0
#: Of a thousand companies that stand in both Systems, and of a thousand questions.
_MISSED = 10
_IN_VAIN = 100


@dataclass(frozen=True, slots=True)
class Companies:
    """Both Systems' Records; those of one company have one number."""

    records: list[Record]
    #: Numbers of the companies that stand in both.
    both: frozenset[str]


def names(count: int, seed: int = 7) -> Companies:
    """``count`` companies a side."""
    chance = random.Random(seed)
    words = list(dict.fromkeys(_word(chance) for _ in range(max(1_000, count // _SHARE_OF_WORDS))))
    # As in the world: the first words are in many names, most are in few.
    weights = list(accumulate(1 / (rank + 20) ** 0.7 for rank in range(len(words))))
    here: dict[str, None] = {}
    while len(here) < count:
        first, second = chance.choices(words, cum_weights=weights, k=2)
        form = chance.randrange(6)
        here[
            f"{first} {chance.choice(_TRADES)}"
            if form < 2
            else f"{first} {second}"
            if form == 2
            else f"{first} {second} {chance.choice(_TRADES)}"
            if form < 5
            else f"{chance.choice(_PLACES)} {first} {chance.choice(_TRADES)}"
        ] = None
    records: list[Record] = []
    both: set[str] = set()
    others = iter(range(count, 2 * count))
    for number, name in enumerate(here):
        records.append(Record(system=SystemName("salesforce"), id=NativeId(str(number)), name=name))
        if chance.randrange(100) < _BOTH:
            both.add(str(number))
            written, id = _otherwise(name, chance), number
        else:
            first, second = chance.choices(words, cum_weights=weights, k=2)
            written, id = f"{first}{second.lower()} {chance.choice(_TRADES)}", next(others)
        records.append(Record(system=SystemName("hubspot"), id=NativeId(str(id)), name=written))
    return Companies(records=records, both=frozenset(both))


def _word(chance: random.Random) -> str:
    syllables = chance.choice((2, 2, 3))
    return "".join(
        chance.choice(_ONSETS) + chance.choice(_VOWELS) + chance.choice(_CODAS) for _ in range(syllables)
    ).title()


def _otherwise(name: str, chance: random.Random) -> str:
    (way,) = chance.choices([way for way, _ in _WAYS], weights=[share for _, share in _WAYS])
    words = name.split()
    at = chance.randrange(1, len(name) - 1)
    return {
        "form": f"{name} {chance.choice(_FORMS)}",
        "slip": name[:at] + chance.choice(("", name[at] * 2)) + name[at + 1 :],
        "left out": " ".join(words[:-1] if len(words) > 2 else words),
        "order": " ".join([*words[1:], words[0]]),
        "joined": name.replace(" ", "", 1),
        "swapped": name.upper().replace("A", "Ä", 1),
    }.get(way, name)


def measure(count: int) -> Iterator[Figure]:
    """What asking about so many names a side takes, and how many companies are found again."""
    given = names(count)
    began, busy = time.monotonic(), time.process_time()
    asked = questions([], given.records, (), systems_of={})
    took, busy = time.monotonic() - began, time.process_time() - busy
    found = {one.id for one, other in (each.records for each in asked) if one.id == other.id}
    wrong = sum(each.records[0].id != each.records[1].id for each in asked if not each.waits)
    about, large = f"{count:,} names a side", count >= _LARGE
    yield Figure(what=f"{about}: all asked", figure=took, target=SECONDS if large else None, unit="s")
    yield Figure(what=f"{about}: own time", figure=busy, unit="s")
    yield Figure(what=f"{about}: own time a name", figure=1000 * busy / len(given.records), unit="ms")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield Figure(what=f"{about}: memory", figure=memory, target=PEAK_MB if large else None, unit="MB")
    missed = 1 - len(found & given.both) / len(given.both)
    yield Figure(what=f"{about}: not found, of a thousand", figure=1000 * missed, target=_MISSED)
    yield Figure(
        what=f"{about}: asked in vain, of a thousand", figure=1000 * wrong / len(asked), target=_IN_VAIN
    )


@click.command()
@click.option(
    "--names", "counts", multiple=True, type=click.IntRange(min=100), default=_COUNTS, show_default=True
)
@click.option("--in-one", is_flag=True, hidden=True, help="Measure in this process, and print JSON.")
def main(counts: tuple[int, ...], *, in_one: bool) -> None:
    """Measure each number of names a side in a process of its own, and end with 1 where a target is missed."""
    if in_one:
        print(json.dumps([asdict(figure) for count in counts for figure in measure(count)]))
        return
    report(figure for count in counts for figure in _measured_apart(count))


def _measured_apart(count: int) -> Iterator[Figure]:
    call = [sys.executable, "-m", "benchmarks.names", "--in-one", "--names", str(count)]
    told = subprocess.run(call, capture_output=True, text=True, check=True).stdout  # noqa: S603  (this module)
    return (Figure(**each) for each in json.loads(told))


if __name__ == "__main__":
    main()
