"""Letters over SMTP: what each fault at each stage does to a letter and to the session."""

import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from subscribers.outbox.connection import Connection
from subscribers.outbox.folder import FolderSession
from subscribers.outbox.mailurl import Folder, MailServer, read_mail_url
from subscribers.outbox.message import Message
from subscribers.outbox.policy import Outcome, Refusal
from subscribers.outbox.transport import Session, open_session
from tests.sink import FAULTS, Sink

HELO = "digest.example.org"
SHORT, LONG = 0.2, 10.0  # seconds a client waits, where a server is slow and where none is
BODY = b"Subject: papers\r\n\r\n.one dot\r\n..two\r\nend\r\n"
STAGES = ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "BODY", "DOT"]
BEFORE_MAIL = ["CONNECT", "EHLO"]


def letter(recipient: str = "reader@example.org", data: bytes = BODY, sender: str = "digest@example.org") -> Message:
    return Message(f"<digest.{recipient}@example.org>", sender, recipient, data)


def server(sink: Sink, scheme: str = "smtp", login: str = "", timeout: float = LONG) -> MailServer:
    place = read_mail_url(f"{scheme}://{login}localhost:{sink.port}?timeout={timeout}")
    assert isinstance(place, MailServer)
    return place


def hasty(sink: Sink) -> Session:
    """An open session with no patience."""
    session = Session(server(sink, timeout=SHORT), HELO)
    session.open()
    return session


def attempt(session: Session, message: Message) -> Outcome:
    """What a delivery run does with one letter when its compare-and-set succeeds."""
    try:
        session.stage(message)
    except Refusal as refusal:
        return refusal.outcome
    return session.dot()


@pytest.fixture(params=[True, False], ids=["pipelined", "in turn"])
def sink(request: pytest.FixtureRequest) -> Iterator[Sink]:
    with Sink(pipelining=request.param) as sink:
        yield sink


@pytest.fixture
def session(sink: Sink) -> Iterator[Session]:
    session = Session(server(sink), HELO)
    session.open()
    yield session
    session.close()


def test_letters_of_one_session_arrive_as_they_are(sink: Sink, session: Session) -> None:
    for name in ("a", "b", "c"):
        outcome = attempt(session, letter(f"{name}@example.org"))
        assert outcome == Outcome("accepted", "DOT", 250, "2.0.0 taken")
    assert [(mail.sender, mail.recipient, mail.data, mail.helo) for mail in sink.received] == [
        ("digest@example.org", f"{name}@example.org", BODY, HELO) for name in ("a", "b", "c")
    ]
    assert sink.connections == 1


def test_the_name_said_is_the_one_given_and_never_the_machines(sink: Sink, session: Session) -> None:
    attempt(session, letter())
    assert sink.commands[0] == f"EHLO {HELO}"
    assert socket.gethostname() not in " ".join(sink.commands)


def test_no_byte_of_the_dot_leaves_before_the_dot(sink: Sink, session: Session) -> None:
    wire = b"Subject: papers\r\n\r\n..one dot\r\n...two\r\nend\r\n"
    session.stage(letter())
    sink.wait(lambda: sink.partial == wire)
    assert session.dot().kind == "accepted"
    assert sink.partial == wire + b".\r\n"


@pytest.mark.parametrize(
    ("data", "arrives"),
    [
        (b"", b"\r\n"),
        (b"no end", b"no end\r\n"),
        (b".", b".\r\n"),
        (b".\r\n", b".\r\n"),
        (b"a\r\n.\r\n.\r\n", b"a\r\n.\r\n.\r\n"),
        (b"a\r\n.\r\nMAIL FROM:<x@example.org>\r\n", b"a\r\n.\r\nMAIL FROM:<x@example.org>\r\n"),
    ],
)
def test_every_body_ends_in_its_own_line_and_none_ends_the_mail(
    sink: Sink, session: Session, data: bytes, arrives: bytes
) -> None:
    assert attempt(session, letter(data=data)).kind == "accepted"
    assert [mail.data for mail in sink.received] == [arrives]
    assert session.alive


@pytest.mark.parametrize("data", [b"a\n", b"a\r\nb\n.\nc\r\n", b"a\rb\r\n", b"a\r\r\n", b"a\n\r"])
def test_a_line_end_that_is_none_is_refused_before_anything_is_sent(sink: Sink, session: Session, data: bytes) -> None:
    with pytest.raises(ValueError, match="CRLF"):
        session.stage(letter(data=data))
    assert attempt(session, letter()).kind == "accepted"
    assert [command[:4].upper() for command in sink.commands] == ["EHLO", "MAIL", "RCPT", "DATA"]


@pytest.mark.parametrize(
    "recipient",
    [
        "zoë@example.org",
        "z@exämple.org",
        "a@b>\r\nRCPT TO:<c@d",
        "a b@example.org",
        "a@b\r\nDATA",
        "nobody",
        "",
        "@",
    ],
)
def test_a_recipient_that_smtp_cant_name_is_refused_before_anything_is_sent(
    sink: Sink, session: Session, recipient: str
) -> None:
    outcome = attempt(session, letter(recipient))
    assert (outcome.kind, outcome.stage, outcome.code) == ("refused", "RCPT", 553)
    assert outcome.reply.startswith("5.1.3 not sent")
    assert session.alive
    assert len(sink.commands) == 1


def test_a_sender_that_smtp_cant_name_is_our_trouble(session: Session) -> None:
    outcome = attempt(session, letter(sender="zoë@example.org"))
    assert (outcome.kind, outcome.stage) == ("channel", "MAIL")


# Every stage, every fault. `open` fails before MAIL, `stage` before the dot, and the dot returns its outcome.
EXPECTED = {
    **{(stage, fault): "channel" for stage in BEFORE_MAIL for fault in ("5xx", "4xx", "421", "drop", "slow")},
    **{(stage, fault): "deferred" for stage in STAGES[2:] for fault in ("4xx", "421", "drop", "slow")},
    ("MAIL", "5xx"): "channel",
    ("RCPT", "5xx"): "refused",
    ("DATA", "5xx"): "deferred",
    ("BODY", "5xx"): "deferred",
    ("DOT", "5xx"): "refused",
    ("DOT", "drop"): "unknown",
    ("DOT", "slow"): "unknown",
    ("BODY", "slow"): "unknown",  # of a small body: it lies with the system, the dot behind it
}
CODES = {"5xx": 550, "4xx": 450, "421": 421, "drop": None, "slow": None}


@pytest.mark.parametrize("fault", ["5xx", "4xx", "421", "drop", "slow"])
@pytest.mark.parametrize("stage", STAGES)
def test_a_fault_at_a_stage_has_its_outcome_and_the_next_try_delivers_once(sink: Sink, stage: str, fault: str) -> None:
    sink.fault(stage, fault, times=1)
    session = Session(server(sink, timeout=SHORT if fault == "slow" else LONG), HELO)
    try:
        session.open()
        session.stage(letter())
        if stage == "BODY" and fault != "slow":
            sink.wait(lambda: sink.said[-1:] == [FAULTS.get(fault)] or not sink.busy)
        outcome = session.dot()
    except Refusal as refusal:
        outcome = refusal.outcome
    assert outcome.kind == EXPECTED[stage, fault], outcome
    if stage != "BODY":
        assert (outcome.stage, outcome.code) == (stage, CODES[fault])
    assert session.alive is ((stage, fault) in ALIVE_AFTER)
    session.close()
    taken = len(sink.received)
    assert taken == (1 if (stage, fault) == ("DOT", "slow") else 0)

    again = open_session(server(sink), HELO)
    again.stage(letter("next@example.org"))
    assert again.dot().kind == "accepted"
    again.close()
    assert [mail.recipient for mail in sink.received[taken:]] == ["next@example.org"]


ALIVE_AFTER = {(stage, fault) for stage in ("MAIL", "RCPT", "DATA", "DOT") for fault in ("5xx", "4xx")}


@pytest.mark.parametrize("fault", ["5xx", "4xx"])
@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", "DOT"])
def test_one_letters_failure_leaves_the_session_to_the_others(
    sink: Sink, session: Session, stage: str, fault: str
) -> None:
    sink.fault(stage, fault, times=1)
    kinds = [attempt(session, letter(f"{name}@example.org")).kind for name in "abc"]
    assert kinds == [EXPECTED[stage, fault], "accepted", "accepted"]
    assert [mail.recipient for mail in sink.received] == ["b@example.org", "c@example.org"]
    assert sink.connections == 1


@pytest.mark.parametrize("fault", ["5xx", "4xx", "421", "drop", "slow"])
def test_a_fault_at_reset_ends_the_session_and_changes_no_outcome(sink: Sink, fault: str) -> None:
    session = hasty(sink)
    sink.fault("RCPT", "5xx", times=1)
    sink.fault("RSET", fault)
    assert attempt(session, letter()).kind == "refused"
    assert not session.alive


@pytest.mark.parametrize("fault", ["5xx", "4xx", "421", "drop", "slow"])
def test_a_fault_at_quit_is_of_no_interest(sink: Sink, fault: str) -> None:
    session = hasty(sink)
    sink.fault("QUIT", fault)
    assert attempt(session, letter()).kind == "accepted"
    session.close()
    assert not session.alive
    assert len(sink.received) == 1


def test_an_outcome_quotes_the_reply_on_one_line(sink: Sink, session: Session) -> None:
    sink.fault("RCPT", "504-5.5.2 <h>: Helo\r\n504 5.5.2 command\trejected")
    assert attempt(session, letter()) == Outcome("refused", "RCPT", 504, "5.5.2 <h>: Helo 5.5.2 command rejected")


@pytest.mark.parametrize(
    ("stage", "reply", "kind"),
    [
        ("MAIL", "gibberish", "deferred"),
        ("RCPT", "354 send it", "deferred"),
        ("DATA", "250 ok", "deferred"),
        ("DOT", "gibberish", "unknown"),
        ("DOT", "354 more", "unknown"),
        ("DOT", "250" + "x" * 20_000, "unknown"),
        ("RCPT", "550 " + "x" * 20_000, "deferred"),
        ("RCPT", "", "deferred"),
    ],
)
def test_an_answer_that_makes_no_sense_ends_the_session(
    sink: Sink, session: Session, stage: str, reply: str, kind: str
) -> None:
    sink.fault(stage, reply or "\r\n")
    assert attempt(session, letter()).kind == kind
    assert not session.alive


def test_half_a_reply_to_the_dot_is_no_reply(sink: Sink, session: Session) -> None:
    session.stage(letter())
    sink.fault("DOT", "half")
    outcome = session.dot()
    assert (outcome.kind, outcome.code) == ("unknown", None)


def test_a_server_that_refuses_the_mail_and_still_wants_its_body_is_left() -> None:
    with Sink(pipelining=True, data_regardless=True) as sink:
        sink.fault("RCPT", "5xx")
        session = Session(server(sink), HELO)
        session.open()
        assert attempt(session, letter()).kind == "refused"
        assert not session.alive
    assert sink.received == []


def test_an_abandoned_letter_is_not_delivered(sink: Sink, session: Session) -> None:
    session.stage(letter())
    session.abandon()
    assert not session.alive
    sink.idle()
    assert sink.received == []


def test_a_session_closed_over_a_staged_letter_abandons_it(sink: Sink, session: Session) -> None:
    session.stage(letter())
    session.close()
    sink.idle()
    assert sink.received == []
    assert "QUIT" not in " ".join(sink.commands).upper()


def test_abandoning_without_a_letter_leaves_the_session_alone(session: Session) -> None:
    session.abandon()
    assert attempt(session, letter()).kind == "accepted"


def test_a_server_that_hung_up_before_the_dot_did_not_get_the_letter(sink: Sink, session: Session) -> None:
    session.stage(letter())
    sink.hang_up()
    outcome = session.dot()
    assert (outcome.kind, outcome.stage, outcome.code) == ("deferred", "BODY", None)
    assert outcome.reply.startswith("before the dot the server")


def test_what_a_server_says_before_the_dot_is_quoted(sink: Sink, session: Session) -> None:
    sink.fault("BODY", "421")
    session.stage(letter())
    sink.idle()
    outcome = session.dot()
    assert outcome.kind == "deferred"
    assert outcome.reply == "before the dot the server said: 421 closing"


def test_a_connection_closed_while_idle_is_no_letters_failure(sink: Sink, session: Session) -> None:
    assert attempt(session, letter()).kind == "accepted"
    assert session.alive
    sink.hang_up()
    assert not session.alive


def test_a_dot_that_may_have_left_in_part_is_unknown(
    sink: Sink, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.stage(letter())
    monkeypatch.setattr(Connection, "early_word", lambda _: None)  # the line breaks just after the look
    with socket.socket(fileno=os.dup(session.fileno())) as link:
        link.shutdown(socket.SHUT_WR)
    outcome = session.dot()
    assert (outcome.kind, outcome.stage, outcome.code) == ("unknown", "DOT", None)
    assert not session.alive
    sink.idle()
    assert sink.received == []


@pytest.mark.parametrize("code", ["250", "550"])
def test_a_word_before_the_dot_is_never_taken_for_the_answer_to_it(sink: Sink, session: Session, code: str) -> None:
    sink.fault("BODY", f"{code} too early")
    session.stage(letter())
    sink.wait(lambda: sink.said[-1] == f"{code} too early")
    assert session.dot().kind == "deferred"
    sink.idle()
    assert sink.received == []


def test_a_server_that_is_out_of_step_is_left_and_refuses_nobody(sink: Sink, session: Session) -> None:
    sink.fault("RCPT", "503 5.5.1 need MAIL")
    assert attempt(session, letter()).kind == "deferred"
    assert not session.alive


def test_a_server_that_stops_reading_gets_no_dot(sink: Sink) -> None:
    session = hasty(sink)
    sink.fault("BODY", "slow")
    outcome = attempt(session, letter(data=b"x" * 70 + b"\r\n" + (b"y" * 70 + b"\r\n") * 300_000))
    assert (outcome.kind, outcome.stage) == ("deferred", "BODY")
    assert not session.alive
    sink.release()
    sink.idle()
    assert sink.received == []


def test_steps_out_of_order_are_mistakes(session: Session) -> None:
    with pytest.raises(RuntimeError, match="no staged letter"):
        session.dot()
    with pytest.raises(RuntimeError, match="open already"):
        session.open()
    session.stage(letter())
    with pytest.raises(RuntimeError, match="without another staged letter"):
        session.stage(letter())
    session.close()
    with pytest.raises(RuntimeError, match="needs an open session"):
        session.stage(letter())


def test_a_server_that_isnt_there_closes_the_channel() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    for place in (MailServer("smtp", "127.0.0.1", port), MailServer("smtp", "no.such.host.invalid", 25)):
        session = Session(place, HELO)
        with pytest.raises(Refusal) as caught:
            session.open()
        assert (caught.value.outcome.kind, caught.value.outcome.code) == ("channel", None)
        assert caught.value.outcome.reply
        assert not session.alive


def test_a_session_can_be_opened_again_after_it_ended(sink: Sink, session: Session) -> None:
    session.stage(letter())
    session.abandon()
    session.open()
    assert attempt(session, letter()).kind == "accepted"


# Log-in


def test_a_password_logs_in_as_it_was_meant() -> None:
    with Sink(accounts={"u": "a/b#c+d"}) as sink:
        session = open_session(server(sink, login="u:a%2Fb%23c+d@"), HELO)
        session.stage(letter())
        assert session.dot().kind == "accepted"
        session.close()
    assert sink.logins == [("u", "a/b#c+d")]
    assert [mail.user for mail in sink.received] == ["u"]


@pytest.mark.parametrize(("fault", "code"), [("", 535), ("4xx", 450), ("421", 421), ("drop", None), ("slow", None)])
def test_a_log_in_that_fails_closes_the_channel(fault: str, code: int | None) -> None:
    with Sink(accounts={"u": "right"}) as sink:
        if fault:
            sink.fault("AUTH", fault)
        login, patience = "u:right@" if fault else "u:wrong@", SHORT if fault == "slow" else LONG
        session = Session(server(sink, login=login, timeout=patience), HELO)
        with pytest.raises(Refusal) as caught:
            session.open()
        outcome = caught.value.outcome
        assert (outcome.kind, outcome.stage, outcome.code) == ("channel", "AUTH", code)
        assert not session.alive


def test_a_server_without_log_in_closes_the_channel_for_one_who_has_a_password(sink: Sink) -> None:
    with pytest.raises(Refusal) as caught:
        Session(server(sink, login="u:p@"), HELO).open()
    assert (caught.value.outcome.kind, caught.value.outcome.stage) == ("channel", "AUTH")
    assert "AUTH" in caught.value.outcome.reply


# TLS


def secured(certificate: Path, implicit: bool) -> Sink:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return Sink(tls=context, implicit_tls=implicit, accounts={"u": "p"})


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
def test_letters_go_over_verified_tls(scheme: str, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with secured(certificate, scheme == "smtps") as sink:
        session = Session(server(sink, scheme, "u:p@"), HELO)
        session.open()
        kinds = [attempt(session, letter(f"{name}@example.org")).kind for name in "ab"]
        assert session.alive
        session.stage(letter())
        sink.hang_up()
        assert session.dot().kind == "deferred"
        assert not session.alive
    assert kinds == ["accepted", "accepted"]
    assert len(sink.received) == 2


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
def test_a_certificate_that_nobody_vouches_for_closes_the_channel(
    scheme: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", os.devnull)
    with secured(certificate, scheme == "smtps") as sink:
        session = Session(server(sink, scheme, "u:p@"), HELO)
        with pytest.raises(Refusal) as caught:
            session.open()
    assert caught.value.outcome.kind == "channel"
    assert "certificate verify failed" in caught.value.outcome.reply
    assert sink.logins == []


def test_a_server_without_starttls_gets_neither_password_nor_mail(sink: Sink) -> None:
    with pytest.raises(Refusal) as caught:
        Session(server(sink, "smtp+starttls", "u:p@"), HELO).open()
    assert (caught.value.outcome.kind, caught.value.outcome.stage) == ("channel", "EHLO")
    assert not any(command.upper().startswith(("AUTH", "MAIL")) for command in sink.commands)


# Where mail goes


def test_a_folder_is_opened_like_a_server(tmp_path: Path) -> None:
    session = open_session(Folder(tmp_path / "out"), HELO)
    assert isinstance(session, FolderSession)
    session.stage(letter())
    assert session.dot().kind == "accepted"
    session.close()
    assert len(list((tmp_path / "out").glob("*.eml"))) == 1


# Debian's own sink

DebianSink = tuple[Path, list[subprocess.Popen[bytes]]]  # its folder, and what runs
FLAGS = {"5xx": "-f", "4xx": "-r", "drop": "-q", "421": "-Q", "slow": "-W"}


@pytest.fixture
def smtp_sink() -> Iterator[DebianSink]:
    if shutil.which("smtp-sink") is None:
        pytest.skip("Debian's smtp-sink is not on PATH (package postfix)")
    running: list[subprocess.Popen[bytes]] = []
    # Not pytest's tmp_path: smtp-sink writes as nobody, and each start of pytest closes that tree to others.
    with tempfile.TemporaryDirectory(prefix="smtp-sink-") as folder:
        Path(folder).chmod(0o777)
        yield Path(folder), running
        for process in running:
            process.terminate()
            process.wait()


def listens(process: int, port: int) -> bool:
    """Whether it is this process that listens on the port: asked without connecting, which would meet the fault."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    sockets = {f"socket:[{row[9]}]" for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "0A"}
    try:
        return any(os.readlink(file) in sockets for file in Path(f"/proc/{process}/fd").iterdir())
    except FileNotFoundError:  # a file was closed, or the process ended, while we looked
        return False


def start(dumps: Path, running: list[subprocess.Popen[bytes]], *flags: str) -> MailServer:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    command = ["smtp-sink", *user, *flags, "-d", f"{dumps}/m.", f"127.0.0.1:{port}", "64"]
    running.append(subprocess.Popen(command, stderr=subprocess.DEVNULL))
    while not listens(running[-1].pid, port):
        assert running[-1].poll() is None, "smtp-sink did not start"
        time.sleep(0.01)
    return MailServer("smtp", "127.0.0.1", port, timeout=SHORT if "-W" in flags else LONG)


def tried_with(smtp_sink: DebianSink, stage: str, fault: str, *flags: str) -> Outcome:
    theirs = "." if stage == "DOT" else stage
    place = start(*smtp_sink, *flags, FLAGS[fault], f"{theirs}:1" if fault == "slow" else theirs)
    session = Session(place, HELO)
    try:
        session.open()
        return attempt(session, letter())
    except Refusal as refusal:
        return refusal.outcome
    finally:
        session.close()


@pytest.mark.parametrize("fault", list(FLAGS))
@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "BODY"])
def test_debians_sink_agrees(smtp_sink: DebianSink, stage: str, fault: str) -> None:
    outcome = tried_with(smtp_sink, stage, fault, "-p")  # -p: one command at a time
    assert (outcome.kind, outcome.stage) == (EXPECTED[stage, fault], stage), outcome


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
def test_debians_slow_sink_loses_count_of_commands_and_nobody_is_refused_for_it(
    smtp_sink: DebianSink, stage: str
) -> None:
    assert tried_with(smtp_sink, stage, "slow").kind in ("deferred", "channel")


def test_debians_sink_takes_letters(smtp_sink: DebianSink) -> None:
    session = Session(start(*smtp_sink), HELO)
    session.open()
    assert [attempt(session, letter(f"r{n}@example.org")).kind for n in range(20)] == ["accepted"] * 20
    session.close()
    taken = [file.read_bytes() for file in smtp_sink[0].iterdir()]
    assert [b"\n.one dot\n..two\nend\n" in mail for mail in taken] == [True] * 20
