'use strict';

const native = require('./native.js');
const { translate, through, usage } = require('./errors.js');
const { write, space, bytes, lengthOf } = require('./bytes.js');
const { maskNested } = require('./nested.js');

/** A masker of the addon with the shapes of JavaScript in front of it. */
class Masker {
  #native;
  /** What stands for it in calls that are made often. */
  #number;

  constructor(own) {
    this.#native = own;
    this.#number = own.number;
  }

  /** Masks a string, bytes or a nested value. Returns the same object where nothing was found. */
  mask(value, options) {
    if (options !== undefined && options.format !== undefined) return this.#whole(value, options.format);
    if (typeof value === 'string') return this.text(value, options?.key);
    if (value instanceof Uint8Array) return this.bytes(value, options?.key);
    const key = options?.key;
    if (key === undefined) return maskNested(this, value).value;
    return maskNested(this, { [key]: value }).value[key];
  }

  /** As `mask`, with how many values were replaced. */
  count(value) {
    if (typeof value === 'string' || value instanceof Uint8Array) {
      const masked = this.mask(value);
      return { value: masked, changes: masked === value ? 0 : 1 };
    }
    return maskNested(this, value);
  }

  text(text, key) {
    try {
      const length = write(text);
      const out =
        key === undefined
          ? native.maskText(this.#number, space(), length)
          : this.#native.textInContext(space(), length, key);
      return out === -1 ? text : this.#native.takeText();
    } catch (error) {
      throw translate(error);
    }
  }

  bytes(input, key) {
    try {
      const own = bytes(input);
      const out =
        key === undefined
          ? native.maskBytes(this.#number, own)
          : this.#native.textInContext(own, lengthOf(own), key);
      if (out === -1) return input;
      const masked = Buffer.allocUnsafe(out);
      native.takeMasked(this.#number, masked);
      return masked;
    } catch (error) {
      throw translate(error);
    }
  }

  /** Masks one JSON text. */
  json(text) {
    return through(() => {
      // JSON writes half of a surrogate pair as an escape, so the text is always well-formed.
      const length = write(text);
      return this.#native.json(space(), length) === -1 ? text : this.#native.takeText();
    });
  }

  /** What is found in a text or in bytes: types and places in bytes, never values. */
  scan(value, options) {
    const input = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
    if (!(input instanceof Uint8Array)) {
      throw usage('API037', 'a scan reads texts and bytes', 'give a string or a Uint8Array');
    }
    return through(() => {
      const stream = this.#native.stream(options?.format ?? 'text');
      stream.push(bytes(input));
      const found = JSON.parse(stream.takeFindings());
      stream.finish();
      return found.concat(JSON.parse(stream.takeFindings()));
    });
  }

  #whole(value, format) {
    const isText = typeof value === 'string';
    const input = isText ? Buffer.from(value, 'utf8') : value;
    if (!(input instanceof Uint8Array)) {
      throw usage('API037', 'only texts and bytes have a format', 'leave `format` out');
    }
    return through(() => {
      const stream = this.#native.stream(format);
      const parts = [take(stream, stream.push(bytes(input))), take(stream, stream.finish())];
      const out = Buffer.concat(parts);
      if (out.equals(input)) return value;
      return isText ? out.toString('utf8') : out;
    });
  }

  /** A stream of the addon, for chunks that come one by one. */
  chunks() {
    return through(() => this.#native.stream('text'));
  }

  stream(options) {
    // Loaded when it is needed: Node's streams take longer to load than all of this.
    const { MaskStream } = require('./stream.js');
    return new MaskStream(through(() => this.#native.stream(options?.format ?? 'text')));
  }

  /** A masker of rows with these columns: names, or `{name, forced}`. */
  rows(columns) {
    const named = columns.map((column) => (typeof column === 'string' ? { name: column } : column));
    return new Rows(through(() => this.#native.rows(JSON.stringify(named))), this);
  }
}

function take(source, length) {
  const out = Buffer.allocUnsafe(length);
  source.take(out);
  return out;
}

/** Masks cells by what is known of their column first, by shape second. */
class Rows {
  #native;
  #masker;
  #forced = [];

  /** `masker` reads what is inside of a structured cell. */
  constructor(own, masker) {
    this.#native = own;
    this.#masker = masker;
  }

  get maskedCells() {
    return this.#native.maskedCells();
  }

  cell(column, value) {
    if (value === null || value === undefined) return value;
    try {
      if (value instanceof Uint8Array) {
        const own = bytes(value);
        const out = this.#native.cell(column, own, lengthOf(own));
        return out === -1 ? value : take(this.#native, out);
      }
      const isPlain = typeof value === 'object' && !(value instanceof Date);
      if (isPlain && !this.#isForced(column)) return this.#structured(value);
      const length = write(cellText(value, isPlain));
      return this.#native.cell(column, space(), length) === -1 ? value : this.#native.takeText();
    } catch (error) {
      throw translate(error);
    }
  }

  /** A row as a list or an object, in the order of the columns. */
  row(row, names) {
    if (Array.isArray(row)) return this.#same(row, row.map((value, column) => this.cell(column, value)));
    const copy = Object.create(Object.getPrototypeOf(row));
    let changed = false;
    for (const key of Object.keys(row)) {
      copy[key] = this.cell(columnOf(names, key), row[key]);
      changed ||= copy[key] !== row[key];
    }
    return changed ? copy : row;
  }

  #same(row, masked) {
    return masked.some((value, column) => value !== row[column]) ? masked : row;
  }

  #structured(value) {
    const { value: masked, changes } = maskNested(this.#masker, value);
    if (changes > 0) this.#native.countCell();
    return masked;
  }

  #isForced(column) {
    this.#forced[column] ??= this.#native.isForced(column);
    return this.#forced[column];
  }
}

/** A member that is no column goes to the one behind the last, which is an error. */
function columnOf(names, key) {
  const column = names.indexOf(key);
  return column === -1 ? names.length : column;
}

function cellText(value, isPlain) {
  if (isPlain) return '';
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? '' : value.toISOString();
  return String(value);
}

module.exports = { Masker, Rows };
