"""The edge to a place that takes mail, one letter after another: a letter is staged up to its final dot, and the dot
is a step of its own.

    session = open_session(place, helo)
    session.stage(message)      MAIL, RCPT, DATA and the whole body: everything but the dot
    (the caller's compare-and-set: may this letter leave?)
    session.dot()               one write, one reply: the only uncertain instant
    session.abandon()           instead of the dot, when the answer was no

Many letters at once are `fleet`'s; what is said about a letter is `dialogue`'s.
"""

from __future__ import annotations

import select
import time
from typing import Protocol, TypeVar

from subscribers.outbox import dialogue
from subscribers.outbox.connection import Connection
from subscribers.outbox.folder import FolderSession
from subscribers.outbox.link import READ, Steps, Way
from subscribers.outbox.mailurl import MailServer, Place
from subscribers.outbox.message import Message
from subscribers.outbox.policy import Outcome
from subscribers.outbox.provider import ProviderSession
from subscribers.outbox.providerurl import Provider
from subscribers.outbox.wire import prepared

T = TypeVar("T")


class Transport(Protocol):
    """A place that takes mail."""

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


def open_session(place: Place, helo: str) -> Transport:
    """An open session at the place that EMAIL_URL names; Refusal (`channel`) when it can't be had."""
    session: Transport
    if isinstance(place, Provider):
        session = ProviderSession(place)
    else:
        session = Session(place, helo) if isinstance(place, MailServer) else FolderSession(place)
    session.open()
    return session


class Session:
    """Letters over one SMTP connection, waiting for each reply. `helo` is the name said in EHLO."""

    def __init__(self, server: MailServer, helo: str) -> None:
        self._line = Connection(Way(server, helo))
        self._staged = False

    @property
    def alive(self) -> bool:
        """Whether the connection stands: a 421, a drop, a time-out or an abandoned letter ends it.

        Between letters it looks: a server that hung up on an idle connection is no letter's failure.
        """
        if not self._staged and self._line.alive and self._line.early_word() is not None:
            self._line.cut()
        return self._line.alive

    def fileno(self) -> int:
        """The socket's number."""
        return self._line.fileno()

    def open(self) -> None:
        """Connect, greet, start TLS, log in. Refusal is `channel` and leaves nothing open."""
        self._run(self._line.open())

    def stage(self, message: Message) -> None:
        """MAIL, RCPT, DATA and the body, dot-stuffed and ended by CRLF; no byte of the dot leaves.

        After a Refusal the session is reset, and alive if the server still plays along.
        """
        if not self._line.alive or self._staged:
            raise RuntimeError("staging needs an open session without another staged letter")
        self._run(dialogue.stage(self._line, prepared(message)))
        self._staged = True

    def dot(self) -> Outcome:
        """The dot and its reply."""
        if not self._staged:
            raise RuntimeError("there is no staged letter to end with a dot")
        self._staged = False
        early = dialogue.spoken_too_early(self._line)
        if early is not None:
            return early.outcome
        outcome = self._run(dialogue.dot(self._line))
        if outcome is None:
            raise RuntimeError("a dot has an outcome")
        return outcome

    def abandon(self) -> None:
        """Cut the connection under a staged letter; without one, nothing happens."""
        if self._staged:
            self._staged = False
            self._line.cut()

    def close(self) -> None:
        """QUIT; a staged letter is abandoned."""
        self.abandon()
        self._run(self._line.quit())

    def _run(self, steps: Steps[None]) -> Outcome | None:
        """All steps, waiting where they have to wait; the outcome that they yielded."""
        outcome = None
        try:
            found = next(steps)
            while True:
                if isinstance(found, Outcome):
                    outcome = found
                    found = next(steps)
                elif self._comes(found):
                    found = next(steps)
                else:
                    found = steps.throw(TimeoutError("timed out"))
        except StopIteration:
            return outcome

    def _comes(self, wanted: int) -> bool:
        """Whether the socket becomes readable (or writable) in time."""
        waiting = select.poll()
        waiting.register(self._line.fileno(), select.POLLIN if wanted == READ else select.POLLOUT)
        return bool(waiting.poll(max(0.0, self._line.deadline - time.monotonic()) * 1000))
