//! What a value's place says about it: its keys, and the kind of its object.

use crate::mask::shape::json::JsonMasker;
use crate::mask::shape::kubernetes::{self, Kind, Mode, Waiting};

impl JsonMasker {
    pub(super) fn nearest_key(&self) -> &[u8] {
        if self.deeper > 0 {
            return &self.deeper_key;
        }
        let nearest = self.frames.iter().rev().find(|frame| frame.object);
        nearest.map_or(&[], |frame| &frame.key)
    }

    /// The nearest key and the one above it, joined with a dot; for `{"name": n, "value": v}`
    /// the name stands in the place of `value`.
    pub(super) fn context(&self) -> String {
        if self.deeper > 0 {
            return String::from_utf8_lossy(&self.deeper_key).into_owned();
        }
        let mut objects = self.frames.iter().rev().filter(|frame| frame.object);
        let Some(frame) = objects.next() else { return String::new() };
        let named = is_value_key(&frame.key) && !frame.label.is_empty();
        let key = String::from_utf8_lossy(if named { &frame.label } else { &frame.key });
        match objects.next() {
            None => key.into_owned(),
            Some(parent) => format!("{}.{key}", String::from_utf8_lossy(&parent.key)),
        }
    }

    // Kubernetes.

    /// How the value that comes next at this place leaves.
    pub(super) fn mode(&self) -> Mode {
        let Some(frame) = self.frames.last() else { return Mode::Plain };
        let data = frame.object && kubernetes::is_data_key(&frame.key);
        if frame.mode != Mode::Plain || !data || !self.engine.masks_kubernetes() {
            return frame.mode;
        }
        Mode::of_data(frame.kind, frame.in_secret_list, self.waiting.is_some())
    }

    pub(super) fn string_mode(&self, text: &[u8]) -> Mode {
        let applied = self.nearest_key() == kubernetes::LAST_APPLIED
            && kubernetes::mentions_secret(text)
            && self.engine.masks_kubernetes();
        if applied { Mode::Secret } else { self.mode() }
    }

    pub(super) fn in_string_data(&self) -> bool {
        let keys = self.frames.iter().filter(|frame| frame.object);
        keys.into_iter().any(|frame| frame.key == b"stringData")
    }

    /// A value is about to begin: is it one whose object has not said its kind?
    pub(super) fn before_value(&mut self) {
        let since = self.token_start;
        if self.waiting.as_ref().is_some_and(|waiting| waiting.is_overdue(since)) {
            self.decide_waiting(true);
        }
        let Some(frame) = self.frames.last() else { return };
        if self.deeper == 0
            && self.engine.masks_kubernetes()
            && frame.object
            && frame.mode == Mode::Plain
            && kubernetes::is_data_key(&frame.key)
            && frame.kind == Kind::Unknown
            && !frame.in_secret_list
            && self.waiting.is_none()
        {
            self.waiting = Some(Waiting::new(self.frames.len(), since));
            self.output.wait();
        }
    }

    /// A value below `data` is none that a Secret can have there.
    pub(super) fn contradict(&mut self) {
        if self.mode() != Mode::Undecided {
            return;
        }
        let Some(waiting) = &mut self.waiting else { return };
        if waiting.contradict(&self.frames) {
            self.resolve(false);
        }
    }

    /// No more can be learnt: secret where `doubtful` and nothing contradicts.
    pub(super) fn decide_waiting(&mut self, doubtful: bool) {
        if let Some(waiting) = &self.waiting {
            let secret = waiting.is_secret(doubtful);
            self.resolve(secret);
        }
    }

    pub(super) fn resolve(&mut self, secret: bool) {
        kubernetes::settle(&mut self.waiting, &mut self.frames, &mut self.output, secret);
    }
}

fn is_value_key(key: &[u8]) -> bool {
    key == b"value"
}
