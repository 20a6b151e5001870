"""Which room may import which. The rooms and their arrows are told in docs/contribute/lifecycle.md."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

#: Definitions as plain data, of which whoever decides may speak too.
PLAIN_DATA = "connector.schemas"

#: For each room, the modules of this repository that it may import; a name stands for everything below it too.
MAY_IMPORT: Mapping[str, frozenset[str]] = {
    "cli": frozenset(
        {"cli", "crms", "commands", "console", "insight", "sync", "mappings", "connector", "emulator"}
    ),
    "crms": frozenset({"commands.app", "sync", "mappings", "connector"}),
    "commands": frozenset(
        {
            "commands",
            "console",
            "insight",
            "sync",
            "mappings",
            "emulator",
            "connector.base",
            "connector.errors",
        }
    ),
    "console": frozenset({"console", "insight", "sync", "mappings"}),
    "insight": frozenset({"insight", "sync", "mappings"}),
    "sync": frozenset({"sync", "mappings", "connector.base", "connector.errors", PLAIN_DATA}),
    "mappings": frozenset({"mappings"}),
    "connector": frozenset({"connector"}),
    "emulator": frozenset({"emulator"}),
}

#: The modules of ``sync`` that decide and never act. What they import within ``sync`` is held to the same rules.
CORE = frozenset(
    f"sync.{name}"
    for name in (
        "records",
        "match",
        "diff",
        "conflicts",
        "plan",
        "guard",
        "provision",
        "definition_plan",
        "stages",
        "opportunity_stages",
        "missing_stages",
        "stage_map",
        "undo",
    )
)
#: Acting, remembering and telling the time belong to the shell.
NOT_IN_CORE = frozenset(
    {
        *("connector", "hubspot", "simple_salesforce"),
        *("click", "logging", "os", "random", "requests", "secrets", "socket", "sqlalchemy", "structlog"),
        *("subprocess", "threading", "time", "urllib3", "uuid"),
    }
)
CLOCK_READINGS = frozenset({"now", "today", "utcnow"})

#: Each CRM's client library is known in one place.
VENDORS = {"simple_salesforce": "connector.salesforce", "hubspot": "connector.hubspot"}

#: Names under which anything can be put, and so everything is.
DUMPING_GROUNDS = frozenset({"common", "helper", "helpers", "manager", "managers", "misc", "util", "utils"})


def is_within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def imports(module: str, tree: ast.AST, *, is_package: bool) -> Iterator[tuple[str, int]]:
    """Yield every module that a module imports, wherever the import stands, with its line.

    ``from x import y`` yields ``x.y``: whether ``y`` is a module or a name in ``x`` makes no odds to any rule here.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = module.split(".")
            # One dot is the package that the module stands in; a package stands in itself.
            kept = parents[: len(parents) - node.level + is_package] if node.level else []
            origin = ".".join([*kept, *(node.module.split(".") if node.module else [])])
            yield from ((f"{origin}.{alias.name}", node.lineno) for alias in node.names)


def module_of(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def core_of(imported: Mapping[str, list[tuple[str, int]]]) -> frozenset[str]:
    """The named core, and whatever of ``sync`` it leans on."""
    core: set[str] = set()
    waiting = [module for module in imported if any(is_within(module, part) for part in CORE)]
    while waiting:
        module = waiting.pop()
        if module in core:
            continue
        core.add(module)
        waiting += [
            known
            for target, _ in imported[module]
            for known in imported
            if known != "sync" and is_within(known, "sync") and is_within(target, known)
        ]
    return frozenset(core)


def crosses_systems(module: str, target: str) -> bool:
    """Whether one CRM's adapter, or what all adapters share, imports another CRM's."""
    return is_within(module, "connector") and any(
        is_within(target, adapter) and not is_within(module, adapter) for adapter in VENDORS.values()
    )


def wrong_with_import(module: str, target: str, *, decides: bool) -> Iterator[str]:
    room, first = module.partition(".")[0], target.partition(".")[0]
    rooms = {*MAY_IMPORT, "benchmarks", "tests"}
    if first in rooms and not any(is_within(target, allowed) for allowed in MAY_IMPORT[room]):
        yield f"{room} may not import {target}"
    if first in VENDORS and not is_within(module, VENDORS[first]):
        yield f"{first} is known in {VENDORS[first]} only"
    if crosses_systems(module, target):
        yield f"{module} may not import {target}: one CRM knows nothing of another"
    if decides and first in NOT_IN_CORE and not is_within(target, PLAIN_DATA):
        yield f"{module} decides, so it may not import {target}"


def clock_readings(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in CLOCK_READINGS:
            yield node.lineno


def broken_arrows(sources: Mapping[Path, str]) -> list[str]:
    """Every import in these files (relative path -> text) that goes where it may not, as ``path:line: why``."""
    trees = {path: ast.parse(text) for path, text in sources.items()}
    imported = {
        module_of(path): list(imports(module_of(path), tree, is_package=path.name == "__init__.py"))
        for path, tree in trees.items()
    }
    core = core_of(imported)
    found: list[str] = []
    for path, tree in trees.items():
        module = module_of(path)
        decides = module in core
        dumps = DUMPING_GROUNDS.intersection(module.split("."))
        found += [f"{path}:1: {name} says nothing of what is in it" for name in sorted(dumps)]
        for target, line in imported[module]:
            found += [
                f"{path}:{line}: {wrong}" for wrong in wrong_with_import(module, target, decides=decides)
            ]
        if decides:
            found += [
                f"{path}:{line}: {module} decides, so the time is handed to it"
                for line in clock_readings(tree)
            ]
    return found


def test_every_import_follows_the_arrows() -> None:
    paths = [Path("cli.py"), Path("crms.py")]
    for room in MAY_IMPORT:
        paths += [path.relative_to(ROOT) for path in sorted((ROOT / room).rglob("*.py"))]
    found = broken_arrows({path: (ROOT / path).read_text(encoding="utf-8") for path in paths})
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("path", "text", "complaint"),
    [
        ("connector/base.py", "import mappings.fields", "connector may not import mappings.fields"),
        ("mappings/fields.py", "from connector import base", "mappings may not import connector.base"),
        ("mappings/fields.py", "import sync", "mappings may not import sync"),
        (
            "emulator/server.py",
            "from sync.model.records import Record",
            "emulator may not import sync.model.records.Record",
        ),
        ("console/pages.py", "from emulator import server", "console may not import emulator.server"),
        ("commands/status.py", "import cli", "commands may not import cli"),
        (
            "commands/status.py",
            "from connector import salesforce",
            "commands may not import connector.salesforce",
        ),
        ("sync/reading/pull.py", "from commands.app import App", "sync may not import commands.app.App"),
        ("insight/alerts.py", "from commands.app import App", "insight may not import commands.app.App"),
        ("insight/alerts.py", "from console import pages", "insight may not import console.pages"),
        ("insight/alerts.py", "import connector.base", "insight may not import connector.base"),
        (
            "sync/reading/pull.py",
            "from connector.hubspot.client import Client",
            "sync may not import connector.hubspot",
        ),
        ("sync/reading/pull.py", "def f():\n    import cli", "pull.py:2: sync may not import cli"),
        ("sync/reading/pull.py", "from tests import network", "sync may not import tests.network"),
        (
            "sync/reading/pull.py",
            "import simple_salesforce",
            "simple_salesforce is known in connector.salesforce only",
        ),
        (
            "connector/retry.py",
            "from hubspot.crm import companies",
            "hubspot is known in connector.hubspot only",
        ),
        ("connector/retry.py", "from .salesforce import wire", "one CRM knows nothing of another"),
        (
            "connector/hubspot/client.py",
            "from connector.salesforce import wire",
            "one CRM knows nothing of another",
        ),
        (
            "connector/hubspot/__init__.py",
            "from ..salesforce import wire",
            "one CRM knows nothing of another",
        ),
        ("sync/core/diff.py", "from connector.base import Limits", "sync.core.diff decides"),
        ("sync/core/diff.py", "import sqlalchemy as sa", "sync.core.diff decides"),
        ("sync/core/diff.py", "from os import path", "sync.core.diff decides"),
        ("sync/match/score.py", "import random", "sync.core.matching.match.score decides"),
        (
            "sync/core/plan.py",
            "from datetime import datetime\nx = datetime.now()",
            "the time is handed to it",
        ),
        ("sync/utils.py", "", "utils says nothing"),
        ("console/helpers/__init__.py", "", "helpers says nothing"),
    ],
)
def test_a_broken_arrow_is_found(path: str, text: str, complaint: str) -> None:
    found = broken_arrows({Path(path): text})
    assert len(found) == 1
    assert complaint in found[0]


def test_what_the_core_leans_on_is_core() -> None:
    found = broken_arrows(
        {
            Path("sync/core/diff.py"): "from sync.values import equal",
            Path("sync/values.py"): "import logging",
            Path("sync/ledger.py"): "import logging",
        }
    )
    assert found == ["sync/values.py:1: sync.values decides, so it may not import logging"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("cli.py", "import emulator.server, console, insight, sync.engine, connector.hubspot.client"),
        ("cli.py", "from commands.status import status"),
        (
            "commands/status.py",
            "from connector.base import Connector\nfrom insight import show\nimport emulator.kit",
        ),
        ("sync/engine.py", "import time\nfrom connector.base import Connector\nfrom . import diff"),
        (
            "sync/core/diff.py",
            "from mappings import fields\nfrom sync.model.records import Record\nimport datetime",
        ),
        (
            "connector/salesforce/client.py",
            "from simple_salesforce import Salesforce\nfrom ..base import Limits",
        ),
        ("connector/hubspot/api/bodies.py", "from hubspot.crm.companies import ApiException"),
        ("connector/hubspot/__init__.py", "from .wire import read"),
    ],
)
def test_an_import_along_the_arrows_is_left_alone(path: str, text: str) -> None:
    assert broken_arrows({Path(path): text}) == []
