//! A command becomes facts: actions, targets, effects, extent, and how far it was understood.
