"""Which Records of a question fit best, and what tells: the tie-break of matching. Pure; a person decides.

Of every way to take one Record of each System the best is named, and the first of these that sets it above the next:
they are linked already, they carry the same Tandem id, they share a domain, their names, the values that they have in
common. Where nothing does, that is said.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice, product
from operator import attrgetter

from sync.core.matching.names import likeness
from sync.model.records import TANDEM_ID, Record, SystemName

#: Ways to choose that are weighed; beyond them a person is better served by the CRM's own list of duplicates.
_MOST = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Closest:
    """What fits best."""

    #: One Record of each System; empty where nothing tells them apart.
    records: tuple[Record, ...] = ()
    why: str


def closest(records: Sequence[Record]) -> Closest:
    """Of Records that may be one account those that fit best."""
    by_system: dict[SystemName, list[Record]] = defaultdict(list)
    for record in sorted(records, key=attrgetter("system", "id")):
        by_system[record.system].append(record)
    if len(by_system) < 2:
        there = "".join(by_system)
        return Closest(why=f"no other System has it; merge them in {there}, or keep them apart")
    ways = list(islice(product(*by_system.values()), _MOST + 1))
    if len(ways) > _MOST:
        return Closest(why="too many to weigh")
    if len(ways) == 1:
        return Closest(records=ways[0], why="the only one in each System")
    weighed = sorted(((_weight(way), way) for way in ways), key=lambda found: found[0], reverse=True)
    (best, way), (second, _) = weighed[:2]
    told = next(_differences(best, second), None)
    return Closest(why="nothing tells them apart") if told is None else Closest(records=way, why=told)


_Weight = tuple[int, int, int, int, int]


def _weight(way: Sequence[Record]) -> _Weight:
    pairs = list(combinations(way, 2))
    fields = {name for record in way for name, value in record.current.items() if value is not None}
    return (
        sum(one.link_id is not None and one.link_id == other.link_id for one, other in pairs),
        sum(one.tandem_id is not None and one.tandem_id == other.tandem_id for one, other in pairs),
        sum(one.domain is not None and one.domain == other.domain for one, other in pairs),
        round(min(likeness(one.name, other.name) for one, other in pairs)),
        sum(len({record.current.get(name) for record in way}) == 1 for name in fields - {TANDEM_ID}),
    )


def _differences(best: _Weight, second: _Weight) -> Iterator[str]:
    """What sets the best above the next, most telling first."""
    told = (
        "linked already",
        "they carry the same Tandem id",
        "they share a domain",
        f"names {best[3]}% alike, the next {second[3]}%",
        f"{best[4]} of their values alike, the next {second[4]}",
    )
    return (sentence for sentence, mine, other in zip(told, best, second, strict=True) if mine > other)
