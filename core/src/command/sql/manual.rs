//! The scanners' tables as a row of the manual.

use super::rules::{
    Behind, DollarStrings, Ends, Escapes, Holds, Mark, Nesting, Placeholders, Rules, Sure,
};
use crate::command::Dialect;

/// Comments, strings, names, placeholders and ends of a dialect, in words.
pub(crate) fn row(dialect: Dialect) -> [String; 5] {
    let rules = Rules::of(dialect);
    [comments(rules), quotes(rules, false), quotes(rules, true), placeholders(rules), ends(rules)]
}

fn comments(rules: &Rules) -> String {
    let mut parts = Vec::new();
    for comment in rules.line_comments {
        let then = match comment.then {
            Behind::Anything => "",
            Behind::Blank => " and a blank",
            Behind::BlankOrBang => " and a blank or `!`",
        };
        let cr = match comment.ends_at_cr {
            Sure::Yes => ", ends at CR",
            Sure::No => "",
            Sure::Varies => ", CR varies",
        };
        parts.push(format!("`{}`{then}{cr}", comment.mark));
    }
    let nested = match rules.nested_comments {
        Nesting::Nested => "nested",
        Nesting::Flat => "flat",
        Nesting::Varies => "nesting varies",
    };
    parts.push(format!("`/* */` {nested}"));
    if rules.runs_comments {
        parts.push("`/*! */` read both ways".to_owned());
    }
    parts.join("; ")
}

fn quotes(rules: &Rules, names: bool) -> String {
    let mut parts = Vec::new();
    for quote in rules.quotes {
        let shown = match quote.holds {
            Holds::Name => names,
            Holds::Text | Holds::Bytes => !names,
            Holds::NameIfAnsi => true,
        };
        if !shown {
            continue;
        }
        let escapes = match quote.escapes {
            Escapes::Never => "",
            Escapes::Doubled => " doubled",
            Escapes::Backslash => " `\\`",
            Escapes::DoubledAndBackslash => " doubled, `\\`",
            Escapes::Raw => " raw",
            Escapes::Session => " as the session says",
            Escapes::BackslashVaries => " doubled, `\\` varies",
            Escapes::Unicode => " unicode",
            Escapes::Delimited => " delimited",
            Escapes::DoubledAndBackslashAlone => " doubled, `\\`, on one line",
            Escapes::PlainInside => " plain inside",
        };
        let ansi = if quote.holds == Holds::NameIfAnsi { " (by mode)" } else { "" };
        let open = quote.open.replace('`', "backquote");
        parts.push(format!("{}{open}{escapes}{ansi}", quote.prefix));
    }
    match rules.dollar_strings {
        DollarStrings::Tagged if !names => parts.push("$tag$ … $tag$".to_owned()),
        DollarStrings::Bare if !names => parts.push("$$ … $$".to_owned()),
        DollarStrings::None | DollarStrings::Tagged | DollarStrings::Bare => {}
    }
    parts.join("; ")
}

fn placeholders(rules: &Rules) -> String {
    match rules.placeholders {
        Placeholders::DollarNumber => "`$1`".to_owned(),
        Placeholders::Sqlite => "`?` `?1` `:a` `@a` `$a`".to_owned(),
        Placeholders::Marks(marks) => {
            let shown = marks.iter().map(|mark| match mark {
                Mark::Question => "`?`",
                Mark::Colon => "`:a`",
                Mark::Dollar => "`$a`",
            });
            shown.collect::<Vec<_>>().join(" ")
        }
    }
}

fn ends(rules: &Rules) -> String {
    match rules.ends {
        Ends::Separator => "`;`",
        Ends::ClientDelimiter => "`;`, `DELIMITER`",
        Ends::NextStatement => "`;`, the next statement, `GO`",
        Ends::SlashLine => "`;`, a line `/`",
    }
    .to_owned()
}
