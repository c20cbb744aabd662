// A bundle of the tests' own, with people, a log and a store of held requests around it.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import placet from '../index.js';

export const RULES = `
[[rule]]
id = "reads"
what = { op = ["read", "list"] }
when = '!has(effect) || effect == "read_data"'
verdict = "allow"
[[rule]]
id = "mails"
what = { op = "read", target = "shop.customers" }
verdict = { mask = ["pii.mail"] }
[[rule]]
id = "few"
what = { op = "read", target = "shop.orders" }
verdict = { limit = { rows = 2 } }
[[rule]]
id = "changes"
what = { op = ["update", "delete", "create"] }
verdict = { require_approval = "one" }
say = "Ask for approval."
[[rule]]
id = "unbounded"
what = { op = ["update", "delete"] }
when = 'extent == "all"'
verdict = "deny"
say = "Add a WHERE."
`;

const FILES = {
  'bundle.toml': 'name = "shop"\nsequence = 1\n',
  'classes.toml': '[[class]]\nname = "pii.mail"\ndetectors = ["EMAIL_ADDRESS"]\noperator = "redact"\n',
  'tags/shop.toml': '[columns]\n"shop.customers.mail" = ["pii.mail"]\n',
  'rules/shop.toml': RULES,
};

const CATALOG = {
  dialect: 'postgres',
  default_schema: 'shop',
  tables: [
    { schema: 'shop', name: 'customers', columns: [{ name: 'id', type: 'int' }, { name: 'mail', type: 'text' }], unique: [['id']] },
    { schema: 'shop', name: 'orders', columns: [{ name: 'id', type: 'int' }, { name: 'note', type: 'text' }], unique: [['id']] },
  ],
  views: [],
  functions: [],
};

export function write(dir, files) {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
}

/** A directory of a test's own; gone afterwards. */
export function scratch(t) {
  const dir = mkdtempSync(join(tmpdir(), 'placet-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** A guard under the bundle, with log and approvals, and what a test needs to answer and to verify. */
export function shop(t, { files = {}, options = {} } = {}) {
  const dir = scratch(t);
  const make = (name) => {
    const [privateFile, publicFile] = [join(dir, `${name}.key`), join(dir, `${name}.vkey`)];
    const verifier = placet.keys.create(`example.com/${name}`, { privateFile, publicFile });
    return { privateFile, publicFile, verifier };
  };
  const [audit, ana] = [make('audit'), make('ana')];
  const people =
    `[[spec]]\nid = "one"\nstages = [{ any_of = ["dba"], min = 1 }]\nexpires_in = "10m"\n` +
    `[[approver]]\nid = "ana"\ngroups = ["dba"]\nkeys = ["${ana.verifier}"]\n`;
  const bundle = join(dir, 'bundle');
  write(bundle, { ...FILES, 'approvals.toml': people, ...files });
  const store = join(dir, 'approvals');
  const log = join(dir, 'audit');
  const guard = placet.Guard.open({
    bundle, audit: log, auditKey: audit.privateFile, writer: 'node', durability: 'buffered',
    approvals: store, catalog: CATALOG, protocol: 'postgres', principal: 'agent:7', resource: 'shop',
    ...options,
  });
  const approve = (ticket, yes = true) => {
    placet.approval.answer(store, ticket, { as: 'ana', key: ana.privateFile, approve: yes });
  };
  const events = () => placet.audit.events(log);
  return { guard, dir, bundle, store, log, audit, ana, people, approve, events };
}
