"""Many connections driven by one thread: who holds its dot, who comes back, what one fault does to the others."""

import os
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from subscribers.outbox.fleet import BACK, HELD, Lines, open_fleet
from subscribers.outbox.mailurl import Folder, MailServer
from subscribers.outbox.message import Message
from subscribers.outbox.policy import Outcome
from subscribers.outbox.shelf import Shelf
from subscribers.outbox.wire import Mail, prepared
from tests.sink import Sink

HELO = "digest.example.org"
PATIENCE = 10.0  # seconds: what a test waits for comes at once or never


def mail(number: int) -> Mail:
    recipient = f"r{number}@example.org"
    return prepared(
        Message(f"<digest.{number}@example.org>", "digest@example.org", recipient, b"Subject: x\r\n\r\ny\r\n")
    )


def fleet_of(sink: Sink, connections: int, timeout: float = PATIENCE) -> Lines:
    return Lines(MailServer("smtp", "127.0.0.1", sink.port, timeout=timeout, connections=connections), HELO)


class Talk:
    """A fleet and what has happened in it."""

    def __init__(self, fleet: Lines) -> None:
        self.fleet = fleet
        self.happened: dict[int, object] = {}

    def until(self, condition: Callable[[], object]) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, f"waited in vain; so far {self.happened}"
            self.happened.update(self.fleet.poll(0.05))

    def stage(self, *numbers: int) -> None:
        """Begin with these letters, each over a connection of its own."""
        for number in numbers:
            self.until(lambda: self.fleet.room(1) or self.fleet.trouble)
            self.fleet.stage(number, mail(number))

    def hold(self, *numbers: int) -> None:
        self.stage(*numbers)
        self.until(lambda: all(self.happened.get(number) == HELD for number in numbers))

    def kinds(self, *numbers: int) -> list[str]:
        """What the server answered to their dots."""
        self.until(lambda: all(isinstance(self.happened.get(number), Outcome) for number in numbers))
        return [found.kind for number in numbers if isinstance(found := self.happened[number], Outcome)]


@pytest.fixture(params=[True, False], ids=["pipelined", "in turn"])
def sink(request: pytest.FixtureRequest) -> Iterator[Sink]:
    with Sink(pipelining=request.param) as sink:
        yield sink


@pytest.fixture
def talk(sink: Sink) -> Iterator[Talk]:
    talk = Talk(fleet_of(sink, 4))
    yield talk
    talk.fleet.close()


def recipients(sink: Sink) -> list[str]:
    return sorted(mail.recipient for mail in sink.received)


def test_letters_are_held_together_and_let_go_together(sink: Sink, talk: Talk) -> None:
    talk.hold(1, 2, 3, 4)
    assert sink.received == []
    for number in (1, 2, 3, 4):
        talk.fleet.dot(number)
    assert talk.kinds(1, 2, 3, 4) == ["accepted"] * 4
    assert recipients(sink) == [f"r{n}@example.org" for n in (1, 2, 3, 4)]
    assert sink.connections == 4


def test_the_next_letter_follows_the_dot_on_the_same_connection(sink: Sink, talk: Talk) -> None:
    talk.hold(1)
    talk.fleet.dot(1, (2, mail(2)))
    assert talk.kinds(1) == ["accepted"]
    talk.until(lambda: talk.happened.get(2) == HELD)
    assert recipients(sink) == ["r1@example.org"]
    talk.fleet.dot(2)
    assert talk.kinds(2) == ["accepted"]
    assert sink.connections == 1


def test_no_more_connections_are_opened_than_letters_want_or_the_setting_allows(sink: Sink, talk: Talk) -> None:
    talk.until(lambda: talk.fleet.room(2) == 2)
    assert sink.connections == 2
    talk.until(lambda: talk.fleet.room(9) == 4)
    assert sink.connections == 4


def test_the_first_connection_is_tried_alone(sink: Sink, talk: Talk) -> None:
    sink.fault("CONNECT", "4xx")
    talk.until(lambda: talk.fleet.room(4) or talk.fleet.trouble)
    assert talk.fleet.trouble is not None
    assert (talk.fleet.trouble.kind, talk.fleet.trouble.stage) == ("channel", "CONNECT")
    assert sink.connections == 1


def test_a_server_that_wants_fewer_connections_gets_fewer(sink: Sink, talk: Talk) -> None:
    talk.until(lambda: talk.fleet.room(1) == 1)
    sink.fault("CONNECT", "421 4.7.0 too many", times=2)
    talk.until(lambda: talk.fleet.room(4) == 2 and sink.connections == 4)
    talk.until(lambda: talk.fleet.most == 2)
    assert talk.fleet.trouble is None
    talk.hold(1, 2)
    assert talk.fleet.room(2) == 0
    assert sink.connections == 4


def test_a_server_that_says_so_to_a_sender_gets_fewer_too(sink: Sink, talk: Talk) -> None:
    talk.hold(1)
    sink.fault("MAIL", "421")
    talk.stage(2)
    talk.until(lambda: 2 in talk.happened)
    assert (talk.happened[2], talk.fleet.most) == (BACK, 1)
    sink.mend()
    talk.fleet.dot(1, (2, mail(2)))
    talk.until(lambda: talk.happened.get(2) == HELD)
    talk.fleet.dot(2)
    assert talk.kinds(1, 2) == ["accepted", "accepted"]


def test_a_stalled_connection_holds_up_no_other(sink: Sink, talk: Talk) -> None:
    talk.hold(1, 2)
    sink.fault("DATA", "slow", times=1)
    talk.stage(3)
    talk.until(lambda: sink.commands[-1] == "DATA")
    talk.hold(4)
    for number in (1, 2, 4):
        talk.fleet.dot(number)
    assert talk.kinds(1, 2, 4) == ["accepted"] * 3
    sink.release()
    talk.until(lambda: talk.happened.get(3) == HELD)


@pytest.mark.parametrize(("fault", "kind"), [("4xx", "deferred"), ("5xx", "refused"), ("421", "deferred")])
def test_what_is_said_to_one_letter_is_said_to_no_other(sink: Sink, talk: Talk, fault: str, kind: str) -> None:
    talk.hold(1, 2)
    sink.fault("DOT", fault, times=1)
    talk.fleet.dot(1)
    assert talk.kinds(1) == [kind]
    talk.fleet.dot(2)
    assert talk.kinds(2) == ["accepted"]


def test_a_letter_behind_a_dot_that_ended_the_connection_comes_back(sink: Sink, talk: Talk) -> None:
    talk.hold(1)
    sink.fault("DOT", "drop", times=1)
    talk.fleet.dot(1, (2, mail(2)))
    assert talk.kinds(1) == ["unknown"]
    talk.until(lambda: talk.happened.get(2) == BACK)
    talk.hold(2)
    talk.fleet.dot(2)
    assert talk.kinds(2) == ["accepted"]
    assert recipients(sink) == ["r2@example.org"]


@pytest.mark.parametrize("fault", ["421", "drop"])
def test_a_server_that_has_had_enough_letters_over_a_connection_blames_none(sink: Sink, talk: Talk, fault: str) -> None:
    talk.hold(1)
    talk.fleet.dot(1)
    assert talk.kinds(1) == ["accepted"]
    sink.fault("MAIL", fault, times=1)
    talk.stage(2)
    talk.until(lambda: talk.happened.get(2) == BACK)
    sink.fault("MAIL", fault, times=1)
    talk.stage(3)  # over a new connection it is this letter's failure
    assert talk.kinds(3) == ["deferred"]


def test_an_abandoned_letter_is_not_delivered_and_the_others_are(sink: Sink, talk: Talk) -> None:
    talk.hold(1, 2)
    talk.fleet.abandon(1)
    talk.fleet.dot(2)
    assert talk.kinds(2) == ["accepted"]
    assert talk.fleet.room(4) == 1
    talk.until(lambda: talk.fleet.room(4) == 4)
    assert recipients(sink) == ["r2@example.org"]


def test_a_word_before_the_dot_defers_the_letter(sink: Sink, talk: Talk) -> None:
    sink.fault("BODY", "421", times=1)
    talk.stage(1)
    assert talk.kinds(1) == ["deferred"]
    assert sink.received == []


def test_an_idle_connection_that_the_server_closes_is_opened_anew(sink: Sink, talk: Talk) -> None:
    talk.until(lambda: talk.fleet.room(2) == 2)
    sink.hang_up()
    talk.hold(1, 2)
    assert talk.fleet.trouble is None


def test_a_reply_that_does_not_come_in_time_leaves_its_letter_unknown_and_only_it(sink: Sink) -> None:
    talk = Talk(fleet_of(sink, 2, timeout=0.3))
    talk.hold(1, 2)
    sink.fault("DOT", "slow", times=1)
    talk.fleet.dot(1)
    assert talk.kinds(1) == ["unknown"]
    talk.fleet.dot(2)
    assert talk.kinds(2) == ["accepted"]
    talk.fleet.close()


def test_a_letter_behind_a_dot_that_is_not_answered_in_time_comes_back(sink: Sink) -> None:
    talk = Talk(fleet_of(sink, 1, timeout=0.3))
    talk.hold(1)
    sink.fault("DOT", "slow", times=1)
    talk.fleet.dot(1, (2, mail(2)))
    assert talk.kinds(1) == ["unknown"]
    talk.until(lambda: talk.happened.get(2) == BACK)
    sink.release()
    talk.hold(2)
    talk.fleet.close()


@pytest.mark.parametrize("fault", ["4xx", "5xx"])
def test_a_letter_whose_recipient_is_refused_behind_a_dot_fails_alone(sink: Sink, talk: Talk, fault: str) -> None:
    talk.hold(1)
    sink.fault("RCPT", fault, times=1)
    talk.fleet.dot(1, (2, mail(2)))
    assert talk.kinds(1, 2) == ["accepted", {"4xx": "deferred", "5xx": "refused"}[fault]]
    talk.hold(3)
    talk.fleet.dot(3)
    assert talk.kinds(3) == ["accepted"]
    assert recipients(sink) == ["r1@example.org", "r3@example.org"]


def test_a_body_that_the_system_does_not_take_at_once_follows_a_dot_whole(sink: Sink, talk: Talk) -> None:
    large = b"Subject: x\r\n\r\n" + b"y" * 700 + b"\r\n" * 200_000
    talk.hold(1)
    message = Message("<digest.2@example.org>", "digest@example.org", "r2@example.org", large)
    talk.fleet.dot(1, (2, prepared(message)))
    assert talk.kinds(1) == ["accepted"]
    talk.until(lambda: talk.happened.get(2) == HELD)
    talk.fleet.dot(2)
    assert talk.kinds(2) == ["accepted"]
    assert len(sink.received[1].data) == len(large)


def test_a_fleet_closed_over_letters_delivers_none_of_them_and_takes_leave_of_the_idle(sink: Sink, talk: Talk) -> None:
    talk.until(lambda: talk.fleet.room(4) == 4)
    talk.hold(1)
    talk.fleet.close()
    sink.idle()
    assert sink.received == []
    assert sum(command == "QUIT" for command in sink.commands) == 3


def test_letters_go_over_tls_with_a_log_in(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with Sink(tls=context, accounts={"u": "p"}) as sink:
        server = MailServer("smtp+starttls", "localhost", sink.port, "u", "p", timeout=PATIENCE, connections=3)
        talk = Talk(Lines(server, HELO))
        talk.hold(1, 2, 3)
        for number in (1, 2, 3):
            talk.fleet.dot(number, (number + 3, mail(number + 3)))
        assert talk.kinds(1, 2, 3) == ["accepted"] * 3
        talk.until(lambda: [talk.happened.get(number) for number in (4, 5, 6)] == [HELD] * 3)
        talk.fleet.close()
    assert {mail.user for mail in sink.received} == {"u"}
    assert len(sink.received) == 3


def test_a_place_that_does_not_answer_is_passed_over_for_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sink() as sink, socket.create_server(("127.0.0.1", 0), backlog=0) as deaf:
        full = [socket.socket() for _ in range(4)]
        for one in full:  # nobody accepts these: the next one hears nothing
            one.setblocking(False)
            one.connect_ex(deaf.getsockname())
        places = [(socket.AF_INET, deaf.getsockname()), (socket.AF_INET, ("127.0.0.1", sink.port))]
        monkeypatch.setattr("subscribers.outbox.link.Way.places", lambda way: places)
        talk = Talk(fleet_of(sink, 2, timeout=0.3))
        talk.hold(1, 2)
        assert talk.fleet.trouble is None
        talk.fleet.close()
        for one in full:
            one.close()


def test_a_folder_is_a_fleet_too(tmp_path: Path) -> None:
    fleet = open_fleet(Folder(tmp_path / "out"), HELO)
    assert isinstance(fleet, Shelf)
    assert fleet.room(2) == 2
    fleet.stage(1, mail(1))
    fleet.stage(2, mail(2))
    assert fleet.poll(0) == [(1, HELD), (2, HELD)]
    fleet.dot(1, (3, mail(3)))
    fleet.abandon(2)
    assert [(key, getattr(what, "kind", what)) for key, what in fleet.poll(0)] == [(1, "accepted"), (3, HELD)]
    fleet.close()
    assert len(os.listdir(tmp_path / "out")) == 1


def test_a_folder_that_cannot_be_made_is_trouble(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    fleet = open_fleet(Folder(tmp_path / "out"), HELO)
    assert fleet.room(1) == 0
    assert fleet.trouble is not None
    assert fleet.trouble.kind == "channel"
