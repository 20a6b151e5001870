"""HubSpot's own client for Node, against the served portal."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.emulator.hubspot.judged import Judged

pytestmark = pytest.mark.client


@pytest.fixture
def version() -> str:
    """This client speaks the numbered paths alone."""
    return "v3"


SCRIPT = """
const { Client } = require('@hubspot/api-client');
const client = new Client({ accessToken: 'pat-emulator', basePath: process.argv[2] });
(async () => {
  const out = {};
  const owners = await client.crm.owners.ownersApi.getPage();
  out.owners = owners.results.map((owner) => [owner.id, owner.createdAt instanceof Date]);
  const pipelines = await client.crm.pipelines.pipelinesApi.getAll('deals');
  out.stages = pipelines.results[0].stages.length;
  await client.crm.properties.groupsApi.create('companies', { name: 'abm', label: 'ABM' });
  await client.crm.properties.coreApi.create('companies', {
    name: 'sf_account_id', label: 'Account', type: 'string', fieldType: 'text', groupName: 'abm', hasUniqueValue: true,
  });
  const upsert = { inputs: [{ id: '001A', idProperty: 'sf_account_id', properties: { name: 'Acme' } }] };
  const first = await client.crm.companies.batchApi.upsert(upsert);
  const second = await client.crm.companies.batchApi.upsert(upsert);
  const company = first.results[0].id;
  out.upsert = [first.results[0]._new ?? first.results[0].new, second.results[0]._new ?? second.results[0].new];
  const deal = await client.crm.deals.basicApi.create({ properties: { dealname: 'Big' }, associations: [] });
  await client.crm.associations.v4.basicApi.createDefault('deals', deal.id, 'companies', company);
  const links = await client.crm.associations.v4.basicApi.getPage('deals', deal.id, 'companies');
  out.links = links.results.map((row) => [row.toObjectId === company, row.associationTypes.map((kind) => kind.typeId)]);
  await fetch(process.argv[2] + '/__emulator__/clock', { method: 'POST', body: '{"advance": 5}' });
  const found = await client.crm.companies.searchApi.doSearch({
    filterGroups: [{ filters: [{ propertyName: 'sf_account_id', operator: 'EQ', value: '001A' }] }],
    properties: ['name'], limit: 10,
  });
  out.found = [found.total, found.results[0].id === company, found.results[0].properties.name];
  const merged = await client.crm.companies.basicApi.getById(company, ['name']);
  out.updated = merged.updatedAt instanceof Date;
  try {
    await client.crm.companies.basicApi.getById('4711');
  } catch (error) {
    out.missing = [error.code, error.body.message];
  }
  console.log(JSON.stringify(out));
})().catch((error) => { console.error(error); process.exit(1); });
"""


@pytest.mark.node
@pytest.mark.slow
def test_the_node_client_finds_what_it_expects(
    node_client_dir: Path, tmp_path: Path, hubspot: Judged
) -> None:
    if not (node_client_dir / "node_modules" / "@hubspot" / "api-client").is_dir():
        pytest.skip("@hubspot/api-client is not installed for Node")
    script = tmp_path / "drive.js"
    script.write_text(SCRIPT)
    done = subprocess.run(
        ["node", str(script), hubspot.base],
        env=os.environ | {"NODE_PATH": str(node_client_dir / "node_modules")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "owners": [["101", True], ["102", True]],
        "stages": 7,
        "upsert": [True, False],
        "links": [[True, [5, 341]]],
        "found": [1, True, "Acme"],
        "updated": True,
        "missing": [404, "resource not found"],
    }
