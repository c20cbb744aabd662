//! PL/pgSQL (PostgreSQL's manual, chapter "PL/pgSQL"): the statements and expressions of a body are
//! read as code of their own.
//!
//! The words of control flow are left out, so every branch is taken to run. Variables look like
//! columns, and stand for anything. Where a piece is not where it must be, nothing of it is read.

use super::walk::{Setting, Walk};
use crate::command::sql::{Token, TokenKind};
use crate::command::{Dialect, sql};
use crate::schema::SqlSession;

/// A body, taken apart.
struct Body {
    /// Its statements and expressions, each as a statement.
    text: String,
    variables: Vec<String>,
    /// A loop may run any of them again.
    repeats: bool,
}

/// Names that every body has.
const GIVEN: &[&str] = &["found", "sqlerrm", "sqlstate", "tg_argv", "tg_op"];

impl Walk<'_, '_> {
    /// Reads the body of a routine or block. `arguments` are names that stand for values in it.
    pub(super) fn plpgsql(&mut self, body: &str, arguments: &[String]) {
        let dialect = self.setting.dialect;
        let Some(Body { text, variables, repeats }) = taken_apart(body, dialect) else {
            return self.foreign_code(body.len());
        };
        let whole = self.setting;
        let given = GIVEN.iter().map(|name| (*name).to_owned());
        let names: Vec<String> = variables.into_iter().chain(given).collect();
        self.setting = Setting { repeats: whole.repeats || repeats, ..whole };
        self.with_variables(arguments.iter().chain(&names), |walk| walk.code_in_branches(&text));
        self.setting = whole;
    }

    /// Reads something under names that stand for values.
    pub(super) fn with_variables<'n>(
        &mut self,
        names: impl Iterator<Item = &'n String>,
        read: impl FnOnce(&mut Self),
    ) {
        let variables = &self.setting.room.variables;
        let known = variables.borrow().len();
        variables.borrow_mut().extend(names.cloned());
        read(self);
        variables.borrow_mut().truncate(known);
    }
}

fn taken_apart(body: &str, dialect: Dialect) -> Option<Body> {
    let session = SqlSession::server_defaults();
    let tokens = sql::tokens(body, dialect, &session).ok()?;
    let mut reader = Reader {
        code: Code { text: body, tokens: &tokens },
        dialect,
        pieces: Vec::new(),
        variables: Vec::new(),
        repeats: false,
        declares: false,
        handles: false,
    };
    let mut depth = 0_usize;
    let mut from = 0;
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            TokenKind::Open => depth = depth.saturating_add(1),
            TokenKind::Close => depth = depth.saturating_sub(1),
            TokenKind::Semicolon if depth == 0 => {
                reader.statement(from, at)?;
                from = at.saturating_add(1);
            }
            TokenKind::Semicolon
            | TokenKind::Word
            | TokenKind::QuotedName
            | TokenKind::Text
            | TokenKind::Number
            | TokenKind::Placeholder
            | TokenKind::Operator
            | TokenKind::Comma
            | TokenKind::Dot => {}
        }
    }
    reader.statement(from, tokens.len())?;
    let Reader { pieces, variables, repeats, .. } = reader;
    Some(Body { text: pieces.join(";\n"), variables, repeats })
}

/// A text and its tokens.
#[derive(Clone, Copy)]
struct Code<'t> {
    text: &'t str,
    tokens: &'t [Token],
}

impl<'t> Code<'t> {
    fn kind(self, at: usize) -> Option<TokenKind> {
        self.tokens.get(at).map(|token| token.kind)
    }

    /// The unquoted word at `at`, in lower case, or nothing.
    fn word(self, at: usize) -> String {
        match self.tokens.get(at) {
            Some(token) if token.kind == TokenKind::Word => {
                token.text(self.text).to_ascii_lowercase()
            }
            Some(_) | None => String::new(),
        }
    }

    fn is(self, at: usize, sign: &str) -> bool {
        self.tokens.get(at).is_some_and(|token| token.text(self.text) == sign)
    }

    fn is_one_of(self, at: usize, words: &[&str]) -> bool {
        words.contains(&self.word(at).as_str())
    }

    fn slice(self, from: usize, to: usize) -> Option<&'t str> {
        let first = self.tokens.get(from)?.span.start();
        let last = self.tokens.get(to.checked_sub(1)?)?.span.end();
        self.text.get(first..last)
    }

    /// The next place outside brackets and outside every CASE that `wanted` takes.
    fn find(self, from: usize, to: usize, wanted: impl Fn(usize) -> bool) -> Option<usize> {
        let (mut depth, mut cases) = (0_usize, 0_usize);
        for at in from..to {
            if depth == 0 && cases == 0 && wanted(at) {
                return Some(at);
            }
            match self.kind(at) {
                Some(TokenKind::Open) => depth = depth.saturating_add(1),
                Some(TokenKind::Close) => depth = depth.checked_sub(1)?,
                Some(TokenKind::Word) if depth == 0 => match self.word(at).as_str() {
                    "case" => cases = cases.saturating_add(1),
                    "end" => cases = cases.checked_sub(1)?,
                    _ => {}
                },
                Some(_) | None => {}
            }
        }
        None
    }

    fn find_word(self, from: usize, to: usize, word: &str) -> Option<usize> {
        self.find(from, to, |at| self.word(at) == word)
    }

    /// Where the name, with its fields and subscripts, ends that begins at `at`.
    fn behind_name(self, at: usize) -> Option<usize> {
        let is_name = |at| matches!(self.kind(at), Some(TokenKind::Word | TokenKind::QuotedName));
        let mut end = is_name(at).then(|| at.saturating_add(1))?;
        loop {
            let next = end.saturating_add(1);
            if self.kind(end) == Some(TokenKind::Dot) && is_name(next) {
                end = next.saturating_add(1);
            } else if self.is(end, "[") {
                end = self.find(next, self.tokens.len(), |at| self.is(at, "]"))?.saturating_add(1);
            } else {
                return Some(end);
            }
        }
    }
}

struct Reader<'t> {
    code: Code<'t>,
    dialect: Dialect,
    pieces: Vec<String>,
    variables: Vec<String>,
    repeats: bool,
    /// Between DECLARE and BEGIN.
    declares: bool,
    /// Between EXCEPTION and END.
    handles: bool,
}

impl Reader<'_> {
    /// Reads from `at` to the `;` at `end`: any words of control flow, and at most one statement.
    fn statement(&mut self, at: usize, end: usize) -> Option<()> {
        let code = self.code;
        let mut at = at;
        while at < end {
            let next = at.saturating_add(1);
            if code.is(at, "<<") {
                // A label.
                at = at.saturating_add(3);
                continue;
            }
            let word = code.word(at);
            if self.declares && word != "begin" {
                return self.declaration(if word == "declare" { next } else { at }, end);
            }
            at = match word.as_str() {
                "declare" => {
                    self.declares = true;
                    next
                }
                "begin" => {
                    self.declares = false;
                    next
                }
                "else" => next,
                "loop" => {
                    self.repeats = true;
                    next
                }
                "exception" => {
                    self.handles = true;
                    next
                }
                "if" | "elsif" | "elseif" => self.until(next, end, "then")?,
                "when" => self.when(next, end)?,
                "case" => {
                    let when = code.find_word(next, end, "when")?;
                    if when > next {
                        self.value(next, when)?;
                    }
                    when
                }
                "while" => {
                    self.repeats = true;
                    self.until(next, end, "loop")?
                }
                "for" => self.loop_over(next, end)?,
                "foreach" => {
                    self.repeats = true;
                    let array = code.find_word(next, end, "array")?;
                    self.until(array.saturating_add(1), end, "loop")?
                }
                "end" => {
                    // `END IF`, `END LOOP label`.
                    let last = if code.is_one_of(next, &["if", "loop", "case"]) {
                        next.saturating_add(1)
                    } else {
                        self.handles = false;
                        next
                    };
                    return (end.saturating_sub(last) <= 1).then_some(());
                }
                _ => return self.simple(at, end),
            };
        }
        Some(())
    }

    /// `WHEN x THEN`, and the conditions of a handler: names alone.
    fn when(&mut self, at: usize, end: usize) -> Option<usize> {
        let stop = self.code.find_word(at, end, "then")?;
        let names = (at..stop)
            .all(|at| matches!(self.code.kind(at), Some(TokenKind::Word | TokenKind::Text)));
        if !(self.handles && names) {
            self.value(at, stop)?;
        }
        Some(stop.saturating_add(1))
    }

    /// An expression up to `word`, and the place behind it.
    fn until(&mut self, at: usize, end: usize, word: &str) -> Option<usize> {
        let stop = self.code.find_word(at, end, word)?;
        self.value(at, stop)?;
        Some(stop.saturating_add(1))
    }

    /// An expression, or several.
    fn value(&mut self, at: usize, end: usize) -> Option<()> {
        self.pieces.push(format!("SELECT {}", self.code.slice(at, end)?));
        Some(())
    }

    fn query(&mut self, at: usize, end: usize) -> Option<()> {
        self.pieces.push(self.code.slice(at, end)?.to_owned());
        Some(())
    }

    /// `a CONSTANT int NOT NULL := x`, `c CURSOR (p int) FOR query`, `a ALIAS FOR $1`.
    fn declaration(&mut self, at: usize, end: usize) -> Option<()> {
        let code = self.code;
        if at >= end {
            return Some(());
        }
        match code.kind(at)? {
            TokenKind::Word => self.variables.push(code.word(at)),
            TokenKind::QuotedName => {}
            TokenKind::Text
            | TokenKind::Number
            | TokenKind::Placeholder
            | TokenKind::Operator
            | TokenKind::Open
            | TokenKind::Close
            | TokenKind::Comma
            | TokenKind::Dot
            | TokenKind::Semicolon => return None,
        }
        let cursor =
            (at..end).find(|at| code.word(*at) == "cursor").filter(|found| *found <= at + 3);
        if let Some(cursor) = cursor {
            let query = code.find(cursor, end, |at| code.is_one_of(at, &["for", "is"]))?;
            return self.query(query.saturating_add(1), end);
        }
        let is_default = |at| code.word(at) == "default" || code.is(at, ":=") || code.is(at, "=");
        match code.find(at, end, is_default) {
            Some(default) => self.value(default.saturating_add(1), end),
            None => Some(()),
        }
    }

    /// `FOR i IN 1 .. 10 BY 2 LOOP`, `FOR r IN query LOOP`, `FOR r IN cursor LOOP`.
    fn loop_over(&mut self, at: usize, end: usize) -> Option<usize> {
        let code = self.code;
        self.repeats = true;
        let of = code.find_word(at, end, "in")?;
        let targets = (at..of).filter(|at| code.kind(*at) == Some(TokenKind::Word));
        self.variables.extend(targets.map(|at| code.word(at)));
        let mut from = of.saturating_add(1);
        if code.word(from) == "reverse" {
            from = from.saturating_add(1);
        }
        let stop = code.find_word(from, end, "loop")?;
        let numbers = code.slice(from, stop)?;
        if code
            .is_one_of(from, &["select", "with", "values", "table", "insert", "update", "delete"])
        {
            self.query(from, stop)?;
        } else if code.word(from) == "execute" {
            self.execute(from, stop)?;
        } else if let Some((low, high)) = numbers.split_once("..") {
            let high = match code.find_word(from, stop, "by") {
                Some(by) => {
                    self.value(by.saturating_add(1), stop)?;
                    let by = self.code.slice(by, stop)?;
                    high.strip_suffix(by)?
                }
                None => high,
            };
            self.pieces.push(format!("SELECT {low}, {high}"));
        } else {
            // The name of a cursor, with its arguments.
            let behind = code.behind_name(from)?;
            if code.kind(behind) == Some(TokenKind::Open) {
                self.value(behind, stop)?;
            } else {
                (behind == stop).then_some(())?;
            }
        }
        Some(stop.saturating_add(1))
    }

    /// `EXECUTE 'text' [INTO x] [USING a, b]`: only a text that stands there is read.
    fn execute(&mut self, at: usize, end: usize) -> Option<()> {
        let code = self.code;
        let text = at.saturating_add(1);
        let token = code.tokens.get(text).filter(|token| token.kind == TokenKind::Text)?;
        let tail = text.saturating_add(1);
        let is_tail = tail >= end || code.is_one_of(tail, &["into", "using"]);
        let value = is_tail.then(|| sql::text_of(token, code.text, self.dialect))??;
        self.pieces.push(value);
        match code.find_word(tail, end, "using") {
            Some(using) => self.value(using.saturating_add(1), end),
            None => Some(()),
        }
    }

    /// A statement without control flow.
    fn simple(&mut self, at: usize, end: usize) -> Option<()> {
        let code = self.code;
        let next = at.saturating_add(1);
        match code.word(at).as_str() {
            "null" if next == end => Some(()),
            "exit" | "continue" => match code.find_word(next, end, "when") {
                Some(when) => self.value(when.saturating_add(1), end),
                None => (end.saturating_sub(next) <= 1).then_some(()),
            },
            "return" => match code.word(next).as_str() {
                _ if next == end => Some(()),
                "query" if code.word(next.saturating_add(1)) == "execute" => {
                    self.execute(next.saturating_add(1), end)
                }
                "query" => self.query(next.saturating_add(1), end),
                "next" => match next.saturating_add(1) {
                    from if from == end => Some(()),
                    from => self.value(from, end),
                },
                _ => self.value(next, end),
            },
            "raise" => self.raise(next, end),
            "perform" | "assert" => self.value(next, end),
            "execute" => self.execute(at, end),
            "get" => {
                let is_open = (next..end).any(|at| code.kind(at) == Some(TokenKind::Open));
                let diagnoses = code.find_word(next, end, "diagnostics").is_some();
                (diagnoses && !is_open).then_some(())
            }
            "open" => self.open(next, end),
            "fetch" | "move" | "close" => {
                let is_plain = |at| {
                    matches!(
                        code.kind(at),
                        Some(
                            TokenKind::Word
                                | TokenKind::QuotedName
                                | TokenKind::Number
                                | TokenKind::Comma
                                | TokenKind::Dot
                        )
                    )
                };
                (next..end).all(is_plain).then_some(())
            }
            _ => self.assignment(at, end).or_else(|| self.sql(at, end)),
        }
    }

    /// `RAISE NOTICE 'a %', x USING hint = y`.
    fn raise(&mut self, at: usize, end: usize) -> Option<()> {
        const LEVELS: &[&str] = &["debug", "log", "info", "notice", "warning", "exception"];
        let code = self.code;
        let from = if code.is_one_of(at, LEVELS) { at.saturating_add(1) } else { at };
        let using = code.find_word(from, end, "using");
        let stop = using.unwrap_or(end);
        let is_text = code.kind(from) == Some(TokenKind::Text);
        if is_text {
            self.value(from, stop)?;
        } else {
            // The name of a condition, or nothing.
            let names = (from..stop)
                .all(|at| matches!(code.kind(at), Some(TokenKind::Word | TokenKind::Text)));
            names.then_some(())?;
        }
        match using {
            Some(using) => self.value(using.saturating_add(1), end),
            None => Some(()),
        }
    }

    /// `OPEN c FOR query`, `OPEN c (1, 2)`.
    fn open(&mut self, at: usize, end: usize) -> Option<()> {
        let code = self.code;
        let behind = code.behind_name(at)?;
        if let Some(query) = code.find_word(behind, end, "for") {
            let from = query.saturating_add(1);
            return match code.word(from).as_str() {
                "execute" => self.execute(from, end),
                _ => self.query(from, end),
            };
        }
        match code.kind(behind) {
            _ if behind == end => Some(()),
            Some(TokenKind::Open) => self.value(behind, end),
            Some(_) | None => None,
        }
    }

    /// `x := expression`, `r.field[1] = expression`.
    fn assignment(&mut self, at: usize, end: usize) -> Option<()> {
        let code = self.code;
        let sign =
            code.behind_name(at).filter(|sign| code.is(*sign, ":=") || code.is(*sign, "="))?;
        // What stands in subscripts is computed too.
        if (at..sign).any(|at| code.kind(at) == Some(TokenKind::Open)) {
            self.value(at, sign)?;
        }
        self.value(sign.saturating_add(1), end)
    }

    /// A statement of SQL. `INTO x, y` names variables there.
    fn sql(&mut self, at: usize, end: usize) -> Option<()> {
        let code = self.code;
        let is_into = |at: usize| {
            let before = at.checked_sub(1).map(|at| code.word(at)).unwrap_or_default();
            code.word(at) == "into" && !matches!(before.as_str(), "insert" | "merge")
        };
        let Some(into) = code.find(at, end, is_into) else { return self.query(at, end) };
        let mut from = into.saturating_add(1);
        if code.word(from) == "strict" {
            from = from.saturating_add(1);
        }
        let mut behind = code.behind_name(from)?;
        while code.kind(behind) == Some(TokenKind::Comma) {
            behind = code.behind_name(behind.saturating_add(1))?;
        }
        if (from..behind).any(|at| code.kind(at) == Some(TokenKind::Open)) {
            return None;
        }
        let head = code.slice(at, into)?;
        let tail = if behind < end { code.slice(behind, end)? } else { "" };
        self.pieces.push(format!("{head} {tail}"));
        Some(())
    }
}
