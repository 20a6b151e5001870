"""jsforce's tooling, Bulk 2.0, metadata and SOAP login against the emulator: a client that nobody here wrote."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.salesforce.client import Api

pytestmark = pytest.mark.client

SCRIPT = """
const { Connection } = require('jsforce');
const { server, token } = JSON.parse(require('fs').readFileSync(0, 'utf8'));
(async () => {
  const found = {};
  const conn = new Connection({ instanceUrl: server, accessToken: token, version: '62.0' });
  conn.bulk2.pollInterval = 10;
  const field = { FullName: 'Account.Abm_Key__c',
    Metadata: { type: 'Text', label: 'Key', length: 50, unique: true, externalId: true } };
  found.created = await conn.tooling.sobject('CustomField').create(field);
  const fields = await conn.tooling.query('SELECT DeveloperName FROM CustomField');
  found.fields = fields.records.map((row) => row.DeveloperName);
  found.granted = await conn.metadata.upsert('PermissionSet', { fullName: 'Abm', label: 'Abm',
    fieldPermissions: [{ field: 'Account.Abm_Key__c', editable: true, readable: true }] });
  const set = await conn.query("SELECT Id FROM PermissionSet WHERE Name = 'Abm'");
  const me = await conn.query("SELECT Id FROM User WHERE Username = 'tandem@example.com'");
  await conn.sobject('PermissionSetAssignment').create(
    { AssigneeId: me.records[0].Id, PermissionSetId: set.records[0].Id });
  found.read = await conn.metadata.read('PermissionSet', 'Abm');
  found.rows = await conn.bulk2.loadAndWaitForResults({ object: 'Account', operation: 'upsert',
    externalIdFieldName: 'Abm_Key__c', input: [{ Abm_Key__c: 'k1', Name: 'Acme' }, { Abm_Key__c: 'k2', Name: '' }],
    pollInterval: 10, pollTimeout: 5000 });
  const stream = await conn.bulk2.query('SELECT Name, Abm_Key__c FROM Account', { pollInterval: 10 });
  found.queried = await stream.toArray();
  const person = new Connection({ loginUrl: server, version: '62.0' });
  await person.login('admin@example.com', 'right');
  found.person = person.userInfo.id;
  console.log(JSON.stringify(found));
})().catch((error) => { console.error(error); process.exit(1); });
"""


@pytest.mark.node
def test_jsforce_provisions_loads_and_reads(api: Api, node_client_dir: Path) -> None:
    if not (node_client_dir / "node_modules" / "jsforce").is_dir():
        pytest.skip("jsforce is not installed; .ci/run installs it where npm is")
    token = str(api.session.headers["Authorization"]).removeprefix("Bearer ")
    done = subprocess.run(
        ["node", "-e", SCRIPT],
        cwd=node_client_dir,
        input=json.dumps({"server": api.server, "token": token}),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["created"]["success"] is True
    assert found["fields"] == ["Abm_Key"]
    assert (found["granted"]["success"], found["granted"]["created"]) == (True, True)
    assert found["read"]["fieldPermissions"] == [
        {"editable": True, "field": "Account.Abm_Key__c", "readable": True}
    ]
    assert [row["Abm_Key__c"] for row in found["rows"]["successfulResults"]] == ["k1"]
    assert "REQUIRED_FIELD_MISSING" in found["rows"]["failedResults"][0]["sf__Error"]
    assert found["queried"] == [{"Name": "Acme", "Abm_Key__c": "k1"}]
    assert found["person"] == api.user("admin@example.com")
