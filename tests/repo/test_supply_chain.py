"""What `make audit` says of an answer, and what `make wheel` puts into the wheel."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.shared import script

ROOT = Path(__file__).resolve().parents[2]


FINE = {"name": "click", "version": "8.1", "vulns": []}
SKIPPED = {"name": "rich", "skip_reason": "Dependency not found"}
BAD = {
    "name": "lxml",
    "version": "4.0",
    "vulns": [{"id": "CVE-2022-1", "fix_versions": ["4.9.1"], "aliases": []}],
}
UNFIXED = {
    "name": "jwt",
    "version": "1.0",
    "vulns": [{"id": "CVE-2026-2", "fix_versions": [], "aliases": []}],
}


@pytest.mark.parametrize(
    ("packages", "code", "said"),
    [
        ([FINE], 0, "1 packages, none with a known vulnerability"),
        ([FINE, BAD], 1, "lxml 4.0: CVE-2022-1 (fixed in 4.9.1)"),
        ([UNFIXED, SKIPPED], 1, "jwt 1.0: CVE-2026-2 (fixed in no version yet)"),
        ([FINE, SKIPPED], 2, "nobody answered for: rich"),
        ([SKIPPED], 2, "Nothing was audited"),
        ([], 2, "Nothing was audited"),
    ],
)
def test_an_audit_passes_only_where_somebody_answered_for_every_package(
    packages: list[dict[str, Any]], code: int, said: str
) -> None:
    audit = script("audit")
    ended, sentence = audit.verdict(audit.read({"dependencies": packages}))
    assert ended == code
    assert said in sentence


def test_an_audit_without_a_service_does_not_pass() -> None:
    code, sentence = script("audit").verdict(None)
    assert code == 2
    assert "no service that knows of vulnerabilities can be reached" in sentence


def test_the_wheel_carries_the_list_of_what_it_stands_on(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-W", "error", ROOT / ".ci" / "build.py", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    (wheel,) = tmp_path.glob("*.whl")
    (beside,) = tmp_path.glob("*.cdx.json")
    text = beside.read_text(encoding="utf-8")
    with zipfile.ZipFile(wheel) as opened:
        (inside,) = (name for name in opened.namelist() if "/sboms/" in name)
        assert opened.read(inside).decode() == text
        assert any(name == "connector/http.py" for name in opened.namelist())
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None

    bill = json.loads(text)
    scopes = {one["name"]: one["scope"] for one in bill["components"]}
    # Asked for by name, through another package, and by an extra alone.
    assert scopes["zeep"] == "required"
    assert scopes["annotated-types"] == "required"
    assert scopes["starlette"] == "optional"
    assert "pytest" not in scopes
    assert {f"{name}@{metadata.version(name)}" for name in scopes} == {
        one["bom-ref"] for one in bill["components"]
    }
    asked = {one["ref"]: one.get("dependsOn", []) for one in bill["dependencies"]}
    root = bill["metadata"]["component"]["bom-ref"]
    assert f"click@{metadata.version('click')}" in asked[root]
    assert (
        f"annotated-types@{metadata.version('annotated-types')}"
        in asked[f"pydantic@{metadata.version('pydantic')}"]
    )
