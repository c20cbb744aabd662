"""The shared cases of `testdata/`: read strictly, so that a new key cannot be passed over."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

TESTDATA = Path(__file__).resolve().parents[2] / "testdata"


def load(path: Path, keys: set[str], top: frozenset[str] = frozenset({"case"})) -> dict[str, Any]:
    """A file of cases; every case has a name and says why it is there."""
    file = tomllib.loads(path.read_text())
    assert set(file) <= top, f"{path.name}: keys {set(file) - top} are not known"
    for case in file["case"]:
        unknown = set(case) - keys - {"name", "why"}
        assert not unknown, f"{path.name}: {case['name']}: keys {unknown} are not known"
        assert case["why"].strip(), f"{path.name}: {case['name']} does not say why"
    return file


def cases(folder: Path, keys: set[str]) -> Iterator[Any]:
    """All cases of a folder as parameters of a test, named `file/case`."""
    names = set()
    for path in sorted(folder.glob("*.toml")):
        for case in load(path, keys)["case"]:
            name = f"{path.stem}/{case['name']}"
            assert name not in names, f"two cases are called {name}"
            names.add(name)
            yield pytest.param(case, id=name)
