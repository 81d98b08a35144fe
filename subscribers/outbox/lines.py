"""Many connections to a mail server, driven by one thread: what `fleet` is over SMTP.

The first connection is opened alone, since whatever is wrong with the server, or with us, shows there. When it stands
the others are opened together, and when one of these can't be had, the server wants no more: then we make do with
those that stand. `trouble` is what went wrong when none stands.
"""

from __future__ import annotations

import selectors
import time

from subscribers.outbox import dialogue
from subscribers.outbox.connection import Connection
from subscribers.outbox.happening import BACK, HELD, Event
from subscribers.outbox.line import Line, had_enough, opened
from subscribers.outbox.link import READ, TIMEOUTS, Steps, Way
from subscribers.outbox.mailurl import MailServer
from subscribers.outbox.policy import TOO_MANY, Outcome, Refusal
from subscribers.outbox.wire import Mail


class Lines:
    """Connections to an SMTP server."""

    channel = "smtp"
    follows = True

    def __init__(self, server: MailServer, helo: str) -> None:
        self.trouble: Outcome | None = None
        self._way = Way(server, helo)
        self.most = server.connections
        self._lines: set[Line] = set()
        self._idle: list[Line] = []
        self._opening = 0
        self._holding: dict[int, Line] = {}
        self._selector = selectors.DefaultSelector()
        self._earliest = float("inf")  # no deadline is over before
        self._events: list[Event] = []

    def room(self, wanted: int) -> int:
        """How many connections are idle; more are opened when so many letters are wanted."""
        for line in self._idle.copy():
            self._speaks_early(line)  # a server hangs up on those who say nothing
        missing = min(wanted - len(self._idle), self.most - len(self._lines) + self._opening) - self._opening
        if missing > 0 and self.trouble is None:
            if len(self._lines) == 0:
                missing = 1
            elif len(self._lines) == self._opening:
                missing = 0  # the first has to stand before the others are tried
            for _ in range(missing):
                self._open()
        return len(self._idle)

    def _open(self) -> None:
        connection = Connection(self._way)
        line = Line(connection, opened(connection))
        self._lines.add(line)
        self._opening += 1
        self._go_on(line)

    def stage(self, key: int, mail: Mail) -> None:
        """Everything but the dot, over an idle connection."""
        line = self._idle.pop()
        line.staged = key
        self._start(line, dialogue.stage(line.connection, mail))

    def dot(self, key: int, following: tuple[int, Mail] | None = None) -> None:
        """The dot, and behind it the next letter."""
        line = self._holding[key]
        if line.connection.ahead and self._speaks_early(line):
            if following is not None:
                self._events.append((following[0], BACK))
            return
        del self._holding[key]
        line.dotted = key
        line.staged, mail = following or (None, None)
        if mail is None or not line.connection.pipelining:
            self._start(line, dialogue.dot(line.connection, mail))
            return
        data = dialogue.behind(mail)
        sent = line.connection.put(data)
        if sent < len(data):
            self._start(line, dialogue.dot(line.connection, mail, sent))
            return
        # Nearly all letters go this way, without steps: a tenth of a sender's work less.
        line.behind = mail
        line.connection.patience("DOT")
        self._earliest = min(self._earliest, line.connection.deadline)

    def abandon(self, key: int) -> None:
        """Cut the connection under a held letter."""
        self._cut(self._holding.pop(key))

    def poll(self, seconds: float) -> list[Event]:
        """Wait until something happens, go on where it can be, and look who has waited for too long."""
        now = time.monotonic()
        pause = 0.0 if self._events else max(0.0, min(seconds, self._earliest - now))
        for key, _ in self._selector.select(pause):
            line: Line = key.data
            if line.behind is not None:
                self._replies(line, line.behind)
            elif line.steps is None:
                self._speaks_early(line)
            else:
                self._go_on(line)
        if self._earliest <= now + pause:
            self._time_out(time.monotonic())
        events, self._events = self._events, []
        return events

    def close(self) -> None:
        """QUIT on all connections, together; those with a letter under way are cut."""
        idle, self._idle = set(self._idle), []
        for line in list(self._lines):
            if line in idle:
                self._start(line, line.connection.quit())
            else:
                self._cut(line)
        until = time.monotonic() + TIMEOUTS["QUIT"]
        while self._lines and time.monotonic() < until:
            self.poll(until - time.monotonic())
        for line in list(self._lines):
            self._cut(line)
        self._selector.close()

    def _replies(self, line: Line, mail: Mail) -> None:
        """To a dot, and to the envelope behind it."""
        line.behind = None
        good = line.connection.all_good()
        if good is None:
            self._start(line, dialogue.replies(line.connection, mail))
            return
        self._answered(line, Outcome("accepted", "DOT", 250, good))
        sent = line.connection.put(mail.body)
        if sent < len(mail.body):
            self._start(line, line.connection.send("BODY", memoryview(mail.body)[sent:]))
        else:
            self._done(line)

    def _start(self, line: Line, steps: Steps[None]) -> None:
        line.steps = steps
        self._go_on(line)

    def _go_on(self, line: Line, late: bool = False) -> None:
        """Take the steps that can be taken."""
        steps = line.steps
        if steps is None:
            raise RuntimeError("this connection has nothing to do")
        line.wanted = READ  # with nothing to do, or a dot held back: whether the server speaks
        try:
            found = steps.throw(TimeoutError("timed out")) if late else next(steps)
            while isinstance(found, Outcome):
                self._answered(line, found)
                found = next(steps)
            line.wanted = found
            self._earliest = min(self._earliest, line.connection.deadline)
        except StopIteration:
            line.steps = None
            self._done(line)
        except Refusal as refusal:
            line.steps = None
            self._refused(line, refusal.outcome)
        if not line.connection.alive:
            self._forget(line)
        elif line.wanted != line.watched or line.sockets != line.connection.sockets:
            self._watch(line)

    def _answered(self, line: Line, outcome: Outcome) -> None:
        """The reply to a dot."""
        key, line.dotted = line.dotted, None
        if key is not None:
            self._events.append((key, outcome))
        line.taken += outcome.kind == "accepted"

    def _done(self, line: Line) -> None:
        """It stands now, holds its dot, or has nothing to do."""
        if not line.standing:
            line.standing = True
            self._opening -= 1
        if not line.connection.alive:
            if line.staged is not None:  # it ended with the dot before
                self._events.append((line.staged, BACK))
        elif line.staged is not None:
            self._holding[line.staged] = line
            self._events.append((line.staged, HELD))
        else:
            self._idle.append(line)

    def _refused(self, line: Line, outcome: Outcome) -> None:
        if not line.standing:
            self._opening -= 1
            if len(self._lines) - 1 > self._opening:  # others stand: it wants no more of us
                self.most = max(1, len(self._lines) - 1)
            else:
                self.trouble = outcome
            return
        key, line.staged = line.staged, None
        if key is not None:
            self._events.append((key, BACK if had_enough(line, outcome) or self._is_one_too_many(outcome) else outcome))
        if line.connection.alive:
            self._idle.append(line)

    def _is_one_too_many(self, outcome: Outcome) -> bool:
        """Whether it is said to the sender of a letter that there are too many connections, while others stand."""
        crowded = outcome.stage == "MAIL" and outcome.code == TOO_MANY and sum(one.standing for one in self._lines) > 1
        if crowded:
            self.most = max(1, len(self._lines) - 1)
        return crowded

    def _speaks_early(self, line: Line) -> bool:
        """A word while the dot is held back, or between letters: the first defers the letter, the second nobody."""
        refusal = dialogue.spoken_too_early(line.connection)
        if refusal is None:
            return False
        if line.staged is not None:
            del self._holding[line.staged]
            self._events.append((line.staged, refusal.outcome))
        else:
            self._idle.remove(line)
        self._forget(line)
        return True

    def _cut(self, line: Line) -> None:
        line.connection.cut()
        self._forget(line)

    def _time_out(self, now: float) -> None:
        self._earliest = float("inf")
        for line in list(self._lines):
            if line.steps is None and line.behind is None:
                continue
            if line.connection.deadline > now:
                self._earliest = min(self._earliest, line.connection.deadline)
                continue
            if line.behind is not None:
                mail, line.behind = line.behind, None
                self._start(line, dialogue.replies(line.connection, mail))
                if line.dotted is None:  # the reply has come in this moment
                    continue
            self._go_on(line, late=True)

    def _watch(self, line: Line) -> None:
        """Tell the selector what this connection waits for."""
        if line.sockets == line.connection.sockets:
            self._selector.modify(line.number, line.wanted, line)
        else:
            self._unwatch(line)
            line.number, line.sockets = line.connection.fileno(), line.connection.sockets
            self._selector.register(line.number, line.wanted, line)
        line.watched = line.wanted

    def _unwatch(self, line: Line) -> None:
        if line.number >= 0:
            self._selector.unregister(line.number)
            line.number = -1

    def _forget(self, line: Line) -> None:
        self._unwatch(line)
        self._lines.discard(line)
