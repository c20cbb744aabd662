#!/usr/bin/env python3
"""Writes the approval cases of this folder: an implementation of docs/spec/approvals.md that
shares no code with the library. Needs the package `cryptography`. Keys and data are made up."""
import base64, copy, hashlib, json, struct
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

HERE = Path(__file__).parent
SALT = bytes([7]) * 32


class Fields:
    def __init__(self, domain):
        self.data = b""
        self.field(domain.encode())

    def field(self, value):
        self.data += struct.pack("<Q", len(value)) + value
        return self

    def count(self, n):
        self.data += struct.pack("<Q", n)
        return self

    def optional(self, value):
        self.data += b"\0" if value is None else b"\1"
        return self if value is None else self.field(value)

    def digest(self):
        return "sha256:" + hashlib.sha256(self.data).hexdigest()


def raw(value):
    return bytes.fromhex(value["hex"]) if isinstance(value, dict) else value.encode()


def param(p):
    (kind, value), = p.items()
    if kind == "null":
        return b"null", b""
    if kind == "bool":
        return b"bool", b"true" if value else b"false"
    return kind.encode(), bytes.fromhex(value) if kind == "bytes" else value.encode()


def action_hash(command, salt=SALT):
    h = Fields("placet-action/v2")
    for key in ("protocol", "resource_kind", "resource_name"):
        h.field(command[key].encode())
    h.field(raw(command["bytes"]))
    c = command["context"]
    text = lambda key: c[key].encode() if key in c else None
    h.optional(text("database"))
    path = c.get("search_path")
    if path is None:
        h.optional(None)
    else:
        h.optional(b"").count(len(path))
        for schema in path:
            h.field(schema.encode())
    h.optional(text("role"))
    state = c.get("parser_state", {})
    h.count(len(state))
    for name in sorted(state, key=str.encode):
        h.field(name.encode()).field(state[name].encode())
    h.optional(text("cwd")).optional(text("kube_context"))
    h.field(salt).count(len(command["params"]))
    for p in command["params"]:
        kind, value = param(p)
        h.field(kind).field(value)
    return h.digest()


def jcs(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def key(n):
    return Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32)


def vkey(name, n):
    public = b"\x01" + key(n).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    tag = hashlib.sha256(name.encode() + b"\n" + public).hexdigest()[:8]
    return f"{name}+{tag}+{base64.b64encode(public).decode()}"


def toml(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {toml(v)}" for k, v in value.items()) + " }" if value else "{}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if "'" not in value and value.isprintable() and value.isascii():
        return f"'{value}'"
    out = json.dumps(value, ensure_ascii=True)  # TOML has JSON's escapes, but no surrogate pairs
    return json.dumps("".join(value)) if all(ord(c) < 0x10000 for c in value) else \
        '"' + "".join(c if c.isascii() and c.isprintable() and c not in '"\\' else f"\\U{ord(c):08x}" for c in value) + '"'


def write(name, head, cases, setup=None):
    lines = [f"# {line}" for line in head] + ["# Written by make.py in this folder.", ""]
    if setup:
        lines += ["[setup]"] + [f"{k} = {toml(v)}" for k, v in setup.items()] + [""]
    for case in cases:
        lines += ["[[case]]"] + [f"{k} = {toml(v)}" for k, v in case.items()] + [""]
    (HERE / name).write_text("\n".join(lines))


# --- what an approver sees -------------------------------------------------------------------
BS = chr(92)
ESCAPES = [
    ("plain", "ASCII that prints stays", "SELECT 1 -- 'x' \"y\" $z", "SELECT 1 -- 'x' \"y\" $z"),
    ("backslash", "doubled, so that nothing can look like an escape of ours", "\\u{202e}", "\\\\u{202e}"),
    ("line-end", "shown, and a new line", "a\nb", "a\\n\nb"),
    ("carriage-return", "could write over what was shown", "DROP TABLE t\rSELECT 1", "DROP TABLE t\\rSELECT 1"),
    ("tab", "shown", "a\tb", "a\\tb"),
    ("nul", "ends a text for some readers", "a\0b", "a\\u{0}b"),
    ("backspace", "would delete what was shown", "x\u0008y", "x\\u{8}y"),
    ("escape-sequence", "would clear the terminal's line", "a\u001b[2Kb", "a\\u{1b}[2Kb"),
    ("delete", "does not print", "a\u007fb", "a\\u{7f}b"),
    ("c1-control", "a control of eight bits", "a\u009bb", "a\\u{9b}b"),
    ("next-line", "a line end for some", "a\u0085b", "a\\u{85}b"),
    ("line-separator", "a line end for some", "a\u2028b", "a\\u{2028}b"),
    ("right-to-left-override", "turns the order of what follows", "a\u202eb", "a\\u{202e}b"),
    ("bidi-isolate", "turns the order inside", "a\u2066b\u2069", "a\\u{2066}b\\u{2069}"),
    ("zero-width-space", "hides inside a word", "DE\u200bLETE", "DE\\u{200b}LETE"),
    ("zero-width-joiner", "hides inside a word", "a\u200db", "a\\u{200d}b"),
    ("byte-order-mark", "hides at the start", "\ufeffSELECT", "\\u{feff}SELECT"),
    ("soft-hyphen", "shows only at a line's end", "ta\u00adble", "ta\\u{ad}ble"),
    ("no-break-space", "is no space for a database", "a\u00a0b", "a\\u{a0}b"),
    ("cyrillic-a", "looks like a Latin a", "t\u0430ble", "t\\u{430}ble"),
    ("greek-omicron", "looks like a Latin o", "\u03bfther", "\\u{3bf}ther"),
    ("full-width", "looks like Latin letters", "\uff53elect", "\\u{ff53}elect"),
    ("mathematical-bold", "looks like Latin letters, past the basic plane", "\U0001d5ee", "\\u{1d5ee}"),
    ("tag-character", "invisible text", "\U000e0041", "\\u{e0041}"),
    ("combining-accent", "changes the letter before", "e\u0301", "e\\u{301}"),
    ("hebrew", "turns the order by itself", "\u05d0", "\\u{5d0}"),
    ("curly-quote", "looks like a quote of SQL", "\u2019", "\\u{2019}"),
    ("dotless-i", "looks like an i", "\u0131d", "\\u{131}d"),
    ("accented-latin", "people's names stay readable", "Zoë Ångström Łukasz", "Zoë Ångström Łukasz"),
    ("placeholder-brackets", "only ours stay", "\u27e6EMAIL_ADDRESS, 9 bytes\u27e7", "\\u{27e6}EMAIL_ADDRESS, 9 bytes\\u{27e7}"),
    ("not-utf8", "shown as bytes", {"hex": "61ff62"}, "a\\xffb"),
    ("cut-character", "shown as bytes", {"hex": "61e282"}, "a\\xe2\\x82"),
    ("overlong", "an overlong slash is no slash", {"hex": "c0af"}, "\\xc0\\xaf"),
    ("surrogate", "an encoded surrogate is no character", {"hex": "eda080"}, "\\xed\\xa0\\x80"),
]
write("escape.toml", ["How bytes are shown to an approver: nothing hides, nothing looks like something else."],
      [{"name": n, "why": w, "input": i, "shown": s} for n, w, i, s in ESCAPES])

# --- what an approval is bound to -------------------------------------------------------------
BASE = {"protocol": "postgres", "resource_kind": "postgres", "resource_name": "crm",
        "bytes": "DELETE FROM users WHERE id = $1", "params": [{"number": "7"}],
        "context": {"database": "crm", "search_path": ["app", "public"], "role": "app"}}


def variant(**change):
    out = copy.deepcopy(BASE)
    for k, v in change.items():
        out["context"].__setitem__(k[4:], v) if k.startswith("ctx_") else out.__setitem__(k, v)
    return out


def without(name):
    out = copy.deepcopy(BASE)
    del out["context"][name]
    return out


ACTIONS = [
    ("base", "the command that the others differ from", BASE),
    ("space", "the same statement with one space less is another action", variant(bytes="DELETE FROM users WHERE id =$1")),
    ("letter-case", "nothing is folded", variant(bytes="delete FROM users WHERE id = $1")),
    ("not-utf8", "bytes are bytes", variant(bytes={"hex": "ff00"})),
    ("empty", "no bytes", variant(bytes="")),
    ("param-other", "another value", variant(params=[{"number": "8"}])),
    ("param-text", "the text 7 is not the number 7", variant(params=[{"text": "7"}])),
    ("param-bytes", "the byte 7 is neither", variant(params=[{"bytes": "37"}])),
    ("param-spelling", "7.0 is bound in another way than 7", variant(params=[{"number": "7.0"}])),
    ("param-null", "null", variant(params=[{"null": True}])),
    ("param-empty-text", "an empty text is not null", variant(params=[{"text": ""}])),
    ("param-true", "true is not the text true", variant(params=[{"bool": True}])),
    ("param-none", "no parameters", variant(params=[])),
    ("param-two", "two parameters", variant(params=[{"number": "7"}, {"null": True}])),
    ("param-moved", "a text of two is not two texts", variant(params=[{"text": "a"}, {"text": "b"}])),
    ("param-joined", "see the case before", variant(params=[{"text": "ab"}, {"text": ""}])),
    ("protocol", "another reader, another meaning", variant(protocol="redshift")),
    ("resource", "another database server", variant(resource_name="billing")),
    ("kind-and-name", "letters moved between two fields", variant(resource_kind="postgresc", resource_name="rm")),
    ("database", "another database", variant(ctx_database="prod")),
    ("database-unknown", "unknown is not empty", without("database")),
    ("database-empty", "see the case before", variant(ctx_database="")),
    ("search-path-order", "order counts", variant(ctx_search_path=["public", "app"])),
    ("search-path-empty", "an empty list", variant(ctx_search_path=[])),
    ("search-path-unknown", "is not an empty one", without("search_path")),
    ("role", "another role", variant(ctx_role="owner")),
    ("role-moved", "unknown role, and its name as directory", {**without("role"), "context": {**without("role")["context"], "cwd": "app"}}),
    ("setting", "a setting that changes how strings are read", variant(ctx_parser_state={"standard_conforming_strings": "off"})),
    ("prepared", "what EXECUTE would run", variant(ctx_parser_state={"prepared": "{\"p\":\"DROP TABLE t\"}"})),
    ("kube-context", "another cluster", variant(ctx_kube_context="prod")),
]
hashes = [action_hash(command) for _, _, command in ACTIONS]
assert len(set(hashes)) == len(hashes)
write("action.toml", ["action_hash of commands under a salt of 32 bytes 07; every one differs from every other."],
      [{"name": n, "why": w, "command": c, "hash": h} for (n, w, c), h in zip(ACTIONS, hashes)])

# --- answers ------------------------------------------------------------------------------------
RANDOM = bytes([1]) * 96
BYTES = "DELETE FROM users WHERE id = $1"
COMMAND = variant(ctx_search_path=["public"])
DISPLAY = """made       2026-11-22T12:00:00.000Z
until      2026-11-22T12:10:00.000Z
requester  agent:7
for        bob
resource   postgres crm
gateway    example.com/gw
rule       deletes-need-two
approval   two-dbas
effect     delete crm.users
database   crm
role       app
schema     public
protocol   postgres
command    31 bytes
           | DELETE FROM users WHERE id = $1
parameter  1 number | 7
"""
QUORUM = {"m": 2, "n": 3, "specs": ["two-dbas"]}
REQUEST = {
    "v": 1, "ticket": "01" * 16, "instance": "01" * 16, "nonce": "01" * 32, "salt": "01" * 32,
    "decision_id": "d-1", "requester": {"id": "agent:7", "delegator": "bob"}, "log": "example.com/gw",
    "protocol": "postgres", "resource_kind": "postgres", "resource_name": "crm",
    "bytes": base64.b64encode(BYTES.encode()).decode(), "params": [{"number": "7"}],
    "context": {"database": "crm", "search_path": ["public"], "role": "app", "parser_state": {},
                "cwd": None, "kube_context": None},
    "rules": ["deletes-need-two"], "effects": ["delete crm.users"],
    "bundle_digest": "sha256:" + "09" * 32, "hidden": [[], []],
    "created": "2026-11-22T12:00:00.000Z", "expires": "2026-11-22T12:10:00.000Z",
    "quorum": QUORUM, "break_glass": False,
    "action_hash": action_hash(COMMAND, bytes([1]) * 32),
    "display_hash": Fields("placet-display/v1").field(DISPLAY.encode()).digest(),
}
STATEMENT = {
    "v": 1, "class": "key", "decision_id": "d-1", "instance": REQUEST["instance"],
    "action_hash": REQUEST["action_hash"], "display_hash": REQUEST["display_hash"],
    "bundle_digest": REQUEST["bundle_digest"], "requester": REQUEST["requester"],
    "audience": {"log": "example.com/gw", "resource_kind": "postgres", "resource_name": "crm"},
    "approver": "ana", "verdict": "approve", "not_before": REQUEST["created"],
    "expires": REQUEST["expires"], "nonce": REQUEST["nonce"], "quorum": QUORUM, "comment_hash": None,
}
PEOPLE = [("ana", ["dba"], [1, 11]), ("ben", ["dba"], [2]), ("cai", ["dba"], [3]),
          ("bob", ["dba"], [4]), ("dee", ["support"], [5]), ("agent:7", ["dba"], [7])]


def signed(n=1, prefix=b"placet-approval/v1\n", **change):
    statement = {**copy.deepcopy(STATEMENT), **change}
    signature = key(n).sign(prefix + jcs(statement))
    return jcs({"signature": base64.b64encode(signature).decode(), "statement": statement}).decode()


GOOD, BEN, CAI = signed(), signed(2, approver="ben"), signed(3, approver="cai")
NOON = "2026-11-22T12:01:00Z"
ANSWERS = [
    ("one-of-two", "the quorum is not complete", [GOOD], "pending", None),
    ("two-of-two", "exactly m of n", [GOOD, BEN], "approved", None),
    ("three", "more than needed is fine", [GOOD, BEN, CAI], "approved", None),
    ("same-answer-twice", "a replay counts once", [GOOD, GOOD], "pending", None),
    ("two-keys-one-person", "people are counted, never keys", [GOOD, signed(11)], "pending", None),
    ("deny", "one deny is enough", [signed(verdict="deny")], "denied", None),
    ("deny-after-approval", "a deny is final also when it comes last", [GOOD, BEN, signed(3, approver="cai", verdict="deny")], "denied", None),
    ("approval-after-deny", "nothing comes after a deny", [signed(verdict="deny"), BEN], "denied", "APR017"),
    ("delegator", "on whose behalf it is", [signed(4, approver="bob")], "pending", "APR012"),
    ("requester", "nobody approves what they asked for", [signed(7, approver="agent:7")], "pending", "APR012"),
    ("requester-deny", "nor denies it as an approver", [signed(7, approver="agent:7", verdict="deny")], "pending", "APR012"),
    ("not-in-the-group", "in the bundle, and in no group that counts", [signed(5, approver="dee")], "pending", "APR013"),
    ("unknown-approver", "the bundle lists no such person", [signed(9, approver="eve")], "pending", "APR003"),
    ("letter-case-of-approver", "ids are exact", [signed(approver="Ana")], "pending", "APR003"),
    ("foreign-key", "a key of nobody", [signed(9)], "pending", "APR004"),
    ("key-of-another", "Ben's key under Ana's name", [signed(2)], "pending", "APR004"),
    ("without-prefix", "a signature over the bare JSON was made for something else", [signed(prefix=b"")], "pending", "APR004"),
    ("other-prefix", "so was this", [signed(prefix=b"placet-approval/v2\n")], "pending", "APR004"),
    ("verdict-turned", "changed after signing", [signed(verdict="deny").replace('"deny"', '"approve"')], "pending", "APR004"),
    ("other-action", "approved A", [signed(action_hash="sha256:" + "00" * 32)], "pending", "APR006"),
    ("other-display", "was shown something else", [signed(display_hash="sha256:" + "00" * 32)], "pending", "APR007"),
    ("other-bundle", "under another bundle", [signed(bundle_digest="sha256:" + "00" * 32)], "pending", "APR008"),
    ("other-log", "for another gateway", [signed(audience={**STATEMENT["audience"], "log": "example.com/other"})], "pending", "APR009"),
    ("other-resource", "for another database", [signed(audience={**STATEMENT["audience"], "resource_name": "billing"})], "pending", "APR009"),
    ("other-requester", "for another agent", [signed(requester={"id": "agent:8", "delegator": "bob"})], "pending", "APR010"),
    ("other-delegator", "on another's behalf", [signed(requester={"id": "agent:7", "delegator": None})], "pending", "APR010"),
    ("smaller-quorum", "the presenter chooses no quorum", [signed(quorum={**QUORUM, "m": 1})], "pending", "APR011"),
    ("other-spec", "nor the spec", [signed(quorum={**QUORUM, "specs": ["one-dba"]})], "pending", "APR011"),
    ("other-instance", "spliced from another request", [signed(instance="02" * 16)], "pending", "APR005"),
    ("other-nonce", "spliced from another request", [signed(nonce="02" * 32)], "pending", "APR005"),
    ("other-decision", "spliced from another decision", [signed(decision_id="d-2")], "pending", "APR005"),
    ("longer-time", "the request's time cannot be stretched", [signed(expires="2026-11-22T13:00:00.000Z")], "pending", "APR016"),
    ("earlier-start", "nor moved", [signed(not_before="2026-11-22T11:00:00.000Z")], "pending", "APR016"),
    ("not-yet", "valid from later on", [signed(not_before="2026-11-22T12:05:00.000Z")], "pending", "APR015"),
    ("over", "valid no more", [signed(expires="2026-11-22T12:01:00.000Z")], "pending", "APR014"),
    ("time-of-another-zone", "one moment has one spelling", [signed(expires="2026-11-22T13:10:00.000+01:00")], "pending", "APR001"),
    ("version", "a version that does not exist", [signed(v=2)], "pending", "APR001"),
    ("class-attested", "the gateway's word is no approval", [signed(**{"class": "attested"})], "pending", "APR002"),
    ("class-unknown", "a class that does not exist", [signed(**{"class": "none"})], "pending", "APR001"),
    ("unknown-key", "a key more", [signed(extra=1)], "pending", "APR001"),
    ("key-twice", "two readers would read two things", [GOOD.replace('"verdict":"approve"', '"verdict":"deny","verdict":"approve"')], "pending", "APR001"),
    ("missing-key", "a key less", [GOOD.replace('"comment_hash":null,', "")], "pending", "APR001"),
    ("text-after", "more than one document", [GOOD + "{}"], "pending", "APR001"),
    ("no-json", "not JSON", ["approve"], "pending", "APR001"),
    ("short-signature", "half a signature", [GOOD.replace('"signature":"' + json.loads(GOOD)["signature"], '"signature":"' + base64.b64encode(bytes(32)).decode())], "pending", "APR001"),
    ("zero-signature", "a signature of zeros", [GOOD.replace(json.loads(GOOD)["signature"], base64.b64encode(bytes(64)).decode())], "pending", "APR004"),
]
write("answers.toml", ["Answers to one request, taken in order at `now`: how the request stands afterwards, and",
                       "the code with which the last answer is refused (absent: it is taken)."],
      [{"name": n, "why": w, "answers": a, "state": s, **({"error": e} if e else {})} for n, w, a, s, e in ANSWERS],
      {"request": jcs(REQUEST).decode(), "display": DISPLAY, "now": NOON,
       "spec": {"id": "two-dbas", "any_of": ["dba"], "min": 2},
       "approvers": [{"id": i, "groups": g, "keys": [vkey(f"k{n}", n) for n in ns]} for i, g, ns in PEOPLE]})
