//! The outline of a text: where its statements begin and end, and how deep and how high they are.
//!
//! One pass over the tokens, before any parser runs.

use std::ops::Range;

use crate::command::sql::height::{Height, Link};
use crate::command::sql::rules::{Body, BodyKind, HeadWord, Rules};
use crate::command::sql::{Refusal, Token, TokenKind};
use crate::limits;
use crate::primitives::Span;

/// One statement: a range of tokens and a bound on its tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub tokens: Range<usize>,
    /// No tree of the statement is higher than this.
    pub height: u32,
}

/// Cuts `tokens` into statements; the separators between them belong to none.
///
/// # Errors
/// A bound that is passed, a bracket without an end, a body that the server would not take.
pub(super) fn outline(text: &str, tokens: &[Token], rules: &Rules) -> Result<Vec<Part>, Refusal> {
    let mut parts = Vec::new();
    let mut first = 0;
    while let Some(rest) = tokens.get(first..).filter(|rest| !rest.is_empty()) {
        let (length, height) = Statement::new(text, rest, rules).measure()?;
        if length > 0 {
            parts.push(Part { tokens: first..first + length, height });
        }
        first += length + 1;
    }
    Ok(parts)
}

/// The statement at the start of `tokens`.
struct Statement<'a> {
    text: &'a str,
    tokens: &'a [Token],
    body: Option<&'static Body>,
    block: Block,
    /// What is open, outermost first.
    frames: Vec<Frame>,
    /// The height outside every bracket.
    height: Height,
}

/// A bracket or a `CASE` that is open.
struct Frame {
    opener: Opener,
    span: Span,
    height: Height,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Opener {
    Round,
    Square,
    Case,
}

/// Where a statement stands that may have a block of statements inside.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Block {
    None,
    /// Before it: how many of its opening words have been seen in a row.
    Before(usize),
    /// In it; the last of its opening words.
    Inside(Span),
    After,
}

impl<'a> Statement<'a> {
    fn new(text: &'a str, tokens: &'a [Token], rules: &Rules) -> Self {
        let body = rules.bodies.iter().find(|body| has_head(text, tokens, body.head));
        let block = match body.map(|body| body.kind) {
            Some(BodyKind::Block(_) | BodyKind::MandatoryBlock(_)) => Block::Before(0),
            Some(BodyKind::Brackets) | None => Block::None,
        };
        Self { text, tokens, body, block, frames: Vec::new(), height: Height::default() }
    }

    /// The number of its tokens, and the bound on its height.
    fn measure(mut self) -> Result<(usize, u32), Refusal> {
        let mut last = None;
        for (index, token) in self.tokens.iter().enumerate() {
            match token.kind {
                TokenKind::Open => self.open(token)?,
                TokenKind::Close => self.close(token)?,
                TokenKind::Comma => self.here().comma(),
                TokenKind::Operator => self.here().link(Link::Operator),
                TokenKind::Word => self.word(token, last)?,
                TokenKind::Semicolon => {
                    if self.ends_at(token)? {
                        return self.end(index);
                    }
                    self.here().comma();
                }
                TokenKind::QuotedName
                | TokenKind::Text
                | TokenKind::Number
                | TokenKind::Placeholder
                | TokenKind::Dot => {}
            }
            last = Some(token);
        }
        let length = self.tokens.len();
        self.end(length)
    }

    fn end(mut self, length: usize) -> Result<(usize, u32), Refusal> {
        self.drop_cases();
        if let Some(frame) = self.frames.last() {
            return Err(Refusal::Unterminated(frame.span));
        }
        let whole = self.tokens.get(..length).unwrap_or_default();
        let span = match (whole.first(), whole.last()) {
            (Some(first), Some(last)) => Span::from_offsets(first.span.start(), last.span.end()),
            _ => Span::default(),
        };
        if matches!(self.block, Block::Inside(_)) {
            return Err(Refusal::Unterminated(span));
        }
        let height = self.height.total();
        let bound = u32::try_from(limits::MAX_SQL_CHAIN).unwrap_or(u32::MAX);
        if height > bound { Err(Refusal::TooChained(span)) } else { Ok((length, height)) }
    }

    // Brackets.

    fn open(&mut self, token: &Token) -> Result<(), Refusal> {
        let round = token.text(self.text) == "(";
        self.push(if round { Opener::Round } else { Opener::Square }, token.span)
    }

    fn push(&mut self, opener: Opener, span: Span) -> Result<(), Refusal> {
        if self.frames.len() >= limits::MAX_SQL_DEPTH {
            return Err(Refusal::TooDeep(span));
        }
        self.frames.push(Frame { opener, span, height: Height::default() });
        Ok(())
    }

    fn close(&mut self, token: &Token) -> Result<(), Refusal> {
        self.drop_cases();
        let wanted = if token.text(self.text) == ")" { Opener::Round } else { Opener::Square };
        if self.frames.last().is_none_or(|frame| frame.opener != wanted) {
            let open = self.frames.last().map_or(token.span, |frame| frame.span);
            return Err(Refusal::Unterminated(open));
        }
        self.pop();
        Ok(())
    }

    fn pop(&mut self) {
        if let Some(frame) = self.frames.pop() {
            self.here().operand(frame.height.total().saturating_add(1));
        }
    }

    /// A `CASE` frame only serves the bounds: the word may also be a label, so one without an
    /// `END` is no error.
    fn drop_cases(&mut self) {
        while self.frames.last().is_some_and(|frame| frame.opener == Opener::Case) {
            self.pop();
        }
    }

    fn in_brackets(&self) -> bool {
        self.frames.iter().any(|frame| frame.opener != Opener::Case)
    }

    fn here(&mut self) -> &mut Height {
        match self.frames.last_mut() {
            Some(frame) => &mut frame.height,
            None => &mut self.height,
        }
    }

    // Words.

    fn word(&mut self, token: &Token, last: Option<&Token>) -> Result<(), Refusal> {
        let word = token.text(self.text);
        self.block_word(token, last)?;
        let is = |words: &[&str]| words.iter().any(|other| other.eq_ignore_ascii_case(word));
        if last.is_some_and(|last| last.kind == TokenKind::Dot) {
            return Ok(());
        }
        if is(&["case"]) {
            self.push(Opener::Case, token.span)?;
        } else if is(&["end"]) {
            if self.frames.last().is_some_and(|frame| frame.opener == Opener::Case) {
                self.pop();
            }
        } else if is(&["and", "or", "xor", "when", "else"]) {
            self.here().link(Link::Logical);
        } else if is(&["join"]) {
            self.here().link(Link::Join);
        } else if is(&["union", "except", "intersect", "minus"]) {
            self.here().link(Link::Set);
        } else if is(LINKING_WORDS) {
            self.here().link(Link::Operator);
        }
        Ok(())
    }

    // Statements inside the statement.

    /// Whether the `;` ends the statement.
    fn ends_at(&mut self, token: &Token) -> Result<bool, Refusal> {
        if self.body.is_some_and(|body| body.kind == BodyKind::Brackets) {
            return Ok(!self.in_brackets());
        }
        self.drop_cases();
        if let Some(frame) = self.frames.last() {
            return Err(Refusal::Unterminated(frame.span));
        }
        match (self.block, self.body.map(|body| body.kind)) {
            (Block::Inside(_), _) => Ok(false),
            (Block::Before(_), Some(BodyKind::MandatoryBlock(_))) => {
                Err(Refusal::ReadingsDisagree(token.span))
            }
            (Block::None | Block::Before(_) | Block::After, _) => Ok(true),
        }
    }

    fn block_word(&mut self, token: &Token, last: Option<&Token>) -> Result<(), Refusal> {
        let opening = match self.body.map(|body| body.kind) {
            Some(BodyKind::Block(words) | BodyKind::MandatoryBlock(words)) => words,
            Some(BodyKind::Brackets) | None => return Ok(()),
        };
        if self.in_brackets() {
            return Ok(());
        }
        match self.block {
            Block::Before(seen) => {
                let adjacent = |seen: usize| {
                    let word = opening.get(seen).copied().unwrap_or_default();
                    token.is_word(self.text, word)
                };
                let seen = match (adjacent(seen), adjacent(0)) {
                    (true, _)
                        if seen == 0
                            || last.is_some_and(|last| {
                                opening
                                    .get(seen - 1)
                                    .is_some_and(|word| last.is_word(self.text, word))
                            }) =>
                    {
                        seen + 1
                    }
                    (_, true) => 1,
                    (_, false) => 0,
                };
                self.block = if seen == opening.len() {
                    Block::Inside(token.span)
                } else {
                    Block::Before(seen)
                };
            }
            Block::Inside(opened) => {
                // gram.y, parse.y: every statement of the block ends in `;`, and none begins
                // with END, so an END right behind a `;` (or behind the opening words) is the
                // block's own. Any other END belongs to a CASE or is a label.
                let at_start = last
                    .is_some_and(|last| last.kind == TokenKind::Semicolon || last.span == opened);
                if at_start && token.is_word(self.text, "end") {
                    self.block = Block::After;
                } else if at_start && token.is_word(self.text, "create") {
                    // A block in a block: no server runs it, and its END would be ambiguous.
                    return Err(Refusal::ReadingsDisagree(token.span));
                }
            }
            Block::None | Block::After => {}
        }
        Ok(())
    }
}

/// Whether a statement begins with these words.
fn has_head(text: &str, tokens: &[Token], head: &[HeadWord]) -> bool {
    let mut tokens = tokens.iter();
    let mut next = tokens.next();
    for word in head {
        let (words, must) = match word {
            HeadWord::One(words) => (*words, true),
            HeadWord::Maybe(words) => (*words, false),
        };
        let fits = next.is_some_and(|token| words.iter().any(|word| token.is_word(text, word)));
        if fits {
            next = tokens.next();
        } else if must {
            return false;
        }
    }
    true
}

/// Words that link expressions without a bracket or an operator character between them. A word
/// that is a name here only makes the bound larger than it need be.
const LINKING_WORDS: &[&str] = &[
    "is",
    "isnull",
    "notnull",
    "not",
    "like",
    "ilike",
    "similar",
    "between",
    "in",
    "at",
    "collate",
    "overlaps",
    "glob",
    "match",
    "regexp",
    "rlike",
    "div",
    "mod",
    "escape",
    "any",
    "all",
    "some",
    "array",
    "interval",
    "date",
    "time",
    "timestamp",
    "prior",
    "binary",
    "pivot",
    "unpivot",
    "over",
    "filter",
    "within",
    "exists",
    "cast",
];
