"""Starts the parts of the embedded service, starts again what ends, and stops them in order.

Signals only append to a list: the one loop decides. Each part leads a process group of its own, so that Ctrl-C in
the terminal reaches the supervisor alone, and asks the kernel to be told when the supervisor dies.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from digest.embedded import lock

PR_SET_PDEATHSIG = 1
STEADY = 60.0  # seconds after which a part that ends is no longer one that can't start
LONGEST_WAIT = 30.0
LOG_MOST = 5_000_000  # bytes at which a log is set aside when its part is started
PAUSE = 0.1


@dataclass
class Part:
    """One process of the service. `patience`: seconds to end by itself before it is killed."""

    name: str
    command: Sequence[str]
    patience: float
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    again_at: float = 0.0

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """The parts in the order in which they start; they stop in the order of `stops`."""

    def __init__(self, parts: Sequence[Part], stops: Sequence[str], held: int, logs: Path) -> None:
        self.parts = {part.name: part for part in parts}
        self.stops, self.held, self.logs = stops, held, logs
        self.signals: list[int] = []

    def listen(self) -> None:
        """Take the signals that stop it; a terminal that is closed is one of them."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda got, _: self.signals.append(got))

    def start(self, name: str) -> None:
        """Start a part, its output into a log of its own."""
        part = self.parts[name]
        self.logs.mkdir(parents=True, exist_ok=True)
        path = self.logs / f"{name}.log"
        if path.exists() and path.stat().st_size > LOG_MOST:
            path.replace(path.with_suffix(".log.1"))
        with path.open("ab") as log:
            part.process = subprocess.Popen(  # noqa: S603 - the commands are ours
                part.command,
                env={**os.environ, **part.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[self.held],
                process_group=0,
                preexec_fn=_dies_with_us(os.getpid()),  # noqa: PLW1509 - there are no threads here
            )
        part.started = time.monotonic()

    def wait_for(self, answers: Callable[[], bool], patience: float) -> bool:
        """Keep everything up until `answers`; False when that takes too long or we are asked to stop."""
        until = time.monotonic() + patience
        while time.monotonic() < until and not self.signals:
            if answers():
                return True
            self.mend()
            time.sleep(PAUSE)
        return False

    def watch(self) -> None:
        """Keep everything up until a signal comes."""
        while not self.signals:
            self.mend()
            time.sleep(PAUSE)

    def mend(self) -> None:
        """Start again what has ended, each time after a longer wait."""
        now = time.monotonic()
        for part in self.parts.values():
            if part.process is None or part.alive:
                continue
            if not part.again_at:
                part.failures = 1 if now - part.started > STEADY else part.failures + 1
                wait = min(2.0 ** (part.failures - 1) / 2, LONGEST_WAIT)
                part.again_at = now + wait
                say(f"{part.name} ended ({_how(part.process)}); it starts again in {wait:g} s, see {part.name}.log")
            elif now >= part.again_at:
                part.again_at = 0.0
                self.start(part.name)

    def stop(self) -> None:
        """Stop the parts, one after the other; a second signal kills the rest. At last what they left behind."""
        asked = len(self.signals)
        for name in self.stops:
            part = self.parts.get(name)  # the broker may be somebody else's
            if part is not None and part.process is not None:
                self._stop(part, asked)
        lock.end(self.held, 1.0)

    def _stop(self, part: Part, asked: int) -> None:
        assert part.process is not None
        until = time.monotonic() + part.patience
        if part.alive:
            part.process.terminate()
        while part.alive and time.monotonic() < until and len(self.signals) <= asked:
            time.sleep(PAUSE)
        with suppress(ProcessLookupError):
            os.killpg(part.process.pid, signal.SIGKILL)  # also children that outlived it
        part.process.wait()


def say(text: str) -> None:
    """A line for whoever watches. The terminal may be gone; that stops nothing."""
    with suppress(OSError, ValueError):
        print(text, flush=True)


def _how(process: subprocess.Popen[bytes]) -> str:
    code = process.returncode
    return signal.Signals(-code).name if code is not None and code < 0 else f"exit code {code}"


def _dies_with_us(parent: int) -> Callable[[], None]:
    """What a child does before it becomes its program: ask for SIGTERM when its parent dies."""
    if not sys.platform.startswith("linux"):
        return lambda: None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before we could ask
            os._exit(1)

    return ask
