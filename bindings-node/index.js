'use strict';

const native = require('./lib/native.js');
const errors = require('./lib/errors.js');
const { VERDICTS, Decision, Session } = require('./lib/decision.js');
const { Guard } = require('./lib/guard.js');

/** Every code that can be met here, with its meaning. */
function allCodes() {
  return new Map(JSON.parse(errors.through(() => native.codes())));
}

exports.Guard = Guard;
exports.Session = Session;
exports.Decision = Decision;
exports.VERDICTS = VERDICTS;
exports.allCodes = allCodes;

/** What stands beside the guard is loaded when it is first used. */
const LATER = {
  audit: () => require('./lib/audit.js'),
  approval: () => require('./lib/approval.js'),
  keys: () => require('./lib/keys.js'),
  policy: () => require('./lib/policy.js'),
  MaskStream: () => require('./lib/stream.js').MaskStream,
};
for (const [name, get] of Object.entries(LATER)) Object.defineProperty(exports, name, { get, enumerable: true });

exports.PlacetError = errors.PlacetError;
exports.PolicyError = errors.PolicyError;
exports.BundleError = errors.BundleError;
exports.ApprovalError = errors.ApprovalError;
exports.MaskError = errors.MaskError;
exports.AuditError = errors.AuditError;
exports.UsageError = errors.UsageError;
exports.LimitError = errors.LimitError;
exports.InternalError = errors.InternalError;
exports.PolicyDeniedError = errors.PolicyDeniedError;
exports.ApprovalRequiredError = errors.ApprovalRequiredError;
