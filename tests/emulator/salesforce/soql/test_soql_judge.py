"""Salesforce's own SOQL parser, published for Node, judges which statements are well formed."""

import json
import subprocess
from pathlib import Path

import pytest

from emulator.salesforce.soql import SoqlError, parse

STATEMENTS = (Path(__file__).parent / "statements.txt").read_text(encoding="utf-8").splitlines()

JUDGE = """
const { SOQLParser } = require('@salesforce/soql-common/lib/soql-parser');
const parser = SOQLParser({ isApex: false, isMultiCurrencyEnabled: true, apiVersion: 50.0 });
const statements = JSON.parse(require('fs').readFileSync(0, 'utf8'));
console.log(JSON.stringify(statements.map((text) => parser.parseQuery(text).getSuccess())));
"""


def well_formed(text: str) -> bool:
    try:
        parse(text)
    except SoqlError:
        return False
    return True


def test_the_list_has_good_and_bad_statements_enough() -> None:
    verdicts = [well_formed(text) for text in STATEMENTS]
    assert len(STATEMENTS) >= 240
    assert verdicts.count(True) > 90
    assert verdicts.count(False) > 90


@pytest.mark.node
@pytest.mark.judge
def test_salesforces_own_parser_takes_and_refuses_the_same_statements(node_client_dir: Path) -> None:
    if not (node_client_dir / "node_modules" / "@salesforce" / "soql-common").is_dir():
        pytest.skip("@salesforce/soql-common is not installed; .ci/run installs it where npm is")
    done = subprocess.run(
        ["node", "-e", JUDGE],
        cwd=node_client_dir,
        input=json.dumps(STATEMENTS),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    judged = dict(zip(STATEMENTS, json.loads(done.stdout), strict=True))
    assert {text: well_formed(text) for text in STATEMENTS} == judged
