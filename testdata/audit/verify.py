#!/usr/bin/env python3
"""A second verifier of the audit log, for Python 3.11 and nothing else.

It shares no code with the library: it was written from docs/spec/log.md, reads whole files where the
library streams, and checks Ed25519 by the formulas of RFC 8032. Two uses:

    verify.py --cases                      judge the golden logs and every row of cases.toml
    verify.py DIR --key VKEY [--now T]     judge a log (slow: some 100 checkpoints a second)

`--jsonl` answers each line {"files": {path: hex}} with a report, for tests that compare.
"""

import argparse
import base64
import datetime
import hashlib
import itertools
import json
import pathlib
import re
import struct
import sys
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
LEAF, CHECKPOINT, END = 1, 2, 3
LIMITS = {LEAF: 65535, CHECKPOINT: 32768, END: 8}
ORDER = ["CLOSED_CLEAN", "LIVE_FRESH", "LIVE_UNCHECKED", "STALE", "TORN_TAIL", "ROLLED_BACK", "FORKED", "TAMPERED"]
EXIT = {"CLOSED_CLEAN": 0, "LIVE_FRESH": 0, "LIVE_UNCHECKED": 7, "STALE": 7, "TORN_TAIL": 7}
EMPTY = hashlib.sha256(b"").digest()


# --- Ed25519 (RFC 8032 5.1), verification only -------------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def recover_x(y, sign):
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    return P - x if (x & 1) != sign else x


def point(data):
    number = int.from_bytes(data, "little")
    y, sign = number & ((1 << 255) - 1), number >> 255
    x = recover_x(y, sign) if y < P else None
    return None if x is None else (x, y, 1, x * y % P)


def add(a, b):
    s, t = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    u, v = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = t - s, v - u, v + u, t + s
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(scalar, base):
    out = (0, 1, 1, 0)
    for bit in bin(scalar)[2:]:
        out = add(out, out)
        if bit == "1":
            out = add(out, base)
    return out


def same(a, b):
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
NEUTRAL = (0, 1, 1, 0)


def ed25519(public, message, signature):
    key, r = point(public), point(signature[:32]) if len(signature) == 64 else None
    s = int.from_bytes(signature[32:], "little")
    if key is None or r is None or s >= L or same(times(8, key), NEUTRAL) or same(times(8, r), NEUTRAL):
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    return same(times(s, BASE), add(r, times(k, key)))


SEEN_SIGNATURES = {}


def signed(public, message, signature):
    """The cases repeat the same checkpoints."""
    what = (public, message, signature)
    if what not in SEEN_SIGNATURES:
        SEEN_SIGNATURES[what] = ed25519(*what)
    return SEEN_SIGNATURES[what]


# --- Notes, trees, frames -----------------------------------------------------------------------


def crc_table():
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        yield byte


CRC = list(crc_table())


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ CRC[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


def leaf_hash(leaf):
    return hashlib.sha256(b"\0" + leaf).digest()


def root_of(hashes):
    if len(hashes) < 2:
        return hashes[0] if hashes else EMPTY
    half = 1 << (len(hashes) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + root_of(hashes[:half]) + root_of(hashes[half:])).digest()


def parse_key(text):
    """`name+hash+base64(0x01, key)` as (name, hash, key); None if it is no such key."""
    match = re.fullmatch(r"([!-*,-~]{1,200})\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)", text.strip())
    if not match:
        return None
    data = base64.b64decode(match[3], validate=True)
    digest = hashlib.sha256(match[1].encode() + b"\n" + data).digest()[:4]
    return (match[1], digest, data[1:]) if digest.hex() == match[2] and data[:1] == b"\1" and len(data) == 33 else None


def open_note(payload, keys):
    """The text and the keys that signed it; None if any known key's signature is bad."""
    try:
        text, lines = payload.decode().rsplit("\n\n", 1)
        text += "\n"
        signers = set()
        if not lines.endswith("\n") or any(c < " " and c != "\n" for c in text):
            return None
        for line in lines[:-1].split("\n"):
            dash, name, encoded = line.split(" ")
            data = base64.b64decode(encoded, validate=True)
            if dash != "\u2014" or len(data) < 5 or base64.b64encode(data).decode() != encoded:
                return None
            for key in keys:
                if key and key[0] == name and key[1] == data[:4]:
                    if not signed(key[2], text.encode(), data[4:]):
                        return None
                    signers.add(key)
        return (text, signers) if signers else None
    except (UnicodeDecodeError, ValueError):
        return None


def parse_checkpoint(text):
    match = re.fullmatch(r"([A-Za-z0-9._\-/:]{1,200})\n(0|[1-9][0-9]{0,19})\n([A-Za-z0-9+/]{43}=)\n", text)
    return (match[1], int(match[2]), base64.b64decode(match[3])) if match else None


HEAD = re.compile(
    rb'\{"v":1,"log":"([ !#-\[\]-~]*)","seq":(0|[1-9][0-9]{0,19}),"prev":"sha256:([0-9a-f]{64})",'
    rb'"time":"([0-9T:.\-]{23}Z)","epoch":(0|[1-9][0-9]{0,19}),"type":"([ !#-\[\]-~]*)"(\}|,[^\n]*\})'
)


class Leaf:
    def __init__(self, payload, damaged=False):
        self.hash, self.damaged = leaf_hash(payload), damaged
        match = HEAD.fullmatch(payload)
        self.ok = bool(match)
        if match:
            self.log, self.seq, self.prev = match[1].decode(), int(match[2]), bytes.fromhex(match[3].decode())
            self.time, self.epoch, self.type = match[4].decode(), int(match[5]), match[6].decode()
            try:
                self.body = json.loads(payload)
            except ValueError:
                self.body = {}


def whole(data, at):
    """The frame at an offset as (type, payload, length), or None."""
    if len(data) - at < 9:
        return None
    kind, length, crc = struct.unpack_from("<BII", data, at)
    payload = data[at + 9 : at + 9 + length]
    if length > LIMITS.get(kind, -1) or len(payload) < length or crc32c(data[at : at + 5] + payload) != crc:
        return None
    return kind, payload, 9 + length


def segment_end(following):
    """The frame that ends a segment before this one."""
    head, payload = struct.pack("<BI", END, 8), struct.pack("<Q", following)
    return head + struct.pack("<I", crc32c(head + payload)) + payload


def frames(data):
    """Frames as (type, payload, offset after it); ("bad", bytes, …) where one does not hold together,
    ("cut", bytes, …) for an end that is too short, ("zeros", bytes, …) for one that ends in zeros."""
    at = 0
    while at < len(data):
        frame = whole(data, at)
        if frame:
            at += frame[2]
            yield frame[0], frame[1], at
            continue
        starts = (b'{"v":1,',)
        follow = next((n for n in range(at + 1, min(len(data), at + 65545)) if (data[n] != LEAF or data[n + 9 : n + 16] in starts) and whole(data, n)), None)
        rest = data[at:]
        if follow is None:
            kind, length = (rest[0], struct.unpack_from("<I", rest, 1)[0]) if len(rest) >= 5 else (rest[0], 0)
            too_short = kind in LIMITS and length <= LIMITS[kind] and len(rest) < 9 + length
            zeros = len(rest) - len(rest.rstrip(b"\0"))
            filled = zeros == len(rest) or (zeros and kind in LIMITS and length <= LIMITS[kind] and len(rest) - zeros < 9 + length)
            if too_short or filled:
                yield "cut" if too_short else "zeros", rest, len(data)
                return
            follow = len(data)
        yield "bad", data[at:follow], follow
        at = follow


# --- The log of one writer ----------------------------------------------------------------------


class Trouble(Exception):
    """(class, what): the first thing that is wrong."""


class Writer:
    def __init__(self, root, earlier):
        self.root, self.earlier = root, earlier
        self.hashes, self.proven, self.epoch, self.key = [], 0, 0, None
        self.origin, self.prev, self.closed, self.time, self.cadence = None, EMPTY, False, None, 0
        self.proven_state = (None, False, 0)
        self.pending, self.tail, self.class_, self.index, self.end = None, False, None, None, None
        self.proven_epoch = 0

    def judge(self, segments, now):
        stream = []
        for nth, (first, data) in enumerate(segments):
            stream.append(("segment", first, nth + 1 == len(segments)))
            stream += [(kind, payload, None) for kind, payload, _ in frames(data)]
        try:
            for at, item in enumerate(stream):
                self.at = at
                self.step(*item)
            self.at = len(stream)
            if self.sealed:
                raise Trouble("delete", "sealed, and the next segment is gone")
        except Trouble as trouble:
            self.explain(stream, trouble)
            return "TAMPERED"
        time, closed, cadence = self.proven_state
        if self.earlier:
            origin, size, root = self.earlier
            if size <= len(self.hashes) and root_of(self.hashes[:size]) != root:
                self.class_ = "fork"
                return "FORKED"
            if size > self.proven:
                self.class_, self.index = "rollback", self.proven
                return "ROLLED_BACK"
        if self.tail or len(self.hashes) > self.proven:
            self.class_, self.index = "torn_tail", self.proven
            return "TORN_TAIL"
        if self.proven == 0:
            return "STALE"
        if closed:
            return "CLOSED_CLEAN"
        if now is None:
            return "LIVE_UNCHECKED"
        age = (now - parse_time(time)).total_seconds()
        return "LIVE_FRESH" if -2 * cadence <= age <= 2 * cadence else "STALE"

    segment, sealed = None, False

    def step(self, kind, payload, last):
        size = len(self.hashes)
        if kind == "segment":
            if self.segment is not None and not self.sealed:
                if not last or size > self.proven or payload != size or self.tail:
                    raise Trouble("delete", "segment cut")
                self.tail = True
            if payload != size:
                raise Trouble("delete" if payload > size else "insert", "segment missing" if payload > size else "segment twice")
            self.segment, self.sealed, self.last = payload, False, last
        elif kind == "cut":
            if self.last:
                self.tail = True
            elif size > self.proven or self.sealed or not segment_end(size).startswith(payload):
                raise Trouble("delete", "segment cut")
        elif kind == "zeros" and self.last:
            self.tail = True
        elif kind in ("bad", "zeros"):
            raise Trouble("edit", "damage")
        elif kind == LEAF:
            self.leaf(Leaf(payload), size)
        elif kind == CHECKPOINT:
            self.checkpoint(payload, size)
        else:
            if struct.unpack("<Q", payload)[0] != size or size > self.proven or self.sealed:
                raise Trouble("edit", "segment end")
            self.sealed = True

    def leaf(self, leaf, size):
        if not leaf.ok or self.sealed:
            raise Trouble("edit", "form")
        self.origin = self.origin or leaf.log
        if leaf.log != self.origin:
            raise Trouble("splice", "log")
        if leaf.seq != size or leaf.prev != self.prev:
            raise Trouble("edit", "chain")
        if (size == 0 or self.closed) and leaf.type != "log.open":
            raise Trouble("insert", "order")
        begins = leaf.type in ("log.open", "key.epoch")
        if self.pending is None and begins and leaf.epoch == self.epoch + 1:
            self.pending = [leaf.epoch, None, False]
        elif leaf.epoch != (self.pending[0] if self.pending else self.epoch) or (begins and not self.pending):
            raise Trouble("edit", "epoch")
        if leaf.type == "key.epoch":
            new, old = parse_key(leaf.body.get("new", "")), leaf.body.get("old")
            if not new or new[0] != leaf.log or self.pending[1] or (old and parse_key(old) != self.key):
                raise Trouble("edit", "epoch")
            self.pending[1:] = [new, bool(old)]
        if leaf.type == "log.open":
            if parse_key(leaf.body.get("root", "")) != self.root:
                raise Trouble("splice", "root key")
            self.cadence = leaf.body.get("cadence_seconds")
            if type(self.cadence) is not int or self.cadence < 0:
                raise Trouble("edit", "form")
        self.closed, self.time, self.prev = leaf.type == "log.close", leaf.time, leaf.hash
        self.hashes.append(leaf.hash)

    def checkpoint(self, payload, size):
        new = self.pending and self.pending[1]
        note = open_note(payload, [self.root, self.key, new])
        signed = note and parse_checkpoint(note[0])
        if not signed:
            raise Trouble("edit", "signature")
        if self.origin and signed[0] != self.origin:
            raise Trouble("splice", "log")
        if signed[1] <= self.proven:
            raise Trouble("insert", "old checkpoint")
        if signed[1] != size or signed[2] != root_of(self.hashes):
            raise Trouble("edit", "root")
        need = {self.key} if not self.pending else {self.root, new} | ({self.key} if self.pending[2] else set())
        if None in need or not need <= note[1] or self.sealed:
            raise Trouble("edit", "signature")
        if self.pending:
            self.epoch, self.key, self.pending = self.pending[0], new, None
        self.proven, self.proven_state, self.proven_at = size, (self.time, self.closed, self.cadence), self.at + 1

    proven_at = 0

    def explain(self, stream, trouble):
        """What was done: put the true hashes together, prove them by a signature, and compare."""
        base, reason = self.proven, trouble.args[1]
        self.class_, self.index = trouble.args[0], len(self.hashes)
        leaves, marks = [], []
        for kind, payload, _ in stream[self.proven_at :]:
            if kind == LEAF:
                leaves.append(Leaf(payload))
            elif kind == "bad" and (payload[:1] == b"\1" or payload[9:16] == b'{"v":1,'):
                leaves.append(Leaf(payload[9:], damaged=True))
            elif kind == CHECKPOINT:
                note = open_note(payload, [self.root, self.key])
                signed = note and parse_checkpoint(note[0])
                if signed and signed[1] > base:
                    marks.append((*signed, len(leaves)))
        log = marks[0][0] if marks and base == 0 else self.origin or (leaves[0].log if leaves and leaves[0].ok else None)
        marks = [mark for mark in marks if mark[0] == log]
        before = self.hashes[:base]
        for _, size, root, count in marks[:8]:
            choices = []
            for seq in range(base, size):
                ours = [leaf for leaf in leaves if leaf.ok and leaf.log == log]
                found = {leaf.hash for leaf in ours if leaf.seq == seq} | {leaf.prev for leaf in ours if leaf.seq == seq + 1}
                choices.append(sorted(found))
            if all(choices) and len(list(itertools.islice(itertools.product(*choices), 4097))) <= 4096:
                for truth in itertools.product(*choices):
                    if root_of(before + list(truth)) == root:
                        return self.compare(base, truth, leaves, count, size, log, reason)
        self.guess(base, leaves, marks[0] if marks else None, log, reason)

    def compare(self, base, truth, leaves, count, size, log, reason):
        prev = before = self.hashes[base - 1] if base else EMPTY
        del before
        for at, expected in enumerate(truth):
            actual = leaves[at] if at < min(count, len(leaves)) else None
            self.index = base + at
            if actual and actual.hash == expected:
                if actual.damaged:
                    self.class_ = "edit"
                    return
                prev = expected
                continue
            elsewhere = any(leaf.hash == expected for leaf in leaves[at + (actual is not None) :])
            if actual is None:
                self.class_ = "reorder" if elsewhere else "delete"
                return
            foreign = actual.ok and actual.log != log
            follows = any(leaf.ok and leaf.seq > size and leaf.prev == actual.hash for leaf in leaves)
            last = actual.ok and not foreign and actual.seq == size and actual.prev == truth[-1]
            genuine = actual.hash in truth[at + 1 :] or follows or last
            if elsewhere and genuine and sum(leaf.hash == actual.hash for leaf in leaves) == 1:
                self.class_ = "reorder"
            elif elsewhere:
                self.class_ = "splice" if foreign else "insert"
            elif genuine:
                self.class_ = "delete"
            else:
                in_place = self.index > 0 and actual.ok and actual.prev == prev and actual.seq == self.index
                self.class_ = "splice" if foreign and not in_place else "edit"
            return
        if count > len(truth):
            extra = leaves[len(truth)]
            self.class_, self.index = "splice" if extra.ok and extra.log != log else "insert", base + len(truth)
            return
        self.index = len(self.hashes)
        if reason == "segment missing":
            self.class_ = "reorder"

    def guess(self, base, leaves, mark, log, reason):
        after, prev = base, self.hashes[base - 1] if base else EMPTY
        for at, leaf in enumerate(leaves[: mark[3]] if mark else leaves):
            self.index = after
            follows = leaf.ok and leaf.prev == prev
            if leaf.damaged or not leaf.ok:
                self.class_ = "edit"
                return
            if leaf.log != log:
                self.class_ = "edit" if follows and leaf.seq == after > 0 else "splice"
                return
            if leaf.seq != after and follows and mark and base + mark[3] == mark[1]:
                self.class_ = "edit"
                return
            if leaf.seq > after:
                later = any(other.ok and other.log == log and other.seq == after for other in leaves[at + 1 :])
                self.class_ = "reorder" if later else "delete"
                return
            if leaf.seq < after:
                self.class_ = "insert"
                return
            if not follows:
                self.class_, self.index = "edit", after - (at > 0)
                return
            after, prev = after + 1, leaf.hash
        self.index = len(self.hashes)
        if mark and reason in ("root", "chain"):
            self.class_ = "delete" if after < mark[1] else "edit" if after == mark[1] else "insert"
            self.index, self.end = base, None if mark[1] - base == 1 else max(mark[1], after)


# --- Directories --------------------------------------------------------------------------------


def parse_time(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


SEGMENT = re.compile(r"seg-([0-9]{20})\.log")


def judge(files, path, root, now, earlier):
    """The report over a mapping of paths to bytes."""
    inside = {name[len(path) + 1 :] if path else name: data for name, data in files.items() if name.startswith(path)}
    single = any("/" not in name and (name.startswith("seg-") or name == "lock") for name in inside)
    # Inside of a writer's own directory only what holds a log is another writer's.
    below = {name.split("/")[0] for name in inside if "/" in name and (not single or name.split("/")[1].startswith("seg-"))}
    beside = below and any("/" not in name and name.startswith("seg-") for name in inside)
    reports = []
    for writer, top in [(path.split("/")[-1], True)] * single + [(name, False) for name in sorted(below)]:
        own = {name if top else name.split("/", 1)[1]: data for name, data in inside.items() if ("/" not in name if top else name.startswith(writer + "/"))}
        segments = sorted((int(SEGMENT.fullmatch(name)[1]), data) for name, data in own.items() if SEGMENT.fullmatch(name))
        first = whole(segments[0][1], 0) if segments else None
        origin = Leaf(first[1]).log if first and first[0] == LEAF and Leaf(first[1]).ok else None
        log = Writer(root, earlier if earlier and earlier[0] == origin else None)
        state = log.judge(segments, now)
        origin = log.origin if log.proven else None
        report = {"state": state, "class": log.class_, "index": log.index, "end": log.end, "size": log.proven, "origin": origin}
        if state != "TAMPERED" and any(name.startswith("seg-") and not SEGMENT.fullmatch(name) for name in own):
            report |= {"state": "TAMPERED", "class": "insert", "index": log.proven}
        elif state != "TAMPERED" and top and beside:
            report |= {"state": "TAMPERED", "class": "insert", "index": 0}
        elif state != "TAMPERED" and not top and origin and not origin.startswith(f"{root[0]}/{writer}/"):
            report |= {"state": "TAMPERED", "class": "splice", "index": 0}
        reports.append(report)
    for report in reports:
        twice = report["origin"] and sum(other["origin"] == report["origin"] for other in reports) > 1
        if twice and report["state"] not in ("FORKED", "TAMPERED"):
            report |= {"state": "FORKED", "class": "fork", "index": None}
    if earlier and all(report["origin"] != earlier[0] for report in reports):
        reports.append({"state": "ROLLED_BACK", "class": "rollback", "index": 0, "end": None, "size": 0, "origin": earlier[0]})
    worst = max(reports, key=lambda report: ORDER.index(report["state"]), default={"state": "STALE", "class": None, "index": None, "end": None})
    return worst | {"size": sum(report["size"] for report in reports), "exit": EXIT.get(worst["state"], 6)}


def read_dir(directory):
    return {file.relative_to(directory).as_posix(): file.read_bytes() for file in sorted(directory.rglob("*")) if file.is_file()}


# --- Cases --------------------------------------------------------------------------------------


def split(files):
    out = []
    for name in sorted(files):
        at = 0
        while frame := whole(files[name], at):
            leaf = Leaf(frame[1]) if frame[0] == LEAF else None
            out.append([name, bytearray(files[name][at : at + frame[2]]), leaf.seq if leaf and leaf.ok else None])
            at += frame[2]
    return out


def mended(payload):
    head = struct.pack("<BI", LEAF, len(payload))
    return bytearray(head + struct.pack("<I", crc32c(head + payload)) + payload)


def mutate(files, change, golden):
    match change:
        case {"op": "cut", "file": file, "keep": keep}:
            files[file] = files[file][:keep]
        case {"op": "append", "file": file, "byte": byte, "count": count}:
            files[file] += bytes([byte]) * count
        case {"op": "remove", "file": file}:
            del files[file]
        case {"op": "rename", "file": file, "to": to}:
            files[to] = files.pop(file)
        case {"op": "write", "file": file, "text": text}:
            files[file] = text.encode()
        case _:
            parts = split(files)
            mutate_frames(parts, change, golden)
            for name in files:
                files[name] = b"".join(bytes(part[1]) for part in parts if part[0] == name)


def mutate_frames(parts, change, golden):
    def leaf(seq, among=parts):
        return next(at for at, part in enumerate(among) if part[2] == seq)

    match change:
        case {"op": "edit", "leaf": seq, "find": find, "with": text, "checksum": checksum}:
            part = parts[leaf(seq)]
            assert find.encode() in part[1], find
            edited = mended(bytes(part[1][9:]).replace(find.encode(), text.encode(), 1))
            if checksum == "leave":
                edited[5:9] = part[1][5:9]
            part[1] = edited
        case {"op": "flip", "frame": frame, "byte": byte, "bit": bit}:
            parts[frame][1][byte] ^= 1 << bit
        case {"op": "drop_frames", "from": start, "to": end}:
            del parts[start:end]
        case {"op": "drop_leaf", "leaf": seq}:
            del parts[leaf(seq)]
        case {"op": "copy_frame", "frame": frame, "before": before}:
            parts.insert(before, [parts[before][0], parts[frame][1], None])
        case {"op": "copy_leaf", "leaf": seq, "before": before}:
            mutate_frames(parts, {"op": "copy_frame", "frame": leaf(seq), "before": leaf(before)}, golden)
        case {"op": "swap_frames", "a": a, "b": b}:
            parts[a][1], parts[b][1] = parts[b][1], parts[a][1]
        case {"op": "swap_leaves", "a": a, "b": b}:
            mutate_frames(parts, {"op": "swap_frames", "a": leaf(a), "b": leaf(b)}, golden)
        case {"op": "splice", "from": source, "leaf": seq, "at": at, "replace": replace}:
            foreign = split(golden(source))
            data, place = foreign[leaf(seq, foreign)][1], leaf(at)
            if replace:
                parts[place][1] = data
            else:
                parts.insert(place, [parts[place][0], data, None])
        case _:
            raise ValueError(f"unknown change {change}")


def run_cases():
    root = parse_key((HERE / "golden/root.vkey").read_text())

    def golden(name):
        return read_dir(HERE / "golden" / name)

    def kept(which):
        name, size = which.split("@")
        for data in golden(name).values():
            for kind, payload, _ in frames(data):
                if kind == CHECKPOINT:
                    found = parse_checkpoint(payload.decode().split("\n\n")[0] + "\n")
                    if found[1] == int(size):
                        return found
        raise ValueError(which)

    cases, failed = tomllib.loads((HERE / "cases.toml").read_text())["case"], 0
    for case in cases:
        files = golden(case["log"])
        for change in case.get("mutate", []):
            mutate(files, change, golden)
        now = parse_time(case["now"]) if "now" in case else None
        earlier = kept(case["checkpoint"]) if "checkpoint" in case else None
        report = judge(files, case.get("path", ""), root, now, earlier)
        got = [report["state"], report["class"], report["index"], report["end"], report["size"], report["exit"]]
        want = [case["state"], case.get("class"), case.get("index"), case.get("index_end"), case["size"], case["exit"]]
        if got != want:
            failed += 1
            print(f"{case['name']}: expected {want}, got {got}")
    print(f"{len(cases) - failed} of {len(cases)} cases hold")
    return 1 if failed else 0


def run_lines():
    root = parse_key((HERE / "golden/root.vkey").read_text())
    for line in sys.stdin:
        files = {name: bytes.fromhex(data) for name, data in json.loads(line)["files"].items()}
        report = judge(files, "", root, None, None)
        print(json.dumps([report[key] for key in ("state", "class", "index", "end", "size")]), flush=True)
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dir", nargs="?", type=pathlib.Path)
    parser.add_argument("--cases", action="store_true")
    parser.add_argument("--jsonl", action="store_true")
    parser.add_argument("--key", help="the root key, as text or file")
    parser.add_argument("--now")
    args = parser.parse_args()
    if args.cases:
        return run_cases()
    if args.jsonl:
        return run_lines()
    if not args.dir or not args.key:
        parser.error("give a directory and --key, or --cases")
    key = parse_key(args.key) or parse_key(pathlib.Path(args.key).read_text())
    single = any(args.dir.glob("seg-*"))
    files = read_dir(args.dir)
    if single:
        files = {f"{args.dir.resolve().name}/{name}": data for name, data in files.items()}
    now = parse_time(args.now) if args.now else None
    report = judge(files, args.dir.resolve().name if single else "", key, now, None)
    print(json.dumps({"state": report["state"], "class": report["class"], "index": report["index"], "proven_size": report["size"]}))
    return report["exit"]


if __name__ == "__main__":
    sys.exit(main())
