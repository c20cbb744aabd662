"""Guarded functions: what runs, what does not, what comes back, and what the log says."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from shop import Shop, open_shop

import placet
from placet import _core


#: The demo's bundle shows the last four letters of an address.
ADA = "***@******e.com"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = open_shop(tmp_path)
    yield shop
    shop.guard.close()
    report = placet.audit.verify(tmp_path / "audit", key=tmp_path / "example.com-audit.vkey")
    assert report.state == "CLOSED_CLEAN" and report.ok


class Body:
    """A tool's body that counts its runs and gives what it is told."""

    def __init__(self, result: Any = None) -> None:
        self.result, self.runs = result, 0

    def __call__(self, query: str) -> Any:
        self.runs += 1
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


def guarded(shop: Shop, body: Body, **options: Any) -> Any:
    @shop.guard.tool(**options)
    def run_sql(query: str) -> Any:
        return body(query)

    return run_sql


def test_the_decision_is_logged_before_the_body_runs(shop: Shop) -> None:
    seen: list[str] = []

    @shop.guard.tool
    def run_sql(query: str) -> list[tuple[int, str]]:
        seen.extend(event["type"] for event in shop.events())
        return [(7, "paid")]

    assert run_sql("SELECT id, status FROM orders WHERE id = 7") == [(7, "paid")]
    assert seen[-1] == "decision"
    [outcome] = shop.events("outcome")
    [decision] = shop.events("decision")
    assert outcome["decision_id"] == decision["decision_id"]
    assert (outcome["state"], outcome["rows_out"]) == ("completed", 1)
    assert decision["principal"]["id"] == "agent:support-7"
    assert "id = 7" not in str(decision)


def test_what_is_denied_does_not_run(shop: Shop) -> None:
    body = Body()
    with pytest.raises(placet.PolicyDenied) as caught:
        guarded(shop, body)("DELETE FROM orders")
    assert body.runs == 0
    assert caught.value.code == "forbidden" and caught.value.help == "Add a WHERE on the key."
    assert caught.value.decision is not None and caught.value.decision.verdict == "deny"
    assert "no-sweeping-changes" in str(caught.value)
    assert shop.events("outcome") == []


def test_rows_are_masked_by_the_decision(shop: Shop) -> None:
    query = "SELECT id, name, email FROM customers WHERE id = 7"
    row = (7, "Ada", "ada@example.com")
    dict_row = {"id": 7, "name": "Ada", "email": "ada@example.com"}
    for rows in ([row], [list(row)], [dict_row]):
        [masked] = guarded(shop, Body(rows))(query)
        id_, name, email = masked.values() if isinstance(masked, dict) else masked
        assert id_ == 7 and type(masked) is type(rows[0])
        assert name == "[PII.NAME]" and "ada" not in email
    assert [event["masked_cells"] for event in shop.events("outcome")] == [2, 2, 2]


def test_a_row_alone_is_a_row(shop: Shop) -> None:
    query = "SELECT id, name FROM customers WHERE id = 7"
    assert guarded(shop, Body((7, "Ada")))(query) == (7, "[PII.NAME]")
    assert guarded(shop, Body({"id": 7, "name": "Ada"}))(query) == {"id": 7, "name": "[PII.NAME]"}
    assert guarded(shop, Body(None))(query) is None


@pytest.mark.parametrize(
    "result",
    [
        "Ada",
        "7: Ada, Bo",
        {"rows": [{"id": 7, "name": "Ada"}], "count": 1},
        [{"name": "Ada", "id": 7}],
        [("Ada", 7, "x")],
        {"Ada": 7},
        b"Ada",
        ["Ada", "Bo"],
        [[["Ada"]]],
        ([(7, "Ada")], 1),
        [[(7, "Ada"), (8, "Bo")]],
        [(7, "x"), ([(7, "Ada")], 1)],
        ({"id": 7, "name": "Ada"}, 1),
        (["Ada", "Bo"], 2),
        ((7, "Ada"), (8, "Bo")),
    ],
    ids=str,
)
def test_a_result_of_another_shape_gives_nothing_away(shop: Shop, result: Any) -> None:
    shown = str(guarded(shop, Body(result))("SELECT id, name FROM customers WHERE id = 7"))
    assert "Ada" not in shown and "Bo" not in shown


def test_detectors_alone_leave_the_rest(shop: Shop) -> None:
    query = "SELECT body FROM tickets WHERE id = 2"
    run = guarded(shop, Body([("write to ada@example.com, order 12",)]))
    [(text,)] = run(query)
    assert "ada@example" not in text and text.endswith(", order 12")


def test_always_masks_what_no_rule_asks_for(shop: Shop) -> None:
    query = "SELECT id, status FROM orders WHERE id = 7"
    rows = [(7, "asked by ada@example.com")]
    assert guarded(shop, Body(rows))(query) is rows
    assert guarded(shop, Body(rows), mask="always")(query) == [(7, f"asked by {ADA}")]
    assert guarded(shop, Body("ada@example.com"), mask="always")(query) == ADA


def test_limits_are_errors_and_never_cut(shop: Shop) -> None:
    query = "SELECT id FROM orders"
    assert len(guarded(shop, Body([(n,) for n in range(10)]))(query)) == 10
    for result in ([(n,) for n in range(11)], "1\n2\n3"):
        with pytest.raises(placet.LimitError) as caught:
            guarded(shop, Body(result))(query)
        assert caught.value.code == "LIM004"
    assert [e["state"] for e in shop.events("outcome")] == [
        "completed",
        "stopped_at_limit",
        "stopped_at_limit",
    ]


def test_an_approved_call_runs_once(shop: Shop) -> None:
    body = Body("gone")
    run_sql = guarded(shop, body)
    delete = "DELETE FROM orders WHERE id = 12"
    with pytest.raises(placet.ApprovalRequired) as held:
        run_sql(delete)
    ticket = held.value.ticket
    assert body.runs == 0 and held.value.code == "APR020" and shop.guard.state(ticket) == "pending"
    with pytest.raises(placet.ApprovalRequired) as again:
        run_sql(delete)
    assert again.value.ticket == ticket
    with pytest.raises(placet.ApprovalRequired):
        shop.guard.resume(ticket)
    shop.answer(ticket, "approve")
    assert shop.guard.resume(ticket) == "gone" and body.runs == 1
    with pytest.raises(placet.ApprovalError) as used:
        shop.guard.resume(ticket)
    assert used.value.code == "APR018" and body.runs == 1
    with pytest.raises(placet.ApprovalRequired) as anew:
        run_sql(delete)
    assert anew.value.ticket != ticket and body.runs == 1
    assert len(shop.events("approval.consumed")) == 1


def test_calling_again_resumes(shop: Shop) -> None:
    body = Body("gone")
    run_sql = guarded(shop, body)
    with pytest.raises(placet.ApprovalRequired) as held:
        run_sql("DELETE FROM orders WHERE id = 12")
    shop.answer(held.value.ticket, "approve")
    with pytest.raises(placet.ApprovalRequired) as other:
        run_sql("DELETE FROM orders WHERE id = 13")
    assert other.value.ticket != held.value.ticket and body.runs == 0
    assert run_sql("DELETE FROM orders WHERE id = 12") == "gone"


def test_a_refused_call_never_runs(shop: Shop) -> None:
    body = Body("gone")
    run_sql = guarded(shop, body)
    with pytest.raises(placet.ApprovalRequired) as held:
        run_sql("DELETE FROM orders WHERE id = 12")
    shop.answer(held.value.ticket, "deny")
    with pytest.raises(placet.ApprovalRefused) as refused:
        run_sql("DELETE FROM orders WHERE id = 12")
    assert refused.value.code == "APR017" and isinstance(refused.value, placet.PolicyDenied)
    with pytest.raises(placet.ApprovalRefused):
        shop.guard.resume(held.value.ticket)
    assert body.runs == 0


def test_changed_arguments_are_another_request(shop: Shop) -> None:
    runs: list[Any] = []

    @shop.guard.tool(arg="query", ignore=["connection"])
    def run_sql(connection: object, query: str, options: dict[str, int]) -> str:
        runs.append(options)
        return "gone"

    options = {"timeout": 5}
    with pytest.raises(placet.ApprovalRequired) as held:
        run_sql(object(), "DELETE FROM orders WHERE id = 12", options)
    shop.answer(held.value.ticket, "approve")
    options["timeout"] = 500  # the very object that was held
    with pytest.raises(placet.ApprovalRefused) as changed:
        shop.guard.resume(held.value.ticket)
    assert changed.value.code == "APR019" and runs == []
    options["timeout"] = 5
    assert run_sql(object(), "DELETE FROM orders WHERE id = 12", options) == "gone"


def test_another_principal_cannot_use_the_ticket(shop: Shop) -> None:
    other = shop.guard.bind(principal=placet.Principal("agent:8", groups=["agents/support"]))
    delete = "DELETE FROM orders WHERE id = 12"
    first = shop.guard.admit(delete)
    assert first.step == "held" and first.ticket is not None
    shop.answer(first.ticket, "approve")
    second = other.admit(delete, ticket=first.ticket)
    assert (second.step, second.code) == ("refused", "APR033")
    third = shop.guard.admit(delete, ticket=first.ticket)
    assert third.step == "forward" and third.approved
    fourth = shop.guard.admit(delete, ticket=first.ticket)
    assert (fourth.step, fourth.code) == ("refused", "APR021")


def test_errors_keep_their_class_where_nothing_is_masked(shop: Shop) -> None:
    error = KeyError("no such order")
    with pytest.raises(KeyError) as caught:
        guarded(shop, Body(error))("SELECT id, status FROM orders WHERE id = 7")
    assert caught.value is error
    assert [event["state"] for event in shop.events("outcome")] == ["failed"]


def chain() -> Exception:
    error = RuntimeError("it failed")
    error.__cause__ = ValueError("near ada@example.com")
    return error


def noted() -> Exception:
    error = RuntimeError("it failed")
    error.add_note("row: ada@example.com")
    return error


class Detailed(Exception):
    def __init__(self) -> None:
        super().__init__("it failed")
        self.detail = "row ada@example.com"


@pytest.mark.parametrize(
    "error",
    [ValueError("near ada@example.com"), chain(), noted(), Detailed(),
     ExceptionGroup("several", [ValueError("ada@example.com")])],
    ids=["text", "cause", "note", "attribute", "group"],
)  # fmt: skip
def test_errors_are_masked_whatever_hangs_on_them(shop: Shop, error: Exception) -> None:
    with pytest.raises(placet.ToolError) as caught:
        guarded(shop, Body(error))("SELECT id, status FROM orders WHERE id = 7")
    told = caught.value
    assert "ada@example.com" not in str(told) and told.kind == type(error).__name__
    assert told.__cause__ is None and told.__context__ is None


def test_errors_are_withheld_where_columns_are_forced(shop: Shop) -> None:
    with pytest.raises(placet.ToolError) as caught:
        guarded(shop, Body(ValueError("no int: Ada")))("SELECT name FROM customers WHERE id = 7")
    assert "Ada" not in str(caught.value) and "withheld" in str(caught.value)


def test_coroutines(shop: Shop) -> None:
    runs: list[str] = []

    @shop.guard.tool(mask="always")
    async def run_sql(query: str) -> list[tuple[int, str]]:
        """Runs it."""
        await asyncio.sleep(0)
        runs.append(query)
        if "orders" in query:
            return [(1, "ada@example.com")]
        raise ValueError("ada@example.com")

    assert inspect.iscoroutinefunction(run_sql) and run_sql.__doc__ == "Runs it."
    assert str(inspect.signature(run_sql)) == "(query: 'str') -> 'list[tuple[int, str]]'"
    result = asyncio.run(run_sql("SELECT id, status FROM orders WHERE id = 7"))
    assert result == [(1, ADA)]
    with pytest.raises(placet.PolicyDenied):
        asyncio.run(run_sql("DROP TABLE orders"))
    with pytest.raises(placet.ToolError):
        asyncio.run(run_sql("SELECT id FROM tickets WHERE id = 1"))
    with pytest.raises(placet.ApprovalRequired) as held:
        asyncio.run(run_sql("DELETE FROM orders WHERE id = 1"))
    shop.answer(held.value.ticket, "approve")
    assert asyncio.run(shop.guard.resume(held.value.ticket)) == [(1, ADA)]
    assert len(runs) == 3


def test_generators_mask_text_across_items(shop: Shop) -> None:
    @shop.guard.tool(mask="always")
    def read(query: str) -> Iterator[str]:
        yield "card 4111 1111 11"
        yield "11 1111, thanks"

    @shop.guard.tool(mask="always")
    async def read_later(query: str) -> AsyncIterator[str]:
        yield "card 4111 1111 11"
        yield "11 1111, thanks"

    async def collect() -> str:
        return "".join([part async for part in read_later("SELECT body FROM tickets WHERE id = 2")])

    assert inspect.isgeneratorfunction(read) and inspect.isasyncgenfunction(read_later)
    query = "SELECT body FROM tickets WHERE id = 2"
    for shown in ("".join(read(query)), asyncio.run(collect())):
        assert shown == "card [CREDIT_CARD], thanks"
    with pytest.raises(placet.PolicyDenied):
        list(read("DROP TABLE tickets"))
    assert [event["state"] for event in shop.events("outcome")] == ["completed"] * 2


def test_generators_mask_and_count_rows(shop: Shop) -> None:
    ran = 0

    @shop.guard.tool
    def read(query: str) -> Iterator[tuple[int, ...] | dict[str, Any]]:
        nonlocal ran
        for n in range(100):
            ran += 1
            yield (n,) if "customers" not in query else {"id": n, "name": "Ada"}

    got = []
    with pytest.raises(placet.LimitError):
        for row in read("SELECT id FROM orders"):
            got.append(row)
    assert len(got) == 10 and ran == 11
    first = next(iter(read("SELECT id, name FROM customers WHERE id = 7")))
    assert first == {"id": 0, "name": "[PII.NAME]"}
    states = [event["state"] for event in shop.events("outcome")]
    assert states == ["stopped_at_limit", "completed"]


def test_a_generator_under_forced_columns_gives_no_text(shop: Shop) -> None:
    @shop.guard.tool
    def read(query: str) -> Iterator[Any]:
        yield "Ada"
        yield {"name": "Ada"}
        raise ValueError("Ada")

    got = []
    with pytest.raises(placet.ToolError):
        for item in read("SELECT id, name FROM customers WHERE id = 7"):
            got.append(item)
    assert "Ada" not in str(got) and len(got) == 2


def test_generators_of_batches(shop: Shop) -> None:
    @shop.guard.tool
    def read(query: str) -> Iterator[Any]:
        yield [(7, "Ada"), (8, "Bo")]
        yield ((9, "Cy"), (10, "Di"))
        yield [11, "Ed"]
        yield from [[(n, "x") for n in range(9)]]

    got = []
    with pytest.raises(placet.LimitError):
        for item in read("SELECT id, name FROM customers"):
            got.append(item)
    masked = "[PII.NAME]"
    assert got == [
        [(7, masked), (8, masked)],
        ((9, masked), (10, masked)),
        [11, masked],
    ]


def test_what_runs_later_is_guarded_in_its_own_shape(shop: Shop) -> None:
    query = "SELECT id, name FROM customers WHERE id = 7"

    async def later() -> list[tuple[int, str]]:
        return [(7, "Ada")]

    async def stream() -> AsyncIterator[tuple[int, str]]:
        yield (7, "Ada")

    async def collect(items: Any) -> list[Any]:
        return [item async for item in items]

    cursor = iter([(7, "Ada")])
    assert list(guarded(shop, Body(cursor))(query)) == [(7, "[PII.NAME]")]
    assert asyncio.run(guarded(shop, Body(later()))(query)) == [(7, "[PII.NAME]")]
    assert asyncio.run(collect(guarded(shop, Body(stream()))(query))) == [(7, "[PII.NAME]")]
    assert [event["state"] for event in shop.events("outcome")] == ["completed"] * 3


def test_a_command_that_can_change_is_refused(shop: Shop) -> None:
    body = Body("ran")
    with pytest.raises(placet.UsageError) as caught:
        guarded(shop, body)(bytearray(b"SELECT id FROM orders WHERE id = 1"))
    assert caught.value.code == "API037" and body.runs == 0
    assert guarded(shop, body)(b"SELECT id FROM orders WHERE id = 1") == "ran"


def test_tools_by_their_arguments(shop: Shop) -> None:
    ran = []

    @shop.guard.tool(kind="tool")
    def refund(order: int, *, cents: int = 0) -> str:
        ran.append(order)
        return "done"

    with pytest.raises(placet.PolicyDenied) as caught:
        refund(12, cents=900)
    assert caught.value.decision is not None
    assert caught.value.decision.facts.reasons == ("reader_absent",) and ran == []

    def facts(call: Any) -> dict[str, Any]:
        assert call == {"order": 12, "cents": 900}
        return {
            "protocol": "tool", "understanding": "full", "reasons": [], "statements": 1,
            "session": [], "actions": [{
                "op": "read", "verb": "REFUND", "extent": "one", "may": ["read_data"], "calls": [],
                "targets": [{"kind": "table", "path": "main.orders", "role": "source", "columns": []}],
                "outputs": "none", "via": [], "span": [0, 0], "nested": [],
            }],
        }  # fmt: skip

    @shop.guard.tool(kind="tool", facts=facts)
    def look(order: int, cents: int) -> str:
        return "done"

    assert look(12, cents=900) == "done"
    [event] = [e for e in shop.events("decision") if e["facts"]["actions"][0]["verb"] == "REFUND"]
    assert event["decision"]["verdict"] == "allow"


class Service:
    def __init__(self, shop: Shop) -> None:
        self.run = shop.guard.tool(self.query)
        self.runs = 0

    def query(self, sql: str) -> str:
        self.runs += 1
        return "ran"


def test_methods(shop: Shop) -> None:
    service = Service(shop)
    assert service.run("SELECT id FROM orders WHERE id = 1") == "ran"
    with pytest.raises(placet.PolicyDenied):
        service.run("DROP TABLE orders")

    class Tools:
        @shop.guard.tool
        def run_sql(self, query: str) -> str:
            return f"{type(self).__name__}: ran"

    assert Tools().run_sql("SELECT id FROM orders WHERE id = 1") == "Tools: ran"
    assert service.runs == 1


def test_wrong_use_is_told_when_the_function_is_guarded(shop: Shop) -> None:
    with pytest.raises(placet.UsageError) as caught:
        shop.guard.tool(arg="sql")(lambda query: None)
    assert caught.value.code == "API031" and "query" in caught.value.help
    with pytest.raises(placet.UsageError):
        shop.guard.tool(lambda: None)
    with pytest.raises(placet.UsageError) as wrong:
        shop.guard.tool(lambda query: None)(7)
    assert wrong.value.code == "API037"
    with pytest.raises(placet.UsageError) as unbound:
        shop.guard.tool(lambda query, how: None)("SELECT 1", object())
    assert unbound.value.code == "API031" and "how" in str(unbound.value)


def test_a_panic_lets_nothing_run(shop: Shop) -> None:
    body = Body("ran")
    run_sql = guarded(shop, body)
    _core.arm_panic()
    with pytest.raises(placet.InternalError) as caught:
        run_sql("SELECT id FROM orders WHERE id = 1")
    assert body.runs == 0 and caught.value.code == "API039"
    assert isinstance(caught.value, Exception)
    for call in (
        lambda: shop.guard.decide("SELECT 1"),
        lambda: shop.guard.facts("SELECT 1"),
        lambda: shop.guard.mask("x"),
        lambda: shop.guard.mask_many(["x"]),
        lambda: shop.guard.find("x"),
        lambda: placet.approvals.escape("x"),
        lambda: placet.bundles.files("baseline"),
        lambda: placet.audit.events(shop.home / "audit"),
        lambda: placet.forms.canonical({}),
    ):
        _core.arm_panic()
        with pytest.raises(placet.InternalError):
            call()
    assert run_sql("SELECT id FROM orders WHERE id = 1") == "ran"


def test_a_panic_closes_a_stream(shop: Shop) -> None:
    masker = shop.guard.masker()
    masker.push("ada@exam")
    _core.arm_panic()
    with pytest.raises(placet.InternalError):
        masker.push("ple.com")
    with pytest.raises(placet.MaskError) as caught:
        masker.finish()
    assert caught.value.code == "MSK002"


def test_what_cannot_be_logged_does_not_run(tmp_path: Path) -> None:
    shop = open_shop(tmp_path)
    body = Body("ran")
    run_sql = guarded(shop, body)
    shop.guard.close()
    with pytest.raises(placet.AuditError) as caught:
        run_sql("SELECT id FROM orders WHERE id = 1")
    assert caught.value.code == "AUD005" and body.runs == 0


def test_a_result_whose_outcome_cannot_be_logged_stays_inside(tmp_path: Path) -> None:
    shop = open_shop(tmp_path)

    @shop.guard.tool
    def run_sql(query: str) -> str:
        shop.guard.close()
        return "value"

    with pytest.raises(placet.AuditError):
        run_sql("SELECT id FROM orders WHERE id = 1")


class Two(str):
    """A text that shows another one."""

    def __str__(self) -> str:
        return "DROP TABLE customers"

    def __format__(self, spec: str) -> str:
        return "DROP TABLE customers"

    def encode(self, *args: Any, **kwargs: Any) -> bytes:
        return b"DROP TABLE customers"


def test_the_body_gets_what_was_read(shop: Shop) -> None:
    seen: list[Any] = []

    @shop.guard.tool
    def run_sql(query: Any, limit: int = 5) -> None:
        seen.append((type(query), query, f"{query}", limit))

    sql = "SELECT id FROM orders WHERE id = 7"
    run_sql(Two(sql))
    run_sql(query=Two(sql), limit=2)
    assert seen == [(str, sql, sql, 5), (str, sql, sql, 2)]


def test_many_threads_resume_a_call_once(shop: Shop) -> None:
    import threading

    body = Body("done")
    run_sql = guarded(shop, body)
    with pytest.raises(placet.ApprovalRequired) as held:
        run_sql("DELETE FROM orders WHERE id = 7")
    shop.answer(held.value.ticket, "approve")
    told: list[str | None] = []

    def resume() -> None:
        try:
            told.append(shop.guard.resume(held.value.ticket))
        except placet.PlacetError as error:
            told.append(error.code)

    threads = [threading.Thread(target=resume) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert body.runs == 1 and told.count("done") == 1, told


def test_a_forked_child_logs_nothing_and_runs_nothing(shop: Shop) -> None:
    import os

    body = Body("done")
    run_sql = guarded(shop, body)
    run_sql("SELECT id FROM orders WHERE id = 7")
    child = os.fork()
    if child == 0:
        try:
            run_sql("SELECT id FROM orders WHERE id = 7")
            os._exit(0)
        except placet.PlacetError:
            os._exit(7 if body.runs == 1 else 8)
        finally:
            os._exit(9)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    run_sql("SELECT id FROM orders WHERE id = 7")
