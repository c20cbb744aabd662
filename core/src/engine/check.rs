//! A bundle against its own words: examples of rules and rows of `tests/` need the readers, so
//! they are run here and not in `policy`.

use crate::command::Protocol;
use crate::facts::{self, Facts, Reason, Scope};
use crate::mask::EntityType;
use crate::policy::{BundleTest, CompileError, CompileErrorKind, RuleSet, Tri, Verdict};
use crate::primitives::Span;
use crate::request::{Context, Request};
use crate::schema::{Catalog, SqlSession};

/// What came of one row of `tests/*.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestResult {
    /// The row's name.
    pub name: String,
    /// The file that holds it.
    pub file: String,
    /// Its place in the file.
    pub span: Span,
    /// What came out instead of what was expected; `None` where the row holds.
    pub failure: Option<String>,
}

/// Checks what compilation could not: that every detector exists, every catalog can be read, and
/// every `hit` and `miss` of a rule holds.
///
/// An empty list means that the bundle keeps its own word.
///
/// # Examples
/// ```
/// let rules = placet::policy::pack("baseline").unwrap()?;
/// assert!(placet::engine::check(&rules).is_empty());
/// # Ok::<(), placet::policy::CompileErrors>(())
/// ```
#[must_use]
pub fn check(rules: &RuleSet) -> Vec<CompileError> {
    let mut problems = unknown_detectors(rules);
    let catalog = match catalog(rules.example_setting().catalog.as_ref()) {
        Ok(catalog) => catalog,
        Err(why) => {
            problems.push(CompileError::new(
                CompileErrorKind::BadValue,
                "bundle.toml",
                None,
                why,
                "see docs/spec/facts.md for the catalog object",
            ));
            None
        }
    };
    for example in rules.examples() {
        let Some(facts) = read(example.protocol, example.text, catalog.as_ref()) else { continue };
        let matched = rules.rule_matches(example.rule_index, &facts);
        let hit = matched.is_some_and(|tri| tri != Tri::False);
        if hit == example.expect_hit {
            continue;
        }
        let (is, should) = if hit { ("matches", "miss") } else { ("does not match", "hit") };
        problems.push(CompileError::new(
            CompileErrorKind::Example,
            example.file,
            Some(example.span),
            format!("rule `{}` {is} an example that it should {should}", example.rule),
            "mend the rule or the example",
        ));
    }
    problems
}

fn unknown_detectors(rules: &RuleSet) -> Vec<CompileError> {
    let names = rules.classes().iter().flat_map(|class| &class.detectors);
    names
        .filter(|name| EntityType::parse(name).is_none())
        .map(|name| {
            CompileError::new(
                CompileErrorKind::UnknownWord,
                "classes.toml",
                None,
                format!("unknown detector `{name}`"),
                "see docs/spec/masking.md for the types",
            )
        })
        .collect()
}

/// Runs every row of the bundle's `tests/*.toml`.
///
/// # Examples
/// ```
/// let rules = placet::policy::pack("baseline").unwrap()?;
/// let results = placet::engine::run_tests(&rules);
/// assert!(!results.is_empty() && results.iter().all(|result| result.failure.is_none()));
/// # Ok::<(), placet::policy::CompileErrors>(())
/// ```
#[must_use]
pub fn run_tests(rules: &RuleSet) -> Vec<TestResult> {
    rules
        .tests()
        .iter()
        .map(|test| TestResult {
            name: test.name.clone(),
            file: test.file.clone(),
            span: test.span,
            failure: run_test(rules, test).err(),
        })
        .collect()
}

fn run_test(rules: &RuleSet, test: &BundleTest) -> Result<(), String> {
    let own = test.catalog.as_ref().or(rules.example_setting().catalog.as_ref());
    let catalog = catalog(own)?;
    let facts = read(Some(&test.protocol), &test.text, catalog.as_ref())
        .ok_or_else(|| format!("no protocol is called `{}`", test.protocol))?;
    let request = Request {
        principal: test.principal.clone(),
        resource: test.resource.clone(),
        session: test.session.clone(),
        context: Context { now: test.now },
        enforces: test.enforces,
    };
    let decision = rules.decide(&facts, &request);
    let got: Vec<&str> = decision.rules.iter().map(|rule| &**rule).collect();
    if decision.verdict != test.verdict {
        let (got_verdict, wanted): (Verdict, Verdict) = (decision.verdict, test.verdict);
        return Err(format!(
            "verdict is {} by {got:?}, expected {}",
            got_verdict.name(),
            wanted.name()
        ));
    }
    if let Some(wanted) = test.rules.as_ref().filter(|wanted| **wanted != got) {
        return Err(format!("rules are {got:?}, expected {wanted:?}"));
    }
    match test.reasons.iter().find(|reason| !decision.reasons.contains(&reason.as_str())) {
        Some(missing) => Err(format!("reasons are {:?}, `{missing}` is missing", decision.reasons)),
        None => Ok(()),
    }
}

fn catalog(object: Option<&serde_json::Value>) -> Result<Option<Catalog>, String> {
    object
        .map(|object| serde_json::from_value(object.clone()))
        .transpose()
        .map_err(|_| "the catalog cannot be read".to_owned())
}

/// Reads an example; without a protocol it counts as not understood at all.
fn read(protocol: Option<&str>, text: &str, catalog: Option<&Catalog>) -> Option<Facts> {
    let session = SqlSession::server_defaults();
    match protocol {
        Some(name) => Protocol::parse(name).map(|protocol| {
            facts::read(protocol, text.as_bytes(), &Scope { catalog, session: &session })
        }),
        None => Protocol::parse("tool")
            .map(|tool| Facts::opaque(tool, Reason::ReaderAbsent, text.len())),
    }
}
