"""A Model Context Protocol server whose tools are guarded, logged and, where it matters, held.

The guard's decorator stands under the framework's: the framework sees an ordinary function with the
same name, arguments and types, and no call reaches the body unless it was decided and logged.

    python mcp_server.py HOME     # serves on standard input and output
"""

from __future__ import annotations

import shutil
import sqlite3
import sys
from pathlib import Path
from typing import Any

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError

import placet

HERE = Path(__file__).parent


def columns(*names: str) -> list[dict[str, str]]:
    return [{"name": name, "type": "TEXT"} for name in names]


CATALOG = {
    "dialect": "sqlite",
    "default_schema": "main",
    "tables": [
        {
            "schema": "main",
            "name": "customers",
            "columns": columns("id", "name", "mail"),
            "unique": [["id"]],
        },
        {
            "schema": "main",
            "name": "orders",
            "columns": columns("id", "customer_id", "note"),
            "unique": [["id"]],
        },
    ],
}

APPROVALS = """
[[spec]]
id         = "lead"
stages     = [{ any_of = ["leads"], min = 1 }]
expires_in = "15m"

[[approver]]
id     = "human:lead-on-duty"
groups = ["leads"]
keys   = ["%s"]
"""


def prepare(home: Path) -> None:
    """What operations set up once: keys, the policy with the approver's public key, the data."""
    home.mkdir(parents=True, exist_ok=True)
    placet.new_key("example.com/audit", home)
    _, public = placet.new_key("lead-on-duty", home)
    shutil.copytree(HERE / "policy", home / "policy")
    (home / "policy" / "approvals.toml").write_text(APPROVALS % public.read_text().strip())
    with sqlite3.connect(home / "shop.db") as database:
        database.executescript(
            """
            CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, mail TEXT);
            CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER, note TEXT);
            INSERT INTO customers VALUES (1, 'Ada', 'ada@example.com');
            INSERT INTO orders VALUES (12, 1, 'paid');
            """
        )
    database.close()


def open_guard(home: Path) -> placet.Guard:
    """Bundle, log and held requests: what `placet approvals` and `placet audit verify` see."""
    return placet.Guard(
        home / "policy",
        audit=home / "audit",
        audit_key=home / "example.com-audit.key",
        approvals=home / "approvals",
        catalog=CATALOG,
        protocol="sqlite",
        principal="agent:support-7",
        resource="shop",
    )


def make_server(home: Path, guard: placet.Guard) -> MCPServer:
    server = MCPServer("shop")

    @guard.tool
    def query(sql: str) -> list[dict[str, Any]]:
        with sqlite3.connect(home / "shop.db") as database:
            database.row_factory = sqlite3.Row
            rows = [dict(row) for row in database.execute(sql)]
        database.close()
        return rows

    @server.tool()
    def run_sql(sql: str) -> list[dict[str, Any]]:
        """Runs one SQL statement on the shop's database."""
        try:
            return query(sql)
        except placet.ApprovalRequired as held:
            raise ToolError(f"Waiting for approval {held.ticket}; send it again then.") from None
        except placet.PlacetError as refused:
            raise ToolError(f"{refused.code}: {refused}") from None

    return server


if __name__ == "__main__":
    place = Path(sys.argv[1])
    if not (place / "policy").exists():
        prepare(place)
    with open_guard(place) as opened:
        make_server(place, opened).run()
