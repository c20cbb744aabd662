//! The outline of a text: where its statements begin and end, and how deep and how high they are.
//!
//! One pass over the tokens, before any parser runs.

use std::ops::Range;

use crate::command::sql::height::{Height, Link};
use crate::command::sql::rules::{Body, BodyKind, Ends, HeadWord, Rules};
use crate::command::sql::tsql::Progress;
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
        let Measured { length, height, separated, control } =
            Statement::new(text, rest, rules).measure()?;
        if length > 0 && !control {
            parts.push(Part { tokens: first..first + length, height });
        }
        first += length + usize::from(separated);
    }
    Ok(parts)
}

/// What a statement was found to be.
struct Measured {
    /// The number of its tokens.
    length: usize,
    height: u32,
    /// A separator stands behind it.
    separated: bool,
    /// It is a word of control flow and does nothing by itself.
    control: bool,
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
    /// How many compound statements are open, and whether one ever was.
    program: usize,
    opened: bool,
    /// Whether `BEGIN TRANSACTION` may stand inside a block, and opens none.
    transactions: bool,
    /// Where statements need no separator.
    progress: Option<Progress>,
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
    Curly,
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
            Some(BodyKind::Brackets | BodyKind::Program | BodyKind::Declared | BodyKind::Rest)
            | None => Block::None,
        };
        let rest = body.is_some_and(|body| body.kind == BodyKind::Rest);
        let unseparated = rules.ends == Ends::NextStatement && !rest;
        Self {
            text,
            tokens,
            body,
            block,
            frames: Vec::new(),
            height: Height::default(),
            program: 0,
            opened: false,
            transactions: rules.bodies.iter().any(|body| {
                body.head.iter().any(|word| match word {
                    HeadWord::Not(words) => words.contains(&"transaction"),
                    HeadWord::One(_) | HeadWord::Maybe(_) | HeadWord::Any => false,
                })
            }),
            progress: unseparated.then(Progress::default),
        }
    }

    /// Its tokens, and the bound on its height.
    fn measure(mut self) -> Result<Measured, Refusal> {
        let mut last = None;
        for (index, token) in self.tokens.iter().enumerate() {
            if self.next_begins(index, last, token) {
                return self.end(index, false);
            }
            match token.kind {
                TokenKind::Open => self.open(token)?,
                TokenKind::Close => self.close(token)?,
                TokenKind::Comma => self.here().comma(),
                TokenKind::Operator => self.here().link(Link::Operator),
                TokenKind::Word => self.word(token, last, self.tokens.get(index + 1))?,
                TokenKind::Semicolon => {
                    if self.ends_at(token)? {
                        return self.end(index, true);
                    }
                    self.here().comma();
                }
                TokenKind::QuotedName
                | TokenKind::Text
                | TokenKind::Number
                | TokenKind::Placeholder
                | TokenKind::Dot => {}
            }
            let in_brackets = !self.frames.is_empty();
            if let Some(progress) = &mut self.progress {
                progress.take(self.text, token, in_brackets);
            }
            last = Some(token);
        }
        let length = self.tokens.len();
        self.end(length, false)
    }

    /// Whether the statement ends before `token` without a separator.
    fn next_begins(&self, index: usize, last: Option<&Token>, token: &Token) -> bool {
        let Some(progress) = &self.progress else { return false };
        if progress.block_ends_before(self.text, Some(token)) {
            return true;
        }
        let next = self.tokens.get(index + 1);
        self.frames.is_empty() && progress.ends_before(self.text, last, token, next)
    }

    fn end(mut self, length: usize, separated: bool) -> Result<Measured, Refusal> {
        self.drop_cases();
        if let Some(frame) = self.frames.last() {
            return Err(Refusal::Unterminated(frame.span));
        }
        let whole = self.tokens.get(..length).unwrap_or_default();
        let span = match (whole.first(), whole.last()) {
            (Some(first), Some(last)) => Span::from_offsets(first.span.start(), last.span.end()),
            _ => Span::default(),
        };
        let declares = self.body.is_some_and(|body| body.kind == BodyKind::Declared);
        if matches!(self.block, Block::Inside(_)) || self.program > 0 || declares && !self.opened {
            return Err(Refusal::Unterminated(span));
        }
        let height = self.height.total();
        let bound = u32::try_from(limits::MAX_SQL_CHAIN).unwrap_or(u32::MAX);
        if height > bound {
            return Err(Refusal::TooChained(span));
        }
        let control = self.progress.is_some_and(|progress| {
            progress.is_control() || progress.block_ends_before(self.text, None)
        });
        Ok(Measured { length, height, separated, control })
    }

    // Brackets.

    fn open(&mut self, token: &Token) -> Result<(), Refusal> {
        self.push(opener(token.text(self.text)), token.span)
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
        let wanted = opener(token.text(self.text));
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

    fn word(
        &mut self,
        token: &Token,
        last: Option<&Token>,
        next: Option<&Token>,
    ) -> Result<(), Refusal> {
        let word = token.text(self.text);
        self.block_word(token, last)?;
        if self.program_word(token, last, next) {
            return Ok(());
        }
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
        match self.body.map(|body| body.kind) {
            Some(BodyKind::Brackets) => return Ok(!self.in_brackets()),
            // Only the end of the batch: a line that says `GO` or `/`.
            Some(BodyKind::Rest) => return Ok(token.text(self.text) != ";"),
            Some(BodyKind::Program) if self.program > 0 => return Ok(false),
            Some(BodyKind::Declared) if self.program > 0 || !self.opened => return Ok(false),
            Some(
                BodyKind::Program
                | BodyKind::Declared
                | BodyKind::Block(_)
                | BodyKind::MandatoryBlock(_),
            )
            | None => {}
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
            Some(BodyKind::Brackets | BodyKind::Program | BodyKind::Declared | BodyKind::Rest)
            | None => return Ok(()),
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

impl Statement<'_> {
    /// Counts the compound statements of a stored program; the answer is whether the word was one
    /// of theirs and no part of an expression.
    fn program_word(&mut self, token: &Token, last: Option<&Token>, next: Option<&Token>) -> bool {
        if self
            .body
            .is_none_or(|body| body.kind != BodyKind::Program && body.kind != BodyKind::Declared)
            || self.frames.iter().any(|frame| matches!(frame.opener, Opener::Round))
        {
            return false;
        }
        let is = |words: &[&str]| words.iter().any(|word| token.is_word(self.text, word));
        let behind = |words: &[&str]| {
            last.is_some_and(|last| words.iter().any(|word| last.is_word(self.text, word)))
        };
        if is(&["end"]) {
            // Every statement of a block ends in `;`; only UNTIL has an expression before its END.
            let ends = behind(&["begin", "atomic"])
                || last.is_some_and(|last| last.kind == TokenKind::Semicolon)
                || next.is_some_and(|next| next.is_word(self.text, "repeat"));
            if self.frames.is_empty() && self.program > 0 && ends {
                self.program -= 1;
                return true;
            }
            return false;
        }
        if self.program > 0 && self.transactions && is(&["transaction"]) && behind(&["begin"]) {
            // It was no block.
            self.program -= 1;
            return true;
        }
        if behind(&["end"]) {
            // `END IF`, `END CASE`: what ended was counted.
            return is(COMPOUND) || is(&["case"]);
        }
        let starts = last.is_none_or(|last| {
            matches!(last.kind, TokenKind::Semicolon | TokenKind::Close | TokenKind::Text)
                || last.text(self.text) == ":"
        }) || behind(BEFORE_A_STATEMENT);
        let opens = is(&["begin"]) || starts && is(COMPOUND);
        if opens {
            self.program += 1;
            self.opened = true;
        }
        opens
    }
}

/// Words that open a compound statement where a statement may begin; `CASE` is counted with the
/// expressions of its name.
const COMPOUND: &[&str] = &["if", "loop", "while", "repeat", "for"];

/// Words behind which a statement may begin inside a stored program, or its whole body.
const BEFORE_A_STATEMENT: &[&str] = &[
    "as",
    "atomic",
    "begin",
    "data",
    "definer",
    "deterministic",
    "do",
    "else",
    "invoker",
    "loop",
    "repeat",
    "row",
    "sql",
    "then",
];

/// What a bracket opens or closes.
fn opener(bracket: &str) -> Opener {
    match bracket {
        "(" | ")" => Opener::Round,
        "[" | "]" => Opener::Square,
        _ => Opener::Curly,
    }
}

/// Whether a statement begins with these words.
fn has_head(text: &str, tokens: &[Token], head: &[HeadWord]) -> bool {
    let is = |token: Option<&Token>, words: &[&str]| {
        token.is_some_and(|token| words.iter().any(|word| token.is_word(text, word)))
    };
    let mut at = 0;
    let mut skips = false;
    for word in head {
        match word {
            HeadWord::Any => skips = true,
            HeadWord::Maybe(words) => at += usize::from(is(tokens.get(at), words)),
            HeadWord::Not(words) => {
                let next = tokens.get(at).filter(|token| token.kind != TokenKind::Semicolon);
                if next.is_none() || is(next, words) {
                    return false;
                }
            }
            HeadWord::One(words) => {
                while skips && !is(tokens.get(at), words) {
                    if at >= MAX_SKIPPED_HEAD
                        || tokens.len() <= at
                        || is(tokens.get(at), OTHER_HEADS)
                    {
                        return false;
                    }
                    at += 1;
                }
                skips = false;
                if !is(tokens.get(at), words) {
                    return false;
                }
                at += 1;
            }
        }
    }
    true
}

/// How many tokens may stand between `CREATE` and what is made: `OR REPLACE DEFINER = a@b …`.
const MAX_SKIPPED_HEAD: usize = 16;

/// Things that are made without a stored program.
const OTHER_HEADS: &[&str] =
    &["table", "view", "index", "database", "schema", "user", "role", "as", "select", "on", "to"];

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
