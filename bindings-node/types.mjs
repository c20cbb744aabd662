// The types of the raw addon, from what napi's macros wrote down while it was compiled.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const HEAD = '// Written by `node build.mjs` from the addon. Do not edit.\n\n';

/** The text of native.d.ts from a folder of napi's type definitions: one JSON object a line. */
export function typesOf(folder) {
  const lines = readdirSync(folder).flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'));
  const entries = lines.filter((line) => line !== '').map((line) => JSON.parse(line));
  const methods = new Map(entries.filter(({ kind }) => kind === 'impl').map(({ name, def }) => [name, def]));
  const parts = entries.filter(({ kind }) => kind !== 'impl').map((entry) => [entry.name, declaration(entry, methods)]);
  parts.sort(([a], [b]) => (a < b ? -1 : 1));
  return HEAD + parts.map(([, text]) => text).join('\n');
}

function declaration({ kind, name, def, js_doc: doc }, methods) {
  switch (kind) {
    case 'fn':
      return `${comment(doc)}export declare ${def}\n`;
    case 'struct': {
      const body = [def, methods.get(name)].filter(Boolean).join('\n').replaceAll('\\n', '\n');
      const members = body.split('\n').map((line) => line.trim()).filter((line) => line !== '');
      const inside = members.map((line) => (line.startsWith('*') ? `   ${line}` : `  ${line}`));
      return `${comment(doc)}export declare class ${name} {\n${inside.join('\n')}\n}\n`;
    }
    default:
      throw new Error(`no form for a ${kind}: ${name}`);
  }
}

function comment(doc) {
  return doc ? `${doc.split('\n').map((line) => line.trimEnd()).join('\n').trimEnd()}\n` : '';
}
