"""A command imports what it needs: nobody waits for what another command does."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import pytest

import cli
from commands.lazy import Named

ROOT = Path(__file__).resolve().parents[2]
#: Told by name and help alone.
LISTING = """
    alembic connector.base connector.hubspot connector.salesforce cryptography emulator hubspot insight keyring lxml
    mappings.files.load pydantic rapidfuzz requests ruamel simple_salesforce sqlalchemy starlette structlog sync.engine
    sync.ledger sync.settings.load tldextract urllib3 uvicorn
""".split()
#: Status is told from the ledger, for which the settings are read.
STATUS = """
    alembic commands.demo commands.engine commands.sync connector.hubspot connector.salesforce cryptography
    emulator hubspot keyring lxml mako rapidfuzz requests simple_salesforce starlette structlog sync.core.plan
    sync.engine sqlalchemy.dialects.postgresql tldextract urllib3 uvicorn
""".split()
SEEN = "import atexit, json, sys; atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr))\n"


def modules_of(folder: Path, code: str, *arguments: str, more: Mapping[str, str] | None = None) -> set[str]:
    """Every module that a fresh process has imported when it ends."""
    done = subprocess.run(
        [sys.executable, "-c", SEEN + code, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(more or {})},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout
    return set(json.loads(done.stderr.splitlines()[-1]))


def imported(folder: Path, *arguments: str) -> set[str]:
    return modules_of(folder, "import cli; cli.main()", *arguments)


def among(modules: set[str], forbidden: list[str]) -> list[str]:
    return sorted(name for name in forbidden if name in modules)


@pytest.mark.parametrize("name", sorted({*LISTING, *STATUS}))
def test_what_must_not_be_imported_is_there_to_be_imported(name: str) -> None:
    assert find_spec(name) is not None


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_help_and_version_import_no_command(tmp_path: Path, argument: str) -> None:
    assert among(imported(tmp_path, argument), [*LISTING, "commands.app"]) == []


def test_a_completion_imports_no_command(tmp_path: Path) -> None:
    asked = {"_TANDEM_COMPLETE": "bash_complete", "COMP_WORDS": "tandem pl", "COMP_CWORD": "1"}
    found = modules_of(tmp_path, "import cli; cli.run()", more=asked)
    assert "click.shell_completion" in found
    assert among(found, [*LISTING, "commands.app"]) == []


def test_status_imports_the_ledger_and_the_settings_and_no_more(tmp_path: Path) -> None:
    imported(tmp_path, "init")
    # The first look makes the ledger.
    assert "alembic" in imported(tmp_path, "status")
    found = imported(tmp_path, "status")
    assert {"sync.ledger.ledger", "sync.settings.load"} <= found
    assert among(found, STATUS) == []


@pytest.mark.parametrize("name", sorted(cli.tandem.commands))
@pytest.mark.parametrize("width", [20, 45, 80, 300])
def test_the_list_tells_of_a_command_what_its_own_help_tells(name: str, width: int) -> None:
    listed = cli.tandem.commands[name]
    assert isinstance(listed, Named)
    command = listed.load()
    assert listed.get_short_help_str(width) == command.get_short_help_str(width)
    assert (listed.name, listed.hidden, listed.deprecated) == (name, command.hidden, command.deprecated)
    assert command.name == name
