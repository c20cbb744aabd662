//! Scripts are cut into the texts that psql would send: backslash commands, COPY data and comments
//! in front of a statement fall away. What the cut gets wrong, the grammar refuses afterwards.

/// The texts of a script with the number of the line where each begins.
pub(crate) fn split(script: &str) -> Vec<(usize, String)> {
    let mut cut = Cut { script, at: 0, line: 1, texts: Vec::new() };
    let mut statement = Statement::default();
    while let Some(c) = cut.peek() {
        cut.step(c, &mut statement);
    }
    cut.send(&mut statement);
    cut.texts
}

struct Cut<'a> {
    script: &'a str,
    at: usize,
    line: usize,
    texts: Vec<(usize, String)>,
}

#[derive(Default)]
struct Statement {
    text: String,
    line: usize,
    brackets: usize,
    /// The first words, in lower case: they say whether `BEGIN ATOMIC` may follow.
    words: Vec<String>,
    /// Open `BEGIN` and `CASE` in a function's body.
    blocks: usize,
}

impl Statement {
    fn defines_routine(&self) -> bool {
        let mut words =
            self.words.iter().map(String::as_str).filter(|w| !matches!(*w, "or" | "replace"));
        words.next() == Some("create") && matches!(words.next(), Some("function" | "procedure"))
    }

    /// `COPY … FROM STDIN`: data follows, if the server takes the statement.
    fn wants_data(&self) -> bool {
        let mut pairs = self.words.iter().zip(self.words.iter().skip(1));
        self.words.first().is_some_and(|w| w == "copy")
            && pairs.any(|(a, b)| a == "from" && b == "stdin")
    }
}

impl Cut<'_> {
    fn rest(&self) -> &str {
        self.script.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Passes `bytes` bytes; they belong to the statement.
    fn take(&mut self, bytes: usize, into: &mut Statement) {
        let taken = self.rest().get(..bytes).unwrap_or_default().to_owned();
        if into.text.is_empty() {
            into.line = self.line;
        }
        into.text += &taken;
        self.pass(bytes);
    }

    /// Passes `bytes` bytes that belong to no statement.
    fn pass(&mut self, bytes: usize) {
        let passed = self.rest().get(..bytes).unwrap_or_default();
        let lines = passed.matches('\n').count();
        self.line += lines;
        self.at += bytes.max(1);
    }

    fn step(&mut self, c: char, statement: &mut Statement) {
        let rest = self.rest();
        let fresh = statement.text.is_empty();
        if rest.starts_with("--") {
            let bytes = rest.find('\n').unwrap_or(rest.len());
            if fresh { self.pass(bytes) } else { self.take(bytes, statement) }
        } else if rest.starts_with("/*") {
            let bytes = comment(rest);
            if fresh { self.pass(bytes) } else { self.take(bytes, statement) }
        } else if c.is_whitespace() && fresh {
            self.pass(c.len_utf8());
        } else if c == '\\' {
            self.command(statement);
        } else if c == '\'' || c == '"' {
            let escapes = statement.words.last().is_some_and(|w| w == "e")
                && statement.text.ends_with(['e', 'E']);
            self.take(quoted(rest, c, escapes), statement);
        } else if let Some(bytes) = dollar(rest).filter(|_| !ends_in_word(&statement.text)) {
            self.take(bytes, statement);
        } else if c == ';' && statement.brackets == 0 && statement.blocks == 0 {
            self.pass(1);
            let data = statement.wants_data();
            self.send(statement);
            if data {
                self.data();
            }
        } else if c.is_alphabetic() || c == '_' {
            let word: String = rest.chars().take_while(|c| word_char(*c)).collect();
            self.take(word.len(), statement);
            let word = word.to_lowercase();
            match word.as_str() {
                "begin" if statement.defines_routine() => statement.blocks += 1,
                "case" if statement.blocks > 0 => statement.blocks += 1,
                "end" => statement.blocks = statement.blocks.saturating_sub(1),
                _ => {}
            }
            statement.words.push(word);
        } else {
            match c {
                '(' => statement.brackets += 1,
                ')' => statement.brackets = statement.brackets.saturating_sub(1),
                _ => {}
            }
            self.take(c.len_utf8(), statement);
        }
    }

    /// A backslash command goes to the end of its line; some send what stands before them.
    fn command(&mut self, statement: &mut Statement) {
        let rest = self.rest();
        if rest.starts_with("\\;") {
            self.pass(1);
            self.take(1, statement);
            return;
        }
        let bytes = rest.find('\n').unwrap_or(rest.len());
        let name: String = rest.chars().skip(1).take_while(|c| !c.is_whitespace()).collect();
        self.pass(bytes);
        if name.starts_with('g') || matches!(&*name, "crosstabview" | "watch" | "bind" | "parse") {
            self.send(statement);
        } else if name.starts_with('r') {
            *statement = Statement::default();
        }
    }

    fn send(&mut self, statement: &mut Statement) {
        let statement = std::mem::take(statement);
        let text = statement.text.trim();
        if !text.is_empty() {
            self.texts.push((statement.line, text.to_owned()));
        }
    }

    /// Data ends with `\.`. A COPY before that mark, and the first one had none: it failed.
    fn data(&mut self) {
        let rest = self.rest();
        let mut bytes = 0;
        for line in rest.split_inclusive('\n') {
            bytes += line.len();
            if line.trim_end() == "\\." {
                return self.pass(bytes);
            }
            if line.get(..5).is_some_and(|head| head.eq_ignore_ascii_case("copy ")) {
                return;
            }
        }
    }
}

fn word_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

fn ends_in_word(text: &str) -> bool {
    text.chars().next_back().is_some_and(word_char)
}

/// The length of a block comment; they nest.
fn comment(text: &str) -> usize {
    let (mut depth, mut at) = (0usize, 0);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest.starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The length of a quoted run, its quotes included. A doubled quote opens the next run at once,
/// which comes to the same.
fn quoted(text: &str, quote: char, escapes: bool) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if c == '\\' && escapes {
            escaped = true;
        } else if c == quote {
            return at + 1;
        }
    }
    text.len()
}

/// The length of a dollar-quoted run.
fn dollar(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('$')?;
    let tag = inner.get(..inner.find('$')?)?;
    let named = tag.chars().all(|c| c.is_alphanumeric() || c == '_')
        && !tag.starts_with(|c: char| c.is_ascii_digit());
    if !named {
        return None;
    }
    let fence = format!("${tag}$");
    let body = text.get(fence.len()..)?;
    Some(body.find(&fence).map_or(text.len(), |end| end + 2 * fence.len()))
}

#[cfg(test)]
mod tests {
    use super::split;

    fn texts(script: &str) -> Vec<String> {
        split(script).into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn a_script_is_cut_as_psql_cuts_it() {
        assert_eq!(texts("-- a\nSELECT 1; SELECT ';' -- b\n;"), ["SELECT 1", "SELECT ';' -- b"]);
        assert_eq!(texts("SELECT E'\\';' ; SELECT 'a''b;'"), ["SELECT E'\\';'", "SELECT 'a''b;'"]);
        assert_eq!(
            texts("SELECT $a$;$b$;$a$;\\d t\nTABLE t \\gset x_\n"),
            ["SELECT $a$;$b$;$a$", "TABLE t"]
        );
        assert_eq!(texts("SELECT 1\\; SELECT 2;"), ["SELECT 1; SELECT 2"]);
        assert_eq!(texts("CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2);").len(), 1);
        let body = "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; \
                    SELECT 2; END";
        assert_eq!(texts(&format!("{body}; SELECT 3")), [body, "SELECT 3"]);
    }

    #[test]
    fn copy_data_is_no_sql() {
        assert_eq!(
            texts("COPY t FROM stdin;\n1\t;\n\\.\nSELECT 1;"),
            ["COPY t FROM stdin", "SELECT 1"]
        );
        let failed = "COPY t FROM stdin;\nSELECT 2;\nCOPY u FROM stdin;\n1\n\\.\n";
        assert_eq!(texts(failed), ["COPY t FROM stdin", "SELECT 2", "COPY u FROM stdin"]);
    }
}
