// testdata/audit: what was done to a golden log, and what must be said of it.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'node:test';
import placet from '../index.js';
import { cases, only, testdata, toml } from './support.mjs';

const golden = join(testdata, 'audit/golden');
const key = join(golden, 'root.vkey');
const HEADER = 9;
const LEAF = 1;
const CHECKPOINT = 2;

/** A golden log: path inside its directory to content. */
function log(name) {
  const found = new Map();
  for (const writer of readdirSync(join(golden, name))) {
    for (const file of readdirSync(join(golden, name, writer)).sort()) {
      found.set(`${writer}/${file}`, readFileSync(join(golden, name, writer, file)));
    }
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function split(files) {
  const frames = [];
  for (const [file, bytes] of files) {
    for (let at = 0; at < bytes.length; ) {
      const end = at + HEADER + bytes.readUInt32LE(at + 1);
      const frame = Buffer.from(bytes.subarray(at, end));
      const seq = frame[0] === LEAF ? JSON.parse(frame.subarray(HEADER).toString()).seq : undefined;
      frames.push({ file, kind: frame[0], bytes: frame, seq });
      at = end;
    }
  }
  return frames;
}

function join_(files, frames) {
  for (const file of files.keys()) {
    const own = frames.filter((frame) => frame.file === file).map((frame) => frame.bytes);
    files.set(file, Buffer.concat(own));
  }
}

function crc32c(bytes) {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

function framed(kind, payload) {
  const head = Buffer.alloc(HEADER);
  head[0] = kind;
  head.writeUInt32LE(payload.length, 1);
  head.writeUInt32LE(crc32c(Buffer.concat([head.subarray(0, 5), payload])), 5);
  return Buffer.concat([head, payload]);
}

function leafAt(frames, seq) {
  const at = frames.findIndex((frame) => frame.seq === seq);
  assert.notEqual(at, -1);
  return at;
}

const FILE_CHANGES = {
  cut: (files, { file, keep }) => files.set(file, files.get(file).subarray(0, keep)),
  append: (files, { file, byte, count }) => {
    files.set(file, Buffer.concat([files.get(file), Buffer.alloc(count, byte)]));
  },
  remove: (files, { file }) => assert.ok(files.delete(file)),
  rename: (files, { file, to }) => {
    files.set(to, files.get(file));
    files.delete(file);
  },
  write: (files, { file, text }) => files.set(file, Buffer.from(text)),
};

const FRAME_CHANGES = {
  edit: (frames, { leaf, find, with: text, checksum }) => {
    const frame = frames[leafAt(frames, leaf)];
    const before = frame.bytes.subarray(HEADER).toString();
    assert.ok(before.includes(find));
    const bytes = framed(LEAF, Buffer.from(before.replace(find, () => text)));
    if (checksum === 'leave') frame.bytes.copy(bytes, 5, 5, 9);
    else assert.equal(checksum, 'mend');
    frame.bytes = bytes;
  },
  flip: (frames, { frame, byte, bit }) => {
    frames[frame].bytes[byte] ^= 1 << bit;
  },
  drop_frames: (frames, { from, to }) => frames.splice(from, to - from),
  drop_leaf: (frames, { leaf }) => frames.splice(leafAt(frames, leaf), 1),
  copy_leaf: (frames, { leaf, before }) => {
    FRAME_CHANGES.copy_frame(frames, { frame: leafAt(frames, leaf), before: leafAt(frames, before) });
  },
  copy_frame: (frames, { frame, before }) => {
    const { kind, bytes } = frames[frame];
    frames.splice(before, 0, { file: frames[before].file, kind, bytes: Buffer.from(bytes) });
  },
  swap_leaves: (frames, { a, b }) => {
    FRAME_CHANGES.swap_frames(frames, { a: leafAt(frames, a), b: leafAt(frames, b) });
  },
  swap_frames: (frames, { a, b }) => {
    [frames[a].bytes, frames[b].bytes] = [frames[b].bytes, frames[a].bytes];
  },
  splice: (frames, { from, leaf, at, replace }) => {
    const foreign = split(log(from));
    const { bytes } = foreign[leafAt(foreign, leaf)];
    const place = leafAt(frames, at);
    if (replace) frames[place].bytes = bytes;
    else frames.splice(place, 0, { file: frames[place].file, kind: LEAF, bytes });
  },
};

const MUTATION_KEYS = {
  edit: ['leaf', 'find', 'with', 'checksum'], flip: ['frame', 'byte', 'bit'],
  drop_frames: ['from', 'to'], copy_frame: ['frame', 'before'], drop_leaf: ['leaf'],
  copy_leaf: ['leaf', 'before'], swap_leaves: ['a', 'b'], swap_frames: ['a', 'b'],
  splice: ['from', 'leaf', 'at', 'replace'], cut: ['file', 'keep'], append: ['file', 'byte', 'count'],
  remove: ['file'], rename: ['file', 'to'], write: ['file', 'text'],
};

function mutate(files, mutation) {
  only(mutation, ['op', ...MUTATION_KEYS[mutation.op]], 'mutation');
  if (mutation.op in FILE_CHANGES) {
    FILE_CHANGES[mutation.op](files, mutation);
    return;
  }
  const frames = split(files);
  FRAME_CHANGES[mutation.op](frames, mutation);
  join_(files, frames);
}

/** `log@size`: the checkpoint over so many leaves of a golden log. */
function checkpoint(which) {
  const [name, size] = which.split('@');
  const notes = split(log(name)).filter(({ kind }) => kind === CHECKPOINT);
  const found = notes.map(({ bytes }) => bytes.subarray(HEADER)).find((note) => note.toString().split('\n')[1] === size);
  assert.ok(found, which);
  return found;
}

function write(files, dir) {
  for (const [file, bytes] of files) {
    mkdirSync(dirname(join(dir, file)), { recursive: true });
    writeFileSync(join(dir, file), bytes);
  }
}

const KEYS = [
  'log', 'mutate', 'path', 'now', 'checkpoint', 'state', 'class', 'index', 'index_end', 'size', 'exit',
];
for (const row of cases(toml('audit/cases.toml'), KEYS, 'audit')) {
  test(`audit/${row.name}`, (t) => {
    const files = log(row.log);
    for (const mutation of row.mutate ?? []) mutate(files, mutation);
    const dir = mkdtempSync(join(tmpdir(), 'placet-'));
    t.after(() => rmSync(dir, { recursive: true }));
    write(files, dir);
    const kept = row.checkpoint === undefined ? undefined : checkpoint(row.checkpoint);
    const report = placet.audit.verify(join(dir, row.path ?? ''), { key, now: row.now, checkpoint: kept });
    const ends = report.writers.filter(({ state }) => state === report.state).map(({ index_end }) => index_end);
    const found = {
      state: report.state,
      class: report.class,
      index: report.index,
      index_end: ends.filter((end) => end !== null).reduce((a, b) => Math.max(a ?? b, b), null),
      size: report.proven_size,
      exit: report.exit_code,
    };
    const { state, class: kind = null, index = null, index_end = null, size, exit } = row;
    assert.deepEqual(found, { state, class: kind, index, index_end, size, exit }, JSON.stringify(report, null, 1));
  });
}
