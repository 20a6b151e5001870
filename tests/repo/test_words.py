"""What no tracked file may hold: where it was written, what it was written from, and where packages come from."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

#: Each entry is put together here, so that this file may stand under its own rule.
PLACES = re.compile(
    "|".join(
        re.escape(first + rest)
        for first, rest in [
            ("/wo", "rk/"),
            (".lib", "rary"),
            ("/tmp/", "brief"),
            ("../", "shared"),
            ("/ro", "ot/"),
        ]
    )
)
NOTES = re.compile(
    "|".join(
        first + rest
        for first, rest in [
            (r"\bcrm-field", r"-guide\b"),
            (r"\bfield", r" guide\b"),
            (r"\bdesign", r"\.md\b"),
            (r"\bstyle", r"\.md\b"),
            (r"\bcontracts", r"\.md\b"),
            (r"\bpeers", r"\.md\b"),
            (r"\bperformance", r"\.md\b"),
        ]
    ),
    re.IGNORECASE,
)
WORDS = re.compile(
    "|".join(
        rf"\b{first}{rest}\b"
        for first, rest in [
            # A Salesforce Contact has a field of that name, so the word alone is innocent.
            ("(?:ai|an|coding) assist", "ants?"),
            ("anth", "ropic"),
            ("chat", "gpt"),
            ("cla", "ude"),
            ("cod", "ex"),
            ("cop", "ilot"),
            ("language ", "models?"),
            ("sub", "agents?"),
        ]
    ),
    re.IGNORECASE,
)
REGISTRIES = re.compile(
    "|".join(
        re.escape(first + rest)
        for first, rest in [
            ("py", "pi.org"),
            ("python", "hosted.org"),
            ("registry.", "npmjs"),
            ("npm", "js.org"),
            ("yarn", "pkg.com"),
            ("index", "-url"),
        ]
    ),
    re.IGNORECASE,
)

BANNED = {
    PLACES: "names a place that only one machine has",
    NOTES: "refers to a page that this repository does not hold; name the public source",
    WORDS: "speaks of who wrote it; the project speaks of itself",
    REGISTRIES: "names a package registry; that is for each machine's own settings",
}

#: Files that tools write and that pin packages.
LOCKS = ("requirements.lock", ".ci/audit.lock", ".ci/node/package-lock.json")


def tracked_files() -> list[Path]:
    """Every file that git tracks or is about to, relative to the root."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: which files are tracked is not known")
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [Path(name) for name in listing.stdout.split("\0") if name and (ROOT / name).is_file()]


def text_of(path: Path) -> str | None:
    """What a text file says; None for any other."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def unwanted(path: Path, text: str) -> Iterator[str]:
    """Each banned word in a text, as ``path:line: why``."""
    for number, line in enumerate(text.splitlines(), start=1):
        for banned, why in BANNED.items():
            hit = banned.search(line)
            if hit:
                yield f"{path}:{number}: {hit.group()!r} {why}"


def test_no_tracked_file_holds_a_banned_word() -> None:
    found = [
        complaint for path in tracked_files() for complaint in unwanted(path, text_of(ROOT / path) or "")
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "line",
    [
        "see /wo" + "rk/main/cli.py",
        "after the field" + " guide, S2",
        "as Design" + ".md says",
        "written by an assist" + "ant",
        "index" + "-url = somewhere",
        "https://py" + "pi.org/simple",
    ],
)
def test_a_banned_word_is_found(line: str) -> None:
    assert len(list(unwanted(Path("page"), f"fine\n{line}\n"))) >= 1


@pytest.mark.parametrize(
    "line", ["the design is told in docs/", "framework/", "a network path", "Assistant Name"]
)
def test_an_innocent_line_is_left_alone(line: str) -> None:
    assert list(unwanted(Path("page"), line)) == []


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_file_holds_no_address(name: str) -> None:
    addresses = [line for line in (ROOT / name).read_text(encoding="utf-8").splitlines() if "://" in line]
    assert not addresses, "\n".join(addresses)
