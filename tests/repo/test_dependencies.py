"""What the product imports is what it declares, and an installation without the emulators needs none of theirs."""

from __future__ import annotations

import ast
import functools
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from commands.emulator import LIBRARIES

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ROOMS = (
    "abm",
    "commands",
    "connector",
    "console",
    "emulator",
    "insight",
    "mappings",
    "provision",
    "service",
    "sync",
)
#: Declared although no module imports them, and why.
INDIRECT = {
    "cryptography": "PyJWT signs with it (RS256)",
    "python-multipart": "Starlette reads forms with it",
    "tzdata": "zoneinfo reads it where the system has no time zones",
    "psycopg": "SQLAlchemy loads it for a ledger on PostgreSQL",
}


def declared(*lists: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(text).name) for texts in lists for text in texts}


ALWAYS = declared(PROJECT["dependencies"])
EMULATOR = declared(PROJECT["optional-dependencies"]["emulator"])


@functools.cache
def distributions() -> dict[str, str]:
    """A package's name where it is imported -> its name in the index."""
    return {name: canonicalize_name(found[0]) for name, found in packages_distributions().items()}


@functools.cache
def imports(path: Path) -> frozenset[str]:
    """The distributions from which a module imports, by their names in the index."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module.partition(".")[0])
    own = {*ROOMS, "cli", "crms", "start"}
    foreign = names - own - set(sys.stdlib_module_names)
    return frozenset(distributions()[name] for name in foreign)


def modules() -> list[Path]:
    inside = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
    return [*inside, *(ROOT / f"{name}.py" for name in ("cli", "crms", "start"))]


def serves(path: Path) -> bool:
    """Whether a module belongs to the emulators, which are an extra."""
    relative = path.relative_to(ROOT)
    return relative.parts[0] == "emulator" or relative == Path("commands/emulators.py")


def test_every_library_that_the_product_imports_is_declared() -> None:
    undeclared = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules()
        for name in imports(path) - ALWAYS - (EMULATOR if serves(path) else set())
    }
    assert not undeclared, "\n".join(sorted(undeclared))


def test_every_declared_library_is_imported_or_says_why_not() -> None:
    used_always = {name for path in modules() if not serves(path) for name in imports(path)}
    used_there = {name for path in modules() if serves(path) for name in imports(path)}
    postgres = declared(PROJECT["optional-dependencies"]["postgres"])
    assert (ALWAYS - used_always) | (EMULATOR - used_there) | postgres == set(INDIRECT)


def test_the_extra_of_the_emulators_is_named_by_what_is_imported() -> None:
    assert {distributions()[name] for name in LIBRARIES} == EMULATOR


@pytest.mark.parametrize("command", [["demo"], ["emulator", "serve"]], ids=" ".join)
def test_without_the_extra_the_emulators_say_how_to_install_them(command: list[str], tmp_path: Path) -> None:
    lines = [
        "import sys",
        f"sys.modules.update(dict.fromkeys({sorted(LIBRARIES)!r}))",
        f"sys.argv = ['tandem', *{command!r}]",
        "import start",
        "start.main()",
    ]
    ran = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1, ran.stderr
    assert "The emulators are not installed here" in ran.stderr
    assert "tandem-sync[emulator]" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_command_that_syncs_starts_without_the_emulators(tmp_path: Path) -> None:
    lines = [
        "import sys",
        f"sys.modules.update(dict.fromkeys({sorted(LIBRARIES)!r}))",
        "import cli, crms, commands.sync, commands.status, commands.service, commands.doctor",
        "import connector.salesforce.client, connector.hubspot.client",
    ]
    ran = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
