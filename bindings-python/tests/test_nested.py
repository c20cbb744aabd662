"""Nested values: masked exactly as their JSON text is, in the shape that they had."""

from __future__ import annotations

import datetime
import decimal
import enum
import json
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import placet

GUARD = placet.Guard()

#: Texts and numbers of which many are found, in some places or in all.
HOT = st.sampled_from(
    [
        "ada@example.com", "card 4111 1111 1111 1111", "536-90-4399", "536904399", "ssn", "email",
        "GB82WEST12345698765432", "password=hunter2 x", "https://ada:secret@example.com/", "10.0.0.1",
        "Secret", "kind", "data", "stringData", "aGVsbG8gd29ybGQ=", "v1", "apiVersion", "\ud800",
        "a\"b\\c\n\t\x00\x1f", "é\u200b漢", "+1 212 555 0100", "",
    ]
)  # fmt: skip
KEYS = st.one_of(HOT, st.text(max_size=8), st.sampled_from(["name", "value", "card", "user"]))
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([4111111111111111, 536904399, -4111111111111111, 10**50, 4111111111111111.0]),
    st.floats(allow_nan=False, allow_infinity=False),
    HOT,
    st.text(max_size=20),
)
VALUES: Any = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)
    ),
    max_leaves=12,
)


def masked_text(value: Any) -> str:
    text = json.dumps(value, separators=(",", ":"))
    return str("".join(GUARD.mask_stream([text], "json")))


@settings(max_examples=400, deadline=None)
@given(VALUES)
def test_a_value_is_masked_as_its_json(value: Any) -> None:
    # A scalar alone is a text, which JSON's rules for numbers and strings do not meet.
    whole = {"top": value} if not isinstance(value, dict | list) else value
    assert GUARD.mask(whole) == json.loads(masked_text(whole))


@settings(max_examples=200, deadline=None)
@given(VALUES)
def test_what_is_not_changed_is_the_same_object(value: Any) -> None:
    masked = GUARD.mask([value])
    if masked == [value]:
        assert masked[0] is value or masked[0] == value
    again = GUARD.mask(masked)
    assert again is masked, "masking twice changes nothing"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(max_size=40) | HOT, max_size=6), st.integers(1, 9))
def test_streams_do_not_depend_on_cuts(parts: list[str], size: int) -> None:
    text = " ".join(parts)
    cut = [text[at : at + size] for at in range(0, len(text), size)]
    assert "".join(GUARD.mask_stream(cut)) == GUARD.mask(text)


class Customer(NamedTuple):
    name: str
    mail: str


class Colour(enum.Enum):
    RED = "ada@example.com"
    BLUE = 3


class Liar(int):
    def __index__(self) -> int:
        return 7

    def __repr__(self) -> str:
        return "7"

    __str__ = __repr__


class Strange:
    def __repr__(self) -> str:
        return "ada@example.com"


def test_shapes_stay() -> None:
    customer = Customer("Ada", "ada@example.com")
    masked = GUARD.mask({"rows": [customer, ("x", 1)], "set": frozenset({"ada@example.com"})})
    assert masked["rows"][0] == Customer("Ada", "[EMAIL_ADDRESS]")
    assert masked["rows"][1] == ("x", 1) and isinstance(masked["rows"][1], tuple)
    assert masked["set"] == frozenset({"[EMAIL_ADDRESS]"})
    assert GUARD.mask({"b": b"to ada@example.com"}) == {"b": b"to [EMAIL_ADDRESS]"}
    assert GUARD.mask({b"ada@example.com": 1}) == {"[EMAIL_ADDRESS]": 1}
    assert GUARD.mask(OrderedDict(a="ada@example.com")) == {"a": "[EMAIL_ADDRESS]"}


def test_scalars_of_the_standard_library() -> None:
    value = {
        "when": datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC),
        "day": datetime.date(2026, 11, 22),
        "id": uuid.UUID(int=7),
        "price": decimal.Decimal("12.50"),
        "colour": Colour.BLUE,
        "nan": float("nan"),
        "long": 10**5000,
    }
    masked = GUARD.mask(value)
    for key in ("when", "day", "id", "price", "colour", "nan"):
        assert masked[key] is value[key]
    assert masked["long"] == "[NUMBER]"
    assert GUARD.mask({"card": decimal.Decimal("4111111111111111")}) == {"card": "[CREDIT_CARD]"}
    assert GUARD.mask({"card": Liar(4111111111111111)}) == {"card": "[CREDIT_CARD]"}
    assert GUARD.mask([Colour.RED]) == ["[EMAIL_ADDRESS]"]
    assert GUARD.mask({4111111111111111: True}) == {"[CREDIT_CARD]": True}


def test_keys_are_context() -> None:
    assert GUARD.mask({"ssn": 536904399}) == {"ssn": "[US_SSN]"}
    assert GUARD.mask({"total": 536904399}) == {"total": 536904399}
    assert GUARD.mask("536904399", key="ssn") == "[US_SSN]"
    assert GUARD.mask(536904399, key="ssn") == "[US_SSN]"


def test_what_cannot_be_masked_is_refused() -> None:
    with pytest.raises(placet.UsageError) as caught:
        GUARD.mask({"a": [Strange()]})
    assert caught.value.code == "API030" and "ada" not in str(caught.value)
    deep: Any = []
    for _ in range(300):
        deep = [deep]
    with pytest.raises(placet.LimitError) as limit:
        GUARD.mask(deep)
    assert limit.value.code == "LIM003"
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(placet.LimitError):
        GUARD.mask(loop)


class Lying(Mapping[str, str]):
    """A mapping whose second look differs from its first."""

    def __init__(self) -> None:
        self.looks = 0

    def __getitem__(self, key: str) -> str:
        return "ada@example.com"

    def __iter__(self) -> Any:
        self.looks += 1
        return iter(["a"] if self.looks == 1 else ["a", "b"])

    def __len__(self) -> int:
        return 1


def test_a_value_that_changes_meanwhile_is_never_let_through() -> None:
    with pytest.raises(placet.InternalError):
        GUARD.mask([Lying()])


def test_large_values_release_the_lock_and_stay_right() -> None:
    text = "x" * 40_000 + " ada@example.com " + "y" * 40_000
    assert GUARD.mask(text) == text.replace("ada@example.com", "[EMAIL_ADDRESS]")
    value = {"a": [text, "b"], "c": "d" * 70_000}
    assert GUARD.mask(value) == json.loads(masked_text(value))
    view = memoryview(text.encode())
    assert bytes(GUARD.mask(view)) == text.replace("ada@example.com", "[EMAIL_ADDRESS]").encode()
