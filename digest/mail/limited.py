"""Rendering in a limited process (see `child`): one for this process, kept from one rendering to the next.

A part is rendered once per edition, a card once per paper; so asking costs a publish little more than rendering
does. The process is started when it is first needed; when a template exhausts it, it is gone with all it had, and the
next request starts another.
"""

from __future__ import annotations

import atexit
import json
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from socket import socket, socketpair
from typing import Any

from digest.mail.child import CPU_SECONDS, MEMORY, READY, read, write
from digest.mail.look import Data, Finding
from digest.mail.part import Part, Place, WordingError
from digest.mail.sandbox import OUTPUT_MOST
from digest.mail.slots import Names

ROOT = Path(__file__).resolve().parents[2]
WAIT = 20.0  # seconds for an answer: 2 s of CPU on a machine that is very busy
ANSWER_MOST = OUTPUT_MOST * 24  # bytes: each character at most 12 in JSON, and style attributes come on top
WORDINGS_MOST = 40  # that one process is asked about
PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "LANG", "TZ")  # no key and no password of ours
TIME = f"it takes more than {CPU_SECONDS} seconds"
ROOM = f"it takes more than {MEMORY // 1_000_000} MB"


class NotStarted(RuntimeError):
    """The limited process can't be started: the wording is not to blame."""


class Limited:
    """As `sandbox.Compiled`; nothing is compiled before it is asked for."""

    def __init__(self, parts: Sequence[Part], style: str = "") -> None:
        self._parts, self._style = list(parts), style
        self._kind = parts[0].kind
        self._key = sha256(repr((self._parts, style)).encode("utf-8", "surrogatepass")).hexdigest()

    def render(self, part: str, format: str, context: Mapping[str, Any], names: Names) -> str:
        """A part with its slots, blocks and words still marked."""
        return str(self._ask("render", (part, format), part, format, dict(context), names))

    def fragment(self, part: str, format: str, context: Mapping[str, Any], names: Names) -> str:
        """A part that is whole in itself, with the style sheet written into its elements."""
        return str(self._ask("fragment", (part, format), part, format, dict(context), names))

    def document(self, html: str) -> str:
        """A whole page with the style sheet written into its elements."""
        return str(self._ask("document", ("style", "css"), html))

    def mark(self) -> str:
        """What stands around a marked word in HTML, with a private character for the word."""
        return str(self._ask("mark", ("style", "css")))

    def look(self, part: Part, names: Names, data: Data) -> list[Finding]:
        """All that is wrong with a template before it is rendered, by line."""
        return [(line, said) for line, said in self._ask("look", part.place, part, names, data)]

    def _ask(self, call: str, place: Place, *arguments: Any) -> Any:
        try:
            reply = _PROCESS.ask(self._key, self._parts, self._style, call, arguments)
        except _Exhausted as error:
            raise WordingError(f"{self._kind}/{'.'.join(place)}: {error}", place, spent=True) from None
        if "error" not in reply:
            return reply["made"]
        named = tuple(reply["place"]) if reply["place"] else place
        raise WordingError(reply["error"], (named[0], named[1]), bool(reply["spent"]))


class _Exhausted(Exception):
    """The process did not survive the request."""


class _Process:
    """The limited process of this process. Requests wait for each other."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._line: socket | None = None
        self._known: set[str] = set()

    def ask(self, key: str, parts: Sequence[Part], style: str, call: str, arguments: tuple[Any, ...]) -> Any:
        """The answer. _Exhausted when the process died of it; it may have ended by itself before, so once more."""
        with self._lock:
            if len(self._known) > WORDINGS_MOST:
                self.end()
            for again in (True, False):
                told = parts if key not in self._known else None
                reply = self._asked(pickle.dumps((key, told, style, call, arguments)), again)
                if reply is not None:
                    self._known.add(key)
                    if reply.get("spent"):
                        self.end()
                    return reply
            raise _Exhausted(ROOM)

    def _asked(self, request: bytes, again: bool) -> Any:
        """None when the process was gone before it could be asked."""
        line = self._line or self._started()
        try:
            write(line, request)
            data = read(line, ANSWER_MOST)
        except TimeoutError:
            self.end()
            raise _Exhausted(TIME) from None
        except (OSError, ValueError):
            data = None
        except BaseException:  # a task's time limit, Ctrl-C: its answer must not be taken for the next one's
            self.end()
            raise
        if data is not None:
            return json.loads(data)
        code = self.end()
        if again and code in (0, -signal.SIGKILL):  # it ended for want of work; or the machine wanted its memory
            return None
        raise _Exhausted(TIME if code == -signal.SIGXCPU else ROOM)

    def _started(self) -> socket:
        ours, theirs = socketpair()
        with theirs:
            command = [sys.executable, "-s", "-m", "digest.mail.child"]
            kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
            try:
                self._child = subprocess.Popen(  # noqa: S603 - our own module
                    command, stdin=theirs.fileno(), stdout=subprocess.DEVNULL, cwd=ROOT, env=kept
                )
            except OSError as error:
                ours.close()
                raise NotStarted(f"the process that renders templates can't be started: {error}") from error
        self._line, self._known = ours, set()
        ours.settimeout(WAIT)
        with suppress(OSError, ValueError):
            if read(ours, len(READY)) == READY:
                return ours
        raise NotStarted(f"the process that renders templates does not start (exit code {self.end()})")

    def end(self) -> int:
        """Let it go; its exit code, or minus the signal that ended it (0 when there was none)."""
        child, line = self._child, self._line
        self._child, self._line, self._known = None, None, set()
        if line is not None:
            line.close()
        if child is None:
            return 0
        try:
            return child.wait(1.0)  # it ends with its line, or is dead already
        except subprocess.TimeoutExpired:
            child.kill()
            return child.wait()

    def disown(self) -> None:
        """In a fork: the process is the parent's, and so is the lock."""
        if self._line is not None:
            self._line.close()
        if self._child is not None:
            self._child.returncode = 0  # else Popen would warn that it still runs
        self.__init__()  # type: ignore[misc]


_PROCESS = _Process()
atexit.register(_PROCESS.end)
os.register_at_fork(after_in_child=_PROCESS.disown)
