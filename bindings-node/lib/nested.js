'use strict';

/**
 * Nested values through the core's JSON masker, so that both agree by construction: the value is
 * written as one JSON text, masked there, and the scalars that changed are put back in their
 * places. What JSON has no word for keeps its place as `null`.
 */

const { LimitError, usage } = require('./errors.js');

/** Levels of nesting; an object that contains itself is beyond any. */
const MAX_DEPTH = 512;

/** Masks a value; returns the very value where nothing was found. */
function maskNested(masker, value) {
  const { text, root, isRemade } = serialize(value);
  const masked = masker.json(text);
  if (masked === text && !isRemade) return { value, changes: 0 };
  const changes = { count: 0, moved: 0 };
  return { value: rebuild(root, new Tokens(masked), changes), changes: changes.count };
}

function serialize(value) {
  const out = [];
  try {
    const root = put(value, out, 0);
    return { text: out.join(''), root, isRemade: out.isRemade === true };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new LimitError('the value is too large to be masked at once', { code: 'LIM002', help: 'mask it in parts' });
  }
}

/**
 * Writes a value and returns what was read of it: members are read once, so that one that answers
 * differently the second time cannot slip through.
 */
function put(value, out, depth) {
  if (depth > MAX_DEPTH) {
    throw new LimitError('the value nests too deeply', { code: 'LIM003', help: 'mask its parts one by one' });
  }
  const shape = shapeOf(value);
  if (shape.kind === 'scalar') {
    out.push(shape.text);
    return { value, shape };
  }
  if (shape.isRemade) out.isRemade = true;
  const [open, close] = shape.kind === 'list' ? '[]' : '{}';
  const children = [];
  out.push(open);
  for (const member of shape.kind === 'list' ? shape.items : shape.entries) {
    if (children.length > 0) out.push(',');
    let item = member;
    if (shape.kind === 'object') {
      out.push(JSON.stringify(keyText(member[0])), ':');
      item = member[1];
    }
    children.push(put(item, out, depth + 1));
  }
  out.push(close);
  return { value, shape, children };
}

const KEPT = { kind: 'scalar', text: 'null' };

/** How a value stands in JSON, and how it is made again from masked parts. */
function shapeOf(value) {
  switch (typeof value) {
    case 'string':
      return scalar(JSON.stringify(value));
    case 'number':
      return Number.isFinite(value) ? scalar(JSON.stringify(value)) : KEPT;
    case 'bigint':
      return scalar(String(value));
    case 'boolean':
      return scalar(String(value));
    case 'object':
      return value === null ? KEPT : objectShape(value);
    default:
      return KEPT;
  }
}

function scalar(text) {
  return { kind: 'scalar', text };
}

function objectShape(value) {
  if (Array.isArray(value)) return { kind: 'list', items: value, make: (items) => items };
  if (value instanceof Date || value instanceof RegExp) return KEPT;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) {
    return bytesShape(value);
  }
  if (value instanceof String || value instanceof Number || value instanceof Boolean) {
    return { kind: 'list', items: [value.valueOf()], make: ([item]) => item };
  }
  if (value instanceof Set) return { kind: 'list', items: [...value], make: (items) => new Set(items) };
  if (value instanceof Map) return mapShape(value);
  if (typeof value.toJSON === 'function') {
    // Members beside the JSON form are not looked at, so an object that has some leaves as that form.
    const isRemade = Object.keys(value).length > 0;
    return { kind: 'list', items: [value.toJSON()], make: ([item]) => item, isRemade };
  }
  const hidden = value instanceof Error ? ['message', 'stack', 'cause', 'errors'] : [];
  const keys = Reflect.ownKeys(value).filter(
    (key) => hidden.includes(key) || Object.prototype.propertyIsEnumerable.call(value, key),
  );
  // Symbols are where Node keeps what is inside of its own objects.
  if (keys.every((key) => typeof key === 'symbol') && isOpaque(value)) {
    throw usage('API030', 'a value of this type cannot be masked', 'return its content, not the object');
  }
  return {
    kind: 'object',
    entries: keys.map((key) => [key, value[key]]),
    make: (entries) => remake(value, entries),
  };
}

/** An object without members of its own whose class has some: what these give cannot be seen. */
function isOpaque(value) {
  const prototype = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return false;
  return Reflect.ownKeys(prototype).some((key) => key !== 'constructor');
}

/** An object of the same kind with other members. */
function remake(value, entries) {
  const copy = value instanceof Error ? new Error() : {};
  Object.setPrototypeOf(copy, Object.getPrototypeOf(value));
  for (const [key, item] of entries) {
    const enumerable = Object.prototype.propertyIsEnumerable.call(value, key) || !(key in value);
    Object.defineProperty(copy, key, { value: item, enumerable, writable: true, configurable: true });
  }
  return copy;
}

/** Bytes are masked as the text that they are; numbers of other sizes one by one. */
function bytesShape(value) {
  if (value instanceof Uint8Array || value instanceof DataView || !ArrayBuffer.isView(value)) {
    const bytes = ArrayBuffer.isView(value)
      ? Buffer.from(value.buffer, value.byteOffset, value.byteLength)
      : Buffer.from(value);
    // Latin-1 keeps every byte: what is no UTF-8 comes back as it was.
    const text = bytes.toString('utf8');
    const faithful = Buffer.from(text, 'utf8').equals(bytes);
    const shown = faithful ? text : bytes.toString('latin1');
    const make = ([item]) => Buffer.from(item, faithful ? 'utf8' : 'latin1');
    return { kind: 'list', items: [shown], make };
  }
  return { kind: 'list', items: Array.from(value), make: (items) => items };
}

function mapShape(value) {
  const entries = [...value];
  if (entries.every(([key]) => typeof key === 'string')) {
    return { kind: 'object', entries, make: (pairs) => new Map(pairs) };
  }
  return { kind: 'list', items: entries, make: (pairs) => new Map(pairs) };
}

function keyText(key) {
  return typeof key === 'symbol' ? (key.description ?? '') : key;
}

/** The masked value for what was read, in the order in which it was written. */
function rebuild({ value, shape, children }, tokens, changes) {
  if (shape.kind === 'scalar') {
    const token = tokens.next();
    if (token === shape.text) return value;
    const masked = JSON.parse(token);
    if (masked === value) return value;
    changes.count += 1;
    changes.moved += 1;
    return masked;
  }
  const before = changes.moved;
  const members = children.map((child, place) => {
    if (shape.kind === 'list') return rebuild(child, tokens, changes);
    const key = shape.entries[place][0];
    const text = JSON.parse(tokens.next());
    if (text !== keyText(key)) {
      changes.count += 1;
      changes.moved += 1;
    }
    return [text === keyText(key) ? key : text, rebuild(child, tokens, changes)];
  });
  if (shape.isRemade) changes.moved += 1;
  return changes.moved === before ? value : shape.make(members);
}

/** The scalars and keys of a JSON text without blanks, in order. */
class Tokens {
  #text;
  #at = 0;

  constructor(text) {
    this.#text = text;
  }

  next() {
    const text = this.#text;
    while (this.#at < text.length && '[]{},:'.includes(text[this.#at])) this.#at += 1;
    const start = this.#at;
    if (text[start] === '"') {
      this.#at = endOfString(text, start + 1) + 1;
    } else {
      while (this.#at < text.length && !',]}'.includes(text[this.#at])) this.#at += 1;
    }
    return text.slice(start, this.#at);
  }
}

/** The quote that ends a string: one with an even number of backslashes before it. */
function endOfString(text, from) {
  for (let end = text.indexOf('"', from); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text[end - 1 - backslashes] === '\\') backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
  return text.length;
}

module.exports = { maskNested };
