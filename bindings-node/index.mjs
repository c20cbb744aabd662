import placet from './index.js';

export const {
  Guard,
  Session,
  Decision,
  MaskStream,
  VERDICTS,
  audit,
  approval,
  policy,
  allCodes,
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
} = placet;
