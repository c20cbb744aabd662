//! A proxy of ours, started for tests and benches.
