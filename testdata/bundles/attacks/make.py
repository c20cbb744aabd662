#!/usr/bin/env python3
"""Writes cases.toml: bundles, root documents and attacks on them, made after docs/spec/trust.md by
code that the library shares nothing with. Needs the package `cryptography`. Keys are made up."""
import base64, hashlib, json
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

BUNDLE = "application/vnd.placet.bundle+json"
ROOT = "application/vnd.placet.root+json"
REVOKE = "application/vnd.placet.revocation+json"
b64 = lambda data: base64.b64encode(data).decode()
jcs = lambda value: json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
key = lambda n: Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32)


def public(n):
    return key(n).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def vkey(n, name=None):
    name, data = name or f"k{n}", b"\x01" + public(n)
    tag = hashlib.sha256(name.encode() + b"\n" + data).hexdigest()[:8]
    return f"{name}+{tag}+{b64(data)}"


def envelope(payload, keys, kind=BUNDLE, signed_as=None):
    t = signed_as or kind
    pae = f"DSSEv1 {len(t)} {t} {len(payload)} ".encode() + payload
    sigs = [{"keyid": "sha256:" + hashlib.sha256(public(n)).hexdigest(), "sig": b64(key(n).sign(pae))} for n in keys]
    return json.dumps({"payload": b64(payload), "payloadType": kind, "signatures": sigs}, separators=(",", ":"))


def root(version=1, keys=(1,), expires="2027-11-22T00:00:00.000Z", **roles):
    role = lambda ks, t: {"keys": [vkey(k) if isinstance(k, int) else k for k in ks], "threshold": t}
    spec = {"root": ((1,), 1), "bundle": ((2, 3, 4), 1), "loosen": ((2, 3, 4), 2), "revoke": ((5,), 1), **roles}
    payload = {"v": 1, "version": version, "expires": expires, "roles": {k: role(*v) for k, v in spec.items()}}
    return envelope(jcs(payload), keys, ROOT)


READS = '[[rule]]\nid = "reads"\nwhat = { op = "read" }\nverdict = "allow"\n'
WRITES = '[[rule]]\nid = "writes"\nwhat = { op = "update" }\nverdict = "allow"\n'
LOCK = '[[rule]]\nid = "lock"\nwhat = { op = "update" }\nverdict = "deny"\n'


def payload(sequence, rules, more="", name="demo", expires="2026-12-22T00:00:00Z", files=None):
    manifest = f'name = "{name}"\nsequence = {sequence}\nexpires = {expires}\n{more}\n'
    return jcs({"v": 1, "files": {"bundle.toml": manifest, "rules/all.toml": "".join(rules), **(files or {})}})


BASE = envelope(payload(5, [READS, WRITES]), [2, 3])
LOCKED = payload(6, [READS, WRITES, LOCK])
OPEN = lambda more, seq=6: payload(seq, [READS, WRITES, WRITES.replace("writes", "deletes").replace("update", "delete")], more)
good = envelope(LOCKED, [2])
raw = lambda data, keys=(2, 3): envelope(data, keys)
CASES = []


def case(name, why, file, error=None, before=(BASE,), **more):
    result = {"error": error} if error else {"digest": more.pop("digest")}
    CASES.append({"name": name, "why": why, "before": list(before), "file": file, **more, **result})


sha = lambda data: "sha256:" + hashlib.sha256(data).hexdigest()
case("tighten-with-one", "an incident is locked down by one person", good, digest=sha(LOCKED))
case("loosen-with-two", "opening takes two, and says so", envelope(OPEN('loosens = ["deletes"]'), [2, 3]), digest=sha(OPEN('loosens = ["deletes"]')))
case("in-force-again", "reading the bundle in force once more", envelope(payload(5, [READS, WRITES]), [4]), digest=sha(payload(5, [READS, WRITES])))
case("stripped", "no signature at all", envelope(LOCKED, []), "BND003")
case("foreign-key", "a key of nobody", envelope(LOCKED, [9]), "BND003")
case("root-key-only", "the root's key signs roots", envelope(LOCKED, [1]), "BND003")
case("swapped-payload", "good signatures of another bundle", good.replace(b64(LOCKED), b64(OPEN("loosens = true"))), "BND003")
case("other-type-signed", "signed as another type", envelope(LOCKED, [2], BUNDLE, ROOT), "BND003")
case("other-type", "a payload of another type", envelope(LOCKED, [2], ROOT), "BND103")
case("a-root-document", "a root document is no bundle", root(), "BND103")
case("older", "a replay of a lower sequence", envelope(payload(4, [READS]), [2, 3]), "BND011")
case("older-than-the-last", "the bundle before, once the next is in force", BASE, "BND011", before=(BASE, good))
case("same-sequence", "two bundles under one number", envelope(payload(5, [READS]), [2, 3]), "BND012")
case("fast-forward", "a stolen key cannot use up the numbers", envelope(payload(2**53 - 1, [READS]), [2, 3]), "BND013")
case("fast-forward-from-nothing", "nor at the first sight", envelope(payload(2**53 - 1, [READS]), [2, 3]), "BND013", before=())
case("too-large-a-number", "nothing could follow it", envelope(payload(2**53, [READS]), [1, 2, 3]), "BND008")
case("jump-with-root-key", "the root key helps over a gap", envelope(payload(2**40, [READS, WRITES, LOCK]), [1, 2]), digest=sha(payload(2**40, [READS, WRITES, LOCK])))
case("other-name", "validly signed, for another place", envelope(payload(9, [READS], name="lenient"), [2, 3]), "BND010")
case("previous-differs", "made after another bundle", envelope(payload(6, [READS, WRITES, LOCK], f'previous = "{sha(b"")}"'), [2]), "BND014")
case("one-key-twice", "a threshold counts keys", envelope(OPEN("loosens = true"), [2, 2]), "BND015")
case("two-key-ids-one-key", "key ids are hints that anyone can write", envelope(OPEN("loosens = true"), [2, 2]).replace(hashlib.sha256(public(2)).hexdigest(), hashlib.sha256(public(3)).hexdigest(), 1), "BND015")
case("loosen-with-one", "opening with one signature", envelope(OPEN("loosens = true"), [2]), "BND015")
case("loosen-undeclared", "opening without saying so", envelope(OPEN(""), [2, 3]), "BND018")
case("loosen-half-declared", "saying another thing", envelope(OPEN('loosens = ["reads"]'), [2, 3]), "BND018")
case("deny-removed", "a rule that restricts is gone", envelope(payload(7, [READS, WRITES]), [2]), "BND015", before=(BASE, good))
case("deny-softened", "an exception in a deny rule", envelope(payload(7, [READS, WRITES, LOCK + 'unless = "max_rows < 5"\n']), [2]), "BND015", before=(BASE, good))
case("deny-softened-by-doubt", "a deny that asks people when in doubt grants", envelope(payload(6, [READS, WRITES, LOCK + 'on_doubt = { require_approval = "one" }\n'], files={"approvals.toml": '[[spec]]\nid = "one"\nstages = [{ any_of = ["dba"] }]\nexpires_in = "30m"\n'}), [2]), "BND015")
case("later-expiry", "a longer life counts as loosening", envelope(payload(6, [READS, WRITES], expires="2027-02-01T00:00:00Z"), [2]), "BND015")
case("first-with-one", "without a bundle before, everything opens", envelope(payload(5, [READS]), [2]), "BND015", before=())
case("expired", "past its time", good, "BND009", now="2026-12-22T00:00:00Z")
case("root-expired", "past the root's time", good, "BND004", now="2027-11-22T00:00:00Z")
case("eternal", "a signed bundle must end", envelope(jcs({"v": 1, "files": {"bundle.toml": 'name = "demo"\nsequence = 6\n'}}), [2, 3]), "BND008")
case("no-sequence", "and have a number", envelope(jcs({"v": 1, "files": {"bundle.toml": 'name = "demo"\nexpires = 2026-12-22T00:00:00Z\n'}}), [2, 3]), "BND008")
case("unknown-key", "signed, and still refused whole", envelope(payload(6, [READS, LOCK + "surprise = 1\n"]), [2, 3]), "POL002")
case("unknown-feature", "asks for what this engine has not", envelope(payload(6, [READS], 'features = ["time-travel"]'), [2, 3]), "POL023")
case("unknown-file", "a file that nobody reads is a rule that nobody applies", envelope(payload(6, [READS], files={"rulez/a.toml": LOCK}), [2, 3]), "POL007")
case("no-manifest", "no bundle.toml", raw(jcs({"v": 1, "files": {}})), "POL008")
case("payload-key-twice", "two readers would read two bundles", raw(b'{"files":{"bundle.toml":"a","bundle.toml":"b"},"v":1}'), "BND002")
case("payload-unknown-key", "a key more", raw(b'{"files":{},"v":1,"x":1}'), "BND002")
case("payload-version", "another version", raw(b'{"files":{},"v":2}'), "BND002")
case("payload-spaces", "one bundle has one spelling", raw(b'{"files": {},"v":1}'), "BND002")
case("payload-order", "one bundle has one spelling", raw(b'{"v":1,"files":{}}'), "BND002")
case("payload-path-up", "a path that leaves the bundle", raw(jcs({"v": 1, "files": {"../x.toml": ""}})), "BND002")
case("payload-path-absolute", "an absolute path", raw(jcs({"v": 1, "files": {"/etc/passwd": ""}})), "BND002")
case("payload-not-json", "not JSON", raw(b"PK\x03\x04"), "BND002")
case("payload-empty", "nothing", raw(b""), "BND002")
case("file-empty", "nothing", "", "BND102")
case("file-cut", "half a file", good[: len(good) // 2], "BND102")
case("file-twice", "two envelopes", good + good, "BND102")
case("file-unknown-key", "a key more", good.replace("{", '{"x":1,', 1), "BND102")
case("file-key-twice", "a key twice", good.replace('{"payload"', '{"payload":"","payload"', 1), "BND102")
case("file-loose-base64", "base64 without its padding", good.replace('=","payloadType"', '","payloadType"') if '=","payloadType"' in good else good.replace(b64(LOCKED), b64(LOCKED) + "="), "BND102")
case("root-rolled-back", "an older root document", good, "BND005", before_root=root(2, (1,)))
case("root-forked", "two root documents of one version", good, "BND006", before_root=root(1, (1,), "2028-11-22T00:00:00.000Z"))
case("root-one-key-two-names", "one key under two names", good, "BND020", before=(), root=root(loosen=((vkey(2, "a"), vkey(2, "b")), 2)))
case("root-threshold-zero", "a threshold that nobody must meet", good, "BND020", before=(), root=root(bundle=((2,), 0)))
case("root-threshold-too-high", "a threshold that nobody can meet", good, "BND020", before=(), root=root(bundle=((2,), 2)))
case("root-version-zero", "versions begin at one", good, "BND020", before=(), root=root(0))
case("root-self-unsigned", "a root document without its own keys", good, "BND021", before=(), root=root(1, ()))
case("root-foreign", "signed by somebody else", good, "BND021", before=(), root=root(1, (9,)))
case("root-is-a-bundle", "a bundle is no root document", good, "BND103", before=(), root=good)


def toml(value):
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return f"'{value}'" if "'" not in value and "\n" not in value else json.dumps(value)


lines = ["# Attacks on signed bundles: after the files of `before`, `file` is verified under the root.",
         "# `error` is the code of the refusal; `digest` that of a bundle that is taken.",
         "# Written by make.py in this folder.", "", "[setup]", f"root = {toml(root())}", 'now = "2026-11-22T00:00:00Z"', ""]
for c in CASES:
    lines += ["[[case]]"] + [f"{k} = {toml(v)}" for k, v in c.items()] + [""]
(Path(__file__).parent / "cases.toml").write_text("\n".join(lines))
print(len(CASES), "cases")
