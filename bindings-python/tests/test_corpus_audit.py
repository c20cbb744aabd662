"""`testdata/audit/cases.toml`: what was done to a log, and what must be said."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from corpus import TESTDATA, load

import placet

FOLDER = TESTDATA / "audit"
CASES = load(
    FOLDER / "cases.toml",
    {"log", "mutate", "path", "now", "checkpoint", "state", "class", "index", "index_end", "size", "exit"},
)["case"]
HEADER = 9
LEAF, CHECKPOINT = 1, 2

Files = dict[str, bytes]


class Frame(NamedTuple):
    file: str
    kind: int
    payload: bytes
    crc: bytes | None = None
    #: The bytes themselves, where they no longer are those of a frame.
    whole: bytes | None = None

    def raw(self) -> bytes:
        if self.whole is not None:
            return self.whole
        head = bytes([self.kind]) + struct.pack("<I", len(self.payload))
        crc = struct.pack("<I", crc32c(head + self.payload)) if self.crc is None else self.crc
        return head + crc + self.payload

    def seq(self) -> int | None:
        if self.kind != LEAF:
            return None
        try:
            return int(json.loads(self.payload)["seq"])
        except (ValueError, KeyError):
            return None


def crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def golden(name: str) -> Files:
    folder = FOLDER / "golden" / name
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def split(files: Files) -> list[Frame]:
    frames = []
    for name in sorted(files):
        data = files[name]
        while data:
            size = struct.unpack("<I", data[1:5])[0]
            frames.append(Frame(name, data[0], data[HEADER : HEADER + size], data[5:9]))
            data = data[HEADER + size :]
    return frames


def join(files: Files, frames: list[Frame]) -> None:
    for name in files:
        files[name] = b"".join(frame.raw() for frame in frames if frame.file == name)


def at(frames: list[Frame], seq: int) -> int:
    return next(i for i, frame in enumerate(frames) if frame.seq() == seq)


def mutate(files: Files, change: dict[str, Any]) -> None:
    change = dict(change)
    match change.pop("op"):
        case "cut":
            files[change["file"]] = files[change["file"]][: change["keep"]]
        case "append":
            files[change["file"]] += bytes([change["byte"]]) * change["count"]
        case "remove":
            del files[change["file"]]
        case "rename":
            files[change["to"]] = files.pop(change["file"])
        case "write":
            files[change["file"]] = change["text"].encode()
        case op:
            frames = split(files)
            in_frames(frames, op, change)
            join(files, frames)


def in_frames(frames: list[Frame], op: str, change: dict[str, Any]) -> None:
    match op:
        case "edit":
            i = at(frames, change["leaf"])
            text = frames[i].payload.decode()
            assert change["find"] in text
            payload = text.replace(change["find"], change["with"], 1).encode()
            crc = frames[i].crc if change["checksum"] == "leave" else None
            frames[i] = frames[i]._replace(payload=payload, crc=crc)
        case "flip":
            i = change["frame"]
            raw = bytearray(frames[i].raw())
            raw[change["byte"]] ^= 1 << change["bit"]
            frames[i] = Frame(frames[i].file, 0, b"", whole=bytes(raw))
        case "drop_frames":
            del frames[change["from"] : change["to"]]
        case "drop_leaf":
            del frames[at(frames, change["leaf"])]
        case "copy_leaf" | "copy_frame":
            if op == "copy_leaf":
                frame, before = at(frames, change["leaf"]), at(frames, change["before"])
            else:
                frame, before = change["frame"], change["before"]
            frames.insert(before, frames[frame]._replace(file=frames[before].file))
        case "swap_leaves" | "swap_frames":
            one, two = change["a"], change["b"]
            if op == "swap_leaves":
                one, two = at(frames, one), at(frames, two)
            a, b = frames[one], frames[two]
            frames[one], frames[two] = b._replace(file=a.file), a._replace(file=b.file)
        case "splice":
            foreign = split(golden(change["from"]))
            leaf = foreign[at(foreign, change["leaf"])]
            where = at(frames, change["at"])
            leaf = leaf._replace(file=frames[where].file)
            if change["replace"]:
                frames[where] = leaf
            else:
                frames.insert(where, leaf)
        case _:
            pytest.fail(f"no change is called {op}")


def checkpoint(which: str) -> bytes:
    log, size = which.split("@")
    for frame in split(golden(log)):
        if frame.kind == CHECKPOINT and frame.payload.split(b"\n")[1] == size.encode():
            return frame.payload
    raise AssertionError(f"no checkpoint {which}")


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in CASES])
def test_verify(case: dict[str, Any], tmp_path: Path) -> None:
    files = golden(case["log"])
    for change in case.get("mutate", []):
        mutate(files, change)
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    report = placet.audit.verify(
        tmp_path / case.get("path", ""),
        key=FOLDER / "golden" / "root.vkey",
        checkpoint=checkpoint(case["checkpoint"]) if "checkpoint" in case else None,
        now=case.get("now"),
    )
    found = (
        report.state, report.class_, report.index, report.index_end, report.proven_size,
        report.exit_code,
    )  # fmt: skip
    wanted = (
        case["state"], case.get("class"), case.get("index"), case.get("index_end"), case["size"],
        case["exit"],
    )  # fmt: skip
    assert found == wanted, report.json()
