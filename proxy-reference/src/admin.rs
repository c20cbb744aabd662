//! Health and numbers over HTTP/1.1, on an address of their own: one request a connection, no body.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::door::{Door, Phase};

/// Bytes of a request: a line and a few headers.
const MAX_REQUEST_BYTES: usize = 8 * 1024;

/// How long a request may take.
const REQUEST_TIME: Duration = Duration::from_secs(5);

/// Answers until the runtime ends.
pub(crate) async fn serve(listener: TcpListener, door: Arc<Door>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of descriptors: the next one may fit.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let door = Arc::clone(&door);
        tokio::spawn(async move {
            // A client that goes away misses its answer.
            let _ = tokio::time::timeout(REQUEST_TIME, answer(stream, &door)).await;
        });
    }
}

async fn answer(mut stream: TcpStream, door: &Door) -> io::Result<()> {
    let mut request = Vec::with_capacity(1024);
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        let count = stream.read_buf(&mut request).await?;
        if count == 0 || request.len() > MAX_REQUEST_BYTES {
            return Ok(());
        }
    }
    let line = request.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let mut words = line.split(|byte| *byte == b' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (status, body) = match (method, path) {
        (b"GET" | b"HEAD", b"/livez") => ("200 OK", "ok\n".to_owned()),
        (b"GET" | b"HEAD", b"/readyz") => readiness(door),
        (b"GET" | b"HEAD", b"/metrics") => ("200 OK", metrics(door)),
        (b"GET" | b"HEAD", _) => ("404 Not Found", "no such page\n".to_owned()),
        _ => ("405 Method Not Allowed", "GET only\n".to_owned()),
    };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n\
         Content-Length: {length}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    if method != b"HEAD" {
        stream.write_all(body.as_bytes()).await?;
    }
    stream.shutdown().await
}

fn readiness(door: &Door) -> (&'static str, String) {
    let mut ready = true;
    let mut body = String::new();
    let mut say = |fine: bool, good: &str, bad: &str| {
        body.push_str(if fine { good } else { bad });
        body.push('\n');
    };
    let running = *door.phase.borrow() == Phase::Running;
    ready &= running;
    say(running, "running", "stopping");
    let logged = door.metrics.audit_failures.load(Ordering::Relaxed) == 0;
    ready &= logged;
    say(logged, "log: ok", "log: failed, nothing is forwarded");
    // The last good bundle decides on: worth a look, and no reason to take sessions away.
    let fresh = !door.stale_bundle.load(Ordering::Relaxed);
    say(fresh, "bundle: ok", "bundle: the last one was refused, the one before it is in force");
    (if ready { "200 OK" } else { "503 Service Unavailable" }, body)
}

fn metrics(door: &Door) -> String {
    let mut text = door.metrics.text();
    let mut targets: Vec<_> = door.databases.values().collect();
    targets.sort_by(|a, b| a.name.cmp(&b.name));
    text.push_str("# HELP placet_proxy_bundle_info The bundle in force.\n");
    text.push_str("# TYPE placet_proxy_bundle_info gauge\n");
    for target in targets {
        let digest = target.guard.bundle_digest();
        let name = &target.name;
        text.push_str(&format!(
            "placet_proxy_bundle_info{{database=\"{name}\",digest=\"{digest}\"}} 1\n"
        ));
    }
    text
}
