"""Every example that a reader may copy: docstrings, the package's README, the project's README."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
from pathlib import Path
from typing import Any

import pytest

import placet

ROOT = Path(__file__).resolve().parents[2]
MODULES = ["placet", *(f"placet.{m.name}" for m in pkgutil.iter_modules(placet.__path__))]
PAGES = ["README.md", "bindings-python/README.md", "docs/spec/python.md"]


def snippets(page: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", (ROOT / page).read_text(), re.M | re.S)


@pytest.mark.parametrize("name", [name for name in MODULES if not name.endswith("._core")])
def test_docstrings(name: str) -> None:
    module = importlib.import_module(name)
    result = doctest.testmod(module, optionflags=doctest.IGNORE_EXCEPTION_DETAIL)
    assert result.failed == 0


@pytest.mark.parametrize("page", PAGES)
def test_pages(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = snippets(page)
    assert found, f"{page} shows no Python"
    for snippet in found:
        # Each in a directory of its own: what it writes, the next one does not find.
        home = tmp_path / str(found.index(snippet))
        home.mkdir()
        monkeypatch.chdir(home)
        exec(compile(snippet, page, "exec"), {"__name__": "snippet"})


def public(owner: Any) -> list[str]:
    return [name for name in dir(owner) if not name.startswith("_")]


def test_every_export_is_documented() -> None:
    for name in placet.__all__:
        assert getattr(placet, name).__doc__, name
    for name in public(placet.Guard):
        assert getattr(placet.Guard, name).__doc__, name
