// An MCP server whose one tool is guarded: the client's agent reads what policy lets it read, is told
// why it may not drop a table, and waits for a person before it deletes a row. Everything is logged.
import { mkdtempSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { ApprovalRequiredError, Guard, PlacetError, approval, audit, keys } from 'placet';
import { z } from 'zod';

// What an operator sets up once: keys, a bundle that names the people, where log and requests lie.
const dir = mkdtempSync(join(tmpdir(), 'placet-mcp-'));
const file = (name) => join(dir, name);
const ada = keys.create('example.com/ada', { privateFile: file('ada.key'), publicFile: file('ada.vkey') });
keys.create('example.com/audit', { privateFile: file('audit.key'), publicFile: file('audit.vkey') });
mkdirSync(file('bundle/rules'), { recursive: true });
writeFileSync(file('bundle/bundle.toml'), 'name = "shop"\n');
writeFileSync(file('bundle/classes.toml'), '[[class]]\nname = "pii.mail"\ndetectors = ["EMAIL_ADDRESS"]\noperator = "redact"\n');
writeFileSync(file('bundle/approvals.toml'), `
[[spec]]
id = "one-person"
stages = [{ any_of = ["owners"], min = 1 }]
expires_in = "10m"
[[approver]]
id = "human:ada"
groups = ["owners"]
keys = ["${ada}"]
`);
writeFileSync(file('bundle/rules/shop.toml'), `
[[rule]]
id = "reads-masked"
what = { op = "read" }
verdict = { mask = ["pii.mail"] }
[[rule]]
id = "reads"
what = { op = "read", effect = "read_data" }
verdict = "allow"
[[rule]]
id = "changes-need-a-person"
what = { op = ["update", "delete"] }
verdict = { require_approval = "one-person" }
[[rule]]
id = "no-drops"
what = { op = "destroy" }
verdict = "deny"
say = "Ask the owner of the table."
`);

const guard = Guard.open({
  bundle: file('bundle'), audit: file('audit'), auditKey: file('audit.key'), approvals: file('approvals'),
  protocol: 'sqlite', resource: 'shop',
});

// The tool as it was, with the guard in front of it. What the framework hands over beside the input
// is no part of what is asked.
const query = guard.tool(async ({ sql }) => database(sql), {
  protocol: 'sqlite', arg: 'sql', ignore: [1], principal: () => 'agent:mcp',
});

/** Stands for the database: what it returns has a customer's address in it. */
let deleted = 0;
function database(sql) {
  if (sql.startsWith('DELETE')) return [{ deleted: (deleted += 1) }];
  return [{ id: 7, mail: 'ada@example.com' }];
}

const server = new McpServer({ name: 'shop', version: '1.0.0' });
server.registerTool('query', { description: 'Runs SQL.', inputSchema: { sql: z.string() } }, async (input, extra) => {
  try {
    return { content: [{ type: 'text', text: JSON.stringify(await query(input, extra)) }] };
  } catch (error) {
    if (!(error instanceof PlacetError)) throw error;
    const ticket = error instanceof ApprovalRequiredError ? ` Ticket ${error.ticket}: ask again when a person has answered.` : '';
    return { isError: true, content: [{ type: 'text', text: `${error.message}.${ticket}` }] };
  }
});

const [here, there] = InMemoryTransport.createLinkedPair();
const client = new Client({ name: 'agent', version: '1.0.0' });
await Promise.all([server.connect(here), client.connect(there)]);
const ask = async (sql) => {
  const { content, isError = false } = await client.callTool({ name: 'query', arguments: { sql } });
  return { isError, text: content[0].text };
};

console.log('read   ', (await ask('SELECT id, mail FROM customers')).text);
console.log('drop   ', (await ask('DROP TABLE customers')).text);
const held = await ask('DELETE FROM customers WHERE id = 7');
const [, ticket] = held.text.match(/Ticket ([0-9a-f]{32})/);
console.log('delete ', held.text.replace(ticket, '…'));

// A person reads what would run, and signs.
console.log('person ', approval.display(file('approvals'), ticket).split('\n').find((line) => line.includes('DELETE')).trim());
approval.answer(file('approvals'), ticket, { as: 'human:ada', key: file('ada.key'), approve: true });
console.log('again  ', (await ask('DELETE FROM customers WHERE id = 7')).text);
console.log('another', (await ask('DELETE FROM customers WHERE id = 8')).isError, deleted);

await client.close();
guard.close();
const report = audit.verify(file('audit'), { key: file('audit.vkey') });
console.log('log    ', report.state, audit.events(file('audit')).filter(({ type }) => type === 'decision').length, 'decisions');
