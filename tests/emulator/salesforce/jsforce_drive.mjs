// Drives jsforce through what it can do with plain REST, and prints what it saw as one JSON object.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [folder, server] = process.argv.slice(2);
const require = createRequire(pathToFileURL(`${folder}/package.json`));
const jsforce = require('jsforce');
const seen = {};

const post = (path, body) =>
  fetch(server + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

const login = async () => {
  const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: 'emulator', client_secret: 'emulator' });
  const answered = await fetch(`${server}/services/oauth2/token`, { method: 'POST', body: form });
  return (await answered.json()).access_token;
};

let refreshed = 0;
const connection = new jsforce.Connection({
  instanceUrl: server,
  accessToken: await login(),
  version: '62.0',
  refreshFn: (_, done) => {
    refreshed += 1;
    login().then((token) => done(null, token), done);
  },
});

seen.identity = (await connection.identity()).username;
const made = await connection.sobject('Account').create({ Name: 'Acme' });
seen.created = made.success;
seen.updated = (await connection.sobject('Account').update({ Id: made.id, Rating: 'Hot' })).success;
seen.read = (await connection.sobject('Account').retrieve(made.id)).Rating;
const upserted = await connection.sobject('Account').upsert({ Name: 'Keyed', Ext__c: 'K-1' }, 'Ext__c');
seen.upserted = upserted.success;
const many = await connection.sobject('Account').create([{ Name: 'A' }, { Rating: 'Hot' }], { allOrNone: false });
seen.many = many.map((row) => (row.success ? null : row.errors[0].statusCode));
const upserts = await connection
  .sobject('Account')
  .upsert([{ Name: 'K1', Ext__c: 'K-1' }, { Name: 'K2', Ext__c: 'K-2' }], 'Ext__c', { allOrNone: false });
seen.upserts = upserts.map((row) => row.success);
const pair = await connection.sobject('Account').retrieve([made.id, upserted.id ?? made.id]);
seen.retrieved = pair.length;
seen.destroyed = (await connection.sobject('Account').destroy(made.id)).success;

await post('/__emulator__/load', { object: 'Contact', rows: Array.from({ length: 2500 }, (_, n) => ({ LastName: `L${n}` })) });
const first = await connection.query('SELECT Id, LastName FROM Contact ORDER BY Id');
const second = await connection.queryMore(first.nextRecordsUrl);
seen.pages = [first.records.length, first.done, second.records.length, second.done];
seen.found = (await connection.sobject('Account').find({ Name: 'K2' }, ['Id', 'Name']).limit(5)).length;
seen.fields = (await connection.sobject('Account').describe()).fields.some((field) => field.name === 'Website');
seen.objects = (await connection.describeGlobal()).sobjects.length;
const now = new Date(seen.now ?? (await (await fetch(`${server}/__emulator__/clock`)).json()).now);
const hour = 3600 * 1000;
const changes = await connection.sobject('Contact').updated(new Date(now - hour), new Date(+now + hour));
seen.changed = changes.ids.length;
seen.usage = connection.limitInfo?.apiUsage?.limit;

await post('/__emulator__/expire_sessions', {});
seen.afterExpiry = (await connection.query('SELECT Id FROM Account')).totalSize;
seen.refreshed = refreshed;
try {
  await connection.query('SELECT Foo FROM Account');
} catch (error) {
  seen.refused = error.errorCode;
}
console.log(JSON.stringify(seen));
