"""The exceptions: one class a family, each with ``code``, ``span`` and ``help``."""

from __future__ import annotations

# `import placet` is paid by every process: what only type checkers need is not loaded.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from ._core import Decision


class Problem:
    """One problem of a bundle: what, where, and what would mend it."""

    __slots__ = ("code", "column", "file", "help", "line", "message", "span")
    __match_args__ = ("code", "file", "line", "column")

    def __init__(
        self,
        code: str,
        message: str,
        file: str,
        span: tuple[int, int] | None,
        line: int | None,
        column: int | None,
        help: str,
    ) -> None:
        self.code = code
        self.message = message
        self.file = file
        self.span = span
        self.line = line
        self.column = column
        self.help = help

    def __repr__(self) -> str:
        place = "" if self.line is None else f":{self.line}:{self.column}"
        return f"Problem({self.code}, {self.file}{place})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Problem) and self._all() == other._all()

    def __hash__(self) -> int:
        return hash(self._all())

    def __reduce__(self) -> tuple[Any, ...]:
        return (Problem, self._all())

    def _all(self) -> tuple[Any, ...]:
        place = (self.file, self.span, self.line, self.column)
        return (self.code, self.message, *place, self.help)


class PlacetError(Exception):
    """Something that the library refused. Match on ``code``, never on the text.

    - ``code``: stable for ever, for example ``POL012``; all of them: ``placet.all_codes()``.
    - ``span``: the bytes it speaks of, half-open, where there is such a place.
    - ``help``: how to mend it.
    - ``file``: the file it speaks of, where there is one.

    >>> import placet
    >>> try:
    ...     placet.Guard().decide("SELECT 1", protocol="sequel")
    ... except placet.PlacetError as error:
    ...     print(error.code, error)
    API008 no protocol is called `sequel`
    """

    #: What stands for the class where no code was given.
    default_code = "API039"

    def __init__(
        self,
        message: str = "",
        *,
        code: str | None = None,
        span: tuple[int, int] | None = None,
        help: str = "",
        file: str | None = None,
        problems: Sequence[Problem] = (),
    ) -> None:
        super().__init__(message)
        self.code = code if code is not None else self.default_code
        self.span = span
        self.help = help
        self.file = file
        self.problems = tuple(problems)

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self)._restore, (self.args[0] if self.args else "", self.__dict__))

    @classmethod
    def _restore(cls, message: str, state: dict[str, Any]) -> PlacetError:
        error = cls.__new__(cls, message)
        error.__dict__.update(state)
        return error


class PolicyError(PlacetError):
    """A bundle's author must act (``POL``). ``problems`` holds every problem of the bundle."""

    default_code = "POL001"


class BundleError(PlacetError):
    """A bundle, its root or its state is not to be trusted (``BND``)."""

    default_code = "BND002"


class CommandError(PlacetError):
    """A command cannot be carried any further (``WIR``).

    Reading a command never fails: what is not understood is a fact, and counts against it.
    """

    default_code = "WIR003"


class MaskError(PlacetError):
    """Masking stopped; nothing more of the stream is released (``MSK``)."""

    default_code = "MSK002"


class AuditError(PlacetError):
    """The log did not take an event (``AUD``): what cannot be logged does not happen."""

    default_code = "AUD010"


class ApprovalError(PlacetError):
    """An approval does not count (``APR``); nothing runs."""

    default_code = "APR018"


class LimitError(PlacetError):
    """Something is beyond a bound (``LIM``): input, or the rows that a decision lets pass."""

    default_code = "LIM003"


class UsageError(PlacetError):
    """The caller must act (``API``): an argument, a file or a key."""

    default_code = "API010"


class InternalError(PlacetError):
    """A fault inside the library. Nothing was let through: it counts as a denial."""

    default_code = "API039"

    def __init__(
        self, message: str = "a fault inside the library; nothing was let through", **details: Any
    ) -> None:
        details.setdefault("help", "report it with the version and, if you may, the input")
        super().__init__(message, **details)


class PolicyDenied(PlacetError):
    """The policy refuses a command. The text is meant for the agent: rules, then one remedy.

    ``decision`` is the decision that refused it; ``code`` is its reason, or the ``APR`` code where
    an approval was refused.
    """

    default_code = "forbidden"

    def __init__(self, message: str = "", *, decision: Decision | None = None, **details: Any) -> None:
        super().__init__(message, **details)
        self.decision = decision


class ApprovalRequired(PlacetError):
    """A command waits for people. Nothing has run.

    ``ticket`` is what they answer (``placet approve TICKET``) and what ``guard.resume`` takes;
    ``decision`` says why.
    """

    default_code = "APR020"

    def __init__(
        self, message: str = "", *, ticket: str = "", decision: Decision | None = None, **details: Any
    ) -> None:
        super().__init__(message, **details)
        self.ticket = ticket
        self.decision = decision


class ApprovalRefused(ApprovalError, PolicyDenied):
    """A command that needed approval may not run: people refused it, or it is not what they saw.

    ``code`` says which (``APR017``, ``APR019``, …).
    """

    default_code = "APR017"


class ToolError(PlacetError):
    """A guarded tool failed, and the text of its error held something that may not leave.

    ``kind`` is the name of the exception's class; the text is the masked one, or none at all.
    """

    default_code = "MSK001"

    def __init__(self, message: str = "", *, kind: str = "", **details: Any) -> None:
        super().__init__(message, **details)
        self.kind = kind
