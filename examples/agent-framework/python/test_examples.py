"""The examples as a newcomer runs them; `make test` runs this file."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import mcp_server
from mcp import Client

import placet


def test_three_lines() -> None:
    script = Path(__file__).with_name("three_lines.py")
    run = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    lines = run.stdout.splitlines()
    assert lines[1] == "  [('Ada', '[EMAIL_ADDRESS]', '[CREDIT_CARD]')]"
    assert lines[3].startswith("  refused: denied by policy (baseline-unbounded-writes")
    assert lines[3].endswith("Add a WHERE that names the rows you mean.")
    assert "baseline-destroy" in lines[5]
    assert lines[7].startswith("  refused: ")


def text_of(result: Any) -> str:
    return " ".join(part.text for part in result.content)


def test_a_server_of_the_model_context_protocol(tmp_path: Path) -> None:
    home = tmp_path / "shop"
    mcp_server.prepare(home)
    with mcp_server.open_guard(home) as guard:
        asyncio.run(conversation(home, guard))
    report = placet.audit.verify(home / "audit", key=home / "example.com-audit.vkey")
    assert report.state == "CLOSED_CLEAN"
    kinds = [event["type"] for _, event in placet.audit.events(home / "audit")]
    assert kinds.count("decision") == 5
    assert kinds.count("approval.consumed") == 1
    assert kinds.count("outcome") == 2


async def conversation(home: Path, guard: placet.Guard) -> None:
    async with Client(mcp_server.make_server(home, guard)) as client:

        async def run_sql(sql: str) -> Any:
            return await client.call_tool("run_sql", {"sql": sql})

        read = await run_sql("SELECT id, name, mail FROM customers WHERE id = 1")
        assert not read.is_error
        assert "Ada" not in str(read) and "ada@example.com" not in str(read)
        assert "[PII.NAME]" in text_of(read)

        refused = await run_sql("DROP TABLE orders")
        assert refused.is_error and "no_rule" in text_of(refused)

        delete = "DELETE FROM orders WHERE id = 12"
        held = await run_sql(delete)
        assert held.is_error and "Waiting for approval" in text_of(held)

        store = placet.approvals.Store(home / "approvals")
        [ticket] = store.tickets()
        assert ticket in text_of(held)
        assert "DELETE FROM orders WHERE id = 12" in store.request(ticket).display
        store.answer(
            ticket, "approve", approver="human:lead-on-duty", key=home / "lead-on-duty.key"
        )
        done = await run_sql(delete)
        assert not done.is_error
        # Approved once is run once: the same statement is held anew.
        again = await run_sql(delete)
        assert again.is_error and "Waiting for approval" in text_of(again)
        assert store.tickets() != [ticket]
