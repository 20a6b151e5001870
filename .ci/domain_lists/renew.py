"""Write the lists of shared domains anew from the public lists that `sources.toml` names.

    python .ci/domain_lists/renew.py [--sources FILE] [--into FOLDER] [--date YYYY-MM-DD] [--allow-shrink]

An address may be http, https or file. Either every list is written or none: a source that does not answer, answers
with a page, or a list that loses more than a tenth of its domains stops it all, and every problem is told.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
import urllib.request
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from tldextract import TLDExtract

HERE = Path(__file__).resolve().parent
#: A list that loses more of its domains than this was cut off, or is another list by now.
_LOSS = 0.1
_SECONDS = 60
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+\Z")
_SCHEMES = ("https://", "http://", "file://")


class NotRenewed(Exception):
    """Nothing was written, for these reasons."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Source:
    """One public list."""

    address: str
    page: str
    licence: str


@dataclass(frozen=True, slots=True)
class DomainList:
    """One file, and what it is made from."""

    file: str
    title: str
    sources: tuple[Source, ...]
    at_least: int


def load(path: Path) -> list[DomainList]:
    """The lists that are kept."""
    given = tomllib.loads(path.read_text(encoding="utf-8"))
    return [
        DomainList(
            file=each["file"],
            title=each["title"],
            sources=tuple(Source(**source) for source in each["sources"]),
            at_least=each.get("at_least", 1),
        )
        for each in given["lists"]
    ]


def domains(text: str) -> set[str]:
    """The domains that somebody can register, one a line; a host below one, a suffix and a comment are none."""
    found: set[str] = set()
    for line in text.lstrip("\ufeff").splitlines():
        word = line.partition("#")[0].strip().casefold().removeprefix("*.").rstrip(".")
        if not word.isascii():
            try:
                word = word.encode("idna").decode("ascii")
            except UnicodeError:
                continue
        if _HOST.match(word) and _registrable(word) == word:
            found.add(word)
    return found


_EXTRACT = TLDExtract(cache_dir=None, suffix_list_urls=(), fallback_to_snapshot=True)


def _registrable(host: str) -> str:
    return _EXTRACT(host).top_domain_under_public_suffix


def read(source: Source) -> set[str]:
    """What stands in this list now."""
    if not source.address.startswith(_SCHEMES):
        raise ValueError("an address begins with https://, http:// or file://")
    with urllib.request.urlopen(source.address, timeout=_SECONDS) as answer:  # noqa: S310  (the schemes are held)
        text = answer.read().decode("utf-8")
    if "<html" in text[:2000].casefold():
        raise ValueError("it answered with a page, not with a list")
    found = domains(text)
    if not found:
        raise ValueError("no domain stands in it")
    return found


def renew(lists: Iterable[DomainList], folder: Path, day: date, *, allow_shrink: bool = False) -> list[str]:
    """Write each list into the folder; says what was done. Raises NotRenewed, and then nothing was written."""
    problems: list[str] = []
    texts: dict[Path, str] = {}
    told: list[str] = []
    for each in lists:
        votes: Counter[str] = Counter()
        failed = False
        for source in each.sources:
            try:
                votes.update(read(source))
            except (OSError, ValueError) as error:
                failed = True
                problems.append(f"{each.file}: {source.address}: {error}")
        found = sorted(domain for domain, named in votes.items() if named >= each.at_least)
        path = folder / each.file
        before = list(_standing(path))
        if failed:
            continue
        if len(found) < len(before) * (1 - _LOSS) and not allow_shrink:
            problems.append(
                f"{each.file}: {len(found):,} domains where {len(before):,} stood; look at the source, and if it is "
                "right: --allow-shrink"
            )
            continue
        texts[path] = "\n".join([*_head(each, day, len(found)), *found, ""])
        new, gone = len(set(found) - set(before)), len(set(before) - set(found))
        told.append(f"{each.file}: {len(found):,} domains, {new:,} new, {gone:,} gone")
    if problems:
        raise NotRenewed(problems)
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    return told


def _head(each: DomainList, day: date, count: int) -> Iterator[str]:
    yield f"# {each.title}"
    yield "# Written by `make domain-lists`; what is missing belongs into mappings/shared_domains.yaml."
    if each.at_least > 1:
        yield f"# A domain stands here that {each.at_least} of these lists name."
    for source in each.sources:
        yield f"# source: {source.page} ({source.address.rpartition('/')[2]}), {source.licence}"
    yield f"# date: {day.isoformat()}"
    yield f"# count: {count}"


def _standing(path: Path) -> Iterator[str]:
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            if line and not line.startswith("#"):
                yield line


def main() -> int:
    """Do it, and say what was done."""
    parser = argparse.ArgumentParser(description="Renew the lists of shared domains.")
    parser.add_argument("--sources", type=Path, default=HERE / "sources.toml")
    parser.add_argument("--into", type=Path, default=HERE.parents[1] / "mappings" / "domain_lists")
    parser.add_argument("--date", type=date.fromisoformat, default=datetime.now(UTC).date())
    parser.add_argument("--allow-shrink", action="store_true", help="take lists that lost more than a tenth")
    given = parser.parse_args()
    try:
        told = renew(load(given.sources), given.into, given.date, allow_shrink=given.allow_shrink)
    except NotRenewed as error:
        sys.stderr.write("Nothing was written:\n" + "".join(f"  {problem}\n" for problem in error.problems))
        return 1
    sys.stdout.write("".join(f"{line}\n" for line in told))
    return 0


if __name__ == "__main__":
    sys.exit(main())
