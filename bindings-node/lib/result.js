'use strict';

const { Decision } = require('./decision.js');
const { through, usage } = require('./errors.js');

/** Whether a decision asks for masks. */
function hasDecisionMask(decision) {
  return decision.verdict !== 'allow' && decision.obligations.some(({ kind }) => kind === 'mask');
}

/**
 * A tool's result as the decision lets it leave.
 *
 * Rows (a list of objects or of lists, by itself or as `rows` of an object) are masked by column;
 * everything else by what is found in it, and whole where the decision masks columns whose values
 * no detector knows. `builtin`: the masker that goes over everything that is left, or `null`.
 */
function maskResult(decision, builtin, result, end) {
  const { limit, done, over } = end;
  const work = { decision, builtin, limit, cells: 0, masks: hasDecisionMask(decision) };
  if (isStream(result)) return stream(work, result, end);
  if (Symbol.asyncIterator in Object(result)) return iterateLater(work, result, end);
  if (isIterator(result) || (isLooked(work) && isIterable(result))) return iterate(work, result, end);
  if (isLooked(work) && isClosed(result)) {
    throw usage('API036', 'what the tool returned cannot be looked into', 'return values, rows or a stream');
  }
  const rows = rowsOf(result);
  const count = rows === null ? (result === undefined ? 0 : 1) : rows.length;
  if (count > limit) throw over(limit);
  const value = work.masks || builtin !== null ? masked(work, result, rows) : result;
  done(count, work.cells);
  return value;
}

function isStream(value) {
  return typeof value?.pipe === 'function' && value instanceof require('node:stream').Readable;
}

function isIterator(value) {
  return typeof value?.next === 'function' && Symbol.iterator in value;
}

function isLooked(work) {
  return work.masks || work.builtin !== null;
}

/** What gives its values only when it is iterated: they are looked at one by one. */
function isIterable(value) {
  if (value === null || typeof value !== 'object' || ArrayBuffer.isView(value)) return false;
  const isKnown = Array.isArray(value) || value instanceof Map || value instanceof Set || value instanceof String;
  return !isKnown && typeof value[Symbol.iterator] === 'function';
}

/** What gives its values only when it is called. */
function isClosed(value) {
  return typeof value === 'function' || value instanceof WeakRef;
}

/** The rows in a result: the list itself, or the `rows` of a driver's answer. */
function rowsOf(result) {
  if (isRows(result)) return result;
  return result !== null && typeof result === 'object' && isRows(result.rows) ? result.rows : null;
}

function isRows(value) {
  return Array.isArray(value) && value.every((row) => row !== null && typeof row === 'object' && !isBytes(row));
}

function isBytes(value) {
  return ArrayBuffer.isView(value) || value instanceof Date;
}

function masked(work, result, rows) {
  if (rows === null) return whole(work, result);
  const clean = maskRows(work, rows, result.fields);
  if (rows === result) return clean;
  // A driver's answer has more than rows: names of columns, counts, the command.
  const { rows: _, ...rest } = result;
  const others = work.builtin === null ? rest : counted(work, work.builtin, rest);
  if (clean === rows && others === rest) return result;
  return Object.assign(Object.create(Object.getPrototypeOf(result)), others, { rows: clean });
}

function maskRows(work, rows, fields) {
  if (rows.length === 0) return rows;
  const mask = rowMasker(work, rows, fields);
  const clean = rows.map((row) => mask(row));
  return clean.some((row, place) => row !== rows[place]) ? clean : rows;
}

/** Masks one row after another; the columns are those of the driver or of the first row. */
function rowMasker(work, rows, fields) {
  const finish = (row) => (work.builtin === null ? row : counted(work, work.builtin, row));
  if (!work.masks) return finish;
  const names = columnsOf(rows, fields);
  const native = Decision.rowsOf(work.decision, names);
  return (row) => {
    const before = native.maskedCells;
    const clean = native.row(row, names);
    work.cells += native.maskedCells - before;
    return finish(clean);
  };
}

/**
 * The names of the columns. Rows that do not all have the same are no result that was foreseen: one
 * name more than there are columns says so, and then every cell is masked.
 */
function columnsOf(rows, fields) {
  if (Array.isArray(fields) && Array.isArray(rows[0])) {
    return fields.map((field) => String(field?.name ?? ''));
  }
  if (rows.every(Array.isArray)) {
    return Array.from({ length: Math.max(...rows.map((row) => row.length)) }, () => '');
  }
  const first = Object.keys(rows[0]);
  const same = (row) => {
    const keys = Object.keys(row);
    return keys.length === first.length && keys.every((key, place) => key === first[place]);
  };
  if (rows.every(same)) return first;
  return [...new Set(rows.flatMap((row) => Object.keys(row))), '', ''];
}

/** A value that is no row. */
function whole(work, value) {
  let clean = value;
  if (work.masks) {
    clean = Decision.masksTagged(work.decision) ? hidden(work, value) : counted(work, Decision.maskerOf(work.decision), value);
  }
  return work.builtin === null ? clean : counted(work, work.builtin, clean);
}

function counted(work, masker, value) {
  const { value: clean, changes } = masker.count(value);
  work.cells += changes;
  return clean;
}

/** Every scalar replaced: values of a tagged column may have any shape. */
function hidden(work, value, depth = 0) {
  if (value === null || value === undefined || typeof value === 'boolean') return value;
  const isList = Array.isArray(value);
  if (depth < 64 && (isList || Object.getPrototypeOf(Object(value)) === Object.prototype)) {
    if (isList) return value.map((item) => hidden(work, item, depth + 1));
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, hidden(work, item, depth + 1)]),
    );
  }
  work.cells += 1;
  return '[MASKED]';
}

/** One row after another; the limit stops the result where it is reached. */
function* iterate(work, rows, end) {
  const items = new Items(work, end);
  try {
    for (const row of rows) yield* items.next(row);
    yield* items.rest();
  } catch (error) {
    throw items.failed(error);
  } finally {
    items.finish();
  }
}

async function* iterateLater(work, rows, end) {
  const items = new Items(work, end);
  try {
    for await (const row of rows) yield* items.next(row);
    yield* items.rest();
  } catch (error) {
    throw items.failed(error);
  } finally {
    items.finish();
  }
}

/** Chunks of one text through a masker that holds back what may still become a value. */
class Chunks {
  found = 0;
  #native;
  /** The bytes of a character that is not complete. */
  #cut = Buffer.alloc(0);

  constructor(masker) {
    this.#native = masker.chunks();
  }

  push(chunk) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, 'utf8') : chunk;
    return this.#taken(through(() => this.#native.push(bytes)), false);
  }

  finish() {
    return this.#taken(through(() => this.#native.finish()), true);
  }

  #taken(length, isLast) {
    const out = Buffer.allocUnsafe(length);
    this.#native.take(out);
    this.found += JSON.parse(this.#native.takeFindings()).length;
    const whole = Buffer.concat([this.#cut, out]);
    const end = isLast ? whole.length : completeUpTo(whole);
    this.#cut = whole.subarray(end);
    return whole.subarray(0, end);
  }
}

/** Where the last complete UTF-8 character ends. */
function completeUpTo(bytes) {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back];
    if (byte >= 0xc0) {
      const needs = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return needs > back ? bytes.length - back : bytes.length;
    }
    if (byte < 0x80) break;
  }
  return bytes.length;
}

/** What passes one by one, and how it ends: exactly one outcome is told. */
class Items {
  #work;
  #end;
  #count = 0;
  #names;
  #mask;
  #chunks;
  #isText;
  #over;
  #ended = false;

  constructor(work, end) {
    this.#work = work;
    this.#end = end;
  }

  next(item) {
    if (this.#count >= this.#work.limit) {
      this.#ended = true;
      this.#over = this.#end.over(this.#count);
      throw this.#over;
    }
    this.#count += 1;
    if (typeof item === 'string' || item instanceof Uint8Array) return this.#chunk(item);
    if (!isRows([item])) return [whole(this.#work, item)];
    const names = columnsOf([item]);
    // A row with other columns than the one before is looked at by itself.
    if (this.#mask === undefined || names.join('\0') !== this.#names) {
      this.#names = names.join('\0');
      this.#mask = rowMasker(this.#work, [item]);
    }
    return [this.#mask(item)];
  }

  /** Texts one after another are one text: a value may be cut between them. */
  #chunk(item) {
    const { masks, decision, builtin } = this.#work;
    if (!masks && builtin === null) return [item];
    if (masks && Decision.masksTagged(decision)) return [whole(this.#work, item)];
    this.#isText ??= typeof item === 'string';
    this.#chunks ??= new Chunks(masks ? Decision.maskerOf(decision) : builtin);
    return this.#shown(this.#chunks.push(item));
  }

  /** What was held back because it might have become a value. */
  rest() {
    if (this.#chunks === undefined) return [];
    const shown = this.#shown(this.#chunks.finish());
    this.#work.cells += this.#chunks.found;
    return shown;
  }

  #shown(bytes) {
    if (bytes.length === 0) return [];
    return [this.#isText ? bytes.toString('utf8') : bytes];
  }

  failed(error) {
    if (error === this.#over || this.#ended) return error;
    this.#ended = true;
    return this.#end.failed(error);
  }

  finish() {
    if (this.#ended) return;
    this.#ended = true;
    this.#end.done(this.#count, this.#work.cells);
  }
}

/** A stream of objects row by row; one of bytes as a stream, because values may be cut. */
function stream(work, readable, end) {
  const { PassThrough, Readable, pipeline } = require('node:stream');
  if (readable.readableObjectMode) return Readable.from(iterateLater(work, readable, end));
  const tagged = work.masks && Decision.masksTagged(work.decision);
  if (tagged) {
    readable.destroy();
    end.done(0, 1);
    return Readable.from([Buffer.from('[MASKED]')], { objectMode: false });
  }
  const masker = work.masks ? Decision.maskerOf(work.decision) : work.builtin;
  const out = masker === null ? new PassThrough() : masker.stream();
  pipeline(readable, out, (error) => {
    if (error === undefined || error === null) end.done(1, out.findings?.length ?? 0);
    // The reader of the masked stream hears of it; what the error says is masked.
    else out.destroy(end.failed(error));
  });
  return out;
}

module.exports = { hasDecisionMask, maskResult };
