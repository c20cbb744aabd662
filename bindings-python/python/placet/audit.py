"""The log: written by a guard (or by ``Log``), verified with a public key alone.

>>> import tempfile, placet
>>> with tempfile.TemporaryDirectory() as home:
...     private, public = placet.new_key("example.com/audit", home)
...     with placet.Guard(audit=f"{home}/audit", audit_key=private, writer="docs") as guard:
...         admission = guard.admit("SELECT 1")
...     report = placet.audit.verify(f"{home}/audit", key=public)
>>> report.state, report.proven_size
('CLOSED_CLEAN', 5)
"""

from ._core import Log, Report, checkpoint, events, prove, verify

__all__ = ["Log", "Report", "checkpoint", "events", "prove", "verify"]
