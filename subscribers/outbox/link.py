"""A socket to the mail server: reached, wrapped in TLS, bytes out and in, cut.

Nothing here waits. What would have to wait is a generator: it yields READ or WRITE when it can't go on before the
socket is readable or writable, and `deadline` says until when that may take. Whoever drives it calls `next` then, or
throws TimeoutError into it. So one connection can be waited for (`transport.Session`) and many at once (`lines`).
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

from subscribers.outbox.mailurl import MailServer
from subscribers.outbox.policy import Outcome, Refusal, Stage, classify
from subscribers.outbox.wire import said, text

# Seconds, RFC 5321 (4.5.3.2); REACH and QUIT are ours. `?timeout=` shortens each.
TIMEOUTS: Mapping[str, float] = {
    "REACH": 30,  # until a connection stands
    "CONNECT": 300,  # the greeting: a busy server lets a connection wait
    "EHLO": 300,
    "AUTH": 300,
    "MAIL": 300,
    "RCPT": 300,
    "DATA": 120,
    "BODY": 180,  # without any progress
    "DOT": 600,  # the server delivers or scans before it answers: giving up early is what doubles mails
    "RSET": 300,
    "QUIT": 5,  # nothing depends on the answer
}
READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
AT_ONCE = 65_536  # bytes read at once

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
        self.limits: Final = {what: min(most, server.timeout or most) for what, most in TIMEOUTS.items()}
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


class Link:
    """A socket that is used until something makes it untrustworthy, and cut then."""

    def __init__(self, way: Way) -> None:
        self.deadline = 0.0  # on the monotonic clock: until when what was yielded may take
        self.sockets = 0  # how many it has had: a new one often gets the number of the last
        self._way: Final = way
        self._link: socket.socket | None = None
        self._ahead = b""  # what has come in and was not looked at yet

    @property
    def alive(self) -> bool:
        """Whether the connection stands."""
        return self._link is not None

    def fileno(self) -> int:
        """The socket's number, for a selector; -1 without one."""
        return -1 if self._link is None else self._link.fileno()

    def reach(self, family: int, place: tuple[Any, ...]) -> Steps[None]:
        """Connect to an address of this family. OSError when nobody answers there."""
        link = self._link = socket.socket(family, socket.SOCK_STREAM)
        self.sockets += 1
        link.setblocking(False)
        # The dot is a few bytes behind a body not yet acknowledged: Nagle's algorithm would hold it back.
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            link.connect(place)
        except BlockingIOError:
            self.patience("REACH")
            yield WRITE
            error = link.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if error:
                raise OSError(error, os.strerror(error)) from None

    def start_tls(self) -> Steps[None]:
        """TLS from here on; what came in the clear is dropped unread."""
        self._ahead = b""
        host = self._way.server.host
        link = self._way.tls.wrap_socket(self._socket(), server_hostname=host, do_handshake_on_connect=False)
        self._link = link
        self.patience("CONNECT")
        while True:
            try:
                link.do_handshake()
                return
            except ssl.SSLWantReadError:
                yield READ
            except ssl.SSLWantWriteError:
                yield WRITE

    def more(self) -> Steps[None]:
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

    def cut(self) -> None:
        """Close without a word, by a reset.

        What the system still holds back of a body never leaves, and no server can take the end of the stream
        for the end of the mail.
        """
        if self._link is not None:
            with suppress(OSError):
                self._link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._close()

    def lost(self, stage: Stage, error: OSError) -> Refusal:
        """What an error at a stage means; nothing goes over this socket any more."""
        self.cut()
        return Refusal(classify(stage, None, said(error)))

    def patience(self, what: str) -> None:
        """What is waited for next may take so long."""
        self.deadline = time.monotonic() + self._way.limits[what]

    def put(self, data: bytes) -> int:
        """How many bytes the system takes at once. 0 when something is wrong, too: who goes on meets it again."""
        try:
            return max(0, self._write(data))
        except OSError:
            return 0

    def _close(self) -> None:
        link, self._link, self._ahead = self._link, None, b""
        if link is not None:
            link.close()

    def _write(self, data: bytes | memoryview) -> int:
        """How many bytes the system took; 0: it takes none yet; -1: TLS has to read first."""
        link = self._link or self._socket()
        try:
            return link.send(data)
        except (BlockingIOError, ssl.SSLWantWriteError):
            return 0
        except ssl.SSLWantReadError:
            return -1

    def _take(self) -> bytes | None:
        """What has come in; None: nothing yet; b"": the server closed the connection."""
        link = self._link or self._socket()
        try:
            return link.recv(AT_ONCE)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None

    def _socket(self) -> socket.socket:
        if self._link is None:
            raise RuntimeError("the connection is not open")
        return self._link
