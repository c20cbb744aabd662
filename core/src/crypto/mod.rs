//! Digests, keys, signed notes, DSSE envelopes and canonical JSON: used by bundles, log and approvals.
