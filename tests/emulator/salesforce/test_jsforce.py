"""jsforce, the client for Node, driven against the org."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.emulator.salesforce.client import Api

pytestmark = pytest.mark.client

SCRIPT = Path(__file__).with_name("jsforce_drive.mjs")


def test_jsforce_reads_writes_pages_and_refreshes(abm: Api, node_client_dir: Path) -> None:
    ran = subprocess.run(
        ["node", str(SCRIPT), str(node_client_dir), abm.server],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == {
        "identity": "tandem@example.com",
        "created": True,
        "updated": True,
        "read": "Hot",
        "upserted": True,
        "many": [None, "REQUIRED_FIELD_MISSING"],
        "upserts": [True, True],
        "retrieved": 2,
        "destroyed": True,
        "pages": [2000, False, 500, True],
        "found": 1,
        "fields": True,
        "objects": 16,
        "changed": 2500,
        "usage": 100_000,
        "afterExpiry": 3,
        "refreshed": 1,
        "refused": "INVALID_FIELD",
    }
