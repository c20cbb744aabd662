"""Bundles: compiled, linted, tested, packed, signed and verified.

>>> import placet
>>> bundle = placet.bundles.compile({
...     "bundle.toml": 'name = "demo"',
...     "rules/reads.toml": '[[rule]]\\nid = "reads"\\nwhat = { op = "read" }\\nverdict = "allow"',
... })
>>> bundle.decide(placet.Guard().facts("SELECT 1")).verdict
'allow'
"""

from ._core import (
    Bundle,
    compile,
    files,
    pack,
    revoke,
    rotate_root,
    sign_revocation,
    sign_root,
)
from ._core import verify_bundle as verify

__all__ = [
    "Bundle",
    "compile",
    "files",
    "pack",
    "revoke",
    "rotate_root",
    "sign_revocation",
    "sign_root",
    "verify",
]
