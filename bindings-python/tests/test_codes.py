"""Every code of `placet.all_codes()`: raised here, or listed with the reason why Python never meets it.

`testdata/` raises most codes of bundles, trust and answers; the others have a door of their own.
"""

# mypy: disable-error-code="func-returns-value"

from __future__ import annotations

import os
import pickle
import resource
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from corpus import TESTDATA, cases
from shop import AGENT, APPROVER, open_shop
from test_corpus_approvals import ANSWERS
from test_corpus_policies import ATTACKS, KEYS, files

import placet
from placet import approvals, audit, bundles, forms

#: Codes that no call of the package can raise, and why.
UNREACHABLE = {
    **dict.fromkeys(
        ("API001", "API002", "API005", "API006", "API007", "API012", "API016", "API019", "API020",
         "API021", "LIM001"),
        "of the command line's own input and output: JSON lines, the demo, files that it writes",
    ),
    **{f"WIR{n:03}": "wire protocols are spoken by the proxy alone" for n in range(1, 11)},
    **{f"P{n}": "lints are reported by `Bundle.lint()`, never raised" for n in (102, 104, 105, 106, 107, 108, 109)},
    "API009": "decisions, facts and reports always have a JSON form",
    "API123": "whatever Python hands over has a JSON form, or is refused before (API010)",
    "APR023": "the log would have to fail between the decision and the use; the store's tests do it",
    "APR029": "masking for display cannot fail with the operators of today",
    "LIM302": "every append settles its group, so that none fills up",
}  # fmt: skip

FAMILIES = {
    "POL": placet.PolicyError,
    "BND": placet.BundleError,
    "APR": placet.ApprovalError,
    "MSK": placet.MaskError,
    "AUD": placet.AuditError,
    "LIM": placet.LimitError,
    "API": placet.UsageError,
}

Trigger = Callable[[Path], object]
TRIGGERS: dict[str, Trigger] = {}


def raises(*codes: str) -> Callable[[Trigger], Trigger]:
    def register(trigger: Trigger) -> Trigger:
        for code in codes:
            assert code not in TRIGGERS
            TRIGGERS[code] = trigger
        return trigger

    return register


def corpus() -> Iterator[tuple[str, Trigger]]:
    """What the shared cases raise."""
    for parameter in cases(TESTDATA / "policies", KEYS):
        case: Any = parameter.values[0]
        for line in case["expect"].get("errors", [])[:1]:
            yield line.split()[0], partial(compiled, case)
    for case in ATTACKS["case"]:
        if "error" in case:
            yield case["error"], partial(attack, case)
    for case in ANSWERS["case"]:
        if "error" in case:
            yield case["error"], partial(answers, case)


def compiled(case: dict[str, Any], _: Path) -> object:
    return bundles.compile(files(case))


def attack(case: dict[str, Any], _: Path) -> object:
    setup, state = ATTACKS["setup"], b""
    for file in case["before"]:
        root = case.get("before_root", setup["root"])
        state = bundles.verify(file, root=root, state=state, now=setup["now"])[1]
    now = case.get("now", setup["now"])
    return bundles.verify(case["file"], root=case.get("root", setup["root"]), state=state, now=now)


def hold(specs: Any = None, approvers: Any = None) -> approvals.Hold:
    setup = ANSWERS["setup"]
    request = approvals.Request.parse(setup["request"])
    return approvals.Hold(request, specs or [setup["spec"]], approvers or setup["approvers"])


def answers(case: dict[str, Any], _: Path) -> None:
    held = hold()
    *before, last = case["answers"]
    for answer in before:
        try:
            held.answer(answer, ANSWERS["setup"]["now"])
        except placet.ApprovalError:
            pass
    held.answer(last, ANSWERS["setup"]["now"])


GUARD = placet.Guard()


@raises("POL024")
def _(_: Path) -> object:
    return bundles.compile({"bundle.toml": 'name = "x"', "rules/a.toml": "# " + "x" * (9 << 20)})


@raises("POL026")
def _(_: Path) -> object:
    rule = '[[rule]]\nid = "a"\nwhat = { op = "read" }\nverdict = "allow"\nhit = ["DROP TABLE t"]'
    return bundles.compile({"bundle.toml": 'name = "x"', "rules/a.toml": rule}).check()


def signed(home: Path, extra: str = "") -> tuple[bytes, bytes, Path, Path]:
    key, vkey = placet.new_key("security", home)
    text = f'name = "x"\nsequence = 7\nexpires = 2099-01-01T00:00:00Z\n{extra}'
    packed = bundles.pack({"bundle.toml": text}, keys=[key])
    return packed, bundles.sign_root([key], expires="2099-01-01T00:00:00Z"), key, vkey


@raises("BND001")
def _(home: Path) -> object:
    return bundles.pack({"bundle.toml": "# " + "x" * (9 << 20)})


@raises("BND007")
def _(home: Path) -> object:
    packed, root, key, _ = signed(home)
    bundle, _ = bundles.verify(packed, root=root, state=b"")
    revoked = bundles.sign_revocation(1, signed_by=[key], bundles=[bundle.digest])
    state = bundles.revoke(b"", revoked, root=root)
    return bundles.verify(packed, root=root, state=state)


@raises("BND016")
def _(home: Path) -> object:
    packed, root, *_ = signed(home)
    return bundles.verify(packed, root=root, state=b"{}")


@raises("BND017")
def _(home: Path) -> object:
    _, root, *_ = signed(home)
    (home / "other").mkdir()
    other, _ = placet.new_key("other", home / "other")
    return bundles.revoke(b"", bundles.sign_revocation(1, signed_by=[other]), root=root)


@raises("BND022")
def _(home: Path) -> object:
    _, root, key, _ = signed(home)
    skipped = bundles.sign_root([key], expires="2099-01-01T00:00:00Z", version=3)
    return bundles.rotate_root(root, skipped)


@raises("BND101")
def _(home: Path) -> object:
    _, root, *_ = signed(home)
    return bundles.verify(b" " * (32 << 20), root=root)


@raises("APR018")
def _(_: Path) -> object:
    return GUARD.resume("00" * 16)


def held_shop(home: Path, command: str = "DELETE FROM orders WHERE id = 12") -> Any:
    shop = open_shop(home)
    admission = shop.guard.admit(command)
    assert admission.step == "held", admission.text
    return shop, admission.ticket


def refused(admission: placet.Admission) -> None:
    """A refusal as a guarded function raises it."""
    if admission.step == "refused":
        raise placet.ApprovalRefused(admission.text or "", code=admission.code)


@raises("APR019")
def _(home: Path) -> object:
    shop, ticket = held_shop(home)
    shop.answer(ticket, "approve")
    return refused(shop.guard.admit("DELETE FROM orders WHERE id = 13", ticket=ticket))


@raises("APR020")
def _(home: Path) -> object:
    return open_shop(home).guard.tool(lambda query: None)("DELETE FROM orders WHERE id = 12")


@raises("APR021")
def _(home: Path) -> object:
    shop, ticket = held_shop(home)
    shop.answer(ticket, "approve")
    assert shop.guard.admit("DELETE FROM orders WHERE id = 12", ticket=ticket).step == "forward"
    return shop.answer(ticket, "approve")


@raises("APR022")
def _(_: Path) -> object:
    return GUARD.tool(lambda query: None)("DELETE FROM orders WHERE id = 12")


def tightened(home: Path, rules: str, approvals_too: str = "") -> None:
    """What the bundle in force says after a person has approved, and the bundle has changed."""
    shop, ticket = held_shop(home)
    shop.answer(ticket, "approve")
    (home / "policy" / "rules" / "90-later.toml").write_text(rules)
    with (home / "policy" / "approvals.toml").open("a") as file:
        file.write(approvals_too)
    shop.guard.reload()
    refused(shop.guard.admit("DELETE FROM orders WHERE id = 12", ticket=ticket))


LATER = '[[rule]]\nid = "later"\nwhat = { op = "delete" }\nsay = "No."\nverdict = '


@raises("APR024")
def _(home: Path) -> object:
    return tightened(home, LATER + '"deny"')


@raises("APR025")
def _(home: Path) -> object:
    spec = '\n[[spec]]\nid = "board"\nstages = [{ any_of = ["board"], min = 1 }]\nexpires_in = "15m"\n'
    person = '[[approver]]\nid = "human:chair"\ngroups = ["board"]\nkeys = ["{}"]\n'
    _, vkey = placet.new_key("chair", home)
    person = person.format(vkey.read_text().strip())
    return tightened(home, LATER + '{ require_approval = "board" }', spec + person)


@raises("APR026")
def _(_: Path) -> object:
    spec = dict(ANSWERS["setup"]["spec"], id="another")
    return hold([spec])


@raises("APR027")
def _(home: Path) -> object:
    key, _ = placet.new_key("example.com/audit", home)
    guard = placet.Guard(audit=home / "audit", audit_key=key, approvals=home / "approvals")
    return guard.tool(lambda query: None)("DELETE FROM orders WHERE id = 12")


@raises("APR028")
def _(home: Path) -> object:
    run: Any = open_shop(home).guard.tool(lambda query, note: None)
    return run("DELETE FROM orders WHERE id = 12", "x" * 140_000)


@raises("APR030")
def _(_: Path) -> object:
    return GUARD.state("no ticket")


@raises("APR031")
def _(_: Path) -> object:
    return approvals.Request.parse(b"{}")


@raises("APR032")
def _(_: Path) -> object:
    twice = ANSWERS["setup"]["approvers"][:1] * 2
    return hold(approvers=twice)


@raises("APR033")
def _(home: Path) -> object:
    shop, ticket = held_shop(home)
    shop.answer(ticket, "approve")
    other = shop.guard.bind(principal=placet.Principal("agent:8", groups=AGENT.groups))
    return refused(other.admit("DELETE FROM orders WHERE id = 12", ticket=ticket))


@raises("APR034")
def _(home: Path) -> object:
    shop, ticket = held_shop(home)
    for n in range(200):
        (home / "approvals" / ticket / f"answer-{n:064x}.json").write_text("{}")
    return shop.guard.state(ticket)


@raises("MSK001")
def _(_: Path) -> object:
    return placet.Guard(hash_key=b"short")


@raises("MSK002")
def _(_: Path) -> object:
    masker = GUARD.masker()
    masker.finish()
    return masker.push("x")


@raises("MSK003")
def _(_: Path) -> object:
    return GUARD.row_masker(["a"]).row(("1", "2"))


def log(home: Path, writer: str = "w") -> audit.Log:
    key = home / "audit.key"
    if not key.exists():
        placet.new_key("audit", home)
    return audit.Log(home / "log", writer=writer, key=key)


@raises("AUD001")
def _(home: Path) -> object:
    return log(home).append("finding", "no object")


@raises("AUD002")
def _(home: Path) -> object:
    return log(home).append("finding", {"seq": 1})


@raises("AUD003")
def _(home: Path) -> object:
    return log(home).append("log.open", {})


@raises("AUD004")
def _(home: Path) -> object:
    return log(home, writer="../w")


@raises("AUD005")
def _(home: Path) -> object:
    one = log(home)
    one.close()
    return one.append("finding", {})


@raises("AUD006")
def _(home: Path) -> object:
    one = log(home)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # The file may not grow: the system cuts the write short.
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    try:
        one.append("finding", {"text": "x" * 100})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    return None


@raises("AUD007")
def _(home: Path) -> object:
    log(home).close()
    [segment] = (home / "log" / "w").glob("seg-*.log")
    data = bytearray(segment.read_bytes())
    data[40] ^= 1
    segment.write_bytes(data)
    return log(home)


@raises("AUD008")
def _(home: Path) -> object:
    _one = log(home)
    return log(home)


@raises("AUD009")
def _(home: Path) -> object:
    one = log(home)
    child = os.fork()
    if child == 0:
        try:
            one.append("finding", {})
        except placet.AuditError as error:
            os._exit(9 if error.code == "AUD009" else 1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 9
    raise placet.AuditError("as the child saw it", code="AUD009", help="see the child")


@raises("AUD010")
def _(home: Path) -> object:
    (home / "log").write_text("no directory")
    return log(home)


def note(home: Path) -> tuple[str, str]:
    key, vkey = placet.new_key("note", home)
    return forms.sign_note("text\n", [key]), vkey.read_text().strip()


@raises("AUD101")
def _(home: Path) -> object:
    return forms.open_note("x" * (2 << 20), [note(home)[1]])


@raises("AUD102")
def _(home: Path) -> object:
    return forms.open_note("no note", [note(home)[1]])


@raises("AUD103")
def _(home: Path) -> object:
    text, key = note(home)
    return forms.open_note("other " + text, [key])


@raises("AUD104")
def _(home: Path) -> object:
    text, _ = note(home)
    (home / "b").mkdir()
    return forms.open_note(text, [note(home / "b")[1]])


@raises("API003")
def _(home: Path) -> object:
    return placet.Guard(catalog=home / "absent.json")


@raises("API004")
def _(home: Path) -> object:
    (home / "bundle.toml").write_bytes(b"\xff")
    return placet.Guard(home)


@raises("API008")
def _(_: Path) -> object:
    return GUARD.decide("SELECT 1", protocol="sequel")


@raises("API010")
def _(_: Path) -> object:
    return GUARD.decide("SELECT 1", principal={"id": "a", "kind": "agent", "admin": True})


@raises("API013")
def _(home: Path) -> object:
    return placet.Guard(home / "absent")


@raises("API014")
def _(_: Path) -> object:
    return GUARD.decide("SELECT 1", context={"now": "noon"})


@raises("API015")
def _(home: Path) -> object:
    (home / "bundle.json").write_bytes(signed(home)[0])
    return placet.Guard(home / "bundle.json")


@raises("API017")
def _(home: Path) -> object:
    return audit.verify(home, key=TESTDATA / "audit" / "golden" / "root.vkey", checkpoint="no note")


@raises("API018")
def _(home: Path) -> object:
    (home / "bundle.toml").write_text('name = "x"')
    (home / "a\nb.toml").write_text("")
    return placet.Guard(home)


@raises("API022")
def _(home: Path) -> object:
    return placet.Guard(approvals=home / "approvals")


@raises("API030")
def _(_: Path) -> object:
    return GUARD.mask(object())


@raises("API031")
def _(_: Path) -> object:
    return GUARD.tool(arg="absent")(lambda query: None)


@raises("API032")
def _(_: Path) -> object:
    stored = pickle.loads(pickle.dumps(GUARD.decide("SELECT 1")))
    return GUARD.mask("x", decision=stored)


@raises("API033")
def _(_: Path) -> object:
    return GUARD.masker("xml")  # type: ignore[arg-type]


@raises("API034")
def _(_: Path) -> object:
    masker = GUARD.masker()
    masker.push("text")
    return masker.push(b"bytes")


@raises("API035")
def _(_: Path) -> object:
    return GUARD.row_masker(["a"]).row("no row")


@raises("API036")
def _(_: Path) -> object:
    return GUARD.outcome("d-1", "vanished")


@raises("API037")
def _(_: Path) -> object:
    return GUARD.decide(7)  # type: ignore[arg-type]


@raises("API038")
def _(home: Path) -> object:
    return placet.Guard(audit=home)


@raises("API101")
def _(home: Path) -> object:
    return placet.new_key("two words", home)


def vkey(home: Path) -> list[str]:
    _, path = placet.new_key("k", home)
    return path.read_text().strip().split("+", 2)


@raises("API102")
def _(_: Path) -> object:
    return forms.open_note("x", ["no key"])


@raises("API103")
def _(home: Path) -> object:
    name, _, key = vkey(home)
    return forms.open_note("x", [f"{name}+00000000+{key}"])


def key_text(name: str, kind: int, key: bytes) -> str:
    import base64
    import hashlib

    body = bytes([kind]) + key
    digest = hashlib.sha256(name.encode() + b"\n" + body).hexdigest()[:8]
    return f"{name}+{digest}+{base64.b64encode(body).decode()}"


@raises("API104")
def _(_: Path) -> object:
    return forms.open_note("x", [key_text("k", 2, bytes(32))])


@raises("API105")
def _(_: Path) -> object:
    # The neutral element of the curve: signatures by it prove nothing.
    return forms.open_note("x", [key_text("k", 1, bytes([1, *[0] * 31]))])


@raises("API106")
def _(home: Path) -> object:
    private, _ = placet.new_key("k", home)
    return forms.open_note("x", [private.read_text().strip()])


@raises("API111")
def _(_: Path) -> object:
    return forms.parse_strict("[1, 2, 3]", max_bytes=4)


@raises("API112")
def _(_: Path) -> object:
    return forms.parse_strict("[" * 200 + "]" * 200)


@raises("API113")
def _(_: Path) -> object:
    return forms.parse_strict('{"a": 1, "a": 2}')


@raises("API114")
def _(_: Path) -> object:
    return forms.parse_strict("123456789012345678901234567890")


@raises("API115")
def _(_: Path) -> object:
    return forms.parse_strict("{")


@raises("API121")
def _(_: Path) -> object:
    return forms.canonical(2**53 + 1)


@raises("API122")
def _(_: Path) -> object:
    return forms.canonical(1.5)


@raises("API131")
def _(home: Path) -> object:
    return audit.verify(home, key=home / "absent.vkey")


@raises("API132")
def _(home: Path) -> object:
    placet.new_key("k", home)
    return placet.new_key("k", home)


@raises("API133")
def _(home: Path) -> object:
    private, _ = placet.new_key("k", home)
    private.chmod(0o644)
    return audit.Log(home, writer="w", key=private)


@raises("API134")
def _(home: Path) -> object:
    (home / "k.key").write_text("no key")
    (home / "k.key").chmod(0o600)
    return audit.Log(home, writer="w", key=home / "k.key")


@raises("API135")
def _(home: Path) -> object:
    packed, root, *_ = signed(home)
    for name, content in (("b.json", packed), ("root.json", root), ("state.json", b"no state")):
        (home / name).write_bytes(content)
    return placet.Guard(home / "b.json", root=home / "root.json", state=home / "state.json")


@raises("API136")
def _(home: Path) -> object:
    log(home).close()
    return audit.prove(home / "log" / "w", 999)


@raises("LIM002")
def _(home: Path) -> object:
    (home / "bundle.toml").write_text("# " + "x" * (9 << 20))
    return placet.Guard(home)


@raises("LIM003")
def _(_: Path) -> object:
    deep: Any = []
    for _level in range(300):
        deep = [deep]
    return GUARD.mask(deep)


@raises("LIM004")
def _(home: Path) -> object:
    shop = open_shop(home)
    return shop.guard.tool(lambda query: [(n,) for n in range(11)])("SELECT id FROM orders")


@raises("LIM301")
def _(home: Path) -> object:
    return log(home).append("finding", {"text": "x" * 70_000})


@raises("API039")
def _(_: Path) -> object:
    from placet import _core

    _core.arm_panic()
    return GUARD.decide("SELECT 1")


FIRST = dict(corpus()) | TRIGGERS


@pytest.mark.parametrize("code", sorted(FIRST))
def test_raised(code: str, tmp_path: Path) -> None:
    with pytest.raises(placet.PlacetError) as caught:
        FIRST[code](tmp_path)
    error = caught.value
    assert error.code == code
    text = str(error)
    assert text and "\n" not in text and not text.endswith(".")
    assert error.help or error.problems or isinstance(error, placet.PolicyDenied)
    if code == "API039":
        assert isinstance(error, placet.InternalError)
    elif code == "APR020":
        assert isinstance(error, placet.ApprovalRequired)
    else:
        assert isinstance(error, FAMILIES[code[:3]])
    again = pickle.loads(pickle.dumps(error)) if not getattr(error, "decision", None) else error
    assert (type(again), str(again), again.code, again.help) == (
        type(error),
        text,
        code,
        error.help,
    )


def test_every_code_is_raised_or_has_its_reason() -> None:
    known = dict(placet.all_codes())
    assert len(known) == len(placet.all_codes()), "a code stands for two things"
    assert set(FIRST) | set(UNREACHABLE) == set(known)
    assert not set(FIRST) & set(UNREACHABLE)


def test_the_specification_lists_them() -> None:
    page = (TESTDATA.parent / "docs" / "spec" / "errors.md").read_text()
    for code, meaning in placet.all_codes():
        assert f"| `{code}` | {meaning} |" in page


def test_lints_are_reported() -> None:
    rule = '[[rule]]\nid = "everything"\nverdict = "allow"'
    bundle = bundles.compile({"bundle.toml": 'name = "x"', "rules/a.toml": rule})
    assert [lint["code"] for lint in bundle.lint()] == ["P105", "P108", "P109"]


def test_approver_is_who_the_policy_names() -> None:
    assert APPROVER == "human:lead-on-duty"
