//! Text of a condition → tree with spans. Bounded in bytes, depth and size before anything grows.

use super::{Comparison, Fault};
use crate::limits::{MAX_CONDITION_BYTES, MAX_CONDITION_DEPTH, MAX_CONDITION_NODES};
use crate::policy::error::CompileErrorKind as Kind;
use crate::primitives::Span;

/// An unchecked tree.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) form: Form,
    pub(super) span: Span,
}

#[derive(Clone, Debug)]
pub(super) enum Form {
    Bool(bool),
    Int(i64),
    Text(String),
    /// A fact's name, dots included.
    Name(String),
    List(Vec<Node>),
    /// `name(arguments)`, or `receiver.name(arguments)` with the receiver's name.
    Call {
        receiver: Option<(String, Span)>,
        name: String,
        name_span: Span,
        arguments: Vec<Node>,
    },
    Not(Box<Node>),
    And(Vec<Node>),
    Or(Vec<Node>),
    Compare(Box<Node>, Comparison, Box<Node>),
    In(Box<Node>, Box<Node>),
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Int(i64),
    Text(String),
    Word(String),
    Sign(&'static str),
}

const SIGNS: &[&str] =
    &["&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "(", ")", "[", "]", ",", ".", "-"];

fn fault(kind: Kind, start: usize, end: usize, message: impl Into<String>) -> Fault {
    let span = Span::from_offsets(start, end);
    Fault { kind, span, message: message.into(), help: String::new() }
}

fn lex(text: &str) -> Result<Vec<(Token, Span)>, Fault> {
    let mut tokens = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((start, c)) = chars.next() {
        if c == ' ' || c == '\t' || c == '\n' || c == '\r' {
            continue;
        }
        let rest = text.get(start..).unwrap_or_default();
        if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            for _ in 1..sign.len() {
                chars.next();
            }
            tokens.push((Token::Sign(sign), Span::from_offsets(start, start + sign.len())));
        } else if c == '"' || c == '\'' {
            let mut value = String::new();
            let mut end = None;
            while let Some((at, inner)) = chars.next() {
                match inner {
                    _ if inner == c => {
                        end = Some(at + 1);
                        break;
                    }
                    '\\' => match chars.next() {
                        Some((_, escaped @ ('\\' | '"' | '\''))) => value.push(escaped),
                        Some((_, 'n')) => value.push('\n'),
                        Some((_, 't')) => value.push('\t'),
                        _ => {
                            let message = "an escape that conditions do not have";
                            return Err(fault(Kind::ConditionSyntax, at, at + 1, message));
                        }
                    },
                    _ => value.push(inner),
                }
            }
            let Some(end) = end else {
                let message = "a text has no closing quote";
                return Err(fault(Kind::ConditionSyntax, start, text.len(), message));
            };
            tokens.push((Token::Text(value), Span::from_offsets(start, end)));
        } else if c.is_ascii_digit() {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let word = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
            let span_end = start + word.len();
            let digits = word.bytes().all(|c| c.is_ascii_digit());
            let Some(value) = word.parse::<i64>().ok().filter(|_| digits) else {
                let message = format!("`{word}` is not a whole number");
                return Err(fault(Kind::ConditionSyntax, start, span_end, message));
            };
            while chars.peek().is_some_and(|(at, _)| *at < span_end) {
                chars.next();
            }
            tokens.push((Token::Int(value), Span::from_offsets(start, span_end)));
        } else if c.is_ascii_alphabetic() || c == '_' {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-');
            let word = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
            let span_end = start + word.len();
            while chars.peek().is_some_and(|(at, _)| *at < span_end) {
                chars.next();
            }
            tokens.push((Token::Word(word.to_owned()), Span::from_offsets(start, span_end)));
        } else {
            let message = format!("`{}` has no meaning here", c.escape_default());
            return Err(fault(Kind::ConditionSyntax, start, start + c.len_utf8(), message));
        }
    }
    Ok(tokens)
}

pub(super) fn parse(text: &str) -> Result<Node, Fault> {
    if text.len() > MAX_CONDITION_BYTES {
        let message = format!("a condition longer than {MAX_CONDITION_BYTES} bytes");
        return Err(fault(Kind::ConditionTooLarge, 0, text.len(), message));
    }
    let tokens = lex(text)?;
    let mut parser = Parser { tokens: &tokens, at: 0, end: text.len(), nodes: 0, depth: 0 };
    let node = parser.or()?;
    match parser.tokens.get(parser.at) {
        None => Ok(node),
        Some((_, span)) => {
            let message = "more follows where the condition should end";
            Err(fault(Kind::ConditionSyntax, span.start(), text.len(), message))
        }
    }
}

struct Parser<'t> {
    tokens: &'t [(Token, Span)],
    at: usize,
    end: usize,
    nodes: usize,
    depth: usize,
}

impl Parser<'_> {
    fn here(&self) -> Span {
        let end = Span::from_offsets(self.end, self.end);
        self.tokens.get(self.at).map_or(end, |(_, span)| *span)
    }

    fn peek(&self, sign: &str) -> bool {
        matches!(self.tokens.get(self.at), Some((Token::Sign(found), _)) if *found == sign)
    }

    fn eat(&mut self, sign: &str) -> bool {
        let found = self.peek(sign);
        self.at += usize::from(found);
        found
    }

    fn expected(&self, what: &str) -> Fault {
        let span = self.here();
        fault(Kind::ConditionSyntax, span.start(), span.end(), format!("expected {what}"))
    }

    fn node(&mut self, form: Form, start: Span) -> Result<Node, Fault> {
        let last = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        let end = last.map_or(start.end(), |(_, span)| span.end());
        self.nodes += 1;
        if self.nodes > MAX_CONDITION_NODES {
            let message = format!("a condition of more than {MAX_CONDITION_NODES} parts");
            return Err(fault(Kind::ConditionTooLarge, start.start(), end, message));
        }
        Ok(Node { form, span: Span::from_offsets(start.start(), end) })
    }

    fn or(&mut self) -> Result<Node, Fault> {
        self.depth += 1;
        if self.depth > MAX_CONDITION_DEPTH {
            let span = self.here();
            let message = format!("a condition nested deeper than {MAX_CONDITION_DEPTH}");
            return Err(fault(Kind::ConditionTooLarge, span.start(), span.end(), message));
        }
        let start = self.here();
        let first = self.and()?;
        let mut parts = vec![first];
        while self.eat("||") {
            parts.push(self.and()?);
        }
        self.depth -= 1;
        self.chain(parts, start, Form::Or)
    }

    fn and(&mut self) -> Result<Node, Fault> {
        let start = self.here();
        let first = self.relation()?;
        let mut parts = vec![first];
        while self.eat("&&") {
            parts.push(self.relation()?);
        }
        self.chain(parts, start, Form::And)
    }

    fn chain(
        &mut self,
        mut parts: Vec<Node>,
        start: Span,
        form: fn(Vec<Node>) -> Form,
    ) -> Result<Node, Fault> {
        match parts.pop() {
            Some(only) if parts.is_empty() => Ok(only),
            Some(last) => {
                parts.push(last);
                self.node(form(parts), start)
            }
            None => Err(self.expected("a value")),
        }
    }

    fn relation(&mut self) -> Result<Node, Fault> {
        let start = self.here();
        let left = self.unary()?;
        const COMPARISONS: &[(&str, Comparison)] = &[
            ("==", Comparison::Equal),
            ("!=", Comparison::NotEqual),
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
        ];
        let node = match COMPARISONS.iter().find(|(sign, _)| self.peek(sign)) {
            Some((_, comparison)) => {
                self.at += 1;
                let right = self.unary()?;
                let form = Form::Compare(Box::new(left), *comparison, Box::new(right));
                self.node(form, start)?
            }
            None if self
                .tokens
                .get(self.at)
                .is_some_and(|(t, _)| *t == Token::Word("in".into())) =>
            {
                self.at += 1;
                let right = self.unary()?;
                self.node(Form::In(Box::new(left), Box::new(right)), start)?
            }
            None => return Ok(left),
        };
        if COMPARISONS.iter().any(|(sign, _)| self.peek(sign)) {
            return Err(self.expected("`&&` or `||`: comparisons do not chain"));
        }
        Ok(node)
    }

    fn unary(&mut self) -> Result<Node, Fault> {
        let start = self.here();
        let mut negations = 0usize;
        while self.eat("!") {
            negations += 1;
        }
        let node = self.primary()?;
        match negations {
            0 => Ok(node),
            _ if negations.is_multiple_of(2) => self.node(Form::And(vec![node]), start),
            _ => self.node(Form::Not(Box::new(node)), start),
        }
    }

    fn primary(&mut self) -> Result<Node, Fault> {
        let start = self.here();
        if self.eat("(") {
            let node = self.or()?;
            if !self.eat(")") {
                return Err(self.expected("`)`"));
            }
            return Ok(node);
        }
        if self.eat("[") {
            let items = self.items("]")?;
            return self.node(Form::List(items), start);
        }
        let negative = self.eat("-");
        let token = self.tokens.get(self.at).map(|(token, _)| token.clone());
        match token {
            Some(Token::Int(value)) => {
                self.at += 1;
                self.node(Form::Int(if negative { -value } else { value }), start)
            }
            _ if negative => Err(self.expected("a number")),
            Some(Token::Text(value)) => {
                self.at += 1;
                self.node(Form::Text(value), start)
            }
            Some(Token::Word(word)) if word == "true" || word == "false" => {
                self.at += 1;
                self.node(Form::Bool(word == "true"), start)
            }
            Some(Token::Word(word)) if word != "in" => self.name(start),
            Some(Token::Word(_) | Token::Sign(_)) | None => Err(self.expected("a value")),
        }
    }

    /// A fact's name, or a call of a function or of a method on a fact.
    fn name(&mut self, start: Span) -> Result<Node, Fault> {
        let mut words: Vec<(String, Span)> = Vec::new();
        loop {
            let Some((Token::Word(word), span)) = self.tokens.get(self.at) else {
                return Err(self.expected("a name"));
            };
            words.push((word.clone(), *span));
            self.at += 1;
            if !self.eat(".") {
                break;
            }
        }
        let joined = |words: &[(String, Span)]| {
            words.iter().map(|(word, _)| word.as_str()).collect::<Vec<_>>().join(".")
        };
        if !self.eat("(") {
            return self.node(Form::Name(joined(&words)), start);
        }
        let arguments = self.items(")")?;
        let Some((name, name_span)) = words.pop() else { return Err(self.expected("a name")) };
        let receiver = words
            .last()
            .map(|(_, last)| (joined(&words), Span::from_offsets(start.start(), last.end())));
        self.node(Form::Call { receiver, name, name_span, arguments }, start)
    }

    fn items(&mut self, close: &str) -> Result<Vec<Node>, Fault> {
        let mut items = Vec::new();
        if self.eat(close) {
            return Ok(items);
        }
        loop {
            items.push(self.or()?);
            if self.eat(close) {
                return Ok(items);
            }
            if !self.eat(",") {
                return Err(self.expected("`,` or the closing bracket"));
            }
        }
    }
}
