'use strict';

/**
 * What an approval is bound to beside the command: the other arguments of the call. Values of
 * different types are different: the text `1` and the number `1` never stand for one another.
 */

/** A number in the very text in which it is bound: `1` and `1.0` differ. */
class NumberText {
  constructor(text) {
    this.text = String(text);
  }
}

/** One parameter in the addon's form. */
function typed(value) {
  if (value instanceof NumberText) return { number: value.text };
  if (value === null || value === undefined) return { null: true };
  if (typeof value === 'boolean') return { bool: value };
  if (typeof value === 'number' || typeof value === 'bigint') return { number: String(value) };
  if (typeof value === 'string') return { text: value };
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('base64') };
  return { text: canonical(value) };
}

/** The arguments beside the command; an empty object and live objects of frameworks bind nothing. */
function bindArguments(rest, ignore) {
  const bound = rest.map((value) => (Array.isArray(value) || isScalar(value) ? [value] : members(value, ignore)));
  return bound.flat().map(typed);
}

/** Members with the names of `ignore` are no part of what is asked. */
function members(value, ignore) {
  if (contentOf(value) !== null) return [value];
  if (!isPlain(value)) return [];
  const asked = Object.entries(value).filter(([key]) => !ignore.includes(key));
  return asked.length === 0 ? [] : [Object.fromEntries(asked)];
}

function isScalar(value) {
  return value === null || typeof value !== 'object' || value instanceof Uint8Array;
}

function isPlain(value) {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/** What a value of a built-in class holds, as text; `null` for everything else. */
function contentOf(value) {
  if (value instanceof Date) return `<date ${Number(value)}>`;
  if (value instanceof Map) return `<map ${canonical([...value])}>`;
  if (value instanceof Set) return `<set ${canonical([...value])}>`;
  if (value instanceof URL) return `<url ${JSON.stringify(value.href)}>`;
  if (value instanceof URLSearchParams) return `<query ${JSON.stringify(String(value))}>`;
  if (value instanceof RegExp) return `<pattern ${JSON.stringify(String(value))}>`;
  if (value instanceof String || value instanceof Number || value instanceof Boolean) {
    return `<boxed ${canonical(value.valueOf())}>`;
  }
  if (ArrayBuffer.isView(value)) {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    return `<view ${value.constructor.name} ${bytes.toString('base64')}>`;
  }
  if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) {
    return `<buffer ${Buffer.from(value).toString('base64')}>`;
  }
  return null;
}

/** One text for one value: members sorted, every type told apart. */
function canonical(value) {
  if (value === undefined) return 'undefined';
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value !== 'object') return `<${typeof value}>`;
  if (value instanceof Uint8Array) return `<bytes ${Buffer.from(value).toString('base64')}>`;
  const content = contentOf(value);
  if (content !== null) return content;
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isPlain(value)) return `<${value.constructor?.name ?? 'object'}>`;
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(',')}}`;
}

/** Levels of data that are copied; what is below is bound by its text all the same. */
const MAX_DEPTH = 64;

/** Data copied whole; live objects, as frameworks hand them over, as they are. */
function snapshot(value, depth = 0) {
  if (value === null || typeof value !== 'object' || depth > MAX_DEPTH) return value;
  if (Buffer.isBuffer(value)) return Buffer.from(value);
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  if (value instanceof Date) return new Date(value);
  if (Array.isArray(value)) return value.map((item) => snapshot(item, depth + 1));
  if (!isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, snapshot(item, depth + 1)]));
}

module.exports = { NumberText, snapshot, typed, bindArguments };
