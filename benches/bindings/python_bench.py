"""What a call through the Python package costs over the library's own time.

Core's time is measured in the same process, round by round between Python's, by a loop of the
compiled module (feature `testing`). A figure is the median over many short rounds of `Python - core`,
in nanoseconds a call, of the thread's own time, so that other processes disturb it less; the empty
loop's own cost is taken off.

    cargo xtask bench-bindings
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import placet
from placet import _core

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 401
COMMAND = "SELECT name, city FROM customers WHERE id = 7"
TEXT = ("The quick brown fox jumps over the lazy dog, and nothing is found in it. " * 16)[:1024]
CHANGED = TEXT[:512] + " ada@example.com " + TEXT[529:]

GUARD = placet.Guard()


class Loop:
    """A call in a loop, and the same loop without it."""

    def __init__(self, call: str, count: int) -> None:
        self.count = count
        names = {"guard": GUARD, "COMMAND": COMMAND, "TEXT": TEXT, "CHANGED": CHANGED}
        scope: dict[str, Any] = {**names, "RANGE": range(count)}
        exec(f"def full():\n for _ in RANGE:\n  {call}\n", scope)
        exec("def empty():\n for _ in RANGE:\n  pass\n", scope)
        self.full, self.empty = scope["full"], scope["empty"]

    def ns(self) -> float:
        return (spent(self.full) - spent(self.empty)) / self.count


def spent(run: Callable[[], object]) -> float:
    start = time.thread_time_ns()
    run()
    return float(time.thread_time_ns() - start)


def over_core(call: str, core: Callable[[int], None], count: int) -> tuple[float, float, float]:
    """Medians: Python's, core's, and of their difference round by round."""
    loop = Loop(call, count)

    def core_ns() -> float:
        # What the call into the loop costs is not the library's own.
        return (spent(lambda: core(count)) - spent(lambda: core(0))) / count

    loop.ns(), core_ns()
    ours, theirs = [], []
    for turn in range(ROUNDS):
        # Alternated, and in turns first: neither has the warmer or the colder half.
        if turn % 2:
            ours.append(loop.ns())
            theirs.append(core_ns())
        else:
            theirs.append(core_ns())
            ours.append(loop.ns())
    differences = [one - two for one, two in zip(ours, theirs, strict=True)]
    return statistics.median(ours), statistics.median(theirs), statistics.median(differences)


def row(what: str, call: str, core: Callable[[int], None], count: int, goal: float | None) -> None:
    python, own, over = over_core(call, core, count)
    told = f"goal {goal:.0f}" if goal is not None else ""
    good = goal is None or over <= goal
    print(f"{what:44} {python:9.0f} {own:9.0f} {over:9.0f}  {told:10} {'' if good else 'MISSED'}")


def import_ms() -> float:
    """Median time of `import placet` in fresh interpreters, the interpreter's own start taken off."""
    code = (
        "import time; s = time.perf_counter_ns(); import placet; "
        "print(time.perf_counter_ns() - s)"
    )
    times = []
    for _ in range(15):
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        times.append(int(run.stdout))
    return statistics.median(times) / 1e6


def wheel_mb() -> float:
    with tempfile.TemporaryDirectory() as out:
        manifest = ROOT / "bindings-python" / "Cargo.toml"
        words = [sys.executable, "-m", "maturin", "build", "--release", "--quiet", "-m", str(manifest)]
        subprocess.run([*words, "--out", out], check=True, capture_output=True)
        [wheel] = Path(out).glob("*.whl")
        return wheel.stat().st_size / 1e6


def main() -> None:
    command, text, changed = COMMAND.encode(), TEXT.encode(), CHANGED.encode()
    print(f"Python {sys.version.split()[0]}, medians of {ROUNDS} alternated rounds, ns a call")
    print(f"{'':44} {'Python':>9} {'core':>9} {'over':>9}")

    def decide(count: int) -> None:
        _core.loop_decide(GUARD, command, count)

    def mask(count: int) -> None:
        _core.loop_mask(text, count)

    def mask_changed(count: int) -> None:
        _core.loop_mask(changed, count)

    row("decide(str).verdict", "guard.decide(COMMAND).verdict", decide, 50, 150)
    row("mask(str), unchanged, 1 KB", "guard.mask(TEXT)", mask, 1000, 50)
    row("mask(str), changed, 1 KB", "guard.mask(CHANGED)", mask_changed, 1000, 200)
    fields = "d = guard.decide(COMMAND); d.verdict; d.rules; d.reasons; d.risk; d.remedy"
    row("decide(str), five fields read", fields, decide, 50, None)
    ms = import_ms()
    print(f"import placet: {ms:.1f} ms (goal 10) {'' if ms <= 10 else 'MISSED'}")
    mb = wheel_mb()
    print(f"wheel: {mb:.2f} MB (goal 8) {'' if mb <= 8 else 'MISSED'}")


if __name__ == "__main__":
    main()
