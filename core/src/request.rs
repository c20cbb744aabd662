//! Who asks, on what, in which session and context: the evaluator's inputs beside the facts.
