//! What a shape writes: bytes and findings, twice while it is open whether they are a secret.

use crate::mask::shape::kubernetes;
use crate::mask::{self, Context, Detectors, Finding, MaskError, Masker, Operators};

/// Detectors and operators of one masker.
pub(super) struct Engine {
    pub(super) detectors: Detectors,
    pub(super) operators: Operators,
}

/// A value after detection.
pub(super) struct Value {
    /// The masked text, or `None` where nothing was found.
    pub(super) text: Option<Vec<u8>>,
    /// Offsets into the value.
    pub(super) findings: Vec<Finding>,
}

impl Engine {
    pub(super) fn value(&self, input: &[u8], key: &str) -> Result<Value, MaskError> {
        let key = (!key.is_empty()).then_some(key);
        let masked =
            mask::text_in_context(&self.detectors, &self.operators, input, Context { key })?;
        let text = (!masked.findings.is_empty()).then(|| masked.bytes.into_owned());
        Ok(Value { text, findings: masked.findings })
    }

    /// What stands in the place of a value that is secret because of where it stands.
    pub(super) fn secret(&self, value: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        self.operators.apply(kubernetes::KIND, Some(value), &mut out);
        out
    }

    pub(super) fn masks_kubernetes(&self) -> bool {
        self.detectors.contains(kubernetes::KIND)
    }

    pub(super) fn streaming(&self) -> Masker {
        Masker::new(self.detectors, self.operators.clone())
    }
}

/// The finding of a value that is secret because of where it stands.
pub(super) const fn secret_finding(start: u64, end: u64) -> Finding {
    Finding { kind: kubernetes::KIND, start, end, score: 100 }
}

/// `findings`, which speak of a piece of the input, in offsets of the whole.
pub(super) fn moved(findings: Vec<Finding>, base: u64) -> Vec<Finding> {
    let moved = |found: Finding| Finding {
        start: base.saturating_add(found.start),
        end: base.saturating_add(found.end),
        ..found
    };
    findings.into_iter().map(moved).collect()
}

/// One of the two forms in which a piece of output may leave.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) bytes: Vec<u8>,
    pub(super) findings: Vec<Finding>,
}

/// What waits for the kind of its document.
#[derive(Default)]
struct Undecided {
    plain: Draft,
    secret: Draft,
}

/// What is ready to leave, and what waits.
#[derive(Default)]
pub(super) struct Output {
    ready: Draft,
    undecided: Option<Undecided>,
}

impl Output {
    pub(super) fn copy(&mut self, bytes: &[u8]) {
        match &mut self.undecided {
            None => self.ready.bytes.extend_from_slice(bytes),
            Some(both) => {
                both.plain.bytes.extend_from_slice(bytes);
                both.secret.bytes.extend_from_slice(bytes);
            }
        }
    }

    /// Adds what is masked in the same way whatever the document turns out to be.
    pub(super) fn add(&mut self, draft: Draft) {
        self.copy(&draft.bytes);
        match &mut self.undecided {
            None => self.ready.findings.extend(draft.findings),
            Some(both) => {
                both.plain.findings.extend(draft.findings.iter().copied());
                both.secret.findings.extend(draft.findings);
            }
        }
    }

    /// Adds a value whose form depends on the document's kind.
    pub(super) fn add_either(&mut self, plain: Draft, secret: Draft) {
        let append = |to: &mut Draft, from: Draft| {
            to.bytes.extend(from.bytes);
            to.findings.extend(from.findings);
        };
        match &mut self.undecided {
            // Nobody waits for a decision: the stricter form.
            None => append(&mut self.ready, secret),
            Some(both) => {
                append(&mut both.plain, plain);
                append(&mut both.secret, secret);
            }
        }
    }

    pub(super) fn is_undecided(&self) -> bool {
        self.undecided.is_some()
    }

    pub(super) fn wait(&mut self) {
        self.undecided.get_or_insert_default();
    }

    pub(super) fn decide(&mut self, secret: bool) {
        if let Some(both) = self.undecided.take() {
            let chosen = if secret { both.secret } else { both.plain };
            self.add(chosen);
        }
    }

    pub(super) fn held_bytes(&self) -> usize {
        self.undecided.as_ref().map_or(0, |both| both.plain.bytes.len() + both.secret.bytes.len())
    }

    pub(super) fn take_bytes(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.ready.bytes)
    }

    pub(super) fn take_findings(&mut self) -> Vec<Finding> {
        std::mem::take(&mut self.ready.findings)
    }
}
