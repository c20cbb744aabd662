"""The small forms that signed things have: strict JSON, canonical JSON, signed notes.

>>> import placet
>>> placet.forms.canonical({"b": 1, "a": [True, None]})
b'{"a":[true,null],"b":1}'
"""

from ._core import canonical, open_note, parse_strict, sign_note

__all__ = ["canonical", "open_note", "parse_strict", "sign_note"]
