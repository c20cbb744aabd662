//! Tree → checked condition. Every problem of a condition is reported, not only the first.

use super::fact::{Fact, Type, Words};
use super::parse::{Form, Node};
use super::{Comparison, Expr, Fault, Literal, Operand, TextTest};
use crate::policy::error::{CompileErrorKind as Kind, suggestion};
use crate::primitives::{Span, Timestamp};

fn fault(
    faults: &mut Vec<Fault>,
    kind: Kind,
    span: Span,
    message: impl Into<String>,
    help: impl Into<String>,
) {
    faults.push(Fault { kind, span, message: message.into(), help: help.into() });
}

fn fact(name: &str, span: Span, faults: &mut Vec<Fault>) -> Option<Fact> {
    let fact = Fact::parse(name);
    if fact.is_none() {
        let help = match name.split_once('.') {
            Some(("principal", _)) => "did you mean `principal.claims.NAME`?".to_owned(),
            Some(("resource", _)) => "did you mean `resource.labels.NAME`?".to_owned(),
            _ => suggestion(name, Fact::names()),
        };
        fault(faults, Kind::UnknownFact, span, format!("unknown fact `{name}`"), help);
    }
    fact
}

const FUNCTIONS: &[&str] = &["has", "size", "startsWith", "endsWith", "contains", "timestamp"];

/// Checks a tree that must be true or false.
pub(super) fn check(node: &Node, faults: &mut Vec<Fault>) -> Option<Expr> {
    let several = |nodes: &[Node], faults: &mut Vec<Fault>| {
        let parts: Vec<Option<Expr>> = nodes.iter().map(|node| check(node, faults)).collect();
        parts.into_iter().collect::<Option<Vec<Expr>>>()
    };
    match &node.form {
        Form::Bool(value) => Some(Expr::Const(*value)),
        Form::Not(inner) => Some(Expr::Not(Box::new(check(inner, faults)?))),
        Form::And(nodes) => several(nodes, faults).map(Expr::All),
        Form::Or(nodes) => several(nodes, faults).map(Expr::Any),
        Form::Compare(left, op, right) => compare(node.span, left, *op, right, faults),
        Form::In(item, set) => member(item, set, faults),
        Form::Call { receiver, name, name_span, arguments } => {
            call(receiver.as_ref(), name, *name_span, arguments, node.span, faults)
        }
        Form::Name(name) => {
            let fact = fact(name, node.span, faults)?;
            match fact.fact_type() {
                Type::Bool | Type::Any => Some(Expr::Truth(fact)),
                Type::Int
                | Type::Text
                | Type::Time
                | Type::Set
                | Type::Word(_)
                | Type::WordSet(_) => {
                    let message =
                        format!("`{name}` is {}, not true or false", of(fact.fact_type()));
                    fault(faults, Kind::ConditionType, node.span, message, "compare it");
                    None
                }
            }
        }
        Form::Int(_) | Form::Text(_) | Form::List(_) => {
            let message = "a condition must be true or false, this is a value";
            fault(faults, Kind::ConditionType, node.span, message, "compare it with a fact");
            None
        }
    }
}

fn of(kind: Type) -> String {
    match kind {
        Type::Bool => "true or false".into(),
        Type::Int => "a whole number".into(),
        Type::Text => "a text".into(),
        Type::Time => "a time".into(),
        Type::Set => "a set of texts".into(),
        Type::Word(words) => format!("a word of the set `{}`", words.what()),
        Type::WordSet(words) => format!("a set of words `{}`", words.what()),
        Type::Any => "a value of any type".into(),
    }
}

/// Whether the tree is a truth by itself, so that `==` compares truths.
fn is_truth(node: &Node) -> bool {
    match &node.form {
        Form::Bool(_) | Form::Not(_) | Form::And(_) | Form::Or(_) => true,
        Form::Compare(..) | Form::In(..) => true,
        Form::Call { name, .. } => name != "size" && name != "timestamp",
        Form::Name(name) => Fact::parse(name).is_some_and(|fact| fact.fact_type() == Type::Bool),
        Form::Int(_) | Form::Text(_) | Form::List(_) => false,
    }
}

fn compare(
    span: Span,
    left: &Node,
    op: Comparison,
    right: &Node,
    faults: &mut Vec<Fault>,
) -> Option<Expr> {
    let claim_and_bool =
        matches!((&left.form, &right.form), (Form::Name(_), Form::Bool(_))) && !is_truth(left);
    if !claim_and_bool && (is_truth(left) || is_truth(right)) {
        let (left, right) = (check(left, faults), check(right, faults));
        let same = Expr::Same(Box::new(left?), Box::new(right?));
        return match op {
            Comparison::Equal => Some(same),
            Comparison::NotEqual => Some(Expr::Not(Box::new(same))),
            Comparison::Less
            | Comparison::LessOrEqual
            | Comparison::Greater
            | Comparison::GreaterOrEqual => {
                fault(faults, Kind::ConditionType, span, "truths have no order", "use == or !=");
                None
            }
        };
    }
    let (left, right) = (operand(left, faults), operand(right, faults));
    let ((left, left_type), (right, right_type)) = (left?, right?);
    let ordered = !matches!(op, Comparison::Equal | Comparison::NotEqual);
    fits(&left, left_type, &right, right_type, span, faults)?;
    let either = if left_type == Type::Any { right_type } else { left_type };
    match either {
        Type::Int | Type::Time => {}
        Type::Any if !ordered => {}
        Type::Text | Type::Word(_) | Type::Bool if !ordered => {}
        Type::Set | Type::WordSet(_) => {
            let help = "use `in` or `size()`";
            fault(faults, Kind::ConditionType, span, "sets are not compared", help);
            return None;
        }
        Type::Text | Type::Word(_) | Type::Bool | Type::Any => {
            let message = format!("{} has no order", of(either));
            fault(faults, Kind::ConditionType, span, message, "use == or !=");
            return None;
        }
    }
    Some(Expr::Compare { left, op, right })
}

/// Whether two types can be compared; a text beside a closed set must be one of its words.
fn fits(
    left: &Operand,
    left_type: Type,
    right: &Operand,
    right_type: Type,
    span: Span,
    faults: &mut Vec<Fault>,
) -> Option<()> {
    match (left_type, right_type) {
        (Type::Word(words), Type::Text) => is_word_of(words, right, span, faults),
        (Type::Text, Type::Word(words)) => is_word_of(words, left, span, faults),
        (Type::Any, _) | (_, Type::Any) => Some(()),
        (a, b) if a == b => Some(()),
        (a, b) => {
            let message = format!("{} is compared with {}", of(a), of(b));
            let time = a == Type::Time || b == Type::Time;
            let help = if time { "write timestamp(\"2027-01-31T00:00:00Z\")" } else { "" };
            fault(faults, Kind::ConditionType, span, message, help);
            None
        }
    }
}

/// A text that is written in the condition must be a word of the closed set.
fn is_word_of(words: Words, operand: &Operand, span: Span, faults: &mut Vec<Fault>) -> Option<()> {
    let Operand::Literal(Literal::Text(text)) = operand else { return Some(()) };
    let all = words.all();
    if all.contains(&text.as_str()) {
        return Some(());
    }
    let message = format!("unknown {} `{text}`", words.what());
    fault(faults, Kind::UnknownWord, span, message, suggestion(text, all.iter().copied()));
    None
}

fn operand(node: &Node, faults: &mut Vec<Fault>) -> Option<(Operand, Type)> {
    match &node.form {
        Form::Int(value) => Some((Operand::Literal(Literal::Int(*value)), Type::Int)),
        Form::Text(text) => Some((Operand::Literal(Literal::Text(text.clone())), Type::Text)),
        Form::Bool(value) => Some((Operand::Literal(Literal::Bool(*value)), Type::Bool)),
        Form::Name(name) => {
            let fact = fact(name, node.span, faults)?;
            let kind = fact.fact_type();
            Some((Operand::Fact(fact), kind))
        }
        Form::Call { receiver: None, name, arguments, .. } if name == "size" => {
            let fact = one_fact("size", arguments, node.span, faults)?;
            match fact.fact_type() {
                Type::Set | Type::WordSet(_) | Type::Text | Type::Any => {
                    Some((Operand::Size(fact), Type::Int))
                }
                Type::Bool | Type::Int | Type::Time | Type::Word(_) => {
                    let message = format!("`size` of {}", of(fact.fact_type()));
                    let help = "sets and texts have a size";
                    fault(faults, Kind::ConditionType, node.span, message, help);
                    None
                }
            }
        }
        Form::Call { receiver: None, name, arguments, .. } if name == "timestamp" => {
            let moment = match arguments.as_slice() {
                [Node { form: Form::Text(text), .. }] => Timestamp::parse(text),
                _ => None,
            };
            if moment.is_none() {
                let message = "not a date with time and offset";
                let help = "write timestamp(\"2027-01-31T00:00:00Z\")";
                fault(faults, Kind::BadTime, node.span, message, help);
            }
            Some((Operand::Literal(Literal::Time(moment?)), Type::Time))
        }
        Form::Call { name, name_span, .. } if !FUNCTIONS.contains(&name.as_str()) => {
            unknown_function(name, *name_span, faults);
            None
        }
        Form::List(_)
        | Form::Call { .. }
        | Form::Not(_)
        | Form::And(_)
        | Form::Or(_)
        | Form::Compare(..)
        | Form::In(..) => {
            let message = "this cannot be compared";
            fault(faults, Kind::ConditionType, node.span, message, "compare a fact with a value");
            None
        }
    }
}

fn unknown_function(name: &str, span: Span, faults: &mut Vec<Fault>) {
    let help = suggestion(name, FUNCTIONS.iter().copied());
    fault(faults, Kind::UnknownFunction, span, format!("unknown function `{name}`"), help);
}

fn one_fact(
    function: &str,
    arguments: &[Node],
    span: Span,
    faults: &mut Vec<Fault>,
) -> Option<Fact> {
    if let [Node { form: Form::Name(name), span }] = arguments {
        return fact(name, *span, faults);
    }
    let message = format!("`{function}` takes the name of one fact");
    fault(faults, Kind::ConditionType, span, message, "");
    None
}

fn member(item: &Node, set: &Node, faults: &mut Vec<Fault>) -> Option<Expr> {
    let (item_span, item_operand) = (item.span, operand(item, faults));
    match &set.form {
        Form::List(nodes) if nodes.is_empty() => {
            fault(faults, Kind::EmptyList, set.span, "an empty list, which nothing is in", "");
            None
        }
        Form::List(nodes) => {
            let values: Vec<_> =
                nodes.iter().map(|node| (node.span, operand(node, faults))).collect();
            let (item, item_type) = item_operand?;
            let mut list = Vec::new();
            for (span, value) in values {
                let (value, value_type) = value?;
                fits(&item, item_type, &value, value_type, span, faults)?;
                let Operand::Literal(literal) = value else {
                    let message = "a list may hold values only, no facts";
                    fault(faults, Kind::ConditionType, span, message, "");
                    return None;
                };
                list.push(literal);
            }
            Some(Expr::OneOf { item, list })
        }
        Form::Name(name) => {
            let set_fact = fact(name, set.span, faults)?;
            let (item, item_type) = item_operand?;
            let texts = matches!(item_type, Type::Text | Type::Any);
            if let Type::WordSet(words) = set_fact.fact_type()
                && texts
            {
                is_word_of(words, &item, item_span, faults)?;
            }
            let sets = matches!(set_fact.fact_type(), Type::Set | Type::WordSet(_) | Type::Any);
            if !texts || !sets {
                let message =
                    format!("{} is looked up in {}", of(item_type), of(set_fact.fact_type()));
                fault(faults, Kind::ConditionType, set.span, message, "");
                return None;
            }
            Some(Expr::Member { item, set: set_fact })
        }
        Form::Bool(_)
        | Form::Int(_)
        | Form::Text(_)
        | Form::Call { .. }
        | Form::Not(_)
        | Form::And(_)
        | Form::Or(_)
        | Form::Compare(..)
        | Form::In(..) => {
            let message = "behind `in` stands a list or a fact that is a set";
            fault(faults, Kind::ConditionType, set.span, message, "");
            None
        }
    }
}

fn call(
    receiver: Option<&(String, Span)>,
    name: &str,
    name_span: Span,
    arguments: &[Node],
    span: Span,
    faults: &mut Vec<Fault>,
) -> Option<Expr> {
    let test = match name {
        "has" if receiver.is_none() => {
            return one_fact("has", arguments, span, faults).map(Expr::Has);
        }
        "startsWith" => TextTest::StartsWith,
        "endsWith" => TextTest::EndsWith,
        "contains" => TextTest::Contains,
        "size" | "timestamp" => {
            let message = format!("`{name}` gives a value, not true or false");
            fault(faults, Kind::ConditionType, span, message, "compare it");
            return None;
        }
        _ => {
            unknown_function(name, name_span, faults);
            return None;
        }
    };
    let Some((fact_name, fact_span)) = receiver else {
        let message = format!("`{name}` is called on a fact");
        let help = format!("write principal.id.{name}(\"…\")");
        fault(faults, Kind::ConditionType, span, message, help);
        return None;
    };
    let fact = fact(fact_name, *fact_span, faults)?;
    if !matches!(fact.fact_type(), Type::Text | Type::Any) {
        let message = format!("`{name}` on {}", of(fact.fact_type()));
        fault(faults, Kind::ConditionType, *fact_span, message, "it works on texts");
        return None;
    }
    let [Node { form: Form::Text(part), .. }] = arguments else {
        let message = format!("`{name}` takes one text");
        fault(faults, Kind::ConditionType, span, message, "");
        return None;
    };
    Some(Expr::Text { text: Operand::Fact(fact), test, part: part.clone() })
}
