"""Guarded functions: decision, log, body, masking, log; in that order or not at all."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Generator,
    Iterator,
    Mapping,
)
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias, cast

from ._core import Admission, Decision, Facts, Masker, RowMasker
from ._errors import (
    ApprovalRefused,
    ApprovalRequired,
    LimitError,
    PlacetError,
    PolicyDenied,
    ToolError,
    UsageError,
)

if TYPE_CHECKING:
    from ._guard import Guard

#: From the arguments of a call to what it would do.
FactsOf: TypeAlias = Callable[[Mapping[str, Any]], Facts | Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Wrapped:
    """How a function is guarded."""

    guard: Guard
    kind: str | None
    arg: str | None
    name: str | None
    ignore: frozenset[str]
    always: bool
    facts: FactsOf | None
    given: dict[str, Any]


def wrap(options: Wrapped, function: Any) -> Any:
    """The guarded function, of the same kind as the function itself."""
    signature = inspect.signature(function)
    _check(options, function, signature)

    def call(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        return Call(options, function, signature, args, kwargs)

    wrapper: Any
    if inspect.isasyncgenfunction(function):

        async def async_items(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
            async for item in call(args, kwargs).async_items():
                yield item

        wrapper = async_items
    elif inspect.isgeneratorfunction(function):

        def items(*args: Any, **kwargs: Any) -> Generator[Any, None, None]:
            yield from call(args, kwargs).items()

        wrapper = items
    elif inspect.iscoroutinefunction(function):

        async def later(*args: Any, **kwargs: Any) -> Any:
            return await call(args, kwargs).later()

        wrapper = later
    else:

        def now(*args: Any, **kwargs: Any) -> Any:
            return call(args, kwargs).now()

        wrapper = now
    return functools.wraps(function)(wrapper)


def _check(options: Wrapped, function: Any, signature: inspect.Signature) -> None:
    """Complains about what no call could mend, when the function is guarded."""
    known = set(signature.parameters)
    for name in {options.arg} - {None} | options.ignore:
        if name not in known:
            raise UsageError(
                f"`{function.__name__}` has no argument `{name}`",
                code="API031",
                help="name one of: " + ", ".join(signature.parameters),
            )
    if options.kind != "tool" and not _own(options, signature):
        raise UsageError(
            f"`{function.__name__}` has no argument that could hold a command",
            code="API031",
            help='give it one, or use kind="tool"',
        )


def _own(options: Wrapped, signature: inspect.Signature) -> list[str]:
    """The arguments that are part of the request."""
    names = [name for name in signature.parameters if name not in options.ignore]
    return names[1:] if names[:1] in (["self"], ["cls"]) else names


def _fixed(command: Any, arg: str) -> str | bytes:
    """The text or bytes of a command as a value of no subclass, which could show another one."""
    if isinstance(command, str):
        return command if type(command) is str else "".join(str.__iter__(command))
    if isinstance(command, bytes):
        return command if type(command) is bytes else memoryview(command).tobytes()
    # What can be changed meanwhile would not be what was decided.
    raise UsageError(
        f"`{arg}` is neither str nor bytes", code="API037", help="give the command itself"
    )


def _canonical(value: Any, what: str) -> str:
    try:
        return json.dumps(
            value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        )
    except (TypeError, ValueError, RecursionError):
        # The cause is left out: it may quote the value.
        pass
    raise UsageError(
        f"`{what}` cannot be bound to an approval",
        code="API031",
        help="give values that JSON has, or name it in `ignore`",
    )


class Call:
    """One call of a guarded function."""

    __slots__ = ("_args", "_function", "_kwargs", "_options", "_signature")

    def __init__(
        self,
        options: Wrapped,
        function: Any,
        signature: inspect.Signature,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        self._options = options
        self._function = function
        self._signature = signature
        self._args = args
        self._kwargs = kwargs

    def admit(self, ticket: str | None = None) -> Admission:
        """Decides and logs; comes back only if the body may run."""
        options = self._options
        command, protocol, params, facts = self._request()
        admission = options.guard.admit(
            command, protocol, params=params, facts=facts, ticket=ticket, **options.given
        )
        decision = admission.decision
        remedy = decision.remedy or ""
        if admission.step == "forward":
            if admission.ticket is not None:
                options.guard._drop(admission.ticket)
            return admission
        if admission.step == "held":
            held = cast(str, admission.ticket)
            options.guard._hold(held, self)
            raise ApprovalRequired(
                f"approval is needed, ask for it under the ticket {held}",
                ticket=held,
                decision=decision,
                help=remedy,
            )
        text = admission.text or "denied"
        code = admission.code
        if code is not None:
            raise ApprovalRefused(text, decision=decision, code=code, help=remedy)
        code = decision.reasons[-1] if decision.reasons else None
        raise PolicyDenied(text, decision=decision, code=code, help=remedy)

    def _request(self) -> tuple[Any, str | None, list[Any], Facts | None]:
        options = self._options
        bound = self._signature.bind(*self._args, **self._kwargs)
        bound.apply_defaults()
        arg = self._arg()
        if arg is not None:
            # The body gets what was read.
            bound.arguments[arg] = _fixed(bound.arguments[arg], arg)
            self._args, self._kwargs = bound.args, bound.kwargs
        own = {name: bound.arguments[name] for name in _own(options, self._signature)}
        facts = options.facts(own) if options.facts is not None else None
        if facts is not None and not isinstance(facts, Facts):
            facts = Facts.parse(facts)
        if options.kind == "tool":
            name = options.name or self._function.__name__
            call = _canonical({"arguments": own, "tool": name}, name)
            return call, "tool", [], facts
        command = own.pop(cast(str, arg))
        params = [f"{name}={_canonical(value, name)}" for name, value in own.items()]
        return command, options.kind, params, facts

    def _arg(self) -> str | None:
        """The argument that holds the command; `None` where all of them are one."""
        options = self._options
        if options.kind == "tool":
            return None
        return options.arg if options.arg is not None else _own(options, self._signature)[0]

    def now(self, ticket: str | None = None) -> Any:
        admission = self.admit(ticket)
        failure: BaseException | None = None
        try:
            result = self._function(*self._args, **self._kwargs)
        except BaseException as error:
            failure = error
        if failure is not None:
            self._failed(admission, failure)
        # A function may hand over what runs later: it is guarded in its own shape.
        if inspect.isawaitable(result):
            return self._awaited(admission, result)
        if isinstance(result, AsyncIterator):
            return self._async_stream(admission, result)
        if isinstance(result, Iterator):
            return self._stream(admission, result)
        return self._done(admission, result)

    async def later(self, ticket: str | None = None) -> Any:
        admission = self.admit(ticket)
        return await self._awaited(admission, self._function(*self._args, **self._kwargs))

    async def _awaited(self, admission: Admission, awaitable: Awaitable[Any]) -> Any:
        failure: BaseException | None = None
        try:
            result = await awaitable
        except BaseException as error:
            failure = error
        if failure is not None:
            self._failed(admission, failure)
        return self._done(admission, result)

    def items(self, ticket: str | None = None) -> Generator[Any, None, None]:
        admission = self.admit(ticket)
        return self._stream(admission, self._function(*self._args, **self._kwargs))

    def _stream(self, admission: Admission, items: Iterator[Any]) -> Generator[Any, None, None]:
        stream = _Stream(self._options, admission)
        failure: BaseException | None = None
        try:
            for item in items:
                yield from stream.push(item)
            yield from stream.finish()
        except GeneratorExit:
            stream.log("completed")
            raise
        except BaseException as error:
            failure = error
        if failure is not None:
            self._failed(admission, failure, stream)
        stream.log("completed")

    def async_items(self, ticket: str | None = None) -> AsyncGenerator[Any, None]:
        admission = self.admit(ticket)
        return self._async_stream(admission, self._function(*self._args, **self._kwargs))

    async def _async_stream(
        self, admission: Admission, items: AsyncIterator[Any]
    ) -> AsyncGenerator[Any, None]:
        stream = _Stream(self._options, admission)
        failure: BaseException | None = None
        try:
            async for item in items:
                for out in stream.push(item):
                    yield out
            for out in stream.finish():
                yield out
        except GeneratorExit:
            stream.log("completed")
            raise
        except BaseException as error:
            failure = error
        if failure is not None:
            self._failed(admission, failure, stream)
        stream.log("completed")

    def again(self, ticket: str) -> Any:
        """The same call under an approval, in the shape of its function."""
        if inspect.isasyncgenfunction(self._function):
            return self.async_items(ticket)
        if inspect.isgeneratorfunction(self._function):
            return self.items(ticket)
        if inspect.iscoroutinefunction(self._function):
            return self.later(ticket)
        return self.now(ticket)

    def _done(self, admission: Admission, result: Any) -> Any:
        guard, decision = self._options.guard, admission.decision
        try:
            masked, rows, cells = guard._mask_result(result, decision, self._options.always)
        except PlacetError:
            # It ran, and what came back cannot leave.
            guard.outcome(admission.id, "failed")
            raise
        limit = decision.max_rows
        if limit is not None and (rows is None or rows > limit):
            guard.outcome(admission.id, "stopped_at_limit")
            raise _too_many(limit)
        guard.outcome(admission.id, "completed", rows_out=rows or 0, masked_cells=cells)
        return masked

    def _failed(
        self, admission: Admission, failure: BaseException, stream: _Stream | None = None
    ) -> NoReturn:
        if stream is not None:
            stream.log("stopped_at_limit" if stream.over else "failed")
        else:
            self._options.guard.outcome(admission.id, "failed")
        if isinstance(failure, Exception) and not isinstance(failure, PlacetError):
            error = _masked(self._options.guard, admission.decision, failure)
            if error is not None:
                raise error
        raise failure


def _too_many(limit: int) -> LimitError:
    return LimitError(
        f"the decision lets {limit} rows pass, and the result has more or cannot be counted",
        code="LIM004",
        help="ask for fewer rows, and return them as a list",
    )


def _masked(guard: Guard, decision: Decision, failure: Exception) -> ToolError | None:
    """What takes the place of an error that may not leave as it is; `None` where it may."""
    kind = type(failure).__name__
    withheld = False
    for text in _texts(failure):
        masked = guard._mask_error(text, decision)
        if masked is None:
            return ToolError(
                f"{kind}: the text of the error is withheld, because what is masked may stand in it",
                kind=kind,
                help="look at the log of the system itself",
            )
        withheld |= masked != text
    if not withheld:
        return None
    shown = guard._mask_error(str(failure), decision)
    return ToolError(f"{kind}: {shown}", kind=kind)


def _texts(failure: BaseException) -> list[str]:
    """Everything that an error and those behind it would show."""
    texts: list[str] = []
    seen: set[int] = set()
    todo: list[BaseException | None] = [failure]
    while todo:
        error = todo.pop()
        if error is None or id(error) in seen:
            continue
        seen.add(id(error))
        texts += [str(error), *map(repr, error.args), *getattr(error, "__notes__", ())]
        texts += [repr(value) for value in vars(error).values()]
        todo += [error.__cause__, error.__context__]
        if isinstance(error, BaseExceptionGroup):
            todo += error.exceptions
    return texts


def _is_batch(item: Any) -> bool:
    """Several rows at once, as `fetchmany` gives them."""
    return (
        isinstance(item, tuple | list)
        and len(item) > 0
        and all(isinstance(row, tuple | list | dict) for row in item)
    )


class _Stream:
    """The items of a guarded generator: rows one by one, chunks of text as one text."""

    def __init__(self, options: Wrapped, admission: Admission) -> None:
        self._guard = options.guard
        self._always = options.always
        self._id = admission.id
        self._decision = admission.decision
        self._limit = admission.decision.max_rows
        # Under a decision that forces columns a text is no text: it is replaced whole.
        self._forced = self._guard._forces(self._decision)
        self._maskers: list[Masker] = []
        self._rows: list[RowMasker] = []
        self._count = 0
        self._cells = 0
        self._logged = False
        self.over = False

    def push(self, item: Any) -> list[Any]:
        batch = _is_batch(item)
        self._count += len(item) if batch else 1
        if self._limit is not None and self._count > self._limit:
            self.over = True
            raise _too_many(self._limit)
        if isinstance(item, str | bytes) and not self._forced:
            if not self._maskers:
                self._maskers.append(self._guard.masker(decision=self._decision))
                if self._always:
                    self._maskers.append(self._guard.masker())
            return [out] if (out := self._through(item, 0)) else []
        if isinstance(item, tuple | list | dict) and not batch:
            if not self._rows:
                self._rows.append(self._guard.row_masker(decision=self._decision))
                if self._always:
                    self._rows.append(self._guard.row_masker())
            for rows in self._rows:
                item = rows.row(item)
            return [item]
        masked, _, cells = self._guard._mask_result(item, self._decision, self._always)
        self._cells += cells
        return [masked]

    def _through(self, chunk: Any, first: int) -> Any:
        for masker in self._maskers[first:]:
            chunk = masker.push(chunk)
        return chunk

    def finish(self) -> list[Any]:
        out = []
        for index, masker in enumerate(self._maskers):
            last = self._through(masker.finish(), index + 1)
            if last:
                out.append(last)
        return out

    def log(self, state: str) -> None:
        if self._logged:
            return
        self._logged = True
        cells = self._cells + max((rows.masked_cells for rows in self._rows), default=0)
        self._guard.outcome(self._id, state, rows_out=self._count, masked_cells=cells)
