"""One connection to the mail server: opening it, commands, replies, and leaving. Knows nothing of letters."""

from __future__ import annotations

import smtplib
import socket
import ssl
import struct
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from subscribers.outbox.mailurl import MailServer
from subscribers.outbox.policy import Refusal, Stage, classify, passes
from subscribers.outbox.wire import said, text

# Seconds, RFC 5321 (4.5.3.2); the one to connect is ours. `?timeout=` shortens each.
TIMEOUTS: Mapping[Stage, float] = {
    "CONNECT": 300,  # the greeting: a busy server lets a connection wait
    "EHLO": 300,
    "AUTH": 300,
    "MAIL": 300,
    "RCPT": 300,
    "DATA": 120,
    "BODY": 180,
    "DOT": 600,  # the server delivers or scans before it answers: giving up early is what doubles mails
    "RSET": 300,
}
CONNECT_TIMEOUT = 30.0
QUIT_TIMEOUT = 5.0  # nothing depends on the answer
EARLY_MOST = 1024  # bytes of an early word that are looked at
END = b"\r\n"


class Connection:
    """An SMTP connection that is used until something makes it untrustworthy, and cut then.

    `helo` is the name said in EHLO: never the machine's own, which relays refuse. TLS is verified against the
    machine's roots (SSL_CERT_FILE names others).
    """

    def __init__(self, server: MailServer, helo: str) -> None:
        self.server: Final = server
        self._smtp: Final = smtplib.SMTP(local_hostname=helo)

    @property
    def alive(self) -> bool:
        """Whether the connection stands."""
        return self._smtp.sock is not None

    @property
    def pipelining(self) -> bool:
        """Whether the server takes several commands at once (RFC 2920)."""
        return self._smtp.has_extn("pipelining")

    def fileno(self) -> int:
        """The socket's number, for a selector."""
        return self._socket().fileno()

    def open(self) -> None:
        """Connect, greet, start TLS, log in. Refusal is `channel` and leaves nothing open."""
        if self.alive:
            raise RuntimeError("the connection is open already")
        try:
            self._connect()
            self._greet()
        except OSError as error:  # names, routes, TLS: what is raised outside a command and its reply
            raise self._lost("CONNECT", error) from error
        except Refusal:
            self.cut()
            raise

    def _connect(self) -> None:
        where = (self.server.host, self.server.port)
        link = socket.create_connection(where, timeout=self._limit(CONNECT_TIMEOUT))
        self._smtp.sock = link
        # The dot is a few bytes behind a body not yet acknowledged: Nagle's algorithm would hold it back.
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.server.scheme == "smtps":
            self._start_tls()
        self.expect("CONNECT")

    def _greet(self) -> None:
        self._hello()
        if self.server.scheme == "smtp+starttls":
            self.command("EHLO", b"STARTTLS")
            self._start_tls()
            self._hello()  # what was said in the clear doesn't count (RFC 3207, 4.2)
        if self.server.user:
            self._log_in()

    def _hello(self) -> None:
        self._wait("EHLO")
        try:
            code, words = self._smtp.ehlo()
        except OSError as error:
            raise self._lost("EHLO", error) from error
        self._judge("EHLO", code, text(words))

    def _start_tls(self) -> None:
        context = ssl.create_default_context()
        # wrap_socket takes the plain socket over; what was buffered from it is dropped unread.
        self._smtp.sock = context.wrap_socket(self._socket(), server_hostname=self.server.host)
        self._smtp.file = None

    def _log_in(self) -> None:
        self._wait("AUTH")
        try:
            self._smtp.login(self.server.user, self.server.password)
        except smtplib.SMTPAuthenticationError as error:
            raise Refusal(classify("AUTH", error.smtp_code, text(error.smtp_error))) from error
        except OSError as error:
            raise self._lost("AUTH", error) from error

    def command(self, stage: Stage, line: bytes) -> None:
        """Send a command; return when its reply lets the conversation go on, else raise Refusal."""
        self.send(stage, line + END)
        self.expect(stage)

    def send(self, stage: Stage, data: bytes) -> None:
        """Send bytes as they are; Refusal when they can't be handed to the system in time."""
        self._wait(stage)
        try:
            self._socket().sendall(data)
        except OSError as error:
            raise self._lost(stage, error) from error

    def expect(self, stage: Stage) -> None:
        """The next reply has to let the conversation go on, else Refusal."""
        self._judge(stage, *self.read(stage))

    def read(self, stage: Stage) -> tuple[int, str]:
        """The next reply; Refusal when none comes. 421, and what makes no sense, end the connection."""
        self._wait(stage)
        try:
            code, words = self._smtp.getreply()
        # What smtplib raises are OSErrors too; to an endless line it gives the code 500, as if the server had.
        except OSError as error:
            raise self._lost(stage, error) from error
        if not 200 <= code <= 599:
            self.cut()
            raise Refusal(classify(stage, None, f"no SMTP reply: {text(words)}"))
        if code == 421 or (code < 400 and not passes(stage, code)):
            self.cut()
        return code, text(words)

    def early_word(self) -> str | None:
        """What the server said or did although it was not its turn, or None. Costs two system calls."""
        link = self._socket()
        link.settimeout(0)
        try:
            # Read together with the last reply it lies in smtplib's buffer, else still with the system.
            ahead = self._smtp.file.peek(1) if self._smtp.file else b""
            words = text(ahead or link.recv(EARLY_MOST))
        except (BlockingIOError, ssl.SSLWantReadError):
            return None
        except OSError as error:
            return f"was lost: {said(error)}"
        return f"said: {words}" if words else "hung up"

    def quit(self) -> None:
        """QUIT and close; whatever happens then is of no interest any more."""
        if self.alive:
            self._socket().settimeout(self._limit(QUIT_TIMEOUT))
            with suppress(OSError):
                self._smtp.docmd("QUIT")
            self._smtp.close()

    def cut(self) -> None:
        """Close without a word, by a reset.

        What the system still holds back of a body never leaves, and no server can take the end of the stream
        for the end of the mail.
        """
        if self._smtp.sock is not None:
            with suppress(OSError):
                self._smtp.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._smtp.close()

    def _judge(self, stage: Stage, code: int, words: str) -> None:
        if not passes(stage, code):
            raise Refusal(classify(stage, code, words))

    def _lost(self, stage: Stage, error: OSError) -> Refusal:
        self.cut()
        return Refusal(classify(stage, None, said(error)))

    def _wait(self, stage: Stage) -> None:
        self._socket().settimeout(self._limit(TIMEOUTS[stage]))

    def _limit(self, seconds: float) -> float:
        return min(seconds, self.server.timeout or seconds)

    def _socket(self) -> socket.socket:
        if self._smtp.sock is None:
            raise RuntimeError("the connection is not open")
        return self._smtp.sock
