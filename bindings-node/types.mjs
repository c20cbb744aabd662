// Writes native.d.ts, the types of the raw addon, from what napi's macros say while it is compiled.
// Usage: node types.mjs FOLDER FILE
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder, file] = process.argv.slice(2);
const lines = readdirSync(folder).flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'));
const entries = lines.filter((line) => line !== '').map((line) => JSON.parse(line));

const doc = (text) => (text ? text.split('\n').map((line) => line.trimEnd()).join('\n').trimEnd() + '\n' : '');
const indented = (line) => (line.startsWith('*') ? `   ${line}` : `  ${line}`);
const bodies = new Map(entries.filter(({ kind }) => kind === 'impl').map(({ name, def }) => [name, def]));
const parts = entries.flatMap((entry) => {
  const { kind, name, def } = entry;
  const comment = doc(entry.js_doc);
  if (kind === 'fn') return [[name, `${comment}export declare ${def}\n`]];
  if (kind !== 'struct') return [];
  const body = [def, bodies.get(entry.original_name ?? name) ?? bodies.get(name)].filter(Boolean).join('\n');
  const members = body.replaceAll('\\n', '\n').split('\n').filter((line) => line.trim() !== '');
  const inside = members.map((line) => indented(line.trim())).join('\n');
  return [[name, `${comment}export declare class ${name} {\n${inside}\n}\n`]];
});
parts.sort(([a], [b]) => (a < b ? -1 : 1));
const head = '// Written by types.mjs from the addon: `cargo xtask node-types`. Do not edit.\n\n';
writeFileSync(file, head + parts.map(([, text]) => text).join('\n'));
