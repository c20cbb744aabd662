'use strict';

const { isAsyncFunction } = require('node:util').types;
const {
  ApprovalError,
  ApprovalRequiredError,
  LimitError,
  PlacetError,
  PolicyDeniedError,
  usage,
} = require('./errors.js');
const { Decision } = require('./decision.js');
const { bindArguments, snapshot, typed } = require('./bind.js');
const { bytes } = require('./bytes.js');
const { hasDecisionMask, maskResult } = require('./result.js');

/** Held calls that one guard keeps in mind: an agent in a loop must not fill the memory. */
const MAX_HELD = 1000;

const TOOL_KEYS = new Set([
  'protocol', 'kind', 'arg', 'command', 'params', 'ignore', 'facts', 'name', 'mask', 'principal', 'resource', 'session',
  'context', 'enforces',
]);

/** The help of the codes that a refused resumption may have is in `docs/spec/errors.md`. */
const REFUSED_HELP = 'see docs/spec/errors.md for the code';

/** Calls that wait for people, so that `guard.resume(ticket)` can run them. */
class Held {
  #calls = new Map();

  keep(ticket, run) {
    if (this.#calls.size >= MAX_HELD) this.#calls.delete(this.#calls.keys().next().value);
    this.#calls.set(ticket, run);
  }

  forget(ticket) {
    this.#calls.delete(String(ticket));
  }

  resume(ticket) {
    const run = this.#calls.get(String(ticket));
    if (run === undefined) {
      throw new ApprovalError('no call of this process waits under this ticket', {
        code: 'APR018',
        help: "call the tool's own `resume` with the ticket and the arguments",
      });
    }
    return run();
  }
}

/**
 * A function with the guard in front of it: it runs only after its decision is in the log, what it
 * returns and throws is masked as the decision says, and what became of it is logged.
 */
function guardTool(guard, body, options = {}) {
  if (typeof body !== 'function') throw usage('API010', 'a tool is a function', 'give a function');
  const unknown = Object.keys(options).find((key) => !TOOL_KEYS.has(key));
  if (unknown !== undefined) {
    throw usage('API010', `no option is called \`${unknown}\``, `use: ${[...TOOL_KEYS].join(', ')}`);
  }
  const plan = planOf(guard, body, options);
  const tool = function guarded(...args) {
    return enter(plan, () => call(guard, plan, this, args, undefined));
  };
  tool.resume = function resume(ticket, ...args) {
    return enter(plan, () => call(guard, plan, this, args, String(ticket)));
  };
  Object.defineProperty(tool, 'name', { value: plan.name });
  return tool;
}

/** Whoever calls an async function hears of everything through its promise. */
function enter(plan, work) {
  if (!isAsyncFunction(plan.body)) return work();
  try {
    return work();
  } catch (error) {
    return Promise.reject(error);
  }
}

function planOf(guard, body, options) {
  const {
    protocol, kind, arg, command, params, ignore = [], facts, name = body.name,
    mask = 'obligations', ...asker
  } = options;
  if (mask !== 'obligations' && mask !== 'always') {
    const help = 'leave it out to follow the decision';
    throw usage('API036', '`mask` is `obligations` or `always`', help);
  }
  return {
    body,
    name,
    mask,
    asker,
    command,
    arg,
    params,
    ignore,
    facts,
    protocol: protocol ?? kind ?? (arg === undefined && command === undefined ? guard.protocol : undefined) ?? 'tool',
  };
}

function call(guard, plan, self, args, ticket) {
  const asked = ask(plan, args);
  const admission = guard.admit(asked, ticket);
  if (admission.step === 'held') {
    guard.held.keep(admission.ticket, againOf(guard, plan, self, asked, admission.ticket));
    throw new ApprovalRequiredError('people must approve this command first', {
      code: 'APR020',
      help: 'wait for the answers to the ticket, then call again',
      decision: admission.decision,
      ticket: admission.ticket,
    });
  }
  if (admission.step !== 'forward') throw refusal(admission);
  if (ticket !== undefined) guard.held.forget(ticket);
  return run(guard, plan, self, asked.args, admission);
}

/** The held call again, with the arguments as they are now: whoever changes them changes no approval. */
function againOf(guard, plan, self, asked, ticket) {
  const kept = asked.args.map((value) => snapshot(value));
  return () => enter(plan, () => call(guard, plan, self, kept, ticket));
}


/** What a call asks: the command, what is bound beside it, who asks, and the arguments to run with. */
function ask(plan, args) {
  const asker = {};
  for (const [key, value] of Object.entries(plan.asker)) {
    asker[key] = typeof value === 'function' ? value(...args) : value;
  }
  asker.protocol = plan.protocol;
  const { command, rest, args: fixed } = commandOf(plan, args);
  const bound = rest.filter((_, place) => !plan.ignore.includes(placeOf(plan, args, place)));
  const params =
    plan.params === undefined ? bindArguments(bound, plan.ignore) : plan.params(...fixed).map(typed);
  const facts = plan.facts === undefined ? undefined : JSON.stringify(plan.facts(...fixed));
  return { command, params: JSON.stringify(params), facts, asker, args: fixed };
}

/** The place among the arguments of one that stands at `place` among the rest. */
function placeOf(plan, args, place) {
  const isTaken = typeof plan.arg === 'number' && plan.command === undefined;
  return isTaken && place >= plan.arg ? place + 1 : place;
}

/** The command is read from the arguments once, and the body gets what was read. */
function commandOf(plan, args) {
  const { arg, command, protocol, name } = plan;
  if (command !== undefined) return { command: isCommand(command(...args)), rest: args, args };
  if (protocol === 'tool' && arg === undefined) {
    const input = args.length === 1 ? args[0] : args;
    return { command: JSON.stringify({ tool: name, arguments: input ?? {} }), rest: args, args };
  }
  const place = typeof arg === 'number' ? arg : 0;
  const given = args[place];
  if (typeof arg !== 'string') {
    const found = isCommand(given);
    const fixed = found === given ? args : args.map((value, at) => (at === place ? found : value));
    return { command: found, rest: args.filter((_, at) => at !== place), args: fixed };
  }
  const { [arg]: value, ...others } = given ?? {};
  const found = isCommand(value);
  const fixed = [{ ...others, [arg]: found }, ...args.slice(1)];
  return { command: found, rest: [others, ...args.slice(1)], args: fixed };
}

/** The command; a copy of bytes that another thread could change before the body reads them. */
function isCommand(value) {
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array) return bytes(value);
  throw usage('API031', 'the call holds no command', 'name the argument that is one with `arg`');
}

/** Why nothing runs. */
function refusal({ decision, code, text }) {
  if (code !== null && code !== undefined) {
    return new PolicyDeniedError(text, { code, help: REFUSED_HELP, decision });
  }
  const reason = decision.reasons.findLast((word) => DECISION_REASONS.has(word)) ?? 'no_rule';
  return new PolicyDeniedError(text, { code: reason, help: decision.remedy ?? '', decision });
}

/** Reasons that stand for a deny; the others say why a command was not understood. */
const DECISION_REASONS = new Set([
  'no_rule', 'forbidden', 'limit_exceeded', 'unenforceable', 'bundle_expired', 'risk',
]);

function run(guard, plan, self, args, admission) {
  let result;
  try {
    result = Reflect.apply(plan.body, self, args);
  } catch (error) {
    throw failed(guard, plan, admission, error);
  }
  if (typeof result?.then !== 'function') return finished(guard, plan, admission, result);
  return Promise.resolve(result).then(
    (value) => finished(guard, plan, admission, value),
    (error) => {
      throw failed(guard, plan, admission, error);
    },
  );
}

/** What was thrown, masked: an error's text is output like any other. */
function failed(guard, plan, admission, error) {
  guard.outcome(admission.id, 'failed', 0, 0);
  // What a decision masks by column may stand anywhere in a text; beyond it every built-in type counts.
  if (hasDecisionMask(admission.decision) && Decision.masksTagged(admission.decision)) {
    const hidden = new Error('[MASKED]');
    hidden.name = error?.name === undefined ? 'Error' : String(error.name);
    hidden.stack = `${hidden.name}: [MASKED]`;
    return hidden;
  }
  return guard.masker().mask(error);
}

function finished(guard, plan, admission, result) {
  const limit = limitOf(admission.decision);
  let isTold = false;
  const tell = (state, rows, cells) => {
    isTold = true;
    guard.outcome(admission.id, state, rows, cells);
  };
  const done = (rows, cells) => tell('completed', rows, cells);
  const over = (rows) => {
    tell('stopped_at_limit', rows, 0);
    return new LimitError(`the result has more rows than the limit of ${limit}`, {
      code: 'LIM004',
      help: 'ask for fewer rows',
    });
  };
  const masker = plan.mask === 'always' ? guard.masker() : null;
  const broken = (error) => failed(guard, plan, admission, error);
  try {
    return maskResult(admission.decision, masker, result, { limit, done, over, failed: broken });
  } catch (error) {
    // What cannot be masked does not leave; the log still says that the command ran.
    if (isTold) throw error;
    // A getter of the result threw, and may quote a value.
    if (!(error instanceof PlacetError)) throw broken(error);
    tell('failed', 0, 0);
    throw error;
  }
}

/** Rows that may pass. */
function limitOf(decision) {
  if (decision.verdict === 'allow' || decision.verdict === 'mask') return Infinity;
  const limits = decision.obligations.filter(({ kind }) => kind === 'limit');
  return limits.reduce((least, { rows }) => Math.min(least, rows), Infinity);
}

module.exports = { guardTool, Held };
