"""An agent's SQL tool, protected by three lines: `import`, `Guard()`, `@guard.tool`.

    python three_lines.py
"""

from __future__ import annotations

import sqlite3

import placet  # 1

guard = placet.Guard(protocol="sqlite", principal="agent:support-7", resource="shop")  # 2

database = sqlite3.connect(":memory:")
database.executescript(
    """
    CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, mail TEXT, card INTEGER);
    INSERT INTO customers VALUES (1, 'Ada', 'ada@example.com', 4111111111111111);
    """
)


@guard.tool(mask="always")  # 3
def run_sql(query: str) -> list[tuple[object, ...]]:
    """Runs a query on the shop's database."""
    return database.execute(query).fetchall()


def ask(query: str) -> str:
    """What the agent is told: the masked result, or why not and what to do instead."""
    try:
        return str(run_sql(query))
    except placet.ApprovalRequired as held:
        return f"waiting for approval {held.ticket}"
    except placet.PolicyDenied as denied:
        return f"refused: {denied}"


if __name__ == "__main__":
    for query in (
        "SELECT name, mail, card FROM customers WHERE id = 1",
        "DELETE FROM customers -- WHERE id = 1",
        "SELECT 1; DROP TABLE customers",
        "SELECT load_extension('/tmp/x.so')",
    ):
        print(f"{query}\n  {ask(query)}")
