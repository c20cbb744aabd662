"""The compiled half of the package. Checked against the module by `mypy.stubtest`."""

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path as _PathOut
from typing import Any, Literal, Self, TypeAlias, final, overload

from typing_extensions import disjoint_base

_Command: TypeAlias = str | bytes | bytearray | memoryview
_Path: TypeAlias = str | PathLike[str]
_Verdict: TypeAlias = Literal["allow", "mask", "limit", "require_approval", "deny"]
_Understanding: TypeAlias = Literal["full", "partial", "opaque"]
_Format: TypeAlias = Literal["text", "json", "csv", "yaml"]
_Who: TypeAlias = str | Principal | Mapping[str, Any] | None
_What: TypeAlias = str | Resource | Mapping[str, Any] | None
_State: TypeAlias = Literal["pending", "approved", "denied", "expired"]

@final
class Principal:
    """Who asks: a stable name, and whether it is a `human`, a `service` or an `agent`."""

    __match_args__: tuple[str, str]
    def __new__(
        cls,
        id: str,
        kind: str = "agent",
        *,
        groups: Sequence[str] | None = None,
        claims: Mapping[str, Any] | None = None,
        delegator: str | None = None,
    ) -> Self: ...
    @property
    def id(self) -> str: ...
    @property
    def kind(self) -> Literal["human", "service", "agent"]: ...
    @property
    def groups(self) -> list[str]: ...
    @property
    def claims(self) -> dict[str, Any]: ...
    @property
    def delegator(self) -> str | None: ...
    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Resource:
    """What a command would run on: a kind of system, and its name in the inventory."""

    __match_args__: tuple[str, str]
    def __new__(
        cls, kind: str, name: str, *, labels: Mapping[str, str] | None = None
    ) -> Self: ...
    @property
    def kind(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def labels(self) -> dict[str, str]: ...
    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Obligation:
    """Something that must be done with a command that is not denied.

    `kind` says which of the others are set: `classes` and `columns` of a mask (`"all"`, or a list
    of `{"index", "class"}`), `rows` of a limit, `spec` of an approval.
    """

    __match_args__: tuple[str]
    @property
    def kind(self) -> Literal["mask", "limit", "approval"]: ...
    @property
    def classes(self) -> list[str] | None: ...
    @property
    def columns(self) -> Literal["all"] | list[dict[str, Any]] | None: ...
    @property
    def rows(self) -> int | None: ...
    @property
    def spec(self) -> str | None: ...
    def json(self) -> str: ...
    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Decision:
    """What is to happen with a command, and why. Nothing is built before it is read.

    Can be pickled; one that comes out of a pickle tells what it told, and masks nothing (`API032`).
    """

    __match_args__: tuple[str]
    @property
    def verdict(self) -> _Verdict: ...
    @property
    def rules(self) -> tuple[str, ...]: ...
    @property
    def reasons(self) -> tuple[str, ...]: ...
    @property
    def understanding(self) -> _Understanding: ...
    @property
    def risk(self) -> int: ...
    @property
    def obligations(self) -> tuple[Obligation, ...]: ...
    @property
    def max_rows(self) -> int | None: ...
    @property
    def remedy(self) -> str | None: ...
    @property
    def bundle(self) -> str: ...
    @property
    def stamps(self) -> tuple[str, ...]: ...
    @property
    def explanation(self) -> dict[str, Any]: ...
    @property
    def facts(self) -> Facts: ...
    @property
    def id(self) -> str | None: ...
    def json(self) -> str: ...
    @staticmethod
    def _restore(decision: str, facts: str, id: str | None = None) -> Decision: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Facts:
    """What a command would do; `json()` is the object of docs/spec/facts.md."""

    @staticmethod
    def parse(json: str | Mapping[str, Any]) -> Facts: ...
    @property
    def protocol(self) -> str: ...
    @property
    def understanding(self) -> _Understanding: ...
    @property
    def reasons(self) -> tuple[str, ...]: ...
    @property
    def statements(self) -> int | None: ...
    @property
    def writes(self) -> bool: ...
    @property
    def destructive(self) -> bool: ...
    @property
    def unbounded(self) -> bool: ...
    @property
    def max_rows(self) -> int | None: ...
    @property
    def effects(self) -> tuple[str, ...]: ...
    @property
    def evasion(self) -> tuple[str, ...]: ...
    @property
    def actions(self) -> list[dict[str, Any]]: ...
    @property
    def session(self) -> list[dict[str, Any]]: ...
    def json(self) -> str: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Finding:
    """A value that was found, by its place: offsets in bytes, half-open. Never the value."""

    __match_args__: tuple[str, str, str]
    def __new__(cls, type: str, start: int, end: int, score: float = 1.0) -> Self: ...
    @property
    def type(self) -> str: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def score(self) -> float: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Masker:
    """Masks a stream chunk by chunk; made by `Guard.masker`. One call at a time.

    The joined output is the same for every way of cutting the input. After an error, and after
    `finish`, nothing more is released (`MSK002`).
    """

    @overload
    def push(self, chunk: str) -> str: ...
    @overload
    def push(self, chunk: bytes | bytearray | memoryview) -> bytes: ...
    def finish(self) -> Any: ...
    def take_findings(self) -> list[Finding]: ...
    @property
    def held_back_bytes(self) -> int: ...

@final
class RowMasker:
    """Masks rows one by one; made by `Guard.row_masker`. An unchanged row is the same object."""

    def row(self, row: Any) -> Any: ...
    def many(self, rows: Iterable[Any]) -> list[Any]: ...
    @property
    def masked_cells(self) -> int: ...

@final
class MaskedRows:
    """An iterator of rows that masks what another one gives; made by `Guard.mask_rows`."""

    def __iter__(self) -> Self: ...
    def __next__(self) -> Any: ...
    @property
    def masked_cells(self) -> int: ...

@final
class Admission:
    """What is to happen with a command, after its decision is in the log."""

    @property
    def id(self) -> str: ...
    @property
    def decision(self) -> Decision: ...
    @property
    def step(self) -> Literal["forward", "held", "refused"]: ...
    @property
    def ticket(self) -> str | None: ...
    @property
    def code(self) -> str | None: ...
    @property
    def text(self) -> str | None: ...
    @property
    def approved(self) -> bool: ...

@disjoint_base
class Guard:
    """The compiled half of `placet.Guard`."""

    def __new__(
        cls,
        _opening: Mapping[str, Any] | None = None,
        _of: Guard | None = None,
        *,
        protocol: str | None = None,
        principal: _Who = None,
        resource: _What = None,
        session: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        enforces: Sequence[str] | None = None,
    ) -> Self: ...
    def decide(
        self,
        command: _Command,
        protocol: str | None = None,
        *,
        principal: _Who = None,
        resource: _What = None,
        session: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        enforces: Sequence[str] | None = None,
    ) -> Decision:
        """What the bundle says about a command. Pure: nothing is logged, and no clock is read
        (give `context={"now": …}` for rules that look at the time)."""

    def decide_facts(
        self,
        facts: Facts,
        *,
        principal: _Who = None,
        resource: _What = None,
        session: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        enforces: Sequence[str] | None = None,
    ) -> Decision:
        """What the bundle says about facts: recorded ones, or those that an embedder states."""

    def facts(
        self,
        command: _Command,
        protocol: str | None = None,
        *,
        session: Mapping[str, Any] | None = None,
    ) -> Facts:
        """What a command would do."""

    def fingerprint(
        self,
        command: _Command,
        protocol: str | None = None,
        *,
        session: Mapping[str, Any] | None = None,
    ) -> dict[str, str] | None:
        """The fingerprints of a command, `exact` and `shape`; `None` where it cannot be cut into
        tokens."""

    @overload
    def mask(self, value: str, *, decision: Decision | None = None, key: str | None = None) -> str:
        """Masks text, bytes, numbers, or dicts and lists of them; the same object where nothing is
        found. Keys are context. A dict is masked exactly as its JSON text would be.

        `decision` masks what that decision obliges to, instead of everything that is found; `key`
        is the name under which the value stands."""

    @overload
    def mask(
        self, value: bytes, *, decision: Decision | None = None, key: str | None = None
    ) -> bytes: ...
    @overload
    def mask(
        self, value: object, *, decision: Decision | None = None, key: str | None = None
    ) -> Any: ...
    def mask_many(self, values: Iterable[Any]) -> list[Any]:
        """`mask` over many values in one call."""

    def find(self, value: _Command, format: _Format = "text") -> list[Finding]:
        """Where something would be masked, without any value."""

    def masker(self, format: _Format = "text", *, decision: Decision | None = None) -> Masker:
        """A masker at the start of a stream."""

    def row_masker(
        self,
        columns: Iterable[str | tuple[str, str]] | None = None,
        *,
        decision: Decision | None = None,
    ) -> RowMasker:
        """A masker of rows with these columns. `(name, class)` masks a column whatever is in it;
        a decision says itself which. Dicts bring their own names."""

    def mask_rows(
        self,
        rows: Iterable[Any],
        columns: Iterable[str | tuple[str, str]] | None = None,
        *,
        decision: Decision | None = None,
    ) -> MaskedRows:
        """Masks rows as they are read."""

    def _mask_result(
        self, value: Any, decision: Decision, always: bool
    ) -> tuple[Any, int | None, int]: ...
    def _forces(self, decision: Decision) -> bool: ...
    def _mask_error(self, text: str, decision: Decision) -> str | None: ...
    def admit(
        self,
        command: _Command,
        protocol: str | None = None,
        *,
        principal: _Who = None,
        resource: _What = None,
        session: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        enforces: Sequence[str] | None = None,
        params: Sequence[None | bool | int | float | str | bytes] | None = None,
        facts: Facts | None = None,
        session_id: str = "",
        ticket: str | None = None,
    ) -> Admission:
        """Decides, logs the decision, and says what is to happen: only `forward` may run, once,
        with the obligations of the decision. With `ticket`, an approved request is used up."""

    def state(self, ticket: str) -> _State:
        """How a held request stands."""

    def withdraw(self, ticket: str) -> None:
        """Takes a held request back."""

    def outcome(
        self,
        decision_id: str,
        state: str = "completed",
        *,
        rows_out: int = 0,
        rows_changed: int | None = None,
        masked_cells: int = 0,
    ) -> None:
        """Logs what became of a command: `completed`, `failed` or `stopped_at_limit`."""

    def heartbeat(self) -> None:
        """Logs that the log lives, if nothing else was logged for a minute. Call it from a timer."""

    def reload(self) -> str:
        """Reads the bundle again from where it stands; a refused one changes nothing."""

    def close(self) -> None:
        """Ends the log in order. Nothing is admitted afterwards."""

    @property
    def bundle(self) -> str: ...
    @property
    def protocol(self) -> str: ...

@final
class Request:
    """A held request: what is asked, as an approver sees it, and what it takes."""

    @staticmethod
    def parse(stored: _Command) -> Request: ...
    @property
    def ticket(self) -> str: ...
    @property
    def display(self) -> str: ...
    @property
    def decision_id(self) -> str: ...
    @property
    def requester(self) -> str: ...
    @property
    def delegator(self) -> str | None: ...
    @property
    def specs(self) -> list[str]: ...
    @property
    def created(self) -> str: ...
    @property
    def expires(self) -> str: ...
    @property
    def action_hash(self) -> str: ...
    @property
    def break_glass(self) -> bool: ...
    def sign(
        self, approver: str, verdict: str, *, key: _Path, comment: str | None = None
    ) -> bytes: ...

@final
class Hold:
    """A request while people answer, for embedders with a store of their own.

    Specs are `{"id", "any_of", "min", "expires_in_seconds"}`, approvers `{"id", "groups", "keys"}`.
    """

    def __new__(
        cls,
        request: Request,
        specs: Sequence[Mapping[str, Any]],
        approvers: Sequence[Mapping[str, Any]],
    ) -> Self: ...
    def answer(self, signed: _Command, now: Any) -> _State: ...
    def state(self, now: Any) -> _State: ...

@final
class Store:
    """The directory of held requests."""

    def __new__(cls, directory: _Path) -> Self: ...
    def tickets(self) -> list[str]: ...
    def request(self, ticket: str) -> Request: ...
    def answer(
        self, ticket: str, verdict: str, *, approver: str, key: _Path, comment: str | None = None
    ) -> None: ...
    def add(self, ticket: str, signed: _Command, *, comment: str | None = None) -> None: ...
    def close(self, ticket: str, outcome: str) -> None: ...
    def erase(self, ticket: str) -> None: ...

@final
class Report:
    """What a log proves. What is wrong in a log is a report, not an exception: look at `state`,
    or at `ok`, which is true for `CLOSED_CLEAN` and `LIVE_FRESH` alone."""

    @property
    def state(self) -> str: ...
    @property
    def ok(self) -> bool: ...
    @property
    def exit_code(self) -> int: ...
    @property
    def class_(self) -> str | None: ...
    @property
    def index(self) -> int | None: ...
    @property
    def index_end(self) -> int | None: ...
    @property
    def proven_size(self) -> int: ...
    @property
    def proven_time(self) -> str | None: ...
    @property
    def key(self) -> str: ...
    @property
    def writers(self) -> list[dict[str, Any]]: ...
    @property
    def notes(self) -> list[str]: ...
    @property
    def cannot_prove(self) -> list[str]: ...
    def json(self) -> str: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Log:
    """The one writer of a log, for events of an embedder's own."""

    def __new__(
        cls, directory: _Path, *, writer: str, key: _Path, durability: str = "durable"
    ) -> Self: ...
    def append(
        self, kind: str, body: Mapping[str, Any] | _Command, *, time: Any | None = None
    ) -> int: ...
    def heartbeat(self) -> None: ...
    def rotate(self, key: _Path) -> None: ...
    def close(self) -> None: ...
    @property
    def origin(self) -> str: ...

@final
class Bundle:
    """A bundle that was read whole: it answers, and lets nothing run."""

    @property
    def digest(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def rules(self) -> list[str]: ...
    def decide(
        self,
        facts: Facts,
        *,
        principal: _Who = None,
        resource: _What = None,
        session: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        enforces: Sequence[str] | None = None,
    ) -> Decision: ...
    def check(self) -> None: ...
    def lint(self) -> list[dict[str, Any]]: ...
    def test(self) -> list[tuple[str, str | None]]: ...

def escape_for_display(value: _Command) -> str: ...
def action_hash(
    command: _Command,
    *,
    protocol: str,
    resource_kind: str,
    resource_name: str,
    params: Sequence[tuple[str, Any]] = ...,
    context: Mapping[str, Any] | None = None,
    salt: bytes,
) -> str: ...
def verify(
    directory: _Path, *, key: _Path, checkpoint: _Command | None = None, now: Any | None = None
) -> Report: ...
def checkpoint(directory: _Path) -> bytes: ...
def prove(directory: _Path, index: int) -> str: ...
def events(directory: _Path) -> list[tuple[str, dict[str, Any]]]: ...
def compile(files: Mapping[str, str]) -> Bundle: ...
def files(name: _Path) -> dict[str, str]: ...
def pack(files: Mapping[str, str], *, keys: Sequence[_Path] = ...) -> bytes: ...
def rotate_root(pinned: _Command, next: _Command) -> int: ...
def sign_root(
    keys: Sequence[_Path], *, expires: Any, version: int = 1, also: Sequence[_Path] = ...
) -> bytes: ...
def sign_revocation(
    version: int,
    *,
    signed_by: Sequence[_Path],
    keys: Sequence[str] = ...,
    bundles: Sequence[str] = ...,
) -> bytes: ...
def revoke(state: _Command, revocation: _Command, *, root: _Command) -> bytes: ...
def verify_bundle(
    file: _Command, *, root: _Command, state: _Command | None = None, now: Any | None = None
) -> tuple[Bundle, bytes]: ...
def all_codes() -> list[tuple[str, str]]: ...
def new_key(name: str, directory: _Path = ...) -> tuple[_PathOut, _PathOut]: ...
def parse_strict(text: _Command, *, max_bytes: int = ...) -> Any: ...
def canonical(value: Any) -> bytes: ...
def open_note(note: _Command, keys: Sequence[str]) -> tuple[str, list[str]]: ...
def sign_note(text: str, keys: Sequence[_Path]) -> str: ...

# For the project's own tests and figures; absent from wheels.
def arm_panic() -> None: ...
def loop_decide(guard: Guard, command: bytes, count: int) -> None: ...
def loop_mask(text: bytes, count: int) -> None: ...

__all__ = [
    "Admission",
    "Bundle",
    "Decision",
    "Facts",
    "Finding",
    "Guard",
    "Hold",
    "Log",
    "MaskedRows",
    "Masker",
    "Obligation",
    "Principal",
    "Report",
    "Request",
    "Resource",
    "RowMasker",
    "Store",
    "action_hash",
    "all_codes",
    "arm_panic",
    "canonical",
    "checkpoint",
    "compile",
    "escape_for_display",
    "events",
    "files",
    "loop_decide",
    "loop_mask",
    "new_key",
    "open_note",
    "pack",
    "parse_strict",
    "prove",
    "revoke",
    "rotate_root",
    "sign_note",
    "sign_revocation",
    "sign_root",
    "verify",
    "verify_bundle",
]
