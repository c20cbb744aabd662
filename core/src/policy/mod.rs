//! Rules over facts: bundles, compilation, decision, explanation.
