"""The guard: what `_core` decides and masks, with streams, rows and tools in Python's own shapes."""

from __future__ import annotations

from _thread import allocate_lock
from os import fspath

from . import _core
from ._errors import ApprovalError

# `import placet` is paid by every process: what only type checkers need is not loaded.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from _thread import LockType
    from collections.abc import (
        AsyncGenerator,
        AsyncIterable,
        Callable,
        Generator,
        Iterable,
        Mapping,
        Sequence,
    )
    from os import PathLike
    from typing import Any, Literal, Self, TypeVar, overload

    from ._core import Decision, Principal, Resource
    from ._tool import Call, FactsOf

    _Chunk = TypeVar("_Chunk", str, bytes)
    _F = TypeVar("_F", bound=Callable[..., Any])
else:

    def overload(function):
        return function


#: Held calls that one guard remembers for `resume`. Older ones are resumed by calling the tool again.
_MAX_HELD_CALLS = 1000


class Guard(_core.Guard):
    """A bundle in force, with its log and its held requests.

    - ``bundle``: the name of a shipped pack (``baseline``), a directory (unsigned, for development),
      or a packed file, which needs ``root``, its pinned root document; ``state`` is the file that
      remembers what was in force, so that no older bundle comes back.
    - ``audit``, ``audit_key``, ``writer``: directory of the log, file of its private key, and the
      name of this process in it. ``durability`` is ``durable`` (synced) or ``buffered``.
    - ``approvals``: the directory of held requests. Without it, what needs approval is refused.
    - ``catalog``: tables and columns of the database, a file or a mapping.
    - ``hash_key``: key of classes that are hashed; without it they are redacted.
    - ``protocol``, ``principal``, ``resource``, ``session``, ``context``, ``enforces``: bound once,
      so that ``decide(command)`` needs no more; each call may give its own.

    Fails closed: what cannot be logged is not admitted, what cannot be understood is not allowed.
    A guard may be shared between threads. Raises ``PolicyError``, ``BundleError``, ``AuditError``
    or ``UsageError`` for what refuses it.

    >>> guard = Guard(principal="agent:support-7", resource="crm")
    >>> decision = guard.decide("DELETE FROM customers -- WHERE id = 7")
    >>> decision.verdict, decision.remedy
    ('deny', 'Add a WHERE that names the rows you mean.')
    >>> decision.facts.unbounded
    True
    """

    __slots__ = ("_held", "_lock")

    _held: dict[str, Call]
    _lock: LockType

    def __new__(
        cls,
        bundle: str | PathLike[str] = "baseline",
        *,
        root: str | PathLike[str] | None = None,
        state: str | PathLike[str] | None = None,
        catalog: str | PathLike[str] | Mapping[str, Any] | None = None,
        audit: str | PathLike[str] | None = None,
        audit_key: str | PathLike[str] | None = None,
        writer: str = "python",
        durability: Literal["durable", "buffered"] = "durable",
        approvals: str | PathLike[str] | None = None,
        hash_key: bytes | None = None,
        protocol: str | None = None,
        principal: str | Principal | Mapping[str, Any] | None = None,
        resource: str | Resource | Mapping[str, Any] | None = None,
        session: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        enforces: Sequence[str] | None = None,
    ) -> Self:
        opening = {
            "bundle": fspath(bundle),
            "root": root,
            "state": state,
            "catalog": catalog,
            "audit": audit,
            "audit_key": audit_key,
            "writer": writer,
            "durability": durability,
            "approvals": approvals,
            "hash_key": hash_key,
        }
        self = super().__new__(
            cls,
            opening,
            protocol=protocol,
            principal=principal,
            resource=resource,
            session=session,
            context=context,
            enforces=enforces,
        )
        self._held = {}
        self._lock = allocate_lock()
        return self

    def bind(
        self,
        *,
        protocol: str | None = None,
        principal: str | Principal | Mapping[str, Any] | None = None,
        resource: str | Resource | Mapping[str, Any] | None = None,
        session: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        enforces: Sequence[str] | None = None,
    ) -> Self:
        """The same guard with these defaults: same bundle, log and held requests.

        >>> support = Guard().bind(principal="agent:support-7", protocol="sqlite")
        >>> support.decide("DROP TABLE notes").verdict
        'deny'
        """
        bound = _core.Guard.__new__(
            type(self),
            None,
            self,
            protocol=protocol,
            principal=principal,
            resource=resource,
            session=session,
            context=context,
            enforces=enforces,
        )
        bound._held = self._held
        bound._lock = self._lock
        return bound

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @overload
    def mask_stream(
        self,
        chunks: Iterable[_Chunk],
        format: Literal["text", "json", "csv", "yaml"] = "text",
        *,
        decision: Decision | None = None,
    ) -> Generator[_Chunk, None, None]: ...
    @overload
    def mask_stream(
        self,
        chunks: AsyncIterable[_Chunk],
        format: Literal["text", "json", "csv", "yaml"] = "text",
        *,
        decision: Decision | None = None,
    ) -> AsyncGenerator[_Chunk, None]: ...
    def mask_stream(
        self,
        chunks: Any,
        format: Literal["text", "json", "csv", "yaml"] = "text",
        *,
        decision: Decision | None = None,
    ) -> Generator[Any, None, None] | AsyncGenerator[Any, None]:
        """Masks chunks as they come: ``str`` in, ``str`` out; ``bytes`` in, ``bytes`` out.

        The joined output does not depend on how the input was cut, even inside a value.

        >>> guard = Guard()
        >>> "".join(guard.mask_stream(["card 4111 1111 11", "11 1111, thanks"]))
        'card [CREDIT_CARD], thanks'
        """
        masker = self.masker(format, decision=decision)
        if hasattr(chunks, "__aiter__"):
            return _later(masker, chunks)
        return _now(masker, chunks)

    @overload
    def tool(self, function: _F, /) -> _F: ...
    @overload
    def tool(
        self,
        function: None = None,
        /,
        *,
        kind: str | None = None,
        arg: str | None = None,
        name: str | None = None,
        ignore: Sequence[str] = (),
        mask: Literal["obligations", "always"] = "obligations",
        facts: FactsOf | None = None,
        principal: str | Principal | Mapping[str, Any] | None = None,
        resource: str | Resource | Mapping[str, Any] | None = None,
        session: Mapping[str, Any] | None = None,
    ) -> Callable[[_F], _F]: ...
    def tool(
        self,
        function: Any = None,
        /,
        *,
        kind: str | None = None,
        arg: str | None = None,
        name: str | None = None,
        ignore: Sequence[str] = (),
        mask: Literal["obligations", "always"] = "obligations",
        facts: FactsOf | None = None,
        principal: str | Principal | Mapping[str, Any] | None = None,
        resource: str | Resource | Mapping[str, Any] | None = None,
        session: Mapping[str, Any] | None = None,
    ) -> Any:
        """Guards a function: decided and logged before its body runs, masked before it returns.

        Works on plain and ``async`` functions and on generators of both kinds.

        - ``kind``: the protocol of the command, the guard's own where absent; ``"tool"`` decides
          over all arguments as one tool call.
        - ``arg``: the argument that holds the command; the first where absent. The others are bound
          to an approval as well.
        - ``ignore``: arguments that are no part of the request, such as a connection.
        - ``mask``: ``"obligations"`` masks what the decision says; ``"always"`` masks what the
          built-in detectors find as well.
        - ``facts``: for ``kind="tool"``: what the call would do, from its arguments.

        Raises ``PolicyDenied`` and ``ApprovalRequired`` before the body, ``LimitError`` for more
        rows than the decision lets pass, ``ToolError`` where the body's own error may not leave as
        it is. A fault inside the library raises ``InternalError``; then, too, the body does not run.

        >>> guard = Guard()
        >>> @guard.tool
        ... def run_sql(query: str) -> str:
        ...     return "ran"
        >>> run_sql("SELECT 1")
        'ran'
        >>> run_sql("DELETE FROM customers WHERE id = 7")
        Traceback (most recent call last):
        placet._errors.ApprovalRefused: approval is needed, and nobody can be asked here
        """
        # Here, because it loads what `import placet` does not need.
        from ._tool import Wrapped, wrap

        options = Wrapped(
            guard=self,
            kind=kind,
            arg=arg,
            name=name,
            ignore=frozenset(ignore),
            always=mask == "always",
            facts=facts,
            given={"principal": principal, "resource": resource, "session": session},
        )
        if function is None:
            return lambda function: wrap(options, function)
        return wrap(options, function)

    def resume(self, ticket: str) -> Any:
        """Runs the held call of a ticket, once, if people approved exactly it.

        The arguments are looked at again: what changed since is refused (``APR019``). For an
        ``async`` tool the result is awaitable. Raises ``ApprovalRequired`` while people have not
        answered, ``PolicyDenied`` where they refused, ``ApprovalError`` (``APR018``) for a ticket
        that this process does not hold: call the tool again with the same arguments then.
        """
        with self._lock:
            call = self._held.get(ticket)
        if call is None:
            raise ApprovalError(
                "this process holds no call under this ticket",
                code="APR018",
                help="call the tool again with the same arguments",
            )
        return call.again(ticket)

    def _hold(self, ticket: str, call: Call) -> None:
        with self._lock:
            self._held.pop(ticket, None)
            self._held[ticket] = call
            while len(self._held) > _MAX_HELD_CALLS:
                del self._held[next(iter(self._held))]

    def _drop(self, ticket: str) -> None:
        with self._lock:
            self._held.pop(ticket, None)


def _now(masker: _core.Masker, chunks: Iterable[Any]) -> Generator[Any, None, None]:
    for chunk in chunks:
        out = masker.push(chunk)
        if out:
            yield out
    last = masker.finish()
    if last:
        yield last


async def _later(masker: _core.Masker, chunks: AsyncIterable[Any]) -> AsyncGenerator[Any, None]:
    async for chunk in chunks:
        out = masker.push(chunk)
        if out:
            yield out
    last = masker.finish()
    if last:
        yield last
