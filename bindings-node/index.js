'use strict';

const native = require('./lib/native.js');
const errors = require('./lib/errors.js');
const { VERDICTS, Decision, Session } = require('./lib/decision.js');
const { Guard } = require('./lib/guard.js');
const { MaskStream } = require('./lib/mask.js');
const audit = require('./lib/audit.js');
const approval = require('./lib/approval.js');
const keys = require('./lib/keys.js');
const policy = require('./lib/policy.js');

/** Every code that can be met here, with its meaning. */
function allCodes() {
  return new Map(JSON.parse(errors.through(() => native.codes())));
}

exports.Guard = Guard;
exports.Session = Session;
exports.Decision = Decision;
exports.MaskStream = MaskStream;
exports.VERDICTS = VERDICTS;
exports.audit = audit;
exports.approval = approval;
exports.keys = keys;
exports.policy = policy;
exports.allCodes = allCodes;
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
