"""Who is who: how many pairs of real companies are linked, asked about and missed, beside simpler ways to tell.

    python -m benchmarks.identity DATA

DATA is a folder with `fortune1000_2022/fortune1000.csv`, `sp500/constituents.csv` and `company_pairs_missed.json`
(pairs of names of one company, by class, each with its domain where it is known).
"""

from __future__ import annotations

import csv
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from rapidfuzz import fuzz, process, utils

from mappings.identity.domains import company_domains, company_sites, registrable_domain
from sync.core.matching.match import Ambiguous, match
from sync.core.matching.questions import questions
from sync.model.records import LinkId, NativeId, Record, RecordKey, SystemName

SALES, MARKETING = SystemName("salesforce"), SystemName("hubspot")
#: Name and website of one record.
Said = tuple[str, str]
#: Records of two companies each that are not to be linked.
TRAPS: Sequence[tuple[Said, Said]] = (
    (("Whole Foods Market", "amazon.com/wholefoods"), ("Amazon Web Services", "aws.amazon.com")),
    (("Amazon", "amazon.com"), ("Amazon Web Services", "aws.amazon.com")),
    (("European Medicines Agency", "ema.europa.eu"), ("Frontex", "frontex.europa.eu")),
    (("Eurostat", "ec.europa.eu/eurostat"), ("DG Trade", "ec.europa.eu/trade")),
    (("Uhren Schmidt", "ebay.de/str/uhren-schmidt"), ("Antik Weber", "ebay.de/str/antik-weber")),
    (("Pizza Roma", "doordash.com/store/pizza-roma"), ("Thai Garden", "doordash.com/store/thai-garden")),
    (("Acme", "acme.zendesk.com"), ("Bolt", "bolt.zendesk.com")),
    (("Acme", "acme.github.io"), ("Bolt", "bolt.github.io")),
    (("Acme", "acme.sharepoint.com"), ("Bolt", "bolt.sharepoint.com")),
    (("Acme", "acme.myshopify.com"), ("Bolt", "bolt.myshopify.com")),
    (("Acme", "acme.wixsite.com/site"), ("Bolt", "bolt.wixsite.com/site")),
    (("Acme", "facebook.com/acme"), ("Bolt", "facebook.com/bolt")),
    (("Acme", "linkedin.com/company/acme"), ("Bolt", "linkedin.com/company/bolt")),
    (("Acme", "linktr.ee/acme"), ("Bolt", "linktr.ee/bolt")),
    (("McDonald's Miller Ltd", "mcdonalds.com"), ("McDonald's Jones Ltd", "mcdonalds.com")),
    (("Subway Store 12", "subway.com"), ("Subway Store 15", "subway.com")),
    (("Harvard Law School", "law.harvard.edu"), ("Harvard Medical School", "hms.harvard.edu")),
    (("Harvard University", "harvard.edu"), ("Harvard Medical School", "harvard.edu")),
    (("Stanford Computer Science", "cs.stanford.edu"), ("Stanford Law School", "law.stanford.edu")),
    (("Clinic of Urology", "charite.de"), ("Clinic of Neurology", "charite.de")),
    (("HCA Florida", "hcahealthcare.com/florida"), ("HCA Houston", "hcahealthcare.com/houston")),
    (("Siemens", "siemens.com"), ("Siemens Energy", "siemens.com")),
    (("Otto Holding", "otto.example.com"), ("Otto Logistics", "otto.example.com")),
    (("Berkshire Hathaway", "berkshirehathaway.com"), ("GEICO", "berkshirehathaway.com")),
    (("Bright Agency", "acme.com"), ("Acme", "acme.com")),
    (("Acme UK", "acme.com"), ("Acme", "acme.com")),
    (("Acme (Germany)", "acme.com"), ("Acme (France)", "acme.com")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one way to tell found among pairs of records."""

    pairs: int
    linked: int
    #: Linked, and not one company.
    wrong: int = 0
    asked: int = 0
    #: Asked, and not one company.
    needless: int = 0


def record(system: SystemName, id: int, name: str, website: str | None) -> Record:
    """A Record as Tandem reads it."""
    domains = company_domains(website)
    return Record(
        system=system,
        id=NativeId(str(id)),
        name=name,
        domain=domains[0] if domains else None,
        more_domains=domains[1:],
        sites=company_sites(website),
    )


def _rows(path: Path) -> list[Mapping[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def listed(data: Path) -> list[tuple[Record, Record]]:
    """Companies of two lists, found by the stock exchange's symbol: each has the website of the first."""
    known = {row["Ticker"]: row for row in _rows(data / "fortune1000_2022/fortune1000.csv") if row["Ticker"]}
    return [
        (
            record(SALES, number, known[row["Symbol"]]["company"], known[row["Symbol"]]["Website"]),
            record(MARKETING, number, row["Security"], known[row["Symbol"]]["Website"]),
        )
        for number, row in enumerate(_rows(data / "sp500/constituents.csv"))
        if row["Symbol"] in known and company_domains(known[row["Symbol"]]["Website"])
    ]


def hard(data: Path) -> list[tuple[Record, Record]]:
    """Names of one company that are hard to find; the second has no website."""
    classes = json.loads((data / "company_pairs_missed.json").read_text(encoding="utf-8"))
    return [
        (record(SALES, number, name, domain), record(MARKETING, number, other, None))
        for number, (_, name, domain, other) in enumerate(
            pair for pairs in classes.values() for pair in pairs
        )
    ]


def without_websites(data: Path) -> list[tuple[Record, Record]]:
    """Two lists of companies by their names alone; those on one of them only stand beside a Record that is nobody."""
    here, there = (
        _rows(data / path) for path in ("fortune1000_2022/fortune1000.csv", "sp500/constituents.csv")
    )
    numbers = {row["Ticker"]: number for number, row in enumerate(here) if row["Ticker"]}
    both = {numbers[row["Symbol"]]: row for row in there if row["Symbol"] in numbers}
    nobody = record(MARKETING, -1, "n/a", None)
    pairs = [
        (
            record(SALES, number, row["company"], None),
            record(MARKETING, number, both[number]["Security"], None) if number in both else nobody,
        )
        for number, row in enumerate(here)
    ]
    alone = [row for row in there if row["Symbol"] not in numbers]
    return pairs + [
        (record(SALES, -1, "n/a", None), record(MARKETING, len(here) + number, row["Security"], None))
        for number, row in enumerate(alone)
    ]


def asked_by_name(pairs: Sequence[tuple[Record, Record]]) -> Found:
    """What Tandem asks about Records that have nothing but names; those with the same id are one company."""
    everybody = list({one.key: one for pair in pairs for one in pair}.values())
    asked = [found.records for found in questions([], everybody, (), systems_of={}) if not found.waits]
    return Found(
        pairs=_both(pairs),
        linked=0,
        asked=len(asked),
        needless=sum(one.id != other.id for one, other in asked),
    )


def _both(pairs: Iterable[tuple[Record, Record]]) -> int:
    return sum(one.id == other.id for one, other in pairs)


def strangers() -> list[tuple[Record, Record]]:
    """The traps."""
    return [
        (record(SALES, 2 * number, *first), record(MARKETING, 2 * number + 1, *second))
        for number, (first, second) in enumerate(TRAPS)
    ]


def each_by_itself(pairs: Iterable[tuple[Record, Record]]) -> Found:
    """What Tandem makes of each pair where no others stand about it. Records with the same id are one company."""
    told = [(one.id == other.id, match((one, other))) for one, other in pairs]
    asked = [same for same, found in told if found.ambiguous]
    linked = [same for same, found in told if found.proposals]
    return Found(
        pairs=len(told),
        linked=len(linked),
        wrong=linked.count(False),
        asked=len(asked),
        needless=asked.count(False),
    )


def all_together(pairs: Sequence[tuple[Record, Record]], *, rounds: int = 1) -> Found:
    """What Tandem makes of all Records at once; a name that stands several times is one company.

    ``rounds``: so often all questions are answered by somebody who knows, and what is left is asked about.
    """
    companies = _companies(pairs)
    everybody = {one.key: one for pair in pairs for one in pair}
    apart: dict[RecordKey, set[RecordKey]] = defaultdict(set)
    linked: list[Sequence[Record]] = []
    right: list[Sequence[Record]] = []
    needless = 0
    for _ in range(rounds):
        by_domain: dict[str, list[Record]] = defaultdict(list)
        for one in everybody.values():
            for domain in one.domains[:1]:
                by_domain[domain].append(one)
        alone = [one for one in everybody.values() if not one.domains and one.link_id is None]
        groups: list[Ambiguous] = []
        for group in by_domain.values():
            matched = match(group, apart=apart)
            linked += [found.members for found in matched.proposals]
            groups += matched.ambiguous
            alone += matched.alone
        systems_of: dict[LinkId, set[SystemName]] = defaultdict(set)
        for one in everybody.values():
            if one.link_id is not None:
                systems_of[one.link_id].add(one.system)
        asked = [
            found.records
            for found in questions(
                groups, alone, list(everybody.values()), systems_of=systems_of, apart=apart
            )
            if not found.waits
        ]
        if not asked:
            break
        for one, other in asked:
            if companies[one.name or ""] == companies[other.name or ""]:
                right.append((one, other))
                joined = sorted(each.link_id for each in (one, other) if each.link_id is not None)
                link = joined[0] if joined else LinkId("-".join(one.key))
                for key, each in everybody.items():
                    if key in (one.key, other.key) or each.link_id in joined:
                        everybody[key] = replace(each, link_id=link)
            else:
                needless += 1
                apart[one.key].add(other.key)
                apart[other.key].add(one.key)
    met = {companies[one.name or ""] for pair in (*linked, *right) for one in pair}
    return Found(
        pairs=len(set(companies.values())),
        linked=len(linked),
        wrong=sum(len({companies[one.name or ""] for one in found}) > 1 for found in linked),
        asked=len(met) + needless,
        needless=needless,
    )


def _companies(pairs: Iterable[tuple[Record, Record]]) -> dict[str, str]:
    """Each name with one that stands for its company."""
    first: dict[str, str] = {}

    def root(name: str) -> str:
        while first.setdefault(name, name) != name:
            name = first[name]
        return name

    for one, other in pairs:
        first[root(one.name or "")] = root(other.name or "")
    return {name: root(name) for name in list(first)}


def decidable(pairs: Iterable[tuple[Record, Record]]) -> list[tuple[Record, Record]]:
    """Without those of which neither name nor domain tells anything: other brands, former names, single syllables."""
    return [
        (one, other)
        for one, other in pairs
        if fuzz.token_set_ratio(one.name or "", other.name or "", processor=utils.default_process) >= _SAYS
    ]


#: Of 100: names with less in common are known to be one company by other sources only.
_SAYS = 80


# -- simpler ways ---------------------------------------------------------------------------------------------


def by_domain(pairs: Iterable[tuple[Record, Record]]) -> Found:
    """One registrable domain, whoever owns it."""
    told = [
        (one.id == other.id, bool(one.domains) and one.domains[:1] == other.domains[:1])
        for one, other in pairs
    ]
    linked = [same for same, found in told if found]
    return Found(pairs=len(told), linked=len(linked), wrong=linked.count(False))


def by_plain_domain(traps: Iterable[tuple[Said, Said]]) -> Found:
    """The same for the traps, as who knows of no shared domains sees them."""
    told = [registrable_domain(one[1]) == registrable_domain(other[1]) for one, other in traps]
    return Found(pairs=len(told), linked=sum(told), wrong=sum(told))


def by_token_set(pairs: Sequence[tuple[Record, Record]], least: float = 90) -> Found:
    """rapidfuzz's token_set_ratio of the names: of all names of the other side the best."""
    companies = _companies(pairs)
    theirs = sorted({other.name or "" for _, other in pairs})
    linked: list[bool] = []
    for mine in sorted({one.name or "" for one, _ in pairs}):
        best = process.extractOne(
            mine, theirs, scorer=fuzz.token_set_ratio, processor=utils.default_process, score_cutoff=least
        )
        if best is not None:
            linked.append(companies[mine] == companies[best[0]])
    return Found(pairs=len(set(companies.values())), linked=len(linked), wrong=linked.count(False))


def alike_by_token_set(traps: Iterable[tuple[Said, Said]], least: float = 90) -> Found:
    """The same for the traps, each pair by itself."""
    told = [
        fuzz.token_set_ratio(one[0], other[0], processor=utils.default_process) >= least
        for one, other in traps
    ]
    return Found(pairs=len(told), linked=sum(told), wrong=sum(told))


def by_record_linkage(pairs: Sequence[tuple[Record, Record]], least: float = 0.9) -> Found:
    """recordlinkage's comparison of strings by Jaro and Winkler, of every name with every name of the other side, the
    best of those that are alike; its library is not one of Tandem's."""
    linkage, pandas = import_module("recordlinkage"), import_module("pandas")
    companies = _companies(pairs)
    mine, theirs = (
        pandas.DataFrame({"name": sorted({utils.default_process(pair[side].name or "") for pair in pairs})})
        for side in (0, 1)
    )
    indexer = linkage.Index()
    indexer.full()
    compare = linkage.Compare()
    compare.string("name", "name", method="jarowinkler", label="name")
    told = compare.compute(indexer.index(mine, theirs), mine, theirs)["name"]
    best = told[told >= least].sort_values(ascending=False, kind="stable").groupby(level=0).head(1)
    plain = {utils.default_process(name): company for name, company in companies.items()}
    linked = [plain[mine["name"][one]] == plain[theirs["name"][other]] for one, other in best.index]
    return Found(pairs=len(set(companies.values())), linked=len(linked), wrong=linked.count(False))


def main(folder: str) -> None:
    data = Path(folder)
    near, far, traps = listed(data), hard(data), strangers()
    lists = without_websites(data)
    ways: Sequence[tuple[str, Callable[[], Found]]] = (
        ("same website: Tandem", partial(each_by_itself, near)),
        ("same website: exact domain", partial(by_domain, near)),
        ("same website: token_set 90", partial(by_token_set, near)),
        ("hard names: Tandem", partial(all_together, far)),
        ("hard names, all answered: Tandem", partial(all_together, far, rounds=20)),
        ("hard names that tell: Tandem", partial(all_together, decidable(far))),
        ("hard names: token_set 90", partial(by_token_set, far)),
        ("hard names that tell: token_set 90", partial(by_token_set, decidable(far))),
        ("two lists, no websites: Tandem", partial(asked_by_name, lists)),
        ("traps: Tandem", partial(each_by_itself, traps)),
        ("traps: exact domain", partial(by_plain_domain, TRAPS)),
        ("traps: token_set 90", partial(alike_by_token_set, TRAPS)),
    )
    if find_spec("recordlinkage"):
        ways = (
            *ways,
            ("same website: recordlinkage", partial(by_record_linkage, near)),
            ("hard names: recordlinkage", partial(by_record_linkage, far)),
            ("hard names that tell: recordlinkage", partial(by_record_linkage, decidable(far))),
        )
    sys.stdout.write(f"{'':36} pairs  linked  wrongly  asked  needlessly\n")
    for name, way in ways:
        found = way()
        sys.stdout.write(
            f"{name:36}{found.pairs:6,}{found.linked:8,}{found.wrong:9,}{found.asked:7,}{found.needless:12,}\n"
        )


if __name__ == "__main__":
    main(sys.argv[1])
