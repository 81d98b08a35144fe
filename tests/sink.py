"""A small SMTP server for tests, with a switch for each fault: what smtp-sink does, on any machine.

    with Sink() as sink:
        sink.fault("RCPT", "4xx", times=1)
        ...                                   # send to sink.url
        assert [mail.recipient for mail in sink.received] == [...]

Stages: CONNECT EHLO STARTTLS AUTH MAIL RCPT DATA BODY DOT RSET QUIT. Faults: 5xx 4xx 421 drop half slow, or a
whole reply such as "504 5.5.2 <h>: Helo command rejected". `slow` answers rightly once `release()` is called.
"""

from __future__ import annotations

import base64
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

FAULTS = {"5xx": "550 no", "4xx": "450 later", "421": "421 closing"}
PATIENCE = 10.0  # seconds: what a test waits for comes at once or never
VERB = re.compile(rb"[A-Za-z]+")


class HangUp(Exception):
    """End this connection without another word."""


@dataclass(frozen=True)
class Received:
    """A mail that the sink took: said 250 to (or would have, had it been allowed to answer)."""

    sender: str
    recipient: str
    data: bytes  # dot-stuffing undone
    helo: str
    user: str


@dataclass
class Sink:
    """The server; `received`, `commands` and `logins` are what clients did, `said` what they were told."""

    pipelining: bool = True
    accounts: dict[str, str] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    implicit_tls: bool = False
    data_regardless: bool = False  # says 354 although it took no recipient
    received: list[Received] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    connections: int = 0
    partial: bytes = b""  # of the mail that is coming in, as it stands on the wire

    def __post_init__(self) -> None:
        self._faults: dict[str, list[object]] = {}
        self._released = threading.Event()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    @property
    def url(self) -> str:
        """An EMAIL_URL for it."""
        return f"smtp://127.0.0.1:{self.port}"

    def fault(self, stage: str, kind: str, times: int = 1_000_000) -> None:
        """Fail at a stage from now on, so many times."""
        self._faults[stage] = [kind, times]

    def mend(self) -> None:
        """No more faults."""
        self._faults.clear()

    def release(self) -> None:
        """Let what is slow go on."""
        self._released.set()

    def wait(self, condition: Callable[[], object]) -> None:
        """Until the condition holds: what was sent is read a moment later."""
        end = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > end:
                raise AssertionError("the sink waited in vain")
            time.sleep(0.002)

    def hang_up(self) -> None:
        """Close every connection, as a server does with idle ones."""
        for link in list(self._open):
            with suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
        self.idle()

    @property
    def busy(self) -> bool:
        """Whether a connection is open."""
        return bool(self._open)

    def idle(self) -> None:
        """Wait until no connection is open."""
        self.wait(lambda: not self.busy)

    def adopt(self, link: socket.socket, instead: socket.socket | None = None) -> None:
        """Keep a connection, to close it at the end; TLS wraps a socket in a new one."""
        self._open.add(link)
        if instead is not None:
            self._open.discard(instead)

    def __enter__(self) -> Sink:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for link in list(self._open):
            with suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(PATIENCE)

    def take_fault(self, stage: str) -> str:
        """The fault to commit at a stage now, or ""."""
        kind, times = self._faults.get(stage, ["", 0])
        assert isinstance(times, int)
        if times < 1:
            return ""
        self._faults[stage] = [kind, times - 1]
        return str(kind)

    def wait_released(self) -> None:
        """Where `slow` stands."""
        self._released.wait(PATIENCE)

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                link, _ = self._listener.accept()
                # Replies to pipelined commands leave one by one: don't let Nagle's algorithm hold them back.
                link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.connections += 1
                self.adopt(link)
                self._start(lambda link=link: self._serve(link))  # type: ignore[misc]

    def _serve(self, link: socket.socket) -> None:
        talk = _Talk(self, link)
        with suppress(OSError, HangUp):
            talk.run()
        with suppress(OSError):
            talk.link.close()
        self._open.discard(talk.link)


class _Talk:
    """One conversation."""

    def __init__(self, sink: Sink, link: socket.socket) -> None:
        self.sink, self.link = sink, link
        self.buffer = b""
        self.helo = self.user = self.sender = self.recipient = ""

    def run(self) -> None:
        if self.sink.implicit_tls:
            self._start_tls()
        self._answer("CONNECT", "220 sink ESMTP")
        while True:
            line = self._line()
            self.sink.commands.append(line.decode("latin-1"))
            self._command(line)

    def _command(self, line: bytes) -> None:
        found = VERB.match(line)
        verb = found[0].decode().upper() if found else ""
        handler = getattr(self, f"_on_{verb.lower()}", None)
        if handler is None:
            self._say("502 5.5.1 no such command")
        else:
            handler(line)

    def _on_ehlo(self, line: bytes) -> None:
        self.helo = line[5:].decode("latin-1")
        offers = ["sink"] + ["PIPELINING"] * self.sink.pipelining
        offers += ["STARTTLS"] * (self.sink.tls is not None and not isinstance(self.link, ssl.SSLSocket))
        offers += ["AUTH PLAIN"] * bool(self.sink.accounts)
        self._answer("EHLO", "\r\n".join(f"250{'-' if n < len(offers) else ' '}{o}" for n, o in enumerate(offers, 1)))

    def _on_starttls(self, line: bytes) -> None:
        if self.sink.tls is None:
            self._say("502 5.5.1 no such command")
        elif self._answer("STARTTLS", "220 go ahead"):
            self._start_tls()

    def _on_auth(self, line: bytes) -> None:
        _, name, plain = base64.b64decode(line.split()[2]).decode().split("\0")
        self.sink.logins.append((name, plain))
        if self.sink.accounts.get(name) != plain:
            self._say("535 5.7.8 wrong user or password")
        elif self._answer("AUTH", "235 welcome"):
            self.user = name

    def _on_mail(self, line: bytes) -> None:
        if self._answer("MAIL", "250 ok"):
            self.sender, self.recipient = _address(line), ""

    def _on_rcpt(self, line: bytes) -> None:
        if not self.sender:
            self._say("503 5.5.1 MAIL first")
        elif self._answer("RCPT", "250 ok"):
            self.recipient = _address(line)

    def _on_data(self, line: bytes) -> None:
        if not self.recipient and not self.sink.data_regardless:
            self._say("503 5.5.1 RCPT first")
        elif self._answer("DATA", "354 go ahead"):
            self._take(self._body())

    def _on_rset(self, line: bytes) -> None:
        self.sender = self.recipient = ""
        self._answer("RSET", "250 ok")

    def _on_quit(self, line: bytes) -> None:
        self._answer("QUIT", "221 bye")
        raise HangUp

    def _body(self) -> bytes:
        self.sink.partial = b""
        self._answer("BODY", "")
        lines: list[bytes] = []
        while (line := self._line()) != b".":
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(line + b"\r\n" for line in lines)

    def _take(self, data: bytes) -> None:
        mail = Received(self.sender, self.recipient, data, self.helo, self.user)
        self.sender = self.recipient = ""
        self._answer("DOT", "250 2.0.0 taken", lambda: self.sink.received.append(mail))

    def _answer(self, stage: str, good: str, before: Callable[[], None] = lambda: None) -> bool:
        """Say the good reply, or commit the stage's fault; whether the reply was good."""
        kind = self.sink.take_fault(stage)
        if kind == "slow":
            before()
            self.sink.wait_released()
        elif kind == "drop":
            raise HangUp
        elif kind == "half":
            self.link.sendall(good[:2].encode())
            raise HangUp
        elif kind:
            self._say(FAULTS.get(kind, kind))
            if kind == "421":
                raise HangUp
            return False
        else:
            before()
        self._say(good)
        return True

    def _say(self, words: str) -> None:
        if words:
            self.link.sendall(words.encode() + b"\r\n")
            self.sink.said.append(words)

    def _line(self) -> bytes:
        while b"\r\n" not in self.buffer:
            self._read()
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line

    def _read(self) -> None:
        got = self.link.recv(65536)
        if not got:
            raise HangUp
        self.buffer += got
        self.sink.partial += got

    def _start_tls(self) -> None:
        assert self.sink.tls is not None
        plain = self.link
        self.link = self.sink.tls.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        self.sink.adopt(self.link, instead=plain)
        self.link.do_handshake()


def _address(line: bytes) -> str:
    return line[line.index(b"<") + 1 : line.rindex(b">")].decode("latin-1")
