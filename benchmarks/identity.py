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
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rapidfuzz import fuzz, process, utils

from mappings.identity.domains import company_domains, company_sites, registrable_domain
from sync.core.matching.match import Ambiguous, match
from sync.core.matching.questions import questions
from sync.model.records import NativeId, Record, SystemName

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


def all_together(pairs: Sequence[tuple[Record, Record]]) -> Found:
    """What Tandem makes of all Records at once; a name that stands several times is one company."""
    companies = _companies(pairs)
    everybody = [one for pair in pairs for one in pair]
    by_domain: dict[str, list[Record]] = defaultdict(list)
    for one in everybody:
        for domain in one.domains[:1]:
            by_domain[domain].append(one)
    alone = [one for one in everybody if not one.domains]
    linked: list[Sequence[Record]] = []
    groups: list[Ambiguous] = []
    for group in by_domain.values():
        matched = match(group)
        linked += [found.members for found in matched.proposals]
        groups += matched.ambiguous
        alone += matched.alone
    asked = [found.records for found in questions(groups, alone, everybody, systems_of={}) if not found.waits]
    right = [pair for pair in asked if len({companies[one.name or ""] for one in pair}) == 1]
    met = {companies[one.name or ""] for pair in (*linked, *right) for one in pair}
    return Found(
        pairs=len({companies[one.name or ""] for one in everybody}),
        linked=len(linked),
        wrong=sum(len({companies[one.name or ""] for one in found}) > 1 for found in linked),
        asked=len(met) + len(asked) - len(right),
        needless=len(asked) - len(right),
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


def main(folder: str) -> None:
    data = Path(folder)
    near, far, traps = listed(data), hard(data), strangers()
    ways: Sequence[tuple[str, Callable[[], Found]]] = (
        ("same website: Tandem", partial(each_by_itself, near)),
        ("same website: exact domain", partial(by_domain, near)),
        ("same website: token_set 90", partial(by_token_set, near)),
        ("hard names: Tandem", partial(all_together, far)),
        ("hard names that tell: Tandem", partial(all_together, decidable(far))),
        ("hard names: token_set 90", partial(by_token_set, far)),
        ("hard names that tell: token_set 90", partial(by_token_set, decidable(far))),
        ("traps: Tandem", partial(each_by_itself, traps)),
        ("traps: exact domain", partial(by_plain_domain, TRAPS)),
        ("traps: token_set 90", partial(alike_by_token_set, TRAPS)),
    )
    sys.stdout.write(f"{'':36} pairs  linked  wrongly  asked  needlessly\n")
    for name, way in ways:
        found = way()
        sys.stdout.write(
            f"{name:36}{found.pairs:6,}{found.linked:8,}{found.wrong:9,}{found.asked:7,}{found.needless:12,}\n"
        )


if __name__ == "__main__":
    main(sys.argv[1])
