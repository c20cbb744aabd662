"""Policy and masking for AI agents that reach production systems.

A guard decides about a command before it runs, masks what comes back, and logs both:

>>> import placet
>>> guard = placet.Guard()                       # the built-in policy: no file, no server, no network
>>> guard.decide("DELETE FROM customers").verdict
'deny'
>>> guard.mask({"card": 4111111111111111, "note": "from ada@example.com"})
{'card': '[CREDIT_CARD]', 'note': 'from [EMAIL_ADDRESS]'}

Three lines protect a tool:

>>> @guard.tool(mask="always")
... def run_sql(query: str) -> list[tuple[str, ...]]:
...     return [("Ada", "ada@example.com")]
>>> run_sql("SELECT name, mail FROM customers")
[('Ada', '[EMAIL_ADDRESS]')]
>>> run_sql("DROP TABLE customers")
Traceback (most recent call last):
placet._errors.PolicyDenied: denied by policy (baseline-destroy, forbidden): Dropping is not for agents: ask the owner of the data to do it.
"""

from . import approvals, audit, bundles, forms
from ._core import (
    Admission,
    Decision,
    Facts,
    Finding,
    MaskedRows,
    Masker,
    Obligation,
    Principal,
    Resource,
    RowMasker,
    all_codes,
    new_key,
)
from ._errors import (
    ApprovalError,
    ApprovalRefused,
    ApprovalRequired,
    AuditError,
    BundleError,
    CommandError,
    InternalError,
    LimitError,
    MaskError,
    PlacetError,
    PolicyDenied,
    PolicyError,
    Problem,
    ToolError,
    UsageError,
)
from ._guard import Guard

__version__ = "0.1.0"

__all__ = [
    "Admission",
    "ApprovalError",
    "ApprovalRefused",
    "ApprovalRequired",
    "AuditError",
    "BundleError",
    "CommandError",
    "Decision",
    "Facts",
    "Finding",
    "Guard",
    "InternalError",
    "LimitError",
    "MaskError",
    "MaskedRows",
    "Masker",
    "Obligation",
    "PlacetError",
    "PolicyDenied",
    "PolicyError",
    "Principal",
    "Problem",
    "Resource",
    "RowMasker",
    "ToolError",
    "UsageError",
    "all_codes",
    "approvals",
    "audit",
    "bundles",
    "forms",
    "new_key",
]
