"""One connection to a mail server as a run drives it: what it is at, and for which letters."""

from __future__ import annotations

from typing import Final

from subscribers.outbox.connection import Connection
from subscribers.outbox.link import Steps
from subscribers.outbox.policy import Outcome, Refusal
from subscribers.outbox.wire import Mail


class Line:
    """A connection, what it is at, and for which letters."""

    def __init__(self, connection: Connection, steps: Steps[None]) -> None:
        self.connection: Final = connection
        self.steps: Steps[None] | None = steps  # None: it has nothing to do, or holds its dot
        self.wanted = 0  # what the steps wait for
        self.watched = 0  # what the selector waits for
        self.number = -1  # of the socket that the selector knows
        self.sockets = 0  # which one of the connection's sockets that is
        self.standing = False  # it was opened
        self.staged: int | None = None  # the letter under way, until its dot
        self.dotted: int | None = None  # the letter that waits for the reply to its dot
        self.behind: Mail | None = None  # its envelope went out behind that dot: replies to both come next
        self.taken = 0  # letters it has had a good reply for


def opened(connection: Connection) -> Steps[None]:
    """Whatever keeps us from a server, a name that can't be said in EHLO too, is no letter's fault."""
    try:
        yield from connection.open()
    except ValueError as error:
        connection.cut()
        raise Refusal(Outcome("channel", "CONNECT", None, f"{type(error).__name__}: {error}")) from error


def had_enough(line: Line, outcome: Outcome) -> bool:
    """Whether the server ended a connection over which it has taken letters before it took this one's sender: many
    allow so many letters a connection, and say 421 or hang up then. That is no letter's failure.
    """
    return line.taken > 0 and outcome.stage == "MAIL" and outcome.code in (None, 421)
