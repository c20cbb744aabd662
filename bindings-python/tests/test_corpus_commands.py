"""`testdata/commands`: what a command would do, word for word as in Rust."""

from __future__ import annotations

import base64
import json
import pickle
from typing import Any

import pytest
from corpus import TESTDATA, cases, load

import placet

KEYS = {
    "text", "bytes", "session", "catalog", "understanding", "reasons", "statements", "writes",
    "destructive", "unbounded", "max_rows", "effects", "evasion", "actions",
}  # fmt: skip
ACTION_KEYS = {
    "op", "verb", "targets", "extent", "calls", "outputs", "may", "via", "nested",
}  # fmt: skip

GUARD = placet.Guard()


def all_cases() -> list[Any]:
    out = []
    for folder in sorted((TESTDATA / "commands").iterdir()):
        for parameter in cases(folder, KEYS):
            out.append(pytest.param(folder.name, *parameter.values, id=f"{folder.name}/{parameter.id}"))
    return out


def command(case: dict[str, Any]) -> str | bytes:
    assert ("text" in case) != ("bytes" in case), "a case has either `text` or `bytes`"
    return case["text"] if "text" in case else base64.b64decode(case["bytes"])


@pytest.mark.parametrize(("protocol", "case"), all_cases())
def test_facts(protocol: str, case: dict[str, Any]) -> None:
    catalog = TESTDATA / "catalogs" / case["catalog"] if "catalog" in case else None
    guard = GUARD if catalog is None else placet.Guard(catalog=catalog)
    facts = guard.facts(command(case), protocol, session=case.get("session"))
    check(case, facts)
    laws(facts, command(case))


def laws(facts: placet.Facts, given: str | bytes) -> None:
    assert (facts.understanding == "full") == (facts.reasons == ())
    length = len(given.encode() if isinstance(given, str) else given)
    for action in facts.actions:
        assert action["verb"] == action["verb"].upper()
        assert action["span"][1] <= length or action["nested"]
    assert placet.Facts.parse(facts.json()) == facts
    assert pickle.loads(pickle.dumps(facts)) == facts
    assert hash(placet.Facts.parse(json.loads(facts.json()))) == hash(facts)


def check(case: dict[str, Any], facts: placet.Facts) -> None:
    for key in ("understanding", "writes", "destructive", "unbounded"):
        if key in case:
            assert getattr(facts, key) == case[key], key
    for key in ("reasons", "effects", "evasion"):
        if key in case:
            assert list(getattr(facts, key)) == case[key], key
    for key in ("statements", "max_rows"):
        if key in case:
            wanted = None if case[key] == "none" else case[key]
            assert getattr(facts, key) == wanted, key
    if "actions" in case:
        assert len(facts.actions) == len(case["actions"])
        for wanted, found in zip(case["actions"], facts.actions, strict=True):
            action(wanted, found)


def action(wanted: dict[str, Any], found: dict[str, Any]) -> None:
    assert set(wanted) <= ACTION_KEYS
    for key in ("op", "verb", "calls", "may", "via"):
        if key in wanted:
            assert found[key] == wanted[key], key
    if "nested" in wanted:
        assert len(found["nested"]) == wanted["nested"]
    if "targets" in wanted:
        named = any(target.endswith(")") for target in wanted["targets"])
        assert [target(one, named) for one in found["targets"]] == wanted["targets"]
    if "extent" in wanted:
        assert extent(found["extent"]) == wanted["extent"]
    if "outputs" in wanted:
        outputs(wanted["outputs"], found["outputs"])


def target(found: dict[str, Any], named: bool) -> str:
    plain = f"{found['kind']} {found['role']} {found['path']}"
    if not named:
        return plain
    columns = found["columns"]
    return f"{plain} (any)" if columns == "any" else f"{plain} ({' '.join(columns)})"


def extent(found: Any) -> str:
    if isinstance(found, str):
        return found
    if "at_most" in found:
        return f"at_most {found['at_most']}"
    return " ".join(["filtered", *found["filtered"]])


def outputs(wanted: Any, found: Any) -> None:
    if isinstance(wanted, str):
        assert found == wanted
        return
    implicit = any(" by " in column for column in wanted)
    assert [output(column, implicit) for column in found["columns"]] == wanted


def output(column: dict[str, Any], implicit: bool) -> str:
    def sources(listed: Any) -> str:
        return "any" if listed == "any" else " ".join(listed) or "nothing"

    plain = f"{column['name']} <- {sources(column['sources'])} {column['how']}"
    return f"{plain} by {sources(column['implicit'])}" if implicit else plain


def test_the_runner_knows_every_file() -> None:
    """`readings.toml` has no key of its own that this runner would not check."""
    for path in (TESTDATA / "commands").glob("*/*.toml"):
        load(path, KEYS)
