"""Handles: values that compare, hash, pickle and match, that show nothing, and that threads share."""

from __future__ import annotations

import asyncio
import gc
import json
import pickle
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from shop import open_shop

import placet

GUARD = placet.Guard()
SECRETS = ("hunter2", "ada@example.com", "4111")


def test_nothing_shows_a_value() -> None:
    command = "DELETE FROM t WHERE mail = 'ada@example.com' AND card = 4111111111111111"
    decision = GUARD.decide(command)
    shown = [repr(decision), repr(decision.facts), decision.json(), decision.facts.json()]
    shown += [str(decision.explanation), repr(GUARD), repr(GUARD.find(command))]
    masker = GUARD.masker()
    masker.push("password=hunter2")
    shown += [repr(masker), repr(GUARD.row_masker(["a"]))]
    for text in shown:
        assert not any(secret in text for secret in SECRETS), text


def test_decisions_are_values() -> None:
    one, two = GUARD.decide("DROP TABLE t"), GUARD.decide("DROP TABLE t")
    other = GUARD.decide("DROP TABLE u")
    assert one == two and hash(one) == hash(two) and one != other
    assert one != "deny" and {one, two, other} == {one, other}
    again = pickle.loads(pickle.dumps(one))
    assert again == one and again.json() == one.json() and again.facts == one.facts
    assert (again.verdict, again.rules, again.reasons, again.remedy) == (
        one.verdict,
        one.rules,
        one.reasons,
        one.remedy,
    )
    match one:
        case placet.Decision("deny"):
            pass
        case _:
            pytest.fail("a decision matches by its verdict")
    with pytest.raises(AttributeError):
        one.verdict = "allow"  # type: ignore[misc]


def test_a_forged_pickle_is_no_decision() -> None:
    for decision, facts in (("{}", "{}"), ('{"verdict":"maybe"}', "{}"), ("no json", "{}")):
        with pytest.raises(placet.UsageError):
            placet.Decision._restore(decision, facts)
    allowed = GUARD.decide("SELECT 1").json().replace('"understanding":"full"', "")
    with pytest.raises(placet.UsageError):
        placet.Decision._restore(allowed, GUARD.facts("DROP TABLE t").json())


def test_findings_are_values() -> None:
    [found] = GUARD.find("to ada@example.com")
    assert (found.type, found.start, found.end, found.score) == ("EMAIL_ADDRESS", 3, 18, 0.9)
    assert pickle.loads(pickle.dumps(found)) == found and len({found, found}) == 1
    match found:
        case placet.Finding("EMAIL_ADDRESS", 3, 18):
            pass
        case _:
            pytest.fail("a finding matches by type and place")


def test_facts_that_contradict_themselves_are_refused() -> None:
    good = json.loads(GUARD.facts("DELETE FROM t").json())
    for key, value in (("writes", False), ("understanding", "partial"), ("protocol", "x")):
        with pytest.raises(placet.UsageError) as caught:
            placet.Facts.parse({**good, key: value})
        assert caught.value.code == "API010"


def test_fingerprints() -> None:
    a = GUARD.fingerprint("SELECT * FROM t WHERE id = 1")
    b = GUARD.fingerprint(b"select *\nfrom T -- all\nwhere id = 2")
    assert a is not None and b is not None
    assert a["shape"] == b["shape"] and a["exact"] != b["exact"]
    assert a["exact"].startswith("sha256:")
    assert GUARD.fingerprint("SELECT 1", "mysql") != GUARD.fingerprint("SELECT 1")
    assert GUARD.fingerprint("SELECT 'open") is None
    assert GUARD.fingerprint('{"tool": "refund"}', "tool") is None


def test_principals_and_resources() -> None:
    ana = placet.Principal("ana", "human", groups=["dba"], claims={"mfa": True})
    assert ana == placet.Principal("ana", "human", groups=["dba"], claims={"mfa": True})
    assert (ana.kind, ana.groups, ana.claims, ana.delegator) == ("human", ["dba"], {"mfa": True}, None)
    crm = placet.Resource("postgres", "crm", labels={"env": "prod"})
    assert crm != placet.Resource("postgres", "crm") and len({ana, crm}) == 2
    by_hand = GUARD.decide(
        "SELECT 1",
        principal={"id": "ana", "kind": "human"},
        resource={"kind": "postgres", "name": "crm"},
    )
    assert by_hand == GUARD.decide("SELECT 1", principal=ana, resource=crm)
    for wrong in ({"id": "a"}, {"id": "a", "kind": "robot"}, {"id": "a", "kind": "agent", "x": 1}, 7):
        with pytest.raises(placet.UsageError):
            GUARD.decide("SELECT 1", principal=wrong)  # type: ignore[arg-type]
    with pytest.raises(placet.UsageError):
        placet.Principal("a", "robot")


def test_what_the_caller_cannot_enforce_is_denied() -> None:
    delete = "DELETE FROM t WHERE id = 7"
    assert GUARD.decide(delete).verdict == "require_approval"
    assert GUARD.decide(delete, enforces=["mask", "limit"]).verdict == "deny"
    assert "unenforceable" in GUARD.decide(delete, enforces=[]).reasons
    with pytest.raises(placet.UsageError):
        GUARD.decide(delete, enforces="approve")


def test_sessions_change_the_reading() -> None:
    text = r"SELECT 'it\'; DROP TABLE t; --'"
    assert GUARD.decide(text).verdict == "deny"
    off = {"standard_conforming_strings": False, "client_encoding": "UTF8"}
    assert GUARD.decide(text, session=off).facts.statements == 1
    with pytest.raises(placet.UsageError):
        GUARD.decide(text, session={"standard_conforming": False})


def test_bytes_of_every_kind() -> None:
    text = "DELETE FROM customers"
    wanted = GUARD.decide(text)
    for command in (text.encode(), bytearray(text.encode()), memoryview(text.encode())):
        assert GUARD.decide(command) == wanted
    assert GUARD.decide(b"SELECT \xff").facts.reasons == ("not_text",)
    assert GUARD.decide("SELECT '\ud800'").facts.reasons == ("not_text",)
    with pytest.raises(placet.UsageError):
        GUARD.decide(7)  # type: ignore[arg-type]


def test_threads_share_a_guard() -> None:
    wanted = {text: GUARD.decide(text) for text in ("SELECT 1", "DROP TABLE t", "DELETE FROM t")}
    long = "x" * 50_000 + " ada@example.com"
    wrong: list[Any] = []

    def work() -> None:
        for _ in range(60):
            for text, decision in wanted.items():
                if GUARD.decide(text) != decision:
                    wrong.append(text)
            if "ada" in GUARD.mask(long):
                wrong.append("mask")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_threads_share_a_log(tmp_path: Path) -> None:
    shop = open_shop(tmp_path)
    run: Any = shop.guard.tool(lambda query: "ran")

    def work() -> None:
        for _ in range(20):
            run("SELECT id FROM orders WHERE id = 1")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    shop.guard.close()
    ids = [event["decision_id"] for event in shop.events("decision")]
    assert len(ids) == len(set(ids)) == 80 and len(shop.events("outcome")) == 80
    assert placet.audit.verify(tmp_path / "audit", key=tmp_path / "example.com-audit.vkey").ok


def test_a_stream_is_one_call_at_a_time() -> None:
    rows = GUARD.row_masker(["a"])

    class Strange(str):
        pass

    class Cell(dict[str, Any]):
        def items(self) -> Any:
            # A call from inside a call of the same stream.
            rows.row(("x",))
            return dict.items(self)

    with pytest.raises(placet.MaskError) as caught:
        rows.row((Cell(a=1),))
    assert caught.value.code == "MSK002"
    assert rows.row(("ada@example.com",)) == ("[EMAIL_ADDRESS]",)
    assert GUARD.mask([Strange("ada@example.com")]) == ["[EMAIL_ADDRESS]"]


def test_streams_of_every_kind() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b'{"card": 41111111'
        yield b'11111111, "mail": "ada\\u0040example.com"}'

    async def collect() -> bytes:
        return b"".join([part async for part in GUARD.mask_stream(chunks(), "json")])

    assert asyncio.run(collect()) == b'{"card": "[CREDIT_CARD]", "mail": "[EMAIL_ADDRESS]"}'
    masker = GUARD.masker()
    # A character that is cut in two leaves in one piece.
    parts = [masker.push(character) for character in "né ada@example.com é"]
    assert "".join(parts) + masker.finish() == "né [EMAIL_ADDRESS] é"
    csv = "".join(GUARD.mask_stream(["name,ssn\nAda,5369", "04399\n"], "csv"))
    assert csv == "name,ssn\nAda,[US_SSN]\n"


def test_rows_keep_what_does_not_change() -> None:
    row = (7, None, "plain", 1.5, True)
    masker = GUARD.row_masker(["id", "a", "b", "c", "d"])
    assert masker.row(row) is row and masker.masked_cells == 0
    assert masker.row((4111111111111111, None, "x", {"mail": "ada@example.com"}, b"ada@example.com")) == (
        "[CREDIT_CARD]",
        None,
        "x",
        {"mail": "[EMAIL_ADDRESS]"},
        b"[EMAIL_ADDRESS]",
    )
    assert masker.masked_cells == 3
    forced = GUARD.row_masker([("id", "pii.id"), "b"])
    assert forced.row((7, 1)) == ("[PII.ID]", 1) and forced.row((None, 1)) == (None, 1)
    assert forced.row(([1, {"a": 2}], 1)) == ("[PII.ID]", 1)
    dicts = GUARD.mask_rows([{"ssn": "536904399"}, {"note": "536904399"}])
    assert list(dicts) == [{"ssn": "[US_SSN]"}, {"note": "536904399"}]
    assert dicts.masked_cells == 1


def test_handles_do_not_leak() -> None:
    def once() -> None:
        for _ in range(200):
            GUARD.decide("SELECT 1").facts.json()
            GUARD.mask({"a": ["ada@example.com", 1]})
            list(GUARD.mask_rows([("ada@example.com",)], ["a"]))

    once()
    gc.collect()
    before = sys.getallocatedblocks()
    once()
    gc.collect()
    assert sys.getallocatedblocks() - before < 200


def test_the_compiled_module_is_alone() -> None:
    """No dependency, and nothing beside the module that `import placet` would have to load."""
    import subprocess

    code = "import sys; before = set(sys.modules); import placet; print(*(set(sys.modules) - before))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"typing", "inspect", "dataclasses", "json", "re", "asyncio", "threading"}
    assert not heavy & set(run.stdout.split())
