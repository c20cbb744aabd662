"""`testdata/policies` and `testdata/bundles`: decisions, errors with their places, trust."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from corpus import TESTDATA, cases, load

import placet

KEYS = {
    "base", "files", "rules", "facts", "text", "protocol", "principal", "resource", "session",
    "now", "enforces", "expect",
}  # fmt: skip
EXPECT = {
    "verdict", "rules", "reasons", "obligations", "remedy", "risk", "unknown", "stamps", "errors",
    "help",
}  # fmt: skip
FACTS = {"protocol", "understanding", "reasons", "statements", "actions"}
ACTION = {"op", "verb", "targets", "extent", "may", "calls", "outputs", "nested"}
TARGET = {"kind", "path", "role", "columns"}
EFFECTS = (
    "read_data write_data destroy schema privilege identity code_exec fs_read fs_write net_egress "
    "secret_read pii_move availability persistence parser_state audit_tamper"
).split()

GUARD = placet.Guard()


def files(case: dict[str, Any]) -> dict[str, str]:
    base = case.get("base")
    if base is None:
        out = {"bundle.toml": 'name = "case"'}
    elif base == "baseline":
        out = placet.bundles.files(base)
    else:
        folder = TESTDATA / "bundles" / base
        out = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*.toml")}
    out |= case.get("files", {})
    if "rules" in case:
        out["rules/case.toml"] = case["rules"]
    return out


def facts(row: dict[str, Any]) -> dict[str, Any]:
    assert set(row) <= FACTS
    understanding = row.get("understanding", "full")
    actions = [action(one) for one in row.get("actions", [])]
    reasons = row.get("reasons", [])
    if understanding == "opaque" and not actions:
        reasons = reasons[:1] or ["not_parsed"]
        actions = [
            {
                "op": "unknown", "verb": "UNKNOWN", "targets": [], "extent": "unknown",
                "may": EFFECTS, "calls": [], "outputs": "opaque", "via": [], "span": [0, 10],
                "nested": [],
            }
        ]  # fmt: skip
        session, statements = [{"unknown": True}], None
    else:
        session = []
        statements = row.get("statements", None if understanding == "opaque" else 1)
    return {
        "protocol": row.get("protocol", "postgres"),
        "understanding": understanding,
        "reasons": reasons,
        "actions": actions,
        "session": session,
        "statements": statements,
    }


def action(row: dict[str, Any]) -> dict[str, Any]:
    assert set(row) <= ACTION
    return {
        "op": row["op"],
        "verb": row.get("verb", row["op"].upper()),
        "targets": [target(one) for one in row.get("targets", [])],
        "extent": row.get("extent", "unknown"),
        "may": row.get("may", []),
        "outputs": outputs(row.get("outputs")),
        "calls": row.get("calls", []),
        "via": [],
        "span": [0, 10],
        "nested": [facts(one) for one in row.get("nested", [])],
    }


def target(row: dict[str, Any]) -> dict[str, Any]:
    assert set(row) <= TARGET
    kind, path = row.get("kind", "table"), row["path"]
    if kind in ("file", "host", "program") and path != "<dynamic>" and not path.endswith("*"):
        path = '"' + path.replace('"', '""') + '"'
    role, columns = row.get("role", "object"), row.get("columns", "any")
    return {"kind": kind, "path": path, "role": role, "columns": columns}


def outputs(value: Any) -> Any:
    if value is None or isinstance(value, str):
        return value or "none"
    return {
        "columns": [
            {"name": name, "sources": sources, "how": "plain", "implicit": []}
            for column in value
            for name, sources in column.items()
        ]
    }


@pytest.mark.parametrize("case", list(cases(TESTDATA / "policies", KEYS)))
def test_policy(case: dict[str, Any]) -> None:
    expect = case["expect"]
    assert set(expect) <= EXPECT
    if "errors" in expect:
        with pytest.raises(placet.PolicyError) as caught:
            placet.bundles.compile(files(case))
        found = [
            f"{p.code} {p.file}" + (f" {p.line}:{p.column}" if p.line else "")
            for p in caught.value.problems
        ]
        assert found == expect["errors"]
        assert expect.get("help", "") in caught.value.problems[0].help
        assert caught.value.code == caught.value.problems[0].code
        return
    bundle = placet.bundles.compile(files(case))
    assert ("facts" in case) != ("text" in case)
    if "facts" in case:
        given = placet.Facts.parse(facts(case["facts"]))
    else:
        given = GUARD.facts(case["text"], case.get("protocol", "postgres"))
    request = {
        "principal": case.get(
            "principal", {"id": "agent:seven", "kind": "agent", "groups": ["agents/support"]}
        ),
        "resource": case.get(
            "resource", {"kind": "postgres", "name": "crm-main", "labels": {"env": "prod"}}
        ),
        "session": case.get("session", {}),
        "context": {"now": case.get("now")},
        "enforces": case.get("enforces", ["mask", "limit", "approve"]),
    }
    decision = bundle.decide(given, **request)
    assert decision == bundle.decide(given, **request), "a decision is a function"
    check(expect, decision)
    again = pickle.loads(pickle.dumps(decision))
    assert again == decision and hash(again) == hash(decision)
    check(expect, again)


def check(expect: dict[str, Any], decision: placet.Decision) -> None:
    assert decision.verdict == expect["verdict"]
    for key in ("rules", "reasons", "stamps"):
        if key in expect:
            assert list(getattr(decision, key)) == expect[key], key
    for key in ("remedy", "risk"):
        if key in expect:
            assert getattr(decision, key) == expect[key], key
    if "obligations" in expect:
        assert [json.loads(one.json()) for one in decision.obligations] == expect["obligations"]
    if "unknown" in expect:
        assert decision.explanation["unknown"] == expect["unknown"]
    told = json.loads(decision.json())
    assert told["verdict"] == decision.verdict and told["risk"] == decision.risk


ATTACKS = load(
    TESTDATA / "bundles" / "attacks" / "cases.toml",
    {"before", "before_root", "root", "file", "now", "error", "digest"},
    frozenset({"case", "setup"}),
)


@pytest.mark.parametrize("case", [pytest.param(c, id=c["name"]) for c in ATTACKS["case"]])
def test_trust(case: dict[str, Any]) -> None:
    setup = ATTACKS["setup"]
    state = b""  # a state that remembers nothing yet
    for file in case["before"]:
        root = case.get("before_root", setup["root"])
        _, state = placet.bundles.verify(file, root=root, state=state, now=setup["now"])
    try:
        bundle, _ = placet.bundles.verify(
            case["file"],
            root=case.get("root", setup["root"]),
            state=state,
            now=case.get("now", setup["now"]),
        )
        found = bundle.digest
    except placet.PlacetError as error:
        found = error.code
        family = placet.PolicyError if found.startswith("POL") else placet.BundleError
        assert isinstance(error, family)
    assert found == case.get("error", case.get("digest"))

