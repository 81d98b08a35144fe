"""The limited process: it renders operators' templates for the process that started it, and nothing else.

    python -m digest.mail.child        with one end of a socket pair as standard input

It says "ready" when its limits stand: at most 2 s of CPU for one request, 256 MB, no file, no socket, no process, no
core. It ends when the other end is closed, or when nobody has asked for a minute. It is told by pickle, since its
parent is ours; it answers in JSON, since what a template made of it is nobody's.
"""

from __future__ import annotations

import codecs
import contextlib
import json
import pickle
import resource
import select
import struct
from collections.abc import Callable, Mapping
from importlib import import_module
from socket import socket
from typing import Any

from digest.mail.look import look
from digest.mail.part import Part, WordingError
from digest.mail.sandbox import Compiled
from digest.mail.slots import HTML, of_digest

CPU_SECONDS = 2
MEMORY = 256_000_000  # bytes of address space
IDLE = 60.0  # seconds
LENGTH = struct.Struct("!I")
READY = b"ready"
CODECS = ("unicode_escape", "idna", "ascii", "latin-1", "utf-8", "utf-16", "punycode")  # strings are written in these
LATER = ("textwrap", "linecache", "jinja2.debug", "jinja2.ext", "urllib.parse")  # modules that Jinja2 reads when needed
NOTHING = (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC, resource.RLIMIT_FSIZE, resource.RLIMIT_CORE)


def main() -> None:
    """Serve the socket on standard input until it is closed."""
    with socket(fileno=0) as line:
        _warm_up()
        _limit()
        write(line, READY)
        known: dict[str, Compiled | WordingError] = {}
        while (request := _next(line)) is not None:
            _begin()
            write(line, json.dumps(_answer(request, known)).encode())


def _warm_up() -> None:
    """Python reads modules when they are first needed, and later no file can be opened: so need them now."""
    with contextlib.suppress(WordingError):
        card, sheet = Part("digest", "card", HTML, "<b>{{ 1 / 0 }}</b>"), Part("digest", "style", "css", "b{color:red}")
        made = Compiled([card, sheet])
        made.document("<html><body><b>x</b></body></html>")
        look(card, of_digest("card"), {})
        made.fragment("card", HTML, {}, of_digest("card"))
    for codec in CODECS:
        codecs.lookup(codec)
    for module in LATER:
        import_module(module)


def _limit() -> None:
    """A hard limit can't be taken back, by whatever code."""
    for what in NOTHING:
        resource.setrlimit(what, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def _begin() -> None:
    """The kernel counts whole seconds since the start, so a request has between one and two."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + CPU_SECONDS, hard))


def _next(line: socket) -> tuple[Any, ...] | None:
    if not select.select([line], [], [], IDLE)[0]:
        return None
    data = read(line)
    return None if data is None else pickle.loads(data)  # noqa: S301 - from our parent, over its own socket


def _answer(request: tuple[Any, ...], known: dict[str, Compiled | WordingError]) -> dict[str, Any]:
    key, parts, style, call, arguments = request
    try:
        if call == "look":
            return {"made": look(*arguments)}
        if parts is not None:
            known[key] = _compiled(parts, style)
        wording = known[key]
        if isinstance(wording, WordingError):
            raise wording
        return {"made": _calls(wording)[call](*arguments)}
    except WordingError as error:
        return {"error": str(error), "place": error.place, "spent": error.spent}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}", "place": None, "spent": isinstance(error, MemoryError)}


def _compiled(parts: list[Part], style: str) -> Compiled | WordingError:
    try:
        return Compiled(parts, style)
    except WordingError as error:
        return error


def _calls(wording: Compiled) -> Mapping[str, Callable[..., str]]:
    return {
        "render": wording.render,
        "fragment": wording.fragment,
        "document": wording.document,
        "mark": wording.mark,
    }


def write(line: socket, data: bytes) -> None:
    """One message: its length, then its bytes."""
    line.sendall(LENGTH.pack(len(data)) + data)


def read(line: socket, most: int = 1 << 30) -> bytes | None:
    """One message; None when the other end is closed. ValueError when it is longer than `most` bytes."""
    head = _exactly(line, LENGTH.size)
    if head is None:
        return None
    (size,) = LENGTH.unpack(head)
    if size > most:
        raise ValueError(f"a message of {size} bytes")
    return _exactly(line, size)


def _exactly(line: socket, size: int) -> bytes | None:
    data = bytearray()
    while len(data) < size:
        piece = line.recv(min(size - len(data), 1 << 16))
        if not piece:
            return None
        data += piece
    return bytes(data)


if __name__ == "__main__":
    main()
