//! MariaDB: every kind of thing, what an account does not see, and every way in.

use std::fs;

use serde_json::json;
use xtask::free_port;
use xtask::mariadb::Server;

use crate::certificates::Certificates;
use crate::{catalog, columns, dump, names, refused, stderr, text, thing, unique};

const PASSWORD: &str = "s3cret";

#[test]
fn a_server() {
    let certificates = Certificates::new();
    let port = free_port().unwrap();
    // The server's own account reads the key.
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    fs::set_permissions(certificates.path("host.key"), mode).unwrap();
    let options = [
        "--skip-networking=0".to_owned(),
        "--bind-address=127.0.0.1".to_owned(),
        format!("--port={port}"),
        format!("--ssl-cert={}", certificates.shown("host.pem")),
        format!("--ssl-key={}", certificates.shown("host.key")),
    ];
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let server = Server::start(&options).unwrap();
    server.sql(include_str!("shop.mariadb.sql")).unwrap();
    things(port);
    what_is_not_seen(port);
    ways_in(&server, port, &certificates);
}

fn at(user: &str, port: u16, rest: &str) -> String {
    format!("mysql://{user}@localhost:{port}/{rest}")
}

fn things(port: u16) {
    let dumped = dump(&[&at("auditor", port, "app")], PASSWORD);
    let found = catalog(&dumped);
    assert_eq!((&found["dialect"], &found["default_schema"]), (&json!("mariadb"), &json!("app")));
    let tables =
        ["app.customers", "app.merged", "app.merged_1", "app.prefixes", "o`d.d'.tü\"", "other.far"];
    assert_eq!(names(&found, "tables"), tables);
    let customers = ["first_of_all", "id", "name", "email", "ssn", "shout"];
    assert_eq!(columns(&found, "customers"), customers);
    assert_eq!(columns(&found, "tü\""), ["a.b", "c`d"]);
    assert_eq!(thing(&found, "tables", "tü\"")["columns"][1]["type"], "enum('x','y')");
    assert_eq!(unique(&found, "customers"), r#"[["email"],["id"]]"#);
    assert_eq!(unique(&found, "prefixes"), r#"[["b","a"]]"#);
    assert_eq!(unique(&found, "merged_1"), r#"[["id"]]"#);
    assert_eq!(unique(&found, "merged"), "[]", "several tables have rows of the same key");
    let told = stderr(&dumped);
    for left_out in ["`app.hidden` is left out: it has invisible", "`app.versioned` is left out"] {
        assert!(told.contains(left_out), "{told}");
    }
    assert_eq!(names(&found, "views"), ["app.contacts", "app.deep"]);
    let deep = text(&thing(&found, "views", "deep")["sql"]);
    assert!(deep.contains("`app`.`contacts`") && deep.contains("`other`.`far`"), "{deep}");
    for function in ["no_sql_at_all", "archive"] {
        assert_eq!(thing(&found, "functions", function)["effects"], json!(["unknown"]));
    }
    let app = ["--schema", "o`d.d'", "--default-schema", "other"];
    let of_one =
        catalog(&dump(&[&[at("auditor", port, "").as_str()][..], &app].concat(), PASSWORD));
    assert_eq!(names(&of_one, "tables"), ["o`d.d'.tü\""]);
    assert_eq!(
        (&of_one["default_schema"], &of_one["functions"]),
        (&json!("other"), &found["functions"])
    );
    assert_eq!(dump(&[&at("auditor", port, "app")], PASSWORD).stdout, dumped.stdout);
    let nowhere = catalog(&dump(&[&at("auditor", port, "")], PASSWORD));
    assert_eq!(nowhere["default_schema"], json!(null));
    assert_eq!(refused(&dump(&[&at("auditor", port, ""), "--schema", "APP"], PASSWORD)), "API066");
}

/// A table of which an account sees some columns only would give `*` a wrong order.
fn what_is_not_seen(port: u16) {
    let half = dump(&[&at("half", port, "app")], PASSWORD);
    let found = catalog(&half);
    assert_eq!(names(&found, "tables"), ["app.prefixes"]);
    let told = stderr(&half);
    assert!(told.contains("`app.customers` is left out: the account may see some"), "{told}");
    assert!(told.contains("`app.deep` is left out: the account may not see its query"), "{told}");
    let by_role = dump(&[&at("by_role", port, "")], PASSWORD);
    assert_eq!(names(&catalog(&by_role), "tables"), ["other.far"], "{}", stderr(&by_role));
    let told = stderr(&by_role);
    assert!(told.contains("`app.customers` is left out"), "{told}");
}

fn ways_in(server: &Server, port: u16, certificates: &Certificates) {
    let local = at("auditor", port, "app");
    let wrong = dump(&[&local], "s3cret wrong");
    assert_eq!(refused(&wrong), "API062");
    assert!(stderr(&wrong).contains("error 1045"), "{}", stderr(&wrong));
    assert_eq!(refused(&dump(&[&local], "")), "API062");
    assert_eq!(refused(&dump(&[&at("auditor", port, "absent")], PASSWORD)), "API062");
    // Another protocol than the server's.
    let other = format!("postgres://auditor:s3cret@localhost:{port}/app");
    assert!(["API061", "API064"].contains(&refused(&dump(&[&other], "")).as_str()));

    let inside = format!("mariadb://auditor:s3cret@localhost:{port}/app");
    assert_eq!(dump(&[&inside], "").status.code(), Some(0));
    let socket = format!("mysql://auditor@/app?socket={}", server.socket().display());
    assert_eq!(dump(&[&socket], PASSWORD).status.code(), Some(0));
    let root = format!("mysql://root@/?socket={}", server.socket().display());
    assert_eq!(dump(&[&root], "").status.code(), Some(0));

    let with = |host: &str, rest: &str| format!("mysql://auditor@{host}:{port}/app?{rest}");
    let ca = |name: &str| format!("sslrootcert={}", certificates.shown(name));
    for works in [with("localhost", &ca("ca.pem")), with("127.0.0.1", "sslmode=require")] {
        let dumped = dump(&[&works], PASSWORD);
        assert_eq!(dumped.status.code(), Some(0), "{works}: {}", stderr(&dumped));
    }
    for refuses in [
        with("localhost", &ca("stranger.pem")),
        with("127.0.0.1", &ca("ca.pem")),
        with("localhost", "sslmode=verify-full"),
    ] {
        assert_eq!(refused(&dump(&[&refuses], PASSWORD)), "API063", "{refuses}");
    }

    // A way to log in that is not spoken is named as such, and no weaker one is tried.
    let plugin = "INSTALL SONAME 'auth_ed25519'; \
        CREATE OR REPLACE USER ed@localhost IDENTIFIED VIA ed25519 USING PASSWORD('s3cret')";
    server.sql(plugin).unwrap();
    let ed = dump(&[&at("ed", port, "")], PASSWORD);
    assert_eq!(refused(&ed), "API062");
    assert!(stderr(&ed).contains("way to log in is not spoken"), "{}", stderr(&ed));
}
