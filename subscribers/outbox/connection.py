"""One connection to the mail server: opening it, commands, replies, and leaving. Knows nothing of letters.

Nothing here waits. What would have to wait is a generator: it yields READ or WRITE when it can't go on before the
socket is readable or writable, and `deadline` says until when that may take. Whoever drives it calls `next` then, or
throws TimeoutError into it. So one connection can be waited for (`transport.Session`) and many at once (`fleet`).
"""

from __future__ import annotations

import os
import selectors
import socket
import ssl
import struct
import time
from collections.abc import Generator, Mapping
from contextlib import suppress
from typing import Any, Final, TypeAlias, TypeVar

from subscribers.outbox import login
from subscribers.outbox.mailurl import MailServer
from subscribers.outbox.policy import Outcome, Refusal, Stage, classify, passes
from subscribers.outbox.wire import read_reply, said, text

# Seconds, RFC 5321 (4.5.3.2); the one to connect is ours. `?timeout=` shortens each.
TIMEOUTS: Mapping[Stage, float] = {
    "CONNECT": 300,  # the greeting: a busy server lets a connection wait
    "EHLO": 300,
    "AUTH": 300,
    "MAIL": 300,
    "RCPT": 300,
    "DATA": 120,
    "BODY": 180,  # without any progress
    "DOT": 600,  # the server delivers or scans before it answers: giving up early is what doubles mails
    "RSET": 300,
}
CONNECT_TIMEOUT = 30.0
QUIT_TIMEOUT = 5.0  # nothing depends on the answer
READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
AT_ONCE = 65_536  # bytes read at once
END = b"\r\n"

T = TypeVar("T")
# Yields what to wait for (READ, WRITE), and here and there an outcome that is known before the end.
Steps: TypeAlias = Generator[int | Outcome, None, T]


class Way:
    """What all connections to one server share. `helo` is the name said in EHLO, never the machine's own, which
    relays refuse. TLS is verified against the machine's roots (SSL_CERT_FILE names others).
    """

    def __init__(self, server: MailServer, helo: str) -> None:
        self.server: Final = server
        self.helo: Final = helo
        self._tls: ssl.SSLContext | None = None
        self._places: list[tuple[int, tuple[Any, ...]]] = []

    @property
    def tls(self) -> ssl.SSLContext:
        """Made once: it reads all roots."""
        self._tls = self._tls or ssl.create_default_context()
        return self._tls

    def places(self) -> list[tuple[int, tuple[Any, ...]]]:
        """(family, address) of each place to connect to. OSError when the name can't be looked up."""
        if not self._places:
            found = socket.getaddrinfo(self.server.host, self.server.port, type=socket.SOCK_STREAM)
            self._places = [(family, place) for family, _, _, _, place in found]
        return self._places

    def limit(self, seconds: float) -> float:
        """A time-out as the operator wants it."""
        return min(seconds, self.server.timeout or seconds)


class Connection:
    """An SMTP connection that is used until something makes it untrustworthy, and cut then."""

    def __init__(self, way: Way) -> None:
        self.pipelining = False  # whether the server takes several commands at once (RFC 2920)
        self.deadline = 0.0  # on the monotonic clock: until when what was yielded may take
        self._way: Final = way
        self._logins: list[str] = []  # the ways to log in that it offers
        self._words = b""  # of the newest reply, as they came
        self._link: socket.socket | None = None
        self._ahead = b""  # what has come in and was not looked at yet

    @property
    def alive(self) -> bool:
        """Whether the connection stands."""
        return self._link is not None

    def fileno(self) -> int:
        """The socket's number, for a selector; -1 without one."""
        return -1 if self._link is None else self._link.fileno()

    def open(self) -> Steps[None]:
        """Connect, greet, start TLS, log in. Refusal is `channel` and leaves nothing open."""
        if self.alive:
            raise RuntimeError("the connection is open already")
        try:
            yield from self._connect()
            yield from self._greet()
        except OSError as error:  # names, routes, TLS: what is raised outside a command and its reply
            raise self._lost("CONNECT", error) from error
        except Refusal:
            self.cut()
            raise

    def _connect(self) -> Steps[None]:
        *others, last = self._way.places()
        for family, place in others:
            try:
                yield from self._reach(family, place)
                break
            except OSError:
                self.cut()
        else:
            yield from self._reach(*last)
        if self._way.server.scheme == "smtps":
            yield from self._start_tls()
        yield from self.expect("CONNECT")

    def _reach(self, family: int, place: tuple[Any, ...]) -> Steps[None]:
        link = self._link = socket.socket(family, socket.SOCK_STREAM)
        link.setblocking(False)
        # The dot is a few bytes behind a body not yet acknowledged: Nagle's algorithm would hold it back.
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            link.connect(place)
        except BlockingIOError:
            self._patience(CONNECT_TIMEOUT)
            yield WRITE
            error = link.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if error:
                raise OSError(error, os.strerror(error)) from None

    def _greet(self) -> Steps[None]:
        yield from self._hello()
        if self._way.server.scheme == "smtp+starttls":
            yield from self.command("EHLO", b"STARTTLS")
            yield from self._start_tls()
            yield from self._hello()  # what was said in the clear doesn't count (RFC 3207, 4.2)
        if self._way.server.user:
            yield from self._log_in()

    def _hello(self) -> Steps[None]:
        yield from self.send("EHLO", b"EHLO %b" % self._way.helo.encode() + END)
        yield from self.expect("EHLO")
        offers = [line.upper() for line in self._words.splitlines()[1:]]  # the first line is a greeting
        self.pipelining = b"PIPELINING" in offers
        self._logins = login.offered(offers)

    def _start_tls(self) -> Steps[None]:
        self._ahead = b""  # what came in the clear is dropped unread
        host = self._way.server.host
        link = self._way.tls.wrap_socket(self._socket(), server_hostname=host, do_handshake_on_connect=False)
        self._link = link
        self._patience(TIMEOUTS["CONNECT"])
        while True:
            try:
                link.do_handshake()
                return
            except ssl.SSLWantReadError:
                yield READ
            except ssl.SSLWantWriteError:
                yield WRITE

    def _log_in(self) -> Steps[None]:
        """By one way that the server offers after the other, while it says that a way is none."""
        server, outcome = self._way.server, classify("AUTH", None, "the server offers no AUTH that we know")
        for method in self._logins:
            code, words = login.GO_ON, ""
            for answer in login.answers(method, server.user, server.password):
                if code != login.GO_ON:
                    break
                yield from self.send("AUTH", answer(words) + END)
                code, words = yield from self.read("AUTH")
            if passes("AUTH", code):
                return
            outcome = classify("AUTH", code, words)
            if not self.alive or not 500 <= code <= 599:
                break
        raise Refusal(outcome)

    def command(self, stage: Stage, line: bytes) -> Steps[None]:
        """Send a command; return when its reply lets the conversation go on, else raise Refusal."""
        yield from self.send(stage, line + END)
        yield from self.expect(stage)

    def send(self, stage: Stage, data: bytes | memoryview) -> Steps[None]:
        """Send bytes as they are; Refusal when they can't be handed to the system in time."""
        try:
            sent = self._write(data)
            while sent < len(data):
                self._patience(TIMEOUTS[stage])
                yield READ if sent < 0 else WRITE
                data = memoryview(data)[max(sent, 0) :]
                sent = self._write(data)
        except OSError as error:
            raise self._lost(stage, error) from error

    def expect(self, stage: Stage) -> Steps[None]:
        """The next reply has to let the conversation go on, else Refusal."""
        code, words = yield from self.read(stage)
        if not passes(stage, code):
            raise Refusal(classify(stage, code, words))

    def read(self, stage: Stage) -> Steps[tuple[int, str]]:
        """The next reply; Refusal when none comes. 421, and what makes no sense, end the connection."""
        code, self._words, taken = yield from self._reply(stage)
        self._ahead = self._ahead[taken:]
        words = text(self._words)
        if not 200 <= code <= 599:
            self.cut()
            raise Refusal(classify(stage, None, f"no SMTP reply: {words}"))
        goes_on = passes(stage, code) or (stage == "AUTH" and code == login.GO_ON)
        if code == 421 or (code < 400 and not goes_on):
            self.cut()
        return code, words

    def _reply(self, stage: Stage) -> Steps[tuple[int, bytes, int]]:
        """The reply that comes next, from what is there already or when it comes in."""
        found = read_reply(self._ahead) if self._ahead else None
        if found is None:
            self._patience(TIMEOUTS[stage])
        try:
            while found is None:
                yield from self._more()
                found = read_reply(self._ahead)
        except OSError as error:
            raise self._lost(stage, error) from error
        return found

    def _more(self) -> Steps[None]:
        """Waits for more to come in, and takes it. OSError when nothing ever will."""
        while True:
            got = self._take()
            if got:
                self._ahead += got
                return
            if got is not None:
                raise ConnectionResetError("the server closed the connection")
            yield READ

    @property
    def ahead(self) -> bool:
        """Whether something has come in already that a selector does not see any more."""
        link = self._link
        return bool(self._ahead) or (isinstance(link, ssl.SSLSocket) and link.pending() > 0)

    def early_word(self) -> str | None:
        """What the server said or did although it was not its turn, or None. Costs a system call."""
        try:
            ahead = self._ahead or self._take()
        except OSError as error:
            return f"was lost: {said(error)}"
        if ahead is None:
            return None
        return f"said: {text(ahead)}" if ahead else "hung up"

    def quit(self) -> Steps[None]:
        """QUIT and close; whatever happens then is of no interest any more."""
        if self.alive:
            with suppress(OSError, Refusal):
                self._write(b"QUIT" + END)
                self._patience(QUIT_TIMEOUT)
                yield from self._more()
            self._close()

    def cut(self) -> None:
        """Close without a word, by a reset.

        What the system still holds back of a body never leaves, and no server can take the end of the stream
        for the end of the mail.
        """
        if self._link is not None:
            with suppress(OSError):
                self._link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._close()

    def _close(self) -> None:
        link, self._link, self._ahead = self._link, None, b""
        if link is not None:
            link.close()

    def _write(self, data: bytes | memoryview) -> int:
        """How many bytes the system took; 0: it takes none yet; -1: TLS has to read first."""
        try:
            return self._socket().send(data)
        except (BlockingIOError, ssl.SSLWantWriteError):
            return 0
        except ssl.SSLWantReadError:
            return -1

    def _take(self) -> bytes | None:
        """What has come in; None: nothing yet; b"": the server closed the connection."""
        try:
            return self._socket().recv(AT_ONCE)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None

    def _lost(self, stage: Stage, error: OSError) -> Refusal:
        self.cut()
        return Refusal(classify(stage, None, said(error)))

    def _patience(self, seconds: float) -> None:
        self.deadline = time.monotonic() + self._way.limit(seconds)

    def _socket(self) -> socket.socket:
        if self._link is None:
            raise RuntimeError("the connection is not open")
        return self._link
