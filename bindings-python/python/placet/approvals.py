"""Approvals: the store where people answer, and what an answer is bound to.

The people of a team use ``placet approvals`` and ``placet approve``; this is for those who build a
page or a bot of their own.
"""

from ._core import Hold, Request, Store, action_hash
from ._core import escape_for_display as escape

__all__ = ["Hold", "Request", "Store", "action_hash", "escape"]
