//! `placet bundle`: make, check, pack, sign and verify bundles.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use placet::crypto::dsse::Envelope;
use placet::engine::{self, TestResult};
use placet::policy::{
    self, BundleError, Lint, RoleKeys, RootDocument, Source, VerifiedBundle, envelope,
};
use placet::primitives::{Span, Timestamp};
use placet_store::{keys, system};
use serde::Serialize;

use crate::args::Bundle;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::{bundles, files, render};

/// The bundle that `init` writes.
const TEMPLATE: &[(&str, &str)] = &[
    ("bundle.toml", include_str!("../../templates/bundle/bundle.toml")),
    ("classes.toml", include_str!("../../templates/bundle/classes.toml")),
    ("approvals.toml", include_str!("../../templates/bundle/approvals.toml")),
    ("tags/crm.toml", include_str!("../../templates/bundle/tags/crm.toml")),
    ("rules/10-reads.toml", include_str!("../../templates/bundle/rules/10-reads.toml")),
    ("rules/20-writes.toml", include_str!("../../templates/bundle/rules/20-writes.toml")),
    ("tests/crm.toml", include_str!("../../templates/bundle/tests/crm.toml")),
];

/// Runs the command.
pub(crate) fn run(args: &Bundle) -> Result<Exit, Failure> {
    match args {
        Bundle::Init { dir } => init(dir),
        Bundle::Lint { bundle, json } => lint(bundle, *json),
        Bundle::Test { bundle, json } => test(bundle, *json),
        Bundle::Pack { dir, out } => pack(dir, out),
        Bundle::Sign { file, key } => sign(file, key),
        Bundle::Verify { file, root, state, now, json } => {
            let now = now.as_deref().map(time).transpose()?.unwrap_or_else(system::now);
            verify(file, root, state.as_deref(), now, *json)
        }
        Bundle::Root { key, loosen, expires, out } => root(key, *loosen, time(expires)?, out),
    }
}

/// A time of the command line.
pub(crate) fn time(text: &str) -> Result<Timestamp, Failure> {
    Timestamp::parse(text).ok_or_else(|| {
        Failure::new(
            "API014",
            format!("`{}` is not a time", text.escape_debug()),
            "write it as RFC 3339: 2026-11-22T12:00:00Z",
        )
    })
}

fn init(dir: &Path) -> Result<Exit, Failure> {
    let taken = std::fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some());
    if taken {
        return Err(Failure::new("API016", "the directory is not empty", "give a new directory")
            .in_file(dir.display().to_string()));
    }
    for (name, text) in TEMPLATE {
        let path = dir.join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)
                .map_err(|error| files::cannot_write(&parent.display().to_string(), &error))?;
        }
        files::write(&path, text.as_bytes())?;
        render::line(&path.display().to_string())?;
    }
    render::line(&format!("next: placet bundle test {}", dir.display()))?;
    Ok(Exit::Done)
}

fn text_of(name: &str) -> Result<Source, Failure> {
    policy::pack_source(name).map_or_else(|| bundles::source(Path::new(name)), Ok)
}

/// One finding of `lint --json`.
#[derive(Serialize)]
struct Finding {
    code: &'static str,
    file: String,
    span: Option<Span>,
    message: String,
    help: String,
}

fn lint(name: &str, json: bool) -> Result<Exit, Failure> {
    let source = text_of(name)?;
    let mut findings = Vec::new();
    match policy::compile(&source) {
        Err(errors) => findings.extend(errors.iter().map(finding)),
        Ok(rules) => {
            findings.extend(engine::check(&rules).iter().map(finding));
            findings.extend(policy::lint(&rules).into_iter().map(|lint| {
                let Lint { code, file, span, message, help } = lint;
                Finding { code, file, span, message, help }
            }));
        }
    }
    if json {
        render::json(&findings)?;
    } else {
        for found in findings.iter().take(render::MAX_SHOWN_PROBLEMS) {
            let level = if found.code.starts_with("POL") { "error" } else { "warning" };
            let place = render::Place { file: &found.file, span: found.span };
            let title = format!("[{}]: {}", found.code, found.message);
            render::text(&render::snippet(level, &title, &place, &source, &found.help))?;
        }
        if findings.len() > render::MAX_SHOWN_PROBLEMS {
            render::line(&format!("the first {} of", render::MAX_SHOWN_PROBLEMS))?;
        }
        let noun = if findings.len() == 1 { "finding" } else { "findings" };
        render::line(&format!("{} {noun}", findings.len()))?;
    }
    Ok(if findings.is_empty() { Exit::Done } else { Exit::No })
}

fn finding(error: &policy::CompileError) -> Finding {
    Finding {
        code: error.code(),
        file: error.file().to_owned(),
        span: error.span(),
        message: error.to_string(),
        help: error.help().to_owned(),
    }
}

/// The result of one row for `test --json`.
#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    file: &'a str,
    span: Span,
    failure: Option<&'a str>,
}

fn test(name: &str, json: bool) -> Result<Exit, Failure> {
    let source = text_of(name)?;
    let bundle = bundles::unsigned(&source)?;
    let results = engine::run_tests(bundle.rules());
    let failed = results.iter().filter(|result| result.failure.is_some()).count();
    if json {
        let rows: Vec<Row<'_>> = results
            .iter()
            .map(|TestResult { name, file, span, failure }| Row {
                name,
                file,
                span: *span,
                failure: failure.as_deref(),
            })
            .collect();
        render::json(&rows)?;
    } else {
        for result in &results {
            let Some(failure) = &result.failure else { continue };
            let place = render::Place { file: &result.file, span: Some(result.span) };
            let title = format!("[POL027]: test `{}`: {failure}", result.name);
            render::text(&render::snippet("error", &title, &place, &source, ""))?;
        }
        render::line(&format!("{} passed, {failed} failed", results.len() - failed))?;
    }
    Ok(if failed == 0 { Exit::Done } else { Exit::No })
}

fn pack(dir: &Path, out: &Path) -> Result<Exit, Failure> {
    let source = bundles::source(dir)?;
    let bundle = bundles::unsigned(&source)?;
    let packed = envelope::sign(&source, &[]).map_err(|error| {
        if error != BundleError::Payload {
            return Failure::from(error);
        }
        Failure::new(
            error.code(),
            "a path in the bundle cannot be packed",
            "use letters, digits, `_`, `-` and `.` in names, at most 200 bytes a path",
        )
    })?;
    replace_bundle(out, &packed)?;
    render::line(&format!("{} {}", out.display(), bundle.digest()))?;
    Ok(Exit::Done)
}

/// Writes a packed bundle over an older one, and over nothing else: a slip in `--out` must not cost
/// a key.
fn replace_bundle(out: &Path, packed: &[u8]) -> Result<(), Failure> {
    let is_bundle = |bytes: &[u8]| {
        Envelope::parse(bytes)
            .and_then(|old| old.signers(envelope::BUNDLE_PAYLOAD_TYPE, &[]).map(drop))
            .is_ok()
    };
    if out.symlink_metadata().is_ok() && !files::read(out).is_ok_and(|old| is_bundle(&old)) {
        let message = "what stands there is no packed bundle, and is not overwritten";
        return Err(Failure::new("API132", message, "choose another name, or move the file away")
            .in_file(out.display().to_string()));
    }
    files::write(out, packed)
}

fn sign(file: &Path, key: &Path) -> Result<Exit, Failure> {
    let key = keys::read_signing_key(key)?;
    let packed = files::read(file)?;
    let signed = envelope::add_signature(&packed, key.key())
        .map_err(|error| Failure::from(error).in_file(file.display().to_string()))?;
    files::write(file, &signed)?;
    render::line(&format!("{} signed by {}", file.display(), key.name()))?;
    Ok(Exit::Done)
}

/// The result of `verify --json`.
#[derive(Serialize)]
struct Verified<'a> {
    name: &'a str,
    sequence: u64,
    digest: placet::primitives::Digest,
    rules: usize,
    loosened: Vec<String>,
}

fn verify(
    file: &Path,
    root: &Path,
    state: Option<&Path>,
    now: Timestamp,
    json: bool,
) -> Result<Exit, Failure> {
    let first_use = state.is_some_and(bundles::remembers_nothing);
    let bundle: VerifiedBundle = bundles::verify(file, root, state, now)?;
    let manifest = bundle.rules().manifest();
    let loosened: Vec<String> =
        bundle.loosened().iter().map(|part| format!("{}: {}", part.what, part.why)).collect();
    let verified = Verified {
        name: &manifest.name,
        sequence: manifest.sequence,
        digest: bundle.digest(),
        rules: bundle.rules().rule_count(),
        loosened,
    };
    if json {
        render::json(&verified)?;
    } else {
        let Verified { name, sequence, digest, rules, loosened } = &verified;
        render::line(&format!("{name} {sequence}: {rules} rules, {digest}"))?;
        for what in loosened {
            render::line(&format!("  loosens {what}"))?;
        }
        if first_use {
            render::line("  first use of this --state: there was no older bundle to compare with")?;
        }
        if state.is_none() {
            render::line("  no --state: an older bundle would have been taken too")?;
        }
    }
    Ok(Exit::Done)
}

fn root(
    private: &[PathBuf],
    loosen: usize,
    expires: Timestamp,
    out: &Path,
) -> Result<Exit, Failure> {
    let signers = private
        .iter()
        .map(|path| keys::read_signing_key(path).map_err(Failure::from))
        .collect::<Result<Vec<_>, Failure>>()?;
    let all = |threshold| RoleKeys {
        keys: signers.iter().map(|key| key.verifying_key()).collect(),
        threshold,
    };
    let different: BTreeSet<_> =
        signers.iter().map(|key| *key.key().verifying_key().as_bytes()).collect();
    if different.len() < signers.len() {
        let message = "one key was given twice";
        return Err(Failure::new("API019", message, "a threshold counts different keys"));
    }
    if loosen == 0 || loosen > signers.len() {
        let message = format!("`--loosen {loosen}` of {} keys can never be met", signers.len());
        let help = "give at least 1, and a `--key` for each";
        return Err(Failure::new("API019", message, help));
    }
    if expires <= system::now() {
        let message = "`--expires` is in the past: nothing would verify under this root";
        return Err(Failure::new("API019", message, "give the day of the next rotation"));
    }
    let loosen = u32::try_from(loosen).unwrap_or(u32::MAX);
    let document = RootDocument {
        version: 1,
        expires,
        root: all(1),
        bundle: all(1),
        loosen: all(loosen),
        revoke: all(1),
    };
    let keys: Vec<_> = signers.iter().map(|key| key.key()).collect();
    let signed = document.sign(&keys)?;
    // Whoever replaces a pinned root moves the old one away, and knows that they did.
    files::create(out, &signed)?;
    render::line(&out.display().to_string())?;
    Ok(Exit::Done)
}
