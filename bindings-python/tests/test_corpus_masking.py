"""`testdata/masking`: whole, cut into bytes, and once more; and the same as values of Python."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from corpus import TESTDATA, cases

import placet

KEYS = {
    "input", "input_base64", "format", "columns", "rows", "masked_rows", "masked", "masked_base64",
    "findings",
}  # fmt: skip

GUARD = placet.Guard()


def content(case: dict[str, Any], key: str) -> bytes:
    assert (key in case) != (f"{key}_base64" in case), f"exactly one of {key} and {key}_base64"
    return str(case[key]).encode() if key in case else base64.b64decode(case[f"{key}_base64"])


def stream(format: Any, data: bytes, chunk: int) -> tuple[bytes, list[placet.Finding]]:
    masker = GUARD.masker(format)
    out, found = [], []
    for start in range(0, len(data), max(chunk, 1)):
        out.append(masker.push(data[start : start + max(chunk, 1)]))
        found += masker.take_findings()
    out.append(masker.finish())
    return b"".join(out), found + masker.take_findings()


@pytest.mark.parametrize("case", list(cases(TESTDATA / "masking", KEYS)))
def test_masking(case: dict[str, Any]) -> None:
    format = case.get("format", "text")
    if format == "rows":
        rows(case)
        return
    data, wanted = content(case, "input"), content(case, "masked")
    out, found = stream(format, data, len(data))
    assert out == wanted
    for chunk in (1, 7):
        assert stream(format, data, chunk) == (wanted, found)
    assert stream(format, out, len(out))[0] == wanted
    if "findings" in case:
        shown = [{"type": f.type, "start": f.start, "end": f.end} for f in found]
        assert shown == case["findings"]
    assert GUARD.find(data, format) == found
    if data == wanted:
        assert not found
    if format == "text":
        masked = GUARD.mask(data)
        assert masked == wanted and (masked is data) == (data == wanted)
        text(data, wanted)
    if format == "json":
        nested(data, wanted)
    assert b"".join(GUARD.mask_stream([data[:3], data[3:]], format)) == wanted


def text(data: bytes, wanted: bytes) -> None:
    try:
        given = data.decode()
    except UnicodeDecodeError:
        return
    masked = GUARD.mask(given)
    assert masked == wanted.decode() and (masked is given) == (data == wanted)
    # Cut into characters, so that a masked character may leave in parts.
    assert "".join(GUARD.mask_stream(list(given))) == wanted.decode()


def nested(data: bytes, wanted: bytes) -> None:
    """A value is masked as its JSON text is, where core's text is that of `json.dumps`."""
    try:
        value = json.loads(data)
    except ValueError:
        return
    compact = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        masked, _ = stream("json", compact.encode(), len(compact))
    except UnicodeEncodeError:
        return
    # Two masked keys of an object may become the same key: then the last one stays, in both.
    assert GUARD.mask(value) == json.loads(masked)


def rows(case: dict[str, Any]) -> None:
    columns = [
        (column["name"], column["forced"]) if "forced" in column else column["name"]
        for column in case["columns"]
    ]
    masker = GUARD.row_masker(columns)
    assert [masker.row(row) for row in case["rows"]] == case["masked_rows"]
    tuples = [tuple(row) for row in case["rows"]]
    assert list(GUARD.mask_rows(tuples, columns)) == [tuple(row) for row in case["masked_rows"]]
