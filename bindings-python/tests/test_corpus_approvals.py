"""`testdata/approvals`: what is shown, what is bound, which answers count."""

from __future__ import annotations

from typing import Any

import pytest
from corpus import TESTDATA, load

import placet
from placet import approvals

FOLDER = TESTDATA / "approvals"
ESCAPE = load(FOLDER / "escape.toml", {"input", "shown"})
ACTION = load(FOLDER / "action.toml", {"command", "hash"})
ANSWERS = load(
    FOLDER / "answers.toml", {"answers", "state", "error"}, frozenset({"case", "setup"})
)


def by_name(file: dict[str, Any]) -> list[Any]:
    return [pytest.param(case, id=case["name"]) for case in file["case"]]


def raw(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else bytes.fromhex(value["hex"])


@pytest.mark.parametrize("case", by_name(ESCAPE))
def test_escape(case: dict[str, Any]) -> None:
    assert approvals.escape(raw(case["input"])) == case["shown"]


@pytest.mark.parametrize("case", by_name(ACTION))
def test_action(case: dict[str, Any]) -> None:
    command = case["command"]
    assert set(command) <= {
        "protocol", "resource_kind", "resource_name", "bytes", "params", "context",
    }  # fmt: skip
    params = []
    for param in command["params"]:
        [(kind, value)] = param.items()
        params.append((kind, bytes.fromhex(value) if kind == "bytes" else value))
    found = approvals.action_hash(
        raw(command["bytes"]),
        protocol=command["protocol"],
        resource_kind=command["resource_kind"],
        resource_name=command["resource_name"],
        params=params,
        context=command["context"],
        salt=bytes([7] * 32),
    )
    assert found == case["hash"]


def test_display() -> None:
    setup = ANSWERS["setup"]
    assert approvals.Request.parse(setup["request"]).display == setup["display"]


@pytest.mark.parametrize("case", by_name(ANSWERS))
def test_answers(case: dict[str, Any]) -> None:
    setup = ANSWERS["setup"]
    request = approvals.Request.parse(setup["request"])
    hold = approvals.Hold(request, [setup["spec"]], setup["approvers"])
    last = None
    for answer in case["answers"]:
        try:
            hold.answer(answer, setup["now"])
            last = None
        except placet.ApprovalError as error:
            last = error.code
    assert last == case.get("error")
    assert hold.state(setup["now"]) == case["state"]
