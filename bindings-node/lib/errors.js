'use strict';

/** Everything that placet throws: match on `code`, never on the text. */
class PlacetError extends Error {
  /**
   * @param {string} message one line, without values of commands, responses or tokens
   * @param {{code: string, help?: string, span?: [number, number] | null, file?: string,
   *   problems?: object[], cause?: unknown}} details
   */
  constructor(message, { code, help = '', span = null, file, problems = [], cause }) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.code = code;
    this.help = help;
    this.span = span;
    if (file !== undefined) this.file = file;
    if (problems.length > 0) this.problems = problems;
  }
}

/** A bundle's content was refused (`POL`); `problems` has all of them. */
class PolicyError extends PlacetError {}
/** A bundle, its root or its state was refused (`BND`). */
class BundleError extends PlacetError {}
/** A request, an answer or a resumption was refused (`APR`). */
class ApprovalError extends PlacetError {}
/** Masking stopped (`MSK`): nothing more of the stream is released. */
class MaskError extends PlacetError {}
/** The log did not take an event, or cannot be used (`AUD`). */
class AuditError extends PlacetError {}
/** The caller's files, objects and keys (`API`). */
class UsageError extends PlacetError {}
/** The input is beyond a bound (`LIM`). */
class LimitError extends PlacetError {}

/** The library failed. It counts as deny: whatever was asked about must not run. */
class InternalError extends PlacetError {
  constructor() {
    super('a fault inside the library; nothing was let through', {
      code: 'API039',
      help: 'report it with the version and the place that standard error names',
    });
  }
}

/** The policy refuses the command; `code` is its reason, or the `APR` code where an approval was refused. */
class PolicyDeniedError extends PlacetError {
  constructor(message, details) {
    super(message, details);
    this.decision = details.decision;
  }
}

/** People must answer first. Call again with the ticket when they have. */
class ApprovalRequiredError extends PlacetError {
  constructor(message, details) {
    super(message, details);
    this.decision = details.decision;
    this.ticket = details.ticket;
  }
}

const FAMILIES = new Map([
  ['POL', PolicyError],
  ['BND', BundleError],
  ['APR', ApprovalError],
  ['MSK', MaskError],
  ['AUD', AuditError],
  ['API', UsageError],
  ['LIM', LimitError],
]);

/** What the addon threw, as an error of its code's family. */
function translate(error) {
  if (error instanceof PlacetError) return error;
  let failure;
  try {
    failure = JSON.parse(error.message);
  } catch {
    // A panic, or an argument that this layer should not have let through: its text is not shown.
    return new InternalError();
  }
  const family = FAMILIES.get(String(failure.code).slice(0, 3));
  return family === undefined ? new InternalError() : new family(failure.message, failure);
}

/** Runs `body`, which calls the addon. */
function through(body) {
  try {
    return body();
  } catch (error) {
    throw translate(error);
  }
}

/** A complaint about what the caller handed over. */
function usage(code, message, help) {
  return new UsageError(message, { code, help });
}

module.exports = {
  PlacetError,
  PolicyError,
  BundleError,
  ApprovalError,
  MaskError,
  AuditError,
  UsageError,
  LimitError,
  InternalError,
  PolicyDeniedError,
  ApprovalRequiredError,
  translate,
  through,
  usage,
};
