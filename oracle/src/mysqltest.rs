//! Scripts of MariaDB's test suite are cut into statements. Commands of the test program itself are
//! dropped where they are easily told; the server refuses the rest of them.

/// The statements of a script with the number of the line where each begins.
pub(crate) fn split(script: &str) -> Vec<(usize, String)> {
    let mut cut = Cut { script, at: 0, delimiter: ";".to_owned(), statements: Vec::new() };
    while cut.step() {}
    cut.statements
}

struct Cut<'a> {
    script: &'a str,
    at: usize,
    delimiter: String,
    statements: Vec<(usize, String)>,
}

/// Words of the test program that stand before a statement.
const BEFORE: &[&str] = &["eval", "send", "query_vertical", "query_horizontal", "send_eval"];

impl<'a> Cut<'a> {
    fn rest(&self) -> &'a str {
        self.script.get(self.at..).unwrap_or_default()
    }

    /// Takes what comes next; false at the end.
    fn step(&mut self) -> bool {
        let rest = self.rest();
        let Some(c) = rest.chars().next() else { return false };
        if c.is_whitespace() || c == '}' {
            self.at += c.len_utf8();
        } else if c == '#' || rest.starts_with("--") {
            self.line();
        } else if let Some(bytes) = block(rest) {
            self.at += bytes;
        } else {
            self.statement();
        }
        true
    }

    /// A command or a comment that ends with its line.
    fn line(&mut self) {
        let rest = self.rest();
        let bytes = rest.find('\n').unwrap_or(rest.len());
        let line = rest.get(..bytes).unwrap_or_default().trim_start_matches('-').trim();
        self.at += bytes;
        self.command(line);
    }

    /// A statement ends with the delimiter, outside quotes and comments.
    fn statement(&mut self) {
        let rest = self.rest();
        let (mut end, mut quote, mut at) = (rest.len(), None, 0);
        while let Some(tail) = rest.get(at..).filter(|tail| !tail.is_empty()) {
            let c = tail.chars().next().unwrap_or_default();
            let whole_line = at == 0 || rest.get(..at).is_some_and(|before| before.ends_with('\n'));
            match quote {
                Some(_) if c == '\\' => {
                    let escaped = tail.chars().nth(1).map_or(0, char::len_utf8);
                    at += escaped;
                }
                Some(open) => quote = Some(open).filter(|_| c != open),
                None if tail.starts_with(&self.delimiter) => {
                    end = at;
                    break;
                }
                None if c == '#' && whole_line || tail.starts_with("-- ") => {
                    at += tail.find('\n').unwrap_or(tail.len());
                    continue;
                }
                None if tail.starts_with("/*") => {
                    at += tail.find("*/").map_or(tail.len(), |end| end + 2);
                    continue;
                }
                None if matches!(c, '\'' | '"' | '`') => quote = Some(c),
                None => {}
            }
            at += c.len_utf8();
        }
        let line = self.script.get(..self.at).unwrap_or_default().matches('\n').count() + 1;
        let text = rest.get(..end).unwrap_or_default().trim();
        self.at += (end + self.delimiter.len()).min(rest.len());
        if self.command(text) {
            return;
        }
        let (word, tail) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let before = BEFORE.contains(&word.to_lowercase().as_str());
        let text = if before { tail.trim() } else { text };
        // Variables of the test program stand in what it evaluates.
        let varies = before && text.contains('$');
        if !text.is_empty() && !varies {
            self.statements.push((line, text.to_owned()));
        }
    }

    /// Commands that change how the script is read on.
    fn command(&mut self, text: &str) -> bool {
        let (word, tail) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        match word.to_lowercase().as_str() {
            "delimiter" => {
                let end = self.delimiter.as_str();
                let next = tail.trim().strip_suffix(end).unwrap_or(tail).trim();
                if !next.is_empty() {
                    self.delimiter = next.to_owned();
                }
            }
            "perl" | "write_file" | "append_file" => {
                // What follows is a file's text, up to its mark.
                let rest = self.rest();
                let mark = rest.find("\nEOF").map_or(rest.len(), |at| at + 4);
                self.at += mark;
            }
            _ => return false,
        }
        true
    }
}

/// The length of `if (…) {` and `while (…) {`.
fn block(text: &str) -> Option<usize> {
    let word: String = text.chars().take_while(char::is_ascii_alphabetic).collect();
    let condition = text.get(word.len()..)?.trim_start();
    let opens =
        matches!(word.to_lowercase().as_str(), "if" | "while") && condition.starts_with('(');
    let line = text.find('{').filter(|_| opens)?;
    let before = text.get(..line)?;
    (!before.contains(';')).then_some(line + 1)
}

#[cfg(test)]
mod tests {
    use super::split;

    fn statements(script: &str) -> Vec<String> {
        split(script).into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn a_script_is_cut_as_the_test_program_cuts_it() {
        assert_eq!(
            statements("# a\n--error 1064\nSELECT 1; select ';', \"a\\\";\";\n-- source x\nDO 2;"),
            ["SELECT 1", "select ';', \"a\\\";\"", "DO 2"]
        );
        let routine = "CREATE PROCEDURE p() BEGIN DO 1; DO 2; END";
        assert_eq!(
            statements(&format!("delimiter |;\n{routine}|\ndelimiter ;|\nCALL p();")),
            [routine, "CALL p()"]
        );
        assert_eq!(statements("if ($x)\n{\nSELECT 1;\n}\nSELECT 2;"), ["SELECT 1", "SELECT 2"]);
        assert_eq!(statements("perl;\nprint 1; x\nEOF\nSELECT 3;"), ["SELECT 3"]);
        assert_eq!(
            statements("eval SELECT 4; eval SELECT $x; let $a= 1;"),
            ["SELECT 4", "let $a= 1"]
        );
    }
}
