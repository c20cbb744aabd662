'use strict';

const { readFileSync } = require('node:fs');
const native = require('./native.js');
const { through, usage } = require('./errors.js');
const { write, space, bytes, lengthOf } = require('./bytes.js');
const { Masker } = require('./mask.js');
const { Decision, Session } = require('./decision.js');
const { guardTool, Held } = require('./tool.js');

/** Askers that are remembered, so that a call with the same options costs no compilation. */
const MAX_SESSIONS = 64;

/** What `open` takes; anything else is a slip that would silently be an absent guard. */
const OPEN_KEYS = new Set([
  'bundle', 'root', 'state', 'audit', 'auditKey', 'writer', 'durability', 'approvals', 'catalog',
  'hashKey', 'protocol', 'principal', 'resource', 'session', 'context', 'enforces',
]);
const ASK_KEYS = new Set([
  'protocol', 'principal', 'resource', 'session', 'context', 'enforces', 'params',
]);

/** A bundle in force with what stands around it: decides, masks, logs, holds. */
class Guard {
  #native;
  #masker;
  #defaults;
  #sessions = new Map();
  #held = new Held();
  /** What sessions see of the bundle: a number that changes with it. */
  #inForce = { epoch: 0 };

  /** A pack that is part of the library: `Guard.shipped('baseline')`. */
  static shipped(name, options = {}) {
    return Guard.open({ ...options, bundle: name });
  }

  /** A bundle with what stands around it; see `GuardOptions`. */
  static open(options) {
    return new Guard(options);
  }

  constructor(options = { bundle: 'baseline' }) {
    checkKeys(options, OPEN_KEYS);
    const { protocol, principal, resource, session, context, enforces, ...rest } = options;
    this.#defaults = { protocol, principal, resource, session, context, enforces };
    this.#native = through(() => native.NativeGuard.open(JSON.stringify(openForm(rest))));
    this.#masker = new Masker(through(() => this.#native.masker()));
    // A default that cannot be read should be heard of now.
    this.session();
  }

  /** The digest of the bundle in force. */
  get bundle() {
    return through(() => this.#native.bundle);
  }

  /** Reads the bundle again from where it stands. One that is refused changes nothing. */
  reload() {
    const digest = through(() => this.#native.reload());
    this.#inForce.epoch += 1;
    this.#masker = new Masker(through(() => this.#native.masker()));
    return digest;
  }

  /** Binds an asker: the cheap way to many decisions. */
  session(options) {
    const { protocol, asker } = this.#asker(options);
    return this.#bind(protocol, JSON.stringify(asker));
  }

  #bind(protocol, asker) {
    return new Session(through(() => this.#native.session(protocol, asker)), this.#inForce);
  }

  /** What the bundle in force says about a command. Nothing is logged, nothing is held. */
  decide(command, options) {
    const { protocol, asker, now } = this.#asker(options);
    return this.#remembered(protocol, asker).decide(commandOf(command), now);
  }

  #remembered(protocol, asker) {
    const text = JSON.stringify(asker);
    const key = `${protocol} ${text}`;
    let session = this.#sessions.get(key);
    if (session === undefined) {
      session = this.#bind(protocol, text);
      if (this.#sessions.size >= MAX_SESSIONS) {
        this.#sessions.delete(this.#sessions.keys().next().value);
      }
      this.#sessions.set(key, session);
    }
    return session;
  }

  #asker(options = {}) {
    checkKeys(options, ASK_KEYS);
    const given = { ...this.#defaults, ...defined(options) };
    const protocol = given.protocol ?? 'postgres';
    if (typeof protocol !== 'string') {
      throw usage('API008', 'a protocol is a name', 'see docs/spec/node.md for the names');
    }
    const asker = { principal: principalOf(given.principal), resource: resourceOf(given.resource, protocol) };
    if (given.session !== undefined) asker.session = snake(given.session);
    if (given.enforces !== undefined) asker.enforces = given.enforces;
    return { protocol, asker, now: timeOf(given.context) };
  }

  /** What a command would do. */
  facts(command, { protocol = this.#defaults.protocol ?? 'postgres', session, catalog } = {}) {
    return through(() => {
      const text = commandOf(command);
      const own = typeof text === 'string' ? null : bytes(text);
      const state = session === undefined ? undefined : JSON.stringify(snake(session));
      const names = catalog === undefined ? undefined : catalogText(catalog);
      const length = own === null ? write(text) : lengthOf(own);
      return JSON.parse(this.#native.facts(protocol, own ?? space(), length, state, names));
    });
  }

  /** The fingerprints of a command; null where it cannot be cut into tokens. */
  fingerprint(command, { protocol = this.#defaults.protocol ?? 'postgres', session } = {}) {
    return through(() => {
      const text = commandOf(command);
      const own = typeof text === 'string' ? null : bytes(text);
      const state = session === undefined ? undefined : JSON.stringify(snake(session));
      const length = own === null ? write(text) : lengthOf(own);
      return JSON.parse(this.#native.fingerprint(protocol, own ?? space(), length, state));
    });
  }

  /** Masks a string, bytes or a nested value. Returns the same object where nothing was found. */
  mask(value, options) {
    return this.#masker.mask(value, options);
  }

  /** What masking would find in a text or in bytes: types and places, never values. */
  scan(value, options) {
    return this.#masker.scan(value, options);
  }

  /** Masks rows one after another: lists or objects, from an iterable or an async iterable. */
  maskRows(rows, { columns, decision } = {}) {
    const open = (names) => {
      if (decision === undefined) return this.#masker.rows(columns ?? names);
      return Decision.rowsOf(decision, names);
    };
    const named = columns?.map((column) => (typeof column === 'string' ? column : column.name));
    return Symbol.asyncIterator in Object(rows) ? eachLater(rows, named, open) : each(rows, named, open);
  }

  /** A Transform stream: bytes in, masked bytes out, however they are cut. */
  maskStream(options) {
    return this.#masker.stream(options);
  }

  /** Puts the guard in front of a function. */
  tool(body, options) {
    const inside = {
      admit: ({ command, params, facts, asker }, ticket) => {
        const { protocol, asker: who, now } = this.#asker(asker);
        const session = this.#remembered(protocol, who);
        return Session.admit(session, { command, params, facts, ticket, now });
      },
      outcome: (id, state, rows, cells) =>
        through(() => this.#native.outcome(id, state, rows, cells)),
      protocol: this.#defaults.protocol,
      masker: () => this.#masker,
      held: this.#held,
    };
    return guardTool(inside, body, options);
  }

  /** Runs a tool's call that was held, with the very arguments it was held with. */
  resume(ticket) {
    return this.#held.resume(ticket);
  }

  /** How a held request stands: `pending`, `approved`, `denied` or `expired`. */
  state(ticket) {
    return through(() => this.#native.state(String(ticket)));
  }

  /** Waits until people have answered, and says how. */
  async answered(ticket, { timeoutMs = Infinity, intervalMs = 250, signal } = {}) {
    const { setTimeout: sleep } = require('node:timers/promises');
    const end = Date.now() + timeoutMs;
    for (;;) {
      const state = this.state(ticket);
      if (state !== 'pending' || Date.now() >= end) return state;
      await sleep(Math.min(intervalMs, Math.max(end - Date.now(), 1)), undefined, { signal });
    }
  }

  /** Takes a held request back. */
  withdraw(ticket) {
    through(() => this.#native.withdraw(String(ticket)));
    this.#held.forget(ticket);
  }

  /** Logs an event of the embedder's own, such as a `finding`. */
  event(kind, body) {
    through(() => this.#native.event(String(kind), JSON.stringify(body) ?? ''));
  }

  /** Ends the log in order. Nothing is admitted afterwards. */
  close() {
    through(() => this.#native.close());
  }

  [Symbol.dispose ?? Symbol.for('nodejs.dispose')]() {
    this.close();
  }
}

function* each(rows, columns, open) {
  let masker;
  for (const row of rows) {
    checkRow(row);
    columns ??= namesOf(row);
    if (masker === undefined) masker = open(columns);
    yield masker === null ? row : masker.row(row, columns);
  }
}

function checkRow(row) {
  if (row === null || typeof row !== 'object') {
    throw usage('API035', 'a row is neither a list nor an object', 'mask single values with `mask`');
  }
}

async function* eachLater(rows, columns, open) {
  let masker;
  for await (const row of rows) {
    checkRow(row);
    columns ??= namesOf(row);
    if (masker === undefined) masker = open(columns);
    yield masker === null ? row : masker.row(row, columns);
  }
}

/** The columns of a row that names them; those of a list are only counted. */
function namesOf(row) {
  return Array.isArray(row) ? row.map(() => '') : Object.keys(row);
}

function checkKeys(options, known) {
  if (options === null || typeof options !== 'object') {
    throw usage('API010', 'the options are no object', 'see docs/spec/node.md for the options');
  }
  const unknown = Object.keys(options).find((key) => !known.has(key));
  if (unknown !== undefined) {
    throw usage('API010', `no option is called \`${unknown}\``, `use: ${[...known].join(', ')}`);
  }
}

function defined(options) {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function openForm({ auditKey, hashKey, catalog, ...rest }) {
  const form = { ...rest };
  if (auditKey !== undefined) form.audit_key = auditKey;
  if (hashKey !== undefined) form.hash_key = Buffer.from(hashKey).toString('base64');
  if (catalog !== undefined) form.catalog = catalogText(catalog);
  return form;
}

/** A catalog: an object, or the path of a file that holds one. */
function catalogText(catalog) {
  if (typeof catalog !== 'string') return JSON.stringify(catalog);
  try {
    return readFileSync(catalog, 'utf8');
  } catch (error) {
    throw usage('API003', `cannot read the catalog: ${error.code}`, 'check the path and its permissions');
  }
}

function principalOf(principal = 'agent') {
  const whole = typeof principal === 'string' ? { id: principal } : principal;
  return { kind: 'agent', ...whole };
}

function resourceOf(resource = 'default', protocol) {
  const whole = typeof resource === 'string' ? { name: resource } : resource;
  return { kind: protocol, ...whole };
}

/** A session in either spelling: `searchPath` and `search_path` are one key. */
function snake(session) {
  if (session === null || typeof session !== 'object') return session;
  const word = (key) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return Object.fromEntries(Object.entries(session).map(([key, value]) => [word(key), value]));
}

/** The time of a context: now, unless it names one; `now: null` is a time that is not known. */
function timeOf(context) {
  if (context === undefined || context.now === undefined) return Date.now();
  const { now } = context;
  if (now === null) return NaN;
  const millis = now instanceof Date ? now.getTime() : typeof now === 'number' ? now : Date.parse(now);
  if (Number.isNaN(millis)) throw usage('API014', '`context.now` is not a time', 'write it as RFC 3339');
  return millis;
}

/** A command: text, bytes, or a structured request, which is read as its JSON text. */
function commandOf(command) {
  const isRequest = command !== null && typeof command === 'object' && !(command instanceof Uint8Array);
  return isRequest ? JSON.stringify(command) : command;
}

module.exports = { Guard };
