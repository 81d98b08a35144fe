"""The mailbox that returned mail comes to: read once, touched after the commit, and what is away is said in a line."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from digest import tasks
from digest.pipeline.alerting import over
from subscribers.links import sign
from subscribers.models import Event, Subscriber
from subscribers.outbox import feedback, mailbox, returns, verp, watch
from subscribers.outbox.mailbox import Unreachable
from subscribers.outbox.mailboxurl import Mailbox, read_mailbox_url
from tests.house import at, reader, run
from tests.imap import PASSWORD, Box, Talk, imap
from tests.returned import BASE, dsn, hard, mail

NOW = at("2026-03-02 08:00")


@pytest.fixture
def box(settings) -> Iterator[Box]:
    settings.BOUNCE_ADDRESS = BASE
    with imap() as server:
        settings.BOUNCES = server.place
        yield server


@pytest.fixture
def token(db, settings) -> str:
    reader("r@example.org", now="2026-03-01 06:00")
    key = Subscriber.objects.get().key
    return sign(settings.LINK_KEY.encode(), verp.PURPOSE, f"{key}:20260302T070000")


def collect(box: Box, settings) -> dict[str, int]:
    return dict(returns.collect(box.place, NOW, settings.JOURNAL))


def test_what_is_understood_is_recorded_and_removed_and_the_rest_is_left_for_a_person(box, token, settings):
    question = mail("From: r@example.org", body="Why do I get this?")
    away = mail("From: r@example.org", "Auto-Submitted: auto-replied")
    box.put(hard(token), hard(token, 1), dsn(("delayed", "4.0.0", ""), token=token), hard("A" * 52), question, away)
    assert collect(box, settings) == {
        "hard": 3, "recorded": 3, "delayed": 1, "unknown": 1, "unread": 1, "automatic": 1, "nothing": 2,
    }  # fmt: skip
    assert list(box.mails) == [4, 5]
    assert box.unseen() == []
    assert collect(box, settings) == {}
    assert Event.objects.filter(kind="bounced").count() == 2


@pytest.mark.parametrize("command", ["LOGIN", "SELECT", "SEARCH", "FETCH", "STORE", "EXPUNGE", "LOGOUT"])
def test_a_line_that_breaks_anywhere_loses_nothing_and_counts_nothing_twice(box, token, settings, command):
    box.put(hard(token), hard(token, 1))
    box.drop = command
    with pytest.raises(Unreachable) as raised:
        collect(box, settings)
    assert "\n" not in str(raised.value)
    collect(box, settings)
    assert box.unseen() == []
    assert Event.objects.filter(kind="bounced").count() == 2
    assert feedback.score(Subscriber.objects.get(), NOW) == 1


def test_a_mail_is_touched_only_after_its_commit(box, token, settings, monkeypatch):
    box.put(hard(token))

    def lost(*_: object) -> None:
        raise RuntimeError("the database went away")

    with monkeypatch.context() as broken:
        broken.setattr(feedback, "_judge", lost)
        with pytest.raises(RuntimeError):
            collect(box, settings)
    assert box.unseen() == [1]
    assert collect(box, settings) == {"hard": 1, "recorded": 1}


def test_no_more_than_the_beginning_of_a_huge_mail_is_fetched_and_so_many_a_turn(box, token, settings):
    box.put(hard(token) + b"\r\n" + b"x" * 3_000_000, hard(token, 1), hard(token, 2))
    assert returns.collect(box.place, NOW, settings.JOURNAL, most=2)["recorded"] == 2
    assert len(box.unseen()) == 1


def test_a_mail_that_went_meanwhile_is_no_trouble(box, token, settings):
    box.put(hard(token))
    with mailbox.opened(box.place) as folder:
        assert folder.beginning("77", 1000) == b""


def answers(monkeypatch, command: str, *lines: bytes, uid: int | None = None, result: str = "OK done") -> None:
    """From now on the server answers a command, or only that about one mail, with these lines."""
    usual = Talk.answer

    def answer(self: Talk, asked: str, rest: bytes, box: Box) -> str:
        if asked != command or (uid is not None and rest.split()[2] != str(uid).encode()):
            return usual(self, asked, rest, box)
        for line in lines:
            self.wfile.write(line + b"\r\n")
        return result

    monkeypatch.setattr(Talk, "answer", answer)


def alerts() -> list[tuple[str, str]]:
    return [(one.data["what"], one.data["error"]) for one in Event.objects.filter(kind="alert").order_by("pk")]


@pytest.mark.parametrize(("command", "result"), [("FETCH", "NO [SERVERBUG] Internal error"), ("FETCH", "BAD what?"),
                                                 ("STORE", "NO [CANNOT] not this one")])  # fmt: skip
def test_one_mail_that_is_not_handed_over_blocks_none_and_is_told_once(
    box, token, settings, monkeypatch, command, result
):
    box.put(hard(token), hard(token, 1), hard(token, 2))
    with monkeypatch.context() as broken:
        answers(broken, command, uid=2, result=result)
        for n in range(5):
            counts = returns.collect(box.place, NOW + n * timedelta(minutes=5), settings.JOURNAL)
            assert counts["stuck"] == 1
            assert list(box.mails) == [2]
            assert len(alerts()) == (n >= 2)
    ((what, said),) = alerts()
    assert (what, said[:8]) == ("a returned mail can't be fetched", "mail 2: ")
    assert result.split()[0] in said
    (told,) = watch.alerts()
    assert over([told]) == set()
    collect(box, settings)
    assert (box.mails, watch.alerts(), over([told])) == ({}, [], {told.pk})


def test_a_list_of_mails_in_several_lines_is_one_list(box, token, settings, monkeypatch):
    box.put(hard(token), hard(token, 1))
    answers(monkeypatch, "SEARCH", b"* SEARCH 1", b"* SEARCH 2")
    assert collect(box, settings)["hard"] == 2


def test_a_mail_that_comes_as_a_quoted_string_is_read(box, token, settings, monkeypatch):
    box.put(b"x")
    answers(monkeypatch, "FETCH", rb'* 1 FETCH (FLAGS (\Recent) UID 1 BODY[]<0> "Sub\"ject\\")')
    with mailbox.opened(box.place) as folder:
        assert folder.beginning("1", 1000) == b'Sub"ject\\'


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("SEARCH", b"* SEARCH \xff\xfe 1"),
        ("SEARCH", b"* SEARCH {3}\r\n1 2"),
        ("SEARCH", b"* search 1"),
        ("SEARCH", b"\xff\xff\xff"),
        ("FETCH", b"* 1 FETCH (UID 1 BODY[]<0> {99999999999}"),
        ("FETCH", b"* 1 FETCH (UID 1 BODY[]<0> {" + b"9" * 5000 + b"}"),
        ("FETCH", b"* 1 FETCH (UID 1 BODY[]<0> {9223372036854775808}"),
        ("CAPABILITY", b"* CAPABILITY IMAP4rev1 \xff"),
    ],
)
def test_an_odd_answer_is_a_trouble_that_operators_hear_of(box, token, settings, monkeypatch, command, line):
    box.put(hard(token), hard(token, 1))
    answers(monkeypatch, command, line)
    for n in range(4):
        with pytest.raises(Unreachable) as raised:
            returns.collect(box.place, NOW + n * timedelta(minutes=5), settings.JOURNAL)
        assert "\n" not in str(raised.value)
    ((what, said),) = alerts()
    assert what == "returned mail can't be read"
    assert said.startswith("BOUNCES_URL: ")
    assert len(box.unseen()) == 2


@pytest.mark.parametrize(
    "place",
    [
        Mailbox("imap", "127.0.0.1", 1, "u", PASSWORD),
        Mailbox("imaps", "127.0.0.1", 1, "u", PASSWORD),
    ],
)
def test_a_server_that_is_not_there_is_named_and_the_password_is_not(place):
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:1 can't be reached") as raised, mailbox.opened(place):
        pass
    assert PASSWORD not in str(raised.value)


def test_a_wrong_password_and_a_missing_folder_are_said(box):
    for wrong, says in [({"password": "wrong"}, "who are you"), ({"folder": "Nowhere"}, "no folder 'Nowhere'")]:
        place = Mailbox(**{**{name: getattr(box.place, name) for name in Mailbox.__slots__}, **wrong})
        with pytest.raises(Unreachable, match=says) as raised, mailbox.opened(place):
            pass
        assert "wrong" not in str(raised.value)


def test_tls_is_verified(box):
    # the server speaks in the clear: whatever is not a verified handshake is refused
    place = Mailbox("imaps", "127.0.0.1", box.place.port, "u", "p")
    with pytest.raises(Unreachable), mailbox.opened(place):
        pass
    assert "LOGIN" not in box.commands


def test_the_task_and_the_command_read_it(box, token, settings, caplog):
    box.put(hard(token))
    assert run("bounces", now=NOW)["recorded"] == 1
    settings.BOUNCES = None
    assert tasks.bounces() == 0
    settings.BOUNCES = box.place
    box.put(mail("From: r@example.org", body="Hello"))
    assert tasks.bounces() == 1
    box.drop = "LOGIN"
    assert tasks.bounces() == 0
    assert "BOUNCES_URL: 127.0.0.1" in caplog.text


@pytest.mark.parametrize(("minute", "handed"), [(0, True), (5, True), (7, False)])
def test_the_tick_hands_it_out_every_five_minutes(box, db, monkeypatch, minute, handed):
    given: list[str] = []
    monkeypatch.setattr(tasks, "clock", lambda: at("2026-03-02 08:00") + timedelta(minutes=minute))
    monkeypatch.setattr(tasks.bounces, "delay", lambda: given.append("bounces"))
    monkeypatch.setattr(tasks.look, "delay", lambda source: None)
    tasks.tick()
    assert given == (["bounces"] if handed else [])


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("imaps://u:p@h.example", Mailbox("imaps", "h.example", 993, "u", "p", "INBOX")),
        ("IMAPS://b%40x.example:a%2Fb+c@h.example:1993/Returned%20mail",
         Mailbox("imaps", "h.example", 1993, "b@x.example", "a/b+c", "Returned mail")),
        ("imap://u:p@[::1]:143/A/B", Mailbox("imap", "::1", 143, "u", "p", "A/B")),
    ],
)  # fmt: skip
def test_a_url_names_a_mailbox(url, place):
    assert read_mailbox_url(url) == place
    assert "password" not in repr(read_mailbox_url(url))


@pytest.mark.parametrize(
    "url",
    ["", "imaps://", "pop3://u:p@h", "imaps://h/INBOX", "imaps://u@h", "imaps://u:secret/x@h", "imaps://u:secret#@h",
     "imaps://u:sec@ret@h", "imaps://u:secret@", "imaps://u:secret@h:x", "imaps://u:secret@h:70000",
     "imaps://u:secret@h?x=1", "imaps://u:secret@bücher.example", "imaps://u:secr%0Aet@h", "imaps://:secret@h"],
)  # fmt: skip
def test_a_wrong_url_is_refused_in_a_line_that_never_shows_it(url):
    with pytest.raises(ValueError, match="as in imaps://") as raised:
        read_mailbox_url(url)
    assert "secret" not in str(raised.value)
    assert "\n" not in str(raised.value)
