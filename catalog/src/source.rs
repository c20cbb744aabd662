//! Where a catalog is taken from: addresses of servers, paths of files.

use std::fmt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::error::CatalogError;

/// A database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A database of a PostgreSQL server.
    Postgres(Server),
    /// A MySQL or MariaDB server.
    Mysql(Server),
    /// A file of SQLite.
    Sqlite(PathBuf),
}

/// Where a server listens, and who asks it. Prints without the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Server {
    pub(crate) host: Host,
    pub(crate) user: String,
    pub(crate) password: Option<Zeroizing<Vec<u8>>>,
    pub(crate) database: Option<String>,
    pub(crate) tls: Tls,
}

/// The way to a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    Tcp(String, u16),
    /// A socket of this machine.
    Unix(PathBuf),
}

/// How a connection is protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tls {
    /// The certificate bears the host's name and comes from an authority: of this file, else of the
    /// system.
    VerifyFull(Option<PathBuf>),
    /// Encrypted, with whatever certificate.
    Require,
    Disable,
}

impl Host {
    /// Nobody but this machine's own users stands between.
    pub(crate) fn is_local(&self) -> bool {
        match self {
            Self::Unix(_) => true,
            Self::Tcp(host, _) => {
                host.eq_ignore_ascii_case("localhost")
                    || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
            }
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("host", &self.host)
            .field("user", &self.user)
            .field("database", &self.database)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

/// What the two kinds of servers do not share.
struct Scheme {
    name: &'static str,
    port: u16,
    make: fn(Server) -> Source,
}

const POSTGRES: Scheme = Scheme { name: "postgres", port: 5432, make: Source::Postgres };
const MYSQL: Scheme = Scheme { name: "mysql", port: 3306, make: Source::Mysql };

impl Source {
    /// Reads an address: `postgres://USER[:PASSWORD]@HOST[:PORT]/DATABASE`, `mysql://…` or
    /// `mariadb://…` of the same form, `sqlite:PATH`, or the path of a file.
    ///
    /// Parts may be percent-encoded. Behind `?` may stand `sslmode` (`verify-full`, the default
    /// unless the host is this machine; `require`; `disable`), `sslrootcert=FILE.pem`, and
    /// `host=DIR` (PostgreSQL) or `socket=PATH` for a socket of this machine.
    ///
    /// # Errors
    /// `API060`; the text holds nothing of the address, since a password may stand anywhere in it.
    ///
    /// # Examples
    /// ```
    /// use placet_catalog::Source;
    /// let source = Source::parse("postgres://auditor:s3cret@db.example.com/shop")?;
    /// assert_eq!(source.place(), "postgres://auditor@db.example.com:5432/shop");
    /// assert!(!format!("{source:?}").contains("s3cret"));
    /// assert!(matches!(Source::parse("shop.db")?, Source::Sqlite(_)));
    /// assert_eq!(Source::parse("oracle://x").unwrap_err().code(), "API060");
    /// # Ok::<(), placet_catalog::CatalogError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, CatalogError> {
        if let Some((scheme, rest)) = text.split_once("://") {
            return match scheme.to_ascii_lowercase().as_str() {
                "postgres" | "postgresql" => server(&POSTGRES, rest),
                "mysql" | "mariadb" => server(&MYSQL, rest),
                "sqlite" | "file" => file(rest),
                _ => Err(unreadable("no database has this scheme")),
            };
        }
        file(text.strip_prefix("sqlite:").unwrap_or(text))
    }

    /// The database in a message: without the password.
    #[must_use]
    pub fn place(&self) -> String {
        let server = |scheme: &Scheme, server: &Server| {
            let host = match &server.host {
                Host::Tcp(host, port) if host.contains(':') => format!("[{host}]:{port}"),
                Host::Tcp(host, port) => format!("{host}:{port}"),
                Host::Unix(path) => path.display().to_string(),
            };
            let database = server.database.as_deref().unwrap_or_default();
            format!("{}://{}@{host}/{database}", scheme.name, server.user)
        };
        match self {
            Self::Postgres(of) => server(&POSTGRES, of),
            Self::Mysql(of) => server(&MYSQL, of),
            Self::Sqlite(path) => path.display().to_string(),
        }
    }

    /// Whether a password stands in the address.
    #[must_use]
    pub const fn has_password(&self) -> bool {
        match self {
            Self::Postgres(server) | Self::Mysql(server) => server.password.is_some(),
            Self::Sqlite(_) => false,
        }
    }

    /// Gives the password; a file takes none.
    pub fn set_password(&mut self, password: Vec<u8>) {
        let password = Zeroizing::new(password);
        match self {
            Self::Postgres(server) | Self::Mysql(server) => server.password = Some(password),
            Self::Sqlite(_) => {}
        }
    }
}

const HELP: &str = "write postgres://USER@HOST/DATABASE, mysql://USER@HOST/DATABASE or sqlite:PATH";

fn unreadable(why: &str) -> CatalogError {
    CatalogError::new("API060", format!("the address cannot be read: {why}"), HELP)
}

fn file(path: &str) -> Result<Source, CatalogError> {
    if path.is_empty() {
        return Err(unreadable("no file is named"));
    }
    Ok(Source::Sqlite(Path::new(path).to_owned()))
}

fn server(scheme: &Scheme, rest: &str) -> Result<Source, CatalogError> {
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    // A password may hold a slash or an at sign of its own, though it should be encoded.
    let (login, rest) = rest.rsplit_once('@').ok_or_else(|| unreadable("no user stands in it"))?;
    let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
    let (user, password) = match login.split_once(':') {
        Some((user, password)) => (user, Some(password)),
        None => (login, None),
    };
    let user = text(user)?;
    if user.is_empty() {
        return Err(unreadable("no user stands in it"));
    }
    let password = password.map(decoded).transpose()?.map(Zeroizing::new);
    let database = Some(text(database)?).filter(|name| !name.is_empty());
    let (host, port) = authority_of(authority, scheme.port)?;
    let mut host = Host::Tcp(host, port);
    let (mut mode, mut roots) = (None, None);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = text(value)?;
        match key {
            "sslmode" => mode = Some(value),
            "sslrootcert" => roots = Some(PathBuf::from(value)),
            "host" if value.starts_with('/') && scheme.port == POSTGRES.port => {
                host = Host::Unix(Path::new(&value).join(format!(".s.PGSQL.{port}")));
            }
            "socket" if value.starts_with('/') => host = Host::Unix(PathBuf::from(value)),
            _ => {
                return Err(CatalogError::new(
                    "API060",
                    "the address cannot be read: a setting behind `?` is not known",
                    "known are sslmode, sslrootcert, host=DIR (PostgreSQL) and socket=PATH",
                ));
            }
        }
    }
    let tls = match mode.as_deref() {
        None if host.is_local() && roots.is_none() => Tls::Disable,
        None | Some("verify-full") => Tls::VerifyFull(roots),
        Some("require") => Tls::Require,
        Some("disable") => Tls::Disable,
        Some(_) => {
            return Err(CatalogError::new(
                "API060",
                "the address cannot be read: `sslmode` has no such value",
                "write sslmode=verify-full, require or disable",
            ));
        }
    };
    let encrypted = match &tls {
        Tls::Disable => false,
        Tls::VerifyFull(_) | Tls::Require => true,
    };
    if let (Host::Unix(_), true) = (&host, encrypted) {
        return Err(unreadable("a socket of this machine is not encrypted"));
    }
    Ok((scheme.make)(Server { host, user, password, database, tls }))
}

fn authority_of(authority: &str, port: u16) -> Result<(String, u16), CatalogError> {
    let numbered = |digits: &str| {
        digits
            .parse()
            .ok()
            .filter(|port| *port > 0)
            .ok_or_else(|| unreadable("the port is no port"))
    };
    let (host, port) = if let Some(rest) = authority.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or_else(|| unreadable("a bracket is open"))?;
        match rest.strip_prefix(':') {
            Some(digits) => (host, numbered(digits)?),
            None if rest.is_empty() => (host, port),
            None => return Err(unreadable("the port is no port")),
        }
    } else {
        match authority.split_once(':') {
            Some((host, digits)) => (host, numbered(digits)?),
            None => (authority, port),
        }
    };
    let host = text(host)?;
    Ok((if host.is_empty() { "localhost".to_owned() } else { host }, port))
}

fn text(encoded: &str) -> Result<String, CatalogError> {
    let text = String::from_utf8(decoded(encoded)?).map_err(|_| unreadable("it is not UTF-8"))?;
    if text.contains('\0') { Err(unreadable("a zero byte stands in it")) } else { Ok(text) }
}

/// Undoes percent-encoding.
fn decoded(encoded: &str) -> Result<Vec<u8>, CatalogError> {
    let mut out = Vec::with_capacity(encoded.len());
    let mut bytes = encoded.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        match (digit(bytes.next()), digit(bytes.next())) {
            (Some(high), Some(low)) => {
                out.push(u8::try_from(high * 16 + low).unwrap_or_default());
            }
            _ => return Err(unreadable("a percent sign encodes nothing")),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Server {
        match Source::parse(text).unwrap() {
            Source::Postgres(server) | Source::Mysql(server) => server,
            Source::Sqlite(path) => panic!("{}", path.display()),
        }
    }

    #[test]
    fn addresses() {
        let server = of("postgresql://a%40b:p%2f@w@[::1]:5433/my%20db?sslmode=require");
        assert_eq!(server.user, "a@b");
        assert_eq!(server.password.as_deref().map(Vec::as_slice), Some(&b"p/@w"[..]));
        assert_eq!(server.host, Host::Tcp("::1".into(), 5433));
        assert_eq!(server.database.as_deref(), Some("my db"));
        assert_eq!(server.tls, Tls::Require);
        let server = of("mysql://root@/?socket=/run/mysqld/mysqld.sock");
        assert_eq!(server.host, Host::Unix("/run/mysqld/mysqld.sock".into()));
        assert_eq!((server.database, server.tls), (None, Tls::Disable));
        let server = of("postgres://u@/d?host=/run/postgresql");
        assert_eq!(server.host, Host::Unix("/run/postgresql/.s.PGSQL.5432".into()));
    }

    #[test]
    fn who_is_far_away_is_verified() {
        assert_eq!(of("postgres://u@db.example/d").tls, Tls::VerifyFull(None));
        assert_eq!(of("mariadb://u@10.0.0.1/d").tls, Tls::VerifyFull(None));
        for here in ["localhost", "127.0.0.2", "[::1]", "LOCALHOST", ""] {
            assert_eq!(of(&format!("postgres://u@{here}/d")).tls, Tls::Disable, "{here}");
        }
        for elsewhere in ["localhost.example.com", "127.0.0.1.example.com", "0.0.0.0"] {
            let server = of(&format!("postgres://u@{elsewhere}/d"));
            assert_eq!(server.tls, Tls::VerifyFull(None), "{elsewhere}");
        }
        let pinned = of("postgres://u@localhost/d?sslrootcert=ca.pem").tls;
        assert_eq!(pinned, Tls::VerifyFull(Some("ca.pem".into())));
    }

    #[test]
    fn what_is_refused_is_not_quoted() {
        for text in [
            "postgres://hunter2",
            "postgres://:hunter2@h/d",
            "postgres://u:hunter2%@h/d",
            "postgres://u:hunter2@h:99999/d",
            "postgres://u:hunter2@h:/d",
            "postgres://u:hunter2@[::1/d",
            "postgres://u:hunter2@[::1]5/d",
            "postgres://u:hunter2@h/d?sslmode=prefer",
            "postgres://u:hunter2@h/d?password=hunter2",
            "postgres://u:hunter2@/d?host=/run&sslmode=require",
            "mysql://u:hunter2@h/d%00",
            "hunter2://x",
            "sqlite:",
            "",
        ] {
            let error = Source::parse(text).unwrap_err();
            assert_eq!(error.code(), "API060", "{text}");
            assert!(!format!("{error:?}{error}").contains("hunter2"), "{error:?}");
        }
    }

    #[test]
    fn files() {
        for (text, path) in [
            ("sqlite:/a/b.db", "/a/b.db"),
            ("sqlite:b.db", "b.db"),
            ("sqlite:///a/b.db", "/a/b.db"),
            ("./odd?name%20.db", "./odd?name%20.db"),
        ] {
            assert_eq!(Source::parse(text).unwrap(), Source::Sqlite(path.into()));
        }
    }
}
