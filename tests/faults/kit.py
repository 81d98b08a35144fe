"""The measuring kit, asked about our service: SMTP faults and kill -9 at system calls, judged from outside.

The kit calls shell commands. All of them but the one that is killed are answered by a thread of ours (the desk) that
has a service ready to fork from.
"""

from __future__ import annotations

import json
import os
import shutil
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.lives import ROOT, Service

KIT = Path(os.environ.get("KIT", "") or ROOT.parent / "shared" / "kit")
PATH = f"{os.environ['PATH']}:/usr/sbin"
STATES = ("accepted", "deferred", "refused", "unknown", "waiting", "dotted", "cancelled")
CALLS = ("sendto", "recvfrom", "write", "read", "fdatasync")  # what the kit kills at
Phase = Callable[[Mapping[str, str]], object]


class Missing(Exception):
    """The kit, or a program that it calls, is not on this machine."""


def need(tool: str, *programs: str) -> Path:
    """The kit's tool. Missing says what isn't there."""
    absent = [name for name in programs if shutil.which(name, path=PATH) is None]
    if not (KIT / tool).exists():
        absent.append(f"{KIT / tool} (set KIT to the kit's folder)")
    if absent:
        raise Missing(", ".join(absent))
    return KIT / tool


@contextmanager
def desk(folder: Path, phases: Mapping[str, Phase]) -> Iterator[str]:
    """A command for the kit: what a phase returns is printed as JSON; what it raises makes the command fail."""

    class Answer(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            asked = json.loads(self.rfile.readline())
            try:
                said, code = json.dumps(phases[asked["KIT_PHASE"]](asked)), 0
            except Exception as error:
                said, code = f"{type(error).__name__}: {error}", 1
            self.wfile.write(f"{code}\n{said}".encode())

    place = folder / "desk.sock"
    place.unlink(missing_ok=True)
    with socketserver.UnixStreamServer(str(place), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"{sys.executable} -I -S {ROOT}/tests/faults/ask.py {place}"
        finally:
            server.shutdown()
            thread.join()


def books(service: Service) -> dict[str, list[str]]:
    """Message-IDs by state, as the kit judges them."""
    found: dict[str, list[str]] = {state: [] for state in STATES}
    for letter in service.letters():
        found[letter["state"]].append(letter["message_id"])
    return found


def matrix(service: Service, phases: Mapping[str, Phase], only: str = "*") -> dict[str, Any]:
    """smtp-matrix: the cells that `only` matches (fault/stage)."""
    tool = need("smtp-matrix", "smtp-sink")
    with desk(service.folder, phases) as command:
        words = [str(tool), "--prepare", command, "--run", command, "--check", command, "--delay", "1", "--only", only]
        return _judged(words, service)


def sweep(
    service: Service, phases: Mapping[str, Phase], victim: Sequence[str], most: int, calls: Sequence[str] = CALLS
) -> dict[str, Any]:
    """killsweep: kill the victim, a command of `victim.py` or `one_request.py`, at so many points a system call."""
    tool = need("killsweep", "smtp-sink", "strace")
    with desk(service.folder, phases) as command:
        words = [str(tool), "--prepare", command, "--settle", command, "--check", command, "--max", str(most),
                 "--run", " ".join([sys.executable, *victim]), "--syscalls", ",".join(calls)]  # fmt: skip
        return _judged(words, service)


def _judged(words: Sequence[str], service: Service) -> dict[str, Any]:
    """The kit's JSON. AssertionError with its words when it could not even begin."""
    env = {**service.env, "PATH": PATH, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([*words, "--json"], env=env, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("{"), done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found
