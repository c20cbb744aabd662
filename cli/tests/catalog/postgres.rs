//! PostgreSQL: every kind of thing, every way in, and a catalog of 5,000 tables.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::json;
use xtask::postgres::Server;

use crate::certificates::Certificates;
use crate::{
    catalog, columns, dump, facts, names, placet, refused, stderr, targets, text, thing, unique,
};

const PASSWORD: &str = "wörd:/@%s3cret";

#[test]
fn a_server() {
    let certificates = Certificates::new();
    let server = Server::start(&[]).unwrap();
    for path in [certificates.path("host.pem"), certificates.path("host.key")] {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        fs::set_permissions(&path, mode).unwrap();
        server.give(&path).unwrap();
    }
    server.sql("postgres", include_str!("shop.postgres.sql")).unwrap();
    let at = |rest: &str| format!("postgres://auditor@localhost:{}/{rest}", server.port());
    things(&server, &at("postgres"));
    ways_in(&server, &certificates);
    let started = Instant::now();
    server.sql("postgres", "CREATE DATABASE large").unwrap();
    let many = "DO $$ BEGIN FOR n IN 1..5000 LOOP EXECUTE format(
        'CREATE TABLE t%s (id int PRIMARY KEY, a text, b text, c text, d text, e text, f text)', n);
        IF n % 500 = 0 THEN COMMIT; END IF; END LOOP; END $$";
    server.sql("large", many).unwrap();
    let made = started.elapsed();
    let found = catalog(&dump(&[&at("large")], PASSWORD));
    assert_eq!(found["tables"].as_array().unwrap().len(), 5000);
    let took = started.elapsed().saturating_sub(made);
    assert!(took < Duration::from_secs(30), "{took:?}");
}

fn things(server: &Server, source: &str) {
    let dumped = dump(&[source], PASSWORD);
    let found = catalog(&dumped);
    assert_eq!(found["dialect"], "postgres");
    assert_eq!(found["default_schema"], "public");
    let tables = names(&found, "tables");
    for table in ["public.parts", "public.parts_1", "public.remote", "hr.salaries", "public.empty"]
    {
        assert!(tables.contains(&table.to_owned()), "{table}: {tables:?}");
    }
    assert!(tables.iter().all(|table| !table.starts_with("pg_")), "{tables:?}");
    // In the order of `*`, without what was dropped.
    let customers = ["id", "name", "email", "mail", "upper_name", "late"];
    assert_eq!(columns(&found, "customers"), customers);
    let late = &thing(&found, "tables", "customers")["columns"][5]["type"];
    assert_eq!(late, "numeric(10,2)[]");
    assert_eq!(columns(&found, "T💣.x"), ["a \"b", "C", "d", "e"]);

    // Keys that hold, for `=`, of every row that the name gives.
    assert_eq!(unique(&found, "customers"), r#"[["email"],["id"],["mail"]]"#);
    assert_eq!(unique(&found, "salaries"), r#"[["year","person"]]"#, "deferrable, INCLUDE");
    assert_eq!(
        unique(&found, "T💣.x"),
        r#"[["C"],["e"]]"#,
        "collation, partial, expression, class"
    );
    assert_eq!(unique(&found, "parts"), r#"[["id","day"]]"#);
    assert_eq!(unique(&found, "parent"), "[]", "children have rows of the same key");

    // Views are their queries, and mean the same under any search path.
    let views = ["public.contacts", "public.cte", "public.deep", "public.sys", "public.totals"];
    assert_eq!(names(&found, "views"), views);
    let deep = text(&thing(&found, "views", "deep")["sql"]);
    assert!(deep.contains("public.contacts") && deep.contains("hr.salaries"), "{deep}");
    assert!(!stderr(&dumped).contains("not understood"), "{}", stderr(&dumped));

    functions(&found);
    assert!(stderr(&dumped).contains("note: `public.lower` has the name"), "{}", stderr(&dumped));

    // Byte for byte the same, whoever asks.
    let superuser = format!("postgres://placet@127.0.0.1:{}/postgres", server.port());
    assert_eq!(dump(&[&superuser], server.password()).stdout, dumped.stdout);

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("catalog.json");
    fs::write(&path, &dumped.stdout).unwrap();
    let told = facts("postgres", &path, "SELECT who FROM deep");
    assert_eq!(told["understanding"], "full", "{told}");
    for table in ["public.contacts", "public.customers", "hr.salaries"] {
        assert!(targets(&told).contains(&table.to_owned()), "{told}");
    }
    let told = facts("postgres", &path, "SELECT total FROM totals");
    assert!(targets(&told).contains(&"hr.salaries".to_owned()), "{told}");
    let told = facts("postgres", &path, "SELECT * FROM customers WHERE email = 'x'");
    assert_eq!(told["max_rows"], 1, "{told}");
    let sources = &told["actions"][0]["outputs"]["columns"][3]["sources"];
    assert_eq!(sources, &json!(["public.customers.mail"]));
    for (call, full) in [("bound(1)", true), ("plain(1)", false), ("citext_hash(mail)", true)] {
        let told = facts("postgres", &path, &format!("SELECT {call} FROM customers"));
        assert_eq!(told["understanding"] == "full", full, "{call}: {told}");
        assert_eq!(told["writes"] == false, full, "{call}: {told}");
    }

    // Of one schema: its tables, and everybody's functions.
    let of_hr = catalog(&dump(&[source, "--schema", "hr", "--default-schema", "hr"], PASSWORD));
    assert_eq!(names(&of_hr, "tables"), ["hr.salaries"]);
    assert_eq!((&of_hr["default_schema"], &of_hr["views"]), (&json!("hr"), &json!([])));
    assert_eq!(of_hr["functions"], found["functions"]);
    let quoted = dump(&[source, "--schema", "od\"d.S'"], PASSWORD);
    assert_eq!(names(&catalog(&quoted), "tables"), ["od\"d.S'.T💣.x"]);
    assert_eq!(refused(&dump(&[source, "--schema", "HR"], PASSWORD)), "API066");
}

fn functions(found: &serde_json::Value) {
    for (name, harmless) in [
        ("bound", true),
        ("bound_named", true),
        ("bound_operator", true),
        ("bound_nothing", true),
        ("bound_reads", false),
        ("bound_system", false),
        ("bound_calls", false),
        ("bound_file", false),
        ("bound_default", false),
        ("bound_domain", false),
        ("bound_user_operator", false),
        ("bound_sequence", false),
        ("plain", false),
        ("stable_lie", false),
        ("lower", false),
        ("over", false),
        ("archive", false),
        ("agg", false),
        ("citext_hash", true),
        ("crosstab", false),
        ("citext_of_a_stranger", false),
    ] {
        let effects = &thing(found, "functions", name)["effects"];
        let wanted = if harmless { json!([]) } else { json!(["unknown"]) };
        assert_eq!(effects, &wanted, "{name}");
    }
    // citext has one of its own, which does what the server's does.
    let names = names(found, "functions");
    assert!(!names.contains(&"public.max".to_owned()) && !names.contains(&"public.replace".into()));
}

fn ways_in(server: &Server, certificates: &Certificates) {
    let at = |host: &str, rest: &str| {
        format!("postgres://auditor@{host}:{}/postgres{rest}", server.port())
    };
    let local = at("localhost", "");
    assert_eq!(refused(&dump(&[&local], "s3cret wrong")), "API062");
    let nobody = dump(&[&local], "");
    assert_eq!(refused(&nobody), "API062");
    assert!(stderr(&nobody).contains("help: give a password in PGPASSWORD"), "{}", stderr(&nobody));
    let nowhere = format!("postgres://auditor@localhost:{}/absent", server.port());
    assert_eq!(refused(&dump(&[&nowhere], PASSWORD)), "API062");
    assert_eq!(refused(&dump(&["postgres://u:s3cret@localhost:1/d"], "")), "API061");
    assert_eq!(refused(&dump(&[&at("localhost", "?sslmode=require")], PASSWORD)), "API063");

    // The password in the address, and in a file.
    let inside = format!(
        "postgres://auditor:w%C3%B6rd%3A%2F%40%25s3cret@localhost:{}/postgres",
        server.port()
    );
    assert_eq!(dump(&[&inside], "").status.code(), Some(0));
    let file = certificates.path("password");
    fs::write(&file, format!("{PASSWORD}\n")).unwrap();
    let file = file.to_str().unwrap();
    let from_file = placet(&["catalog", "dump", &local, "--password-file", file]).output().unwrap();
    assert_eq!(from_file.status.code(), Some(0), "{}", stderr(&from_file));
    let twice = dump(&[&inside, "--password-file", file], "");
    assert!(stderr(&twice).starts_with("error[API060]"), "{}", stderr(&twice));

    // The server's socket needs no TLS.
    let sockets = server.sql("postgres", "SHOW unix_socket_directories").unwrap();
    let socket = format!("postgres://auditor@:{}/postgres?host={sockets}", server.port());
    assert_eq!(dump(&[&socket], PASSWORD).status.code(), Some(0));

    // TLS: the authority and the name must be right, unless they are told not to matter.
    let on = [
        format!("ALTER SYSTEM SET ssl_cert_file = '{}'", certificates.shown("host.pem")),
        format!("ALTER SYSTEM SET ssl_key_file = '{}'", certificates.shown("host.key")),
        "ALTER SYSTEM SET ssl = on".to_owned(),
        "SELECT pg_reload_conf()".to_owned(),
    ];
    for line in on {
        server.sql("postgres", &line).unwrap();
    }
    let require = at("localhost", "?sslmode=require");
    let end = Instant::now() + Duration::from_secs(10);
    while dump(&[&require], PASSWORD).status.code() != Some(0) {
        assert!(Instant::now() < end, "{}", stderr(&dump(&[&require], PASSWORD)));
        std::thread::sleep(Duration::from_millis(50));
    }
    let with = |host: &str, ca: &str| {
        at(host, &format!("?sslrootcert={}", certificates.shown(ca).replace('%', "%25")))
    };
    let verified = dump(&[&with("localhost", "ca.pem")], PASSWORD);
    assert_eq!(verified.status.code(), Some(0), "{}", stderr(&verified));
    let stranger = dump(&[&with("localhost", "stranger.pem")], PASSWORD);
    assert_eq!(refused(&stranger), "API063");
    assert!(stderr(&stranger).contains("sslmode=require"), "{}", stderr(&stranger));
    assert_eq!(refused(&dump(&[&with("127.0.0.1", "ca.pem")], PASSWORD)), "API063");
    assert_eq!(refused(&dump(&[&with("localhost", "password")], PASSWORD)), "API063");
    // The system's authorities know this one as little.
    let system = at("localhost", "?sslmode=verify-full");
    assert_eq!(refused(&dump(&[&system], PASSWORD)), "API063");
}
