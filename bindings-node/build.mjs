// Builds the addon and puts it beside index.js; writes native.d.ts, the types of the raw addon.
//   node build.mjs             a debug build
//   node build.mjs --release   what is published
//   node build.mjs --check     also fails where native.d.ts is not what the addon says
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { typesOf } from './types.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = join(here, '..');
const flags = new Set(process.argv.slice(2));
const profile = flags.has('--release') ? 'release' : 'debug';

// napi's macros write down the types while they are compiled; build.rs compiles anew where this is
// set and was not, or the reverse.
const folder = join(root, 'target', `node-types-${profile}`);
mkdirSync(folder, { recursive: true });
const release = profile === 'release' ? ['--release'] : [];
execFileSync('cargo', ['build', '--quiet', '--package', 'placet-node', ...release], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, NAPI_TYPE_DEF_TMP_FOLDER: folder },
});

const libc = process.platform === 'linux' ? '-gnu' : '';
const [prefix, suffix] = { win32: ['', 'dll'], darwin: ['lib', 'dylib'] }[process.platform] ?? ['lib', 'so'];
const built = join(root, 'target', profile, `${prefix}placet_node.${suffix}`);
const addon = join(here, `placet.${process.platform}-${process.arch}${libc}.node`);
// A process that has the old one open keeps it whole.
copyFileSync(built, `${addon}.new`);
renameSync(`${addon}.new`, addon);

const types = typesOf(folder);
const file = join(here, 'native.d.ts');
if (!flags.has('--check')) {
  writeFileSync(file, types);
} else if (readFileSync(file, 'utf8') !== types) {
  console.error('native.d.ts is not what the addon says: run `node bindings-node/build.mjs`');
  process.exit(1);
}
