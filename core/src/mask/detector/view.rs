//! What a detector may look at: the bytes that have arrived, and whether more may come.

/// More bytes are needed before anything can be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct More;

/// Bytes that have arrived. A detector that asks for a byte behind them gets [`More`] while the
/// stream is open, so that no answer depends on where a chunk ended.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) bytes: &'a [u8],
    /// Whether the input ends where the bytes end.
    pub(crate) whole: bool,
    /// Where the last value ended: what stands before it counts as a bracket, so that a value that
    /// is glued to another is seen now and not only when the output is masked again.
    pub(crate) edge: usize,
}

impl<'a> View<'a> {
    /// A view of a whole input.
    pub(crate) const fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, whole: true, edge: 0 }
    }

    /// The byte at `at`; `None` behind the end of the input.
    pub(crate) fn at(&self, at: usize) -> Result<Option<u8>, More> {
        match self.bytes.get(at) {
            Some(byte) => Ok(Some(*byte)),
            None if self.whole => Ok(None),
            None => Err(More),
        }
    }

    /// The byte `back` places before `at`; `None` before the start.
    pub(crate) fn before(&self, at: usize, back: usize) -> Option<u8> {
        let at = at.checked_sub(back)?;
        if at < self.edge { Some(b']') } else { self.bytes.get(at).copied() }
    }

    /// Whether `text` stands at `at`.
    pub(crate) fn starts_with(&self, at: usize, text: &[u8]) -> Result<bool, More> {
        for (index, wanted) in text.iter().enumerate() {
            if self.at(at + index)? != Some(*wanted) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The end of the run of bytes of a class from `at`, looking at no more than `limit` bytes.
    pub(crate) fn run(
        &self,
        at: usize,
        limit: usize,
        class: impl Fn(u8) -> bool,
    ) -> Result<usize, More> {
        let mut end = at;
        while end - at < limit && self.at(end)?.is_some_and(&class) {
            end += 1;
        }
        Ok(end)
    }

    /// The bytes between two places, empty where they have not all arrived.
    pub(crate) fn slice(&self, start: usize, end: usize) -> &[u8] {
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// Whether a value may start at `at`: no letter, digit or underscore stands before it. An
    /// escape (`\n`, `\t`, `\r`) is a boundary, though it ends with a letter.
    pub(crate) fn starts_word(&self, at: usize) -> bool {
        match self.before(at, 1) {
            None => true,
            Some(b'n' | b't' | b'r') => self.before(at, 2) == Some(b'\\'),
            Some(byte) => !(byte.is_ascii_alphanumeric() || byte == b'_'),
        }
    }

    /// Whether a value may end before `at`: no letter, digit or underscore follows.
    pub(crate) fn ends_word(&self, at: usize) -> Result<bool, More> {
        Ok(!self.at(at)?.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
    }
}
