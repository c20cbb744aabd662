"""A guard with everything around it: the demo's policy, a log, held requests, an approver's key."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import placet

ROOT = Path(__file__).resolve().parents[2]
POLICY = ROOT / "cli" / "templates" / "demo"
APPROVER = "human:lead-on-duty"
AGENT = placet.Principal("agent:support-7", groups=["agents/support"], delegator="human:desk")


def columns(*names: str) -> list[dict[str, str]]:
    return [{"name": name, "type": "TEXT"} for name in names]


def table(name: str, *names: str) -> dict[str, Any]:
    return {"schema": "main", "name": name, "columns": columns(*names), "unique": [["id"]]}


CATALOG = {
    "dialect": "sqlite",
    "default_schema": "main",
    "tables": [
        table("customers", "id", "name", "email", "phone", "ssn"),
        table("cards", "id", "customer_id", "number"),
        table("orders", "id", "customer_id", "status", "total_cents"),
        table("tickets", "id", "body"),
    ],
}


class Shop(NamedTuple):
    guard: placet.Guard
    home: Path
    key: Path
    audit_key: Path

    def events(self, kind: str | None = None) -> list[dict[str, Any]]:
        events = [event for _, event in placet.audit.events(self.home / "audit")]
        return [event for event in events if kind is None or event["type"] == kind]

    def answer(self, ticket: str, verdict: str) -> None:
        store = placet.approvals.Store(self.home / "approvals")
        store.answer(ticket, verdict, approver=APPROVER, key=self.key)


def policy(home: Path, vkey: Path) -> Path:
    directory = home / "policy"
    for source in POLICY.rglob("*.toml"):
        path = directory / source.relative_to(POLICY)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source.read_text().replace("@APPROVER_KEY@", vkey.read_text().strip()))
    return directory


def open_shop(home: Path, **changed: Any) -> Shop:
    audit_key, _ = placet.new_key("example.com/audit", home)
    key, vkey = placet.new_key("lead-on-duty", home)
    options: dict[str, Any] = {
        "audit": home / "audit",
        "audit_key": audit_key,
        "writer": "test",
        "durability": "buffered",
        "approvals": home / "approvals",
        "catalog": CATALOG,
        "protocol": "sqlite",
        "principal": AGENT,
        "resource": "shop",
    }
    options.update(changed)
    return Shop(placet.Guard(policy(home, vkey), **options), home, key, audit_key)
