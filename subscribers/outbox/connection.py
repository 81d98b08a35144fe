"""One connection to the mail server: opening it, commands, replies, and leaving. Knows nothing of letters."""

from __future__ import annotations

from contextlib import suppress

from subscribers.outbox import login
from subscribers.outbox.link import READ, WRITE, Link, Steps, Way
from subscribers.outbox.policy import Refusal, Stage, classify, passes
from subscribers.outbox.wire import read_reply, text

END = b"\r\n"
ALL_GOOD = [b"250 ", b"250 ", b"250 ", b"354 ", b""]  # lines of the replies to a dot, MAIL, RCPT and DATA


class Connection(Link):
    """An SMTP connection that is used until something makes it untrustworthy, and cut then."""

    def __init__(self, way: Way) -> None:
        super().__init__(way)
        self.pipelining = False  # whether the server takes several commands at once (RFC 2920)
        self._logins: list[str] = []  # the ways to log in that it offers
        self._words = b""  # of the newest reply, as they came

    def open(self) -> Steps[None]:
        """Connect, greet, start TLS, log in. Refusal is `channel` and leaves nothing open."""
        if self.alive:
            raise RuntimeError("the connection is open already")
        try:
            yield from self._connect()
            yield from self._greet()
        except OSError as error:  # names, routes, TLS: what is raised outside a command and its reply
            raise self.lost("CONNECT", error) from error
        except Refusal:
            self.cut()
            raise

    def _connect(self) -> Steps[None]:
        *others, last = self._way.places()
        for family, place in others:
            try:
                yield from self.reach(family, place)
                break
            except OSError:
                self.cut()
        else:
            yield from self.reach(*last)
        if self._way.server.scheme == "smtps":
            yield from self.start_tls()
        yield from self.expect("CONNECT")

    def _greet(self) -> Steps[None]:
        yield from self._hello()
        if self._way.server.scheme == "smtp+starttls":
            yield from self.command("EHLO", b"STARTTLS")
            yield from self.start_tls()
            yield from self._hello()  # what was said in the clear doesn't count (RFC 3207, 4.2)
        if self._way.server.user:
            yield from self._log_in()

    def _hello(self) -> Steps[None]:
        yield from self.send("EHLO", b"EHLO %b" % self._way.helo.encode() + END)
        yield from self.expect("EHLO")
        offers = [line.upper() for line in self._words.splitlines()[1:]]  # the first line is a greeting
        self.pipelining = b"PIPELINING" in offers
        self._logins = login.offered(offers)

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
            if sent < len(data):
                yield from self._send_rest(stage, memoryview(data), sent)
        except OSError as error:
            raise self.lost(stage, error) from error

    def _send_rest(self, stage: Stage, data: memoryview, sent: int) -> Steps[None]:
        while sent < len(data):
            self.patience(stage)
            yield READ if sent < 0 else WRITE
            data = data[max(sent, 0) :]
            sent = self._write(data)

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
            self.patience(stage)
        try:
            while found is None:
                yield from self.more()
                found = read_reply(self._ahead)
        except OSError as error:
            raise self.lost(stage, error) from error
        return found

    def all_good(self) -> str | None:
        """Behind a dot and an envelope: what was said to the dot, when the first that comes in is all four replies and
        they are what they nearly always are, 250 three times and 354. None: `read` looks at them one by one, or finds
        what is wrong.
        """
        try:
            self._ahead += self._take() or b""
        except OSError:
            return None
        lines = self._ahead.split(END)
        if len(lines) != 5 or [line[:4] for line in lines] != ALL_GOOD:
            return None
        self._ahead = b""
        return text(lines[0][4:])

    def quit(self) -> Steps[None]:
        """QUIT and close; whatever happens then is of no interest any more."""
        if self.alive:
            with suppress(OSError, Refusal):
                self._write(b"QUIT" + END)
                self.patience("QUIT")
                yield from self.more()
            self._close()
