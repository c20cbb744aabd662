//! Numbers about the proxy, as text for Prometheus.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! metrics {
    ($($field:ident = $kind:literal, $name:literal, $help:literal;)*) => {
        /// Counters and gauges; every field is read and written without order.
        #[derive(Debug, Default)]
        pub(crate) struct Metrics { $(pub(crate) $field: AtomicU64,)* }

        impl Metrics {
            /// All of them in the text format of Prometheus.
            pub(crate) fn text(&self) -> String {
                let mut out = String::with_capacity(4096);
                let mut last = "";
                $(
                    let base = $name.split('{').next().unwrap_or_default();
                    if base != last {
                        // Writing to a text cannot fail.
                        let _ = write!(out, "# HELP {base} {}\n# TYPE {base} {}\n", $help, $kind);
                        last = base;
                    }
                    let _ = writeln!(out, "{} {}", $name, self.$field.load(Ordering::Relaxed));
                )*
                let _ = last;
                out
            }
        }
    };
}

metrics! {
    connections = "counter", "placet_proxy_connections_total", "Connections that were accepted.";
    sessions_open = "gauge", "placet_proxy_sessions", "Sessions that are open.";
    sessions = "counter", "placet_proxy_sessions_total", "Sessions that were opened.";
    logins_refused = "counter", "placet_proxy_logins_refused_total", "Logins that were refused.";
    cancels = "counter", "placet_proxy_cancel_requests_total", "Cancel requests that were forwarded.";
    allow = "counter", "placet_proxy_decisions_total{verdict=\"allow\"}", "Decisions by verdict.";
    mask = "counter", "placet_proxy_decisions_total{verdict=\"mask\"}", "Decisions by verdict.";
    limit = "counter", "placet_proxy_decisions_total{verdict=\"limit\"}", "Decisions by verdict.";
    require_approval = "counter", "placet_proxy_decisions_total{verdict=\"require_approval\"}", "Decisions by verdict.";
    deny = "counter", "placet_proxy_decisions_total{verdict=\"deny\"}", "Decisions by verdict.";
    masked_cells = "counter", "placet_proxy_masked_cells_total", "Cells that masking changed.";
    held = "gauge", "placet_proxy_held", "Sessions that wait for people.";
    audit_groups = "counter", "placet_proxy_audit_groups_total", "Groups of events that were written.";
    audit_events = "counter", "placet_proxy_audit_events_total", "Events that were written.";
    audit_failures = "counter", "placet_proxy_audit_failures_total", "Events that the log did not take.";
    upstream_errors = "counter", "placet_proxy_upstream_errors_total", "Servers that could not be reached or logged in to.";
    reloads = "counter", "placet_proxy_bundle_reloads_total", "Bundles that came into force by reload.";
    reloads_refused = "counter", "placet_proxy_bundle_refused_total", "Bundles that were refused at reload.";
}

/// One more.
pub(crate) fn add(metric: &AtomicU64, count: u64) {
    metric.fetch_add(count, Ordering::Relaxed);
}

/// A gauge that is up while this is held.
pub(crate) struct Gauge<'a>(&'a AtomicU64);

impl<'a> Gauge<'a> {
    pub(crate) fn up(metric: &'a AtomicU64) -> Self {
        metric.fetch_add(1, Ordering::Relaxed);
        Self(metric)
    }
}

impl Drop for Gauge<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
