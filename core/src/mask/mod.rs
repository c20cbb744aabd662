//! Finds sensitive values by their shape and replaces them.
