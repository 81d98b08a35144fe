"""One supervisor a folder, by a lock that all its children inherit.

The kernel keeps a lock as long as any process has its descriptor. So a new supervisor that can't have it knows that
something still runs: another supervisor (it refuses), or what one that was killed has left behind (it ends that).
"""

from __future__ import annotations

import fcntl
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

PROCESSES = Path("/proc")
SETTLES = 1.0  # seconds in which a supervisor that has just started writes its number down
TERM_FOR = 5.0  # seconds that what was left gets to end by itself


class AlreadyUp(Exception):
    """Another supervisor has this folder."""


def take(path: Path, say: Callable[[str], None]) -> int:
    """The descriptor of the lock, ours alone, inheritable. AlreadyUp when a supervisor has it."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    if not _locked(lock, 0):
        _refuse_if_up(lock, path)
        left = holders(lock)
        say(f"ending what an earlier run has left: {', '.join(map(str, left)) or 'processes that can not be named'}")
        end(lock, TERM_FOR)
        if not _locked(lock, TERM_FOR):
            raise AlreadyUp(f"{path} is held by processes that don't end; end them by hand (`lsof {path}`)")
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)
    os.set_inheritable(lock, True)
    return lock


def _locked(lock: int, patience: float) -> bool:
    until = time.monotonic() + patience
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        if time.monotonic() >= until:
            return False
        time.sleep(0.1)


def _refuse_if_up(lock: int, path: Path) -> None:
    """The file names the supervisor; it is alive when it is among the holders. Its children are never named."""
    until = time.monotonic() + SETTLES
    while time.monotonic() < until:
        named = os.pread(lock, 20, 0).decode(errors="replace")
        if named.isdigit() and int(named) in holders(lock):
            raise AlreadyUp(f"it is up already, as process {named}, in {path.parent}: stop that one first (Ctrl-C in "
                            f"its terminal, or `kill {named}`), or set another DIGEST_HOME")  # fmt: skip
        time.sleep(0.1)


def holders(lock: int) -> list[int]:
    """The other processes that have the lock. Without /proc: nobody can be named."""
    mine = os.fstat(lock)
    found = []
    for folder in PROCESSES.glob("[0-9]*"):
        if int(folder.name) != os.getpid() and _has_open(folder / "fd", mine):
            found.append(int(folder.name))
    return sorted(found)


def _has_open(folder: Path, wanted: os.stat_result) -> bool:
    with suppress(OSError):  # it ended meanwhile, or is another user's
        for entry in folder.iterdir():
            with suppress(OSError):
                if os.path.samestat(entry.stat(), wanted) and _inherited(folder.parent / "fdinfo" / entry.name):
                    return True
    return False


def _inherited(info: Path) -> bool:
    """Whether the descriptor is one of those that carry the lock (proc(5): fdinfo). Somebody who merely opened the
    file, to look at it, is not ours to end."""
    return "FLOCK" in info.read_text()


def end(lock: int, patience: float) -> None:
    """End all other holders: asked first, then killed."""
    until = time.monotonic() + patience
    for sign in (signal.SIGTERM, signal.SIGKILL):
        for process in holders(lock):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process, sign)
        while sign == signal.SIGTERM and holders(lock) and time.monotonic() < until:
            time.sleep(0.1)
