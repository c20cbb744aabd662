//! Every row of `testdata/masking/*.toml`: masked as a whole, then cut into bytes, then once more.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

use std::fs;
use std::path::Path;

use base64::Engine as _;
use libtest_mimic::{Arguments, Failed, Trial};
use placet::mask::shape::{csv::CsvMasker, json::JsonMasker, yaml::YamlMasker};
use placet::mask::{
    self, ColumnRule, Detectors, EntityType, Finding, Forced, Masker, Operator, Operators,
    RowMasker,
};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Case>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    why: String,
    input: Option<String>,
    input_base64: Option<String>,
    #[serde(default)]
    format: Format,
    /// Rows: the columns, and the class of those that are forced.
    #[serde(default)]
    columns: Vec<Column>,
    /// Rows: cells before and after.
    #[serde(default)]
    rows: Vec<Vec<String>>,
    #[serde(default)]
    masked_rows: Vec<Vec<String>>,
    masked: Option<String>,
    masked_base64: Option<String>,
    findings: Option<Vec<Expected>>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    #[default]
    Text,
    Json,
    Csv,
    Yaml,
    Rows,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Column {
    name: String,
    forced: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    #[serde(rename = "type")]
    kind: String,
    start: u64,
    end: u64,
}

enum Stream {
    Text(Masker),
    Json(JsonMasker),
    Csv(CsvMasker),
    Yaml(YamlMasker),
}

impl Stream {
    fn new(format: Format) -> Self {
        let (detectors, operators) = (Detectors::builtin(), Operators::redact_all());
        match format {
            Format::Text | Format::Rows => Self::Text(Masker::new(detectors, operators)),
            Format::Json => Self::Json(JsonMasker::new(detectors, operators)),
            Format::Csv => Self::Csv(CsvMasker::new(detectors, operators)),
            Format::Yaml => Self::Yaml(YamlMasker::new(detectors, operators)),
        }
    }

    fn run(mut self, input: &[u8], chunk: usize) -> (Vec<u8>, Vec<Finding>) {
        let mut out = Vec::new();
        let mut findings = Vec::new();
        macro_rules! each {
            ($masker:expr) => {{
                for part in input.chunks(chunk.max(1)) {
                    out.extend($masker.push(part).unwrap());
                    findings.extend($masker.take_findings());
                }
                out.extend($masker.finish().unwrap());
                findings.extend($masker.take_findings());
            }};
        }
        match &mut self {
            Self::Text(masker) => each!(masker),
            Self::Json(masker) => each!(masker),
            Self::Csv(masker) => each!(masker),
            Self::Yaml(masker) => each!(masker),
        }
        (out, findings)
    }
}

fn bytes(text: Option<&String>, base64: Option<&String>) -> Result<Vec<u8>, String> {
    match (text, base64) {
        (Some(text), None) => Ok(text.clone().into_bytes()),
        (None, Some(base64)) => base64::engine::general_purpose::STANDARD
            .decode(base64)
            .map_err(|error| error.to_string()),
        (None, None) | (Some(_), Some(_)) => Err("exactly one of text and base64".into()),
    }
}

fn equal(what: &str, got: &[u8], wanted: &[u8]) -> Result<(), Failed> {
    if got == wanted {
        return Ok(());
    }
    let show = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Err(format!("{what}\n  got    {:?}\n  wanted {:?}", show(got), show(wanted)).into())
}

fn run(case: &Case) -> Result<(), Failed> {
    assert!(!case.why.is_empty(), "every case says why it stands here");
    if matches!(case.format, Format::Rows) {
        return rows(case);
    }
    let input = bytes(case.input.as_ref(), case.input_base64.as_ref())?;
    let wanted = bytes(case.masked.as_ref(), case.masked_base64.as_ref())?;
    let (out, findings) = Stream::new(case.format).run(&input, input.len());
    equal("masked", &out, &wanted)?;
    for chunk in [1, 7] {
        let (cut, found) = Stream::new(case.format).run(&input, chunk);
        equal(&format!("in chunks of {chunk}"), &cut, &wanted)?;
        assert_eq!(found, findings, "findings in chunks of {chunk}");
    }
    let (twice, _) = Stream::new(case.format).run(&out, out.len());
    equal("masked twice", &twice, &wanted)?;
    if let Some(expected) = &case.findings {
        let found: Vec<_> = findings
            .iter()
            .map(|found| Expected {
                kind: found.kind.name().into(),
                start: found.start,
                end: found.end,
            })
            .collect();
        assert_eq!(&found, expected, "findings");
    }
    if input == wanted {
        assert!(findings.is_empty(), "nothing was masked, and yet there are findings");
    }
    if matches!(case.format, Format::Text) {
        let whole = mask::text(&Detectors::builtin(), &Operators::redact_all(), &input)?;
        equal("as one text", &whole.bytes, &wanted)?;
        assert_eq!(whole.findings, findings, "findings as one text");
    }
    if matches!(case.format, Format::Json) && is_json(&input) {
        assert!(is_json(&out), "JSON must stay JSON");
    }
    Ok(())
}

fn is_json(bytes: &[u8]) -> bool {
    let mut values = serde_json::Deserializer::from_slice(bytes).into_iter::<serde_json::Value>();
    values.all(|value| value.is_ok())
}

fn rows(case: &Case) -> Result<(), Failed> {
    let columns = case.columns.iter().map(|column| ColumnRule {
        name: column.name.clone(),
        forced: column.forced.clone().map(|class| Forced { class, operator: Operator::Redact }),
    });
    let mut masker =
        RowMasker::new(Detectors::builtin(), Operators::redact_all(), columns.collect());
    let mut masked = Vec::new();
    for row in &case.rows {
        let mut cells = Vec::new();
        for (column, cell) in row.iter().enumerate() {
            let out = masker.cell(column, cell.as_bytes())?;
            cells.push(String::from_utf8_lossy(out.bytes()).into_owned());
        }
        masked.push(cells);
    }
    assert_eq!(masked, case.masked_rows);
    Ok(())
}

fn main() {
    let arguments = Arguments::from_args();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/masking");
    let mut trials = Vec::new();
    let mut files: Vec<_> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for path in files.iter().filter(|path| path.extension().is_some_and(|end| end == "toml")) {
        let text = fs::read_to_string(path).unwrap();
        let file: File =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let family = path.file_stem().unwrap().to_string_lossy().into_owned();
        for case in file.case {
            for expected in case.findings.iter().flatten() {
                let known = EntityType::parse(&expected.kind).is_some();
                assert!(known, "{}: no type `{}`", case.name, expected.kind);
            }
            let name = format!("{family}::{}", case.name);
            trials.push(Trial::test(name, move || run(&case)));
        }
    }
    let names: std::collections::BTreeSet<_> =
        trials.iter().map(|trial| trial.name().to_owned()).collect();
    assert_eq!(names.len(), trials.len(), "two cases have one name");
    libtest_mimic::run(&arguments, trials).exit();
}
