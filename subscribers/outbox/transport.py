"""The edge to the mail server: a letter is staged up to its final dot, and the dot is a step of its own.

    session = open_session(place, helo)
    session.stage(message)      MAIL, RCPT, DATA and the whole body: everything but the dot
    (the caller's compare-and-set: may this letter leave?)
    session.dot()               one write, one reply: the only uncertain instant
    session.abandon()           instead of the dot, when the answer was no

The compare-and-set stands behind the body, not before DATA: a crash between it and the reply leaves a letter
unknown, so nothing but the dot may lie in between. The price: once DATA has begun, SMTP knows no way back.
RSET would be one more line of the mail, and the dot would send it. So abandoning cuts the connection, and the
server forgets the mail (RFC 5321, 4.1.1.10). It happens only to those who leave, or are carried, just then.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Literal, Protocol

from subscribers.outbox.connection import END, Connection
from subscribers.outbox.folder import FolderSession
from subscribers.outbox.mailurl import Folder, MailServer
from subscribers.outbox.message import Message
from subscribers.outbox.policy import OUT_OF_STEP, Outcome, Refusal, Stage, classify
from subscribers.outbox.wire import envelope, stuffed


class Transport(Protocol):
    """What a delivery run needs of a place that takes mail."""

    @property
    def alive(self) -> bool:
        """Whether another letter can be staged here; when not, the caller opens a new session."""

    def open(self) -> None:
        """Get ready, or raise Refusal (always `channel`)."""

    def stage(self, message: Message) -> None:
        """Hand over everything but the dot, or raise Refusal; ValueError when the message is no mail."""

    def dot(self) -> Outcome:
        """Let the staged letter go. Never raises for what the server or the network does."""

    def abandon(self) -> None:
        """Take the staged letter back: it is not delivered."""

    def close(self) -> None:
        """Say goodbye; errors are of no interest any more."""


def open_session(place: MailServer | Folder, helo: str) -> Transport:
    """An open session at the place that EMAIL_URL names; Refusal (`channel`) when it can't be had."""
    session: Transport = Session(place, helo) if isinstance(place, MailServer) else FolderSession(place)
    session.open()
    return session


class Session:
    """Letters over one SMTP connection. `helo` is the name said in EHLO. SMTPUTF8 is never used.

    Several sessions can hold their dots for one commit: then `send_dot` on each, and `reply` on each
    (`fileno` serves a selector).
    """

    def __init__(self, server: MailServer, helo: str) -> None:
        self._line = Connection(server, helo)
        self._letter: Literal["none", "staged", "dotted"] = "none"
        self._lost_dot: Outcome | None = None  # known before a reply is read: the dot didn't leave in one piece

    @property
    def alive(self) -> bool:
        """Whether the connection stands: a 421, a drop, a time-out or an abandoned letter ends it.

        Between letters it looks: a server that hung up on an idle connection is no letter's failure.
        """
        if self._letter == "none" and self._line.alive and self._line.early_word() is not None:
            self._line.cut()
        return self._line.alive

    def fileno(self) -> int:
        """The socket's number: readable when the reply to the dot is there."""
        return self._line.fileno()

    def open(self) -> None:
        """Connect, greet, start TLS, log in. Refusal is `channel` and leaves nothing open."""
        self._line.open()

    def stage(self, message: Message) -> None:
        """MAIL, RCPT, DATA and the body, dot-stuffed and ended by CRLF; no byte of the dot leaves.

        After a Refusal the session is reset, and alive if the server still plays along.
        """
        if not self._line.alive or self._letter != "none":
            raise RuntimeError("staging needs an open session without another staged letter")
        body = stuffed(message)
        self._envelope(*envelope(message))
        self._line.send("BODY", body)
        self._letter = "staged"

    def _envelope(self, sender: bytes, recipient: bytes) -> None:
        commands: Sequence[tuple[Stage, bytes]] = (
            ("MAIL", b"MAIL FROM:<%b>" % sender),
            ("RCPT", b"RCPT TO:<%b>" % recipient),
            ("DATA", b"DATA"),
        )
        try:
            if self._line.pipelining:
                self._pipelined(commands)
            else:
                for stage, line in commands:
                    self._line.command(stage, line)
        except Refusal as refusal:
            if refusal.outcome.code == OUT_OF_STEP:
                self._line.cut()  # its next replies may answer other commands than ours
            self._reset()
            raise

    def _pipelined(self, commands: Sequence[tuple[Stage, bytes]]) -> None:
        """The commands in one packet, then their replies: one round trip instead of three."""
        self._line.send("MAIL", b"".join(line + END for _, line in commands))
        refusals = []
        for stage, _ in commands:
            try:
                self._line.expect(stage)
            except Refusal as refusal:
                refusals.append(refusal)
            if not self._line.alive:
                break
        else:
            self._leave_unwanted_data(refusals)
        if refusals:
            raise refusals[0]

    def _leave_unwanted_data(self, refusals: Sequence[Refusal]) -> None:
        # It refused the mail and yet waits for its body (RFC 2920, 3.1): RSET would be taken for the body.
        if refusals and all(refusal.outcome.stage != "DATA" for refusal in refusals):
            self._line.cut()

    def _reset(self) -> None:
        """Back to where MAIL may be said; a server that can't go there is left."""
        if self._line.alive:
            with suppress(Refusal):
                self._line.command("RSET", b"RSET")
                return
            self._line.cut()

    def dot(self) -> Outcome:
        """The dot and its reply."""
        self.send_dot()
        return self.reply()

    def send_dot(self) -> None:
        """The dot alone: `reply` has to follow, and says what came of it."""
        if self._letter != "staged":
            raise RuntimeError("there is no staged letter to end with a dot")
        self._letter = "dotted"
        # A letter that the server spoke into, or left, is unsent for certain as long as the dot stays here:
        # this makes most lost connections `deferred` that would be `unknown`.
        early = self._line.early_word()
        if early is not None:
            self._line.cut()
            self._lost_dot = classify("BODY", None, f"before the dot the server {early}")
            return
        try:
            self._line.send("DOT", b"." + END)
        except Refusal as lost:
            self._lost_dot = lost.outcome

    def reply(self) -> Outcome:
        """The outcome of the letter whose dot was sent."""
        if self._letter != "dotted":
            raise RuntimeError("there is no letter whose dot was sent")
        self._letter = "none"
        if self._lost_dot is not None:
            outcome, self._lost_dot = self._lost_dot, None
            return outcome
        try:
            return classify("DOT", *self._line.read("DOT"))
        except Refusal as lost:
            return lost.outcome

    def abandon(self) -> None:
        """Cut the connection under a staged letter; without one, nothing happens."""
        if self._letter == "staged":
            self._letter = "none"
            self._line.cut()

    def close(self) -> None:
        """QUIT; a staged letter is abandoned."""
        self.abandon()
        self._line.quit()
