use super::*;

const GOOD: &str = r#"
listen = "127.0.0.1:6432"
bundle = { pack = "baseline" }
audit = { dir = "audit", key = "audit.key", durability = "buffered" }
approvals = { dir = "held", wait_seconds = 20 }
admin = { listen = "[::1]:9464" }

[[database]]
name = "crm"
labels = { env = "prod" }
catalog = "crm.json"
[database.upstream]
address = "db.internal:5432"
user = "app"
password = { env = "CRM_PASSWORD" }
tls = "verify-full"
ca = "/etc/ca.pem"

[[agent]]
token_sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
databases = ["crm"]
expires = 2027-01-31T00:00:00Z
[agent.principal]
id = "agent:support-7"
groups = ["agents/support"]
claims = { team = "support", level = 3, trained = true }
delegator = "human:desk"
"#;

fn parse(text: &str) -> Result<Config, Vec<(&'static str, String)>> {
    Config::parse("proxy.toml", Path::new("/etc/placet"), text.to_owned()).map_err(|refused| {
        let of = |error: &ProxyError| {
            let at = error.span().and_then(|span| text.get(span.start()..span.end()));
            (error.code(), at.unwrap_or_default().to_owned())
        };
        refused.errors.iter().map(of).collect()
    })
}

#[test]
fn a_whole_configuration() {
    let config = parse(GOOD).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:6432");
    assert_eq!((config.workers, config.max_sessions), (1, 1000));
    assert_eq!(config.audit.dir, Path::new("/etc/placet/audit"));
    assert_eq!(config.audit.writer, "proxy");
    assert_eq!(config.approvals.unwrap().wait, Some(Duration::from_secs(20)));
    let [database] = &config.databases[..] else { panic!() };
    assert_eq!((&*database.resource.kind, &*database.resource.name), ("postgres", "crm"));
    assert_eq!(database.catalog.as_deref(), Some(Path::new("/etc/placet/crm.json")));
    assert_eq!(database.upstream.ca.as_deref(), Some(Path::new("/etc/ca.pem")));
    assert_eq!((database.upstream.host(), &*database.upstream.database), ("db.internal", "crm"));
    assert_eq!(database.upstream.methods, Methods::SCRAM);
    let [agent] = &config.agents[..] else { panic!() };
    assert_eq!(agent.principal.kind, PrincipalKind::Agent);
    assert_eq!(agent.principal.claims.len(), 3);
    assert_eq!(agent.expires.unwrap().to_string(), "2027-01-31T00:00:00.000Z");
}

/// What one change of the configuration is answered with: the code, and the text that it points at.
#[test]
fn problems_have_a_code_and_a_place() {
    for (from, to, code, at) in [
        ("listen = \"127", "lisen = \"127", "API041", "lisen"),
        ("env = \"prod\"", "env = 1", "API043", "1"),
        ("\"127.0.0.1:6432\"", "\"0.0.0.0:6432\"", "API046", "\"0.0.0.0:6432\""),
        ("\"127.0.0.1:6432\"", "\"localhost\"", "API044", "\"localhost\""),
        ("\"[::1]:9464\"", "\"0.0.0.0:9464\"", "API044", "\"0.0.0.0:9464\""),
        ("pack = \"baseline\"", "pack = \"baseline\", dir = \"x\"", "API044", ""),
        ("pack = \"baseline\"", "file = \"x\"", "API044", ""),
        ("\"buffered\"", "\"sometimes\"", "API044", "\"sometimes\""),
        ("wait_seconds = 20", "wait_seconds = 86400", "API044", "86400"),
        ("wait_seconds = 20", "wait_seconds = -1", "API043", "-1"),
        ("name = \"crm\"", "name = \"../crm\"", "API044", "\"../crm\""),
        ("\"db.internal:5432\"", "\"db.internal\"", "API044", "\"db.internal\""),
        ("\"db.internal:5432\"", "\":5432\"", "API044", "\":5432\""),
        ("\"verify-full\"", "\"prefer\"", "API044", "\"prefer\""),
        ("ca = \"/etc/ca.pem\"", "", "API042", ""),
        ("ca = \"/etc/ca.pem\"", "ca = \"x\"\nauth = [\"md5\"]", "API044", "\"md5\""),
        ("password = { env = \"CRM_PASSWORD\" }", "", "API042", ""),
        ("{ env = \"CRM_PASSWORD\" }", "{ env = \"A\", file = \"b\" }", "API044", ""),
        ("{ env = \"CRM_PASSWORD\" }", "{ exec = [] }", "API044", ""),
        ("databases = [\"crm\"]", "databases = [\"erp\"]", "API051", "\"erp\""),
        ("\"e3b0", "\"x3b0", "API044", ""),
        ("2027-01-31T00:00:00Z", "\"soon\"", "API044", "\"soon\""),
        ("level = 3", "level = 3.5", "API043", "3.5"),
        ("id = \"agent:support-7\"", "", "API042", ""),
        ("labels = {", "settings = [\"Search_Path\"]\nlabels = {", "API050", "\"Search_Path\""),
        ("[[agent]]", "[[agent]", "API040", ""),
    ] {
        let text = GOOD.replace(from, to);
        assert_ne!(text, GOOD, "{from}");
        let found = parse(&text).unwrap_err();
        let hit =
            found.iter().any(|(found, place)| *found == code && (at.is_empty() || place == at));
        assert!(hit, "{to}: {found:?}");
    }
}

/// Signatures wait where the log is buffered, unless the file says otherwise.
#[test]
fn when_groups_are_signed() {
    let within = |words: &str| {
        let text = GOOD.replace("durability = \"buffered\"", words);
        parse(&text).map(|config| config.audit.sign_within)
    };
    let millis = |millis| Ok(Some(Duration::from_millis(millis)));
    assert_eq!(within("durability = \"buffered\""), millis(20));
    assert_eq!(within("durability = \"buffered\", sign_within_milliseconds = 0"), Ok(None));
    assert_eq!(within("durability = \"durable\""), Ok(None));
    assert_eq!(within("sign_within_milliseconds = 250"), millis(250));
    let refused = within("sign_within_milliseconds = 10001").unwrap_err();
    assert_eq!(refused, [("API044", "10001".to_owned())]);
}

#[test]
fn every_problem_at_once() {
    let text = GOOD.replace("crm.json\"", "crm.json\"\ncolour = 1").replace("\"app\"", "7");
    let codes: Vec<_> = parse(&text).unwrap_err().into_iter().map(|(code, _)| code).collect();
    assert_eq!(codes, ["API043", "API041"]);
    let nothing = parse("").unwrap_err();
    assert_eq!(nothing.len(), 5, "{nothing:?}");
}

#[test]
fn names_stand_once() {
    let (_, tables) = GOOD.split_once("[[database]]").unwrap();
    let (database, agent) = tables.split_once("[[agent]]").unwrap();
    let twice = [GOOD, "[[database]]", database, "[[agent]]", agent].concat();
    let codes: Vec<_> = parse(&twice).unwrap_err().into_iter().map(|(code, _)| code).collect();
    assert_eq!(codes, ["API045", "API045"]);
}

#[test]
fn a_password_in_clear_needs_a_verified_server() {
    let clear =
        |tls: &str| GOOD.replace("\"verify-full\"", &format!("\"{tls}\"\nauth = [\"cleartext\"]"));
    assert!(parse(&clear("verify-full")).unwrap().databases[0].upstream.methods.cleartext);
    for tls in ["require", "disable"] {
        assert_eq!(parse(&clear(tls)).unwrap_err()[0].0, "API052", "{tls}");
    }
}

#[test]
fn a_password_that_stands_in_the_file_is_not_repeated() {
    let text = GOOD.replace("{ env = \"CRM_PASSWORD\" }", "\"hunter2\"");
    let refused = Config::parse("f", Path::new(""), text).unwrap_err();
    for error in &refused.errors {
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}

#[test]
fn the_example_is_read_and_knows_its_token() {
    let text = include_str!("../../../examples/proxy/proxy.toml").to_owned();
    let config = Config::parse("proxy.toml", Path::new(""), text).unwrap();
    let token = placet::crypto::sha256(b"placet_example-token-that-everybody-knows");
    assert_eq!(config.agents[0].token, token);
}
