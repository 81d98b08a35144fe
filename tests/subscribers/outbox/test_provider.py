"""Letters through an e-mail provider: a server here that answers as Postmark's API does (and Resend's), and fails."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from subscribers.models import Channel, Event, Letter, Subscriber
from subscribers.outbox.fleet import HELD, open_fleet
from subscribers.outbox.mailurl import read_mail_url
from subscribers.outbox.message import Message
from subscribers.outbox.policy import Outcome
from subscribers.outbox.pool import Pool
from subscribers.outbox.provider import ProviderSession
from subscribers.outbox.providerurl import Provider
from subscribers.outbox.wire import prepared
from tests.house import fetch, letters, papers, publish, reader, run

TOKEN = "0123-token"
DATA = (
    b"From: Digest <digest@example.org>\r\nTo: r1@example.org\r\nSubject: =?utf-8?q?Pap=C3=A9rs?=\r\n"
    b"Message-ID: <digest.1@example.org>\r\nDate: Mon, 02 Mar 2026 07:00:00 +0000\r\nReply-To: desk@example.org\r\n"
    b"List-Unsubscribe: <https://papers.example.org/leave/x>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    b"DKIM-Signature: v=1; a=rsa-sha256\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"=C3=A9t=C3=A9\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>html</p>\r\n--b--\r\n"
)
ANSWERS = {  # as Postmark documents them
    "ok": (200, {"ErrorCode": 0, "Message": "OK", "MessageID": "pm-1", "SubmittedAt": "2026-03-02T07:01:00Z"}),
    "key": (401, {"ErrorCode": 10, "Message": "Bad or missing API token."}),
    "inactive": (422, {"ErrorCode": 406, "Message": "You tried to send to a recipient that has been marked as inactive."
                       "\nFound inactive addresses: {to}.\nInactive recipients are ones that have generated a hard"
                       " bounce, a spam complaint, or a manual suppression."}),
    "invalid": (422, {"ErrorCode": 300, "Message": "Invalid 'To' address: '{to}'."}),
    "content": (422, {"ErrorCode": 300, "Message": "Invalid 'From' address: 'x'."}),
    "slow down": (429, {"ErrorCode": 429, "Message": "Rate limit exceeded."}),
    "broken": (500, {"ErrorCode": 1, "Message": "Internal Server Error"}),
    "nonsense": (200, {}),
}  # fmt: skip


@dataclass
class Api:
    """The server; `posts` are what it was sent, in order; `answer` is what it says, or does."""

    answer: str = "ok"
    posts: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    let_go: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                posted = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                api.posts.append(posted)
                api.headers.append(dict(self.headers))
                if api.answer == "drop":
                    self.close_connection = True
                    return
                if api.answer == "hang":
                    api.let_go.wait(10)
                    self.close_connection = True
                    return
                self._say(*api.said(posted, self.path))

            def do_GET(self) -> None:
                raise AssertionError("a POST became a GET")

            def _say(self, code: int, said: dict[str, Any]) -> None:
                data = json.dumps(said).encode()
                self.send_response(code)
                for name, value in (("Content-Length", str(len(data))), ("Content-Type", "application/json"),
                                    ("Retry-After", "1200"), ("Location", "/elsewhere")):  # fmt: skip
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                """A client that has gone away is no news."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def said(self, posted: dict[str, Any], path: str) -> tuple[int, dict[str, Any]]:
        if path == "/emails":
            return 200, {"id": "re-1"}
        if self.answer == "moved":
            return 302, {}
        code, said = ANSWERS[self.answer]
        to = posted["To"]
        filled = {name: value.format(to=to) if isinstance(value, str) else value for name, value in said.items()}
        return code, {**filled, "To": to} if code == 200 and said else filled

    def place(self, name: str = "postmark", **options: str) -> Provider:
        more = "".join(f"&{option}={value}" for option, value in options.items())
        place = read_mail_url(f"anymail+{name}://{TOKEN}@?api_url=http://127.0.0.1:{self.server.server_port}{more}")
        assert isinstance(place, Provider)
        return place

    def close(self) -> None:
        self.let_go.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def api() -> Iterator[Api]:
    api = Api()
    yield api
    api.close()


def letter(number: int = 1) -> Message:
    data = DATA.replace(b"r1@", b"r%d@" % number).replace(b"digest.1@", b"digest.%d@" % number)
    return Message(f"<digest.{number}@example.org>", "digest@example.org", f"r{number}@example.org", data)


def posted(place: Provider) -> tuple[Outcome, Outcome | None]:
    """The outcome of one letter, and the trouble it showed."""
    session = ProviderSession(place)
    session.open()
    session.stage(letter())
    outcome = session.dot()
    session.close()
    return outcome, session.trouble


def test_a_letter_arrives_as_it_is_under_our_message_id_and_without_our_signature(api: Api):
    outcome, trouble = posted(api.place(message_stream="broadcast"))
    assert (outcome.kind, outcome.reply, trouble) == ("accepted", "sent pm-1", None)
    (post,) = api.posts
    assert (post["To"], post["Subject"], post["ReplyTo"]) == ("r1@example.org", "Papérs", "desk@example.org")
    assert (post["TextBody"].strip(), post["HtmlBody"].strip()) == ("été", "<p>html</p>")
    assert post["MessageStream"] == "broadcast"
    headers = {one["Name"]: one["Value"] for one in post["Headers"]}
    assert headers["Message-ID"] == "<digest.1@example.org>"
    assert headers["X-PM-KeepID"] == "true"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "DKIM-Signature" not in headers
    assert api.headers[0]["X-Postmark-Server-Token"] == TOKEN


def test_nothing_is_posted_before_the_dot(api: Api):
    session = ProviderSession(api.place())
    session.open()
    session.stage(letter())
    session.abandon()
    session.stage(letter(2))
    session.close()
    assert api.posts == []


@pytest.mark.parametrize(
    ("answer", "kind", "code", "is_ours"),
    [
        ("key", "deferred", 401, True),
        ("inactive", "refused", 550, False),
        ("invalid", "refused", 553, False),
        ("content", "refused", 422, False),
        ("slow down", "deferred", 429, True),
        ("broken", "unknown", 500, True),
        ("nonsense", "unknown", 200, False),
        ("drop", "unknown", None, True),
        ("hang", "unknown", None, True),
        ("moved", "deferred", None, True),
    ],
)
def test_what_an_answer_means(api: Api, answer: str, kind: str, code: int | None, is_ours: bool):
    api.answer = answer
    outcome, trouble = posted(api.place(timeout="0.5"))
    assert (outcome.kind, outcome.code) == (kind, code)
    assert (trouble is not None and trouble.kind == "channel") == is_ours
    assert outcome.wait == (1200 if answer in ("slow down", "key") else 0)
    assert len(api.posts) == 1
    assert TOKEN not in outcome.reply


@pytest.mark.parametrize(
    ("method", "kind", "posts"), [("build_message_payload", "deferred", 0), ("parse_recipient_status", "unknown", 1)]
)
def test_what_stumbles_before_the_post_is_tried_again_and_over_the_answer_is_in_doubt(
    api: Api, monkeypatch, method: str, kind: str, posts: int
):
    def stumble(*_: object) -> None:
        raise KeyError("a fault of ours")

    monkeypatch.setattr(f"anymail.backends.postmark.EmailBackend.{method}", stumble)
    outcome, trouble = posted(api.place())
    assert (outcome.kind, trouble is not None, len(api.posts)) == (kind, True, posts)


def test_where_nobody_listens_nothing_has_left(api: Api):
    place = api.place()
    api.server.shutdown()  # or what still waits for a connection takes one
    api.server.server_close()
    outcome, trouble = posted(place)
    assert (outcome.kind, trouble is not None) == ("deferred", True)


def test_a_provider_that_knows_idempotency_is_told_our_name_of_the_letter(api: Api):
    assert posted(api.place("resend"))[0].kind == "accepted"
    assert api.headers[0]["Idempotency-Key"] == "digest.1@example.org"


def test_a_pool_posts_many_at_once_and_none_behind_a_dot(api: Api):
    fleet = open_fleet(api.place(connections="3"), "h")
    assert isinstance(fleet, Pool)
    assert fleet.room(9) == 3
    for number in (1, 2, 3):
        fleet.stage(number, prepared(letter(number)))
    assert fleet.poll(0) == [(1, HELD), (2, HELD), (3, HELD)]
    assert fleet.room(9) == 0
    fleet.dot(1)
    fleet.dot(2, (4, prepared(letter(4))))
    fleet.abandon(3)
    heard: dict[int, object] = {}
    while len(heard) < 3:
        heard.update(fleet.poll(5))
    assert heard[4] == "back"
    assert [getattr(heard[number], "kind", None) for number in (1, 2)] == ["accepted", "accepted"]
    assert sorted(post["To"] for post in api.posts) == ["r1@example.org", "r2@example.org"]
    assert fleet.room(9) == 3
    fleet.close()


@pytest.fixture
def three_wait(settings, api: Api) -> None:
    settings.MAIL_TARGET = api.place(connections="2")
    fetch(papers("2603.00001"), "2026-03-02", "2026-03-02 04:00")
    for n in range(3):
        reader(f"r{n}@example.org", now="2026-03-02 05:00")
    publish("2026-03-02 05:01")


@pytest.mark.django_db
@pytest.mark.usefixtures("three_wait")
class TestTheLedger:
    def test_everyone_gets_one_letter(self, api: Api):
        assert run("deliver", "--until-empty", now="2026-03-02 05:02")["accepted"] == 3
        assert sorted(post["To"] for post in api.posts) == [f"r{n}@example.org" for n in range(3)]
        assert {one["reply"] for one in letters()} == {"200 sent pm-1"}

    def test_a_wrong_key_alerts_once_rests_and_loses_nothing(self, api: Api):
        api.answer = "key"
        done = run("deliver", "--until-empty", now="2026-03-02 05:02")
        assert (done["accepted"], done["refused"], done["unknown"]) == (0, 0, 0)
        assert Channel.objects.get(name="smtp").paused_until is not None
        assert Event.objects.filter(kind="alert").count() == 1
        assert len(api.posts) <= 2
        api.answer = "ok"
        run("deliver", "--until-empty", now="2026-03-02 05:30")
        assert {one["state"] for one in letters()} == {"accepted"}

    def test_a_broken_provider_leaves_what_it_was_posted_unknown_and_the_others_waiting(self, api: Api):
        api.answer = "broken"
        done = run("deliver", "--until-empty", now="2026-03-02 05:02")
        assert done["unknown"] == len(api.posts) <= 2
        assert done["waiting"] == 3 - len(api.posts)

    def test_an_address_that_the_provider_gave_up_counts_against_its_reader_alone(self, api: Api):
        api.answer = "inactive"
        assert run("deliver", "--until-empty", now="2026-03-02 05:02")["refused"] == 3
        assert Letter.objects.filter(reply__startswith="550 5.2.1").count() == 3
        assert Subscriber.objects.filter(state="active").count() == 3

    def test_one_that_asks_for_time_gets_it(self, api: Api):
        api.answer = "slow down"
        run("deliver", "--until-empty", now="2026-03-02 05:02")
        later = Letter.objects.filter(state="deferred").order_by("retry_at").first()
        assert later is not None
        assert later.retry_at is not None
        assert f"{later.retry_at:%H:%M}" == "05:22"


@pytest.mark.parametrize(
    "url",
    [
        "anymail+nobody://k@", "anymail+postmark://", "anymail+postmark://k", "anymail+postmark://@",
        "anymail+mailjet://k@", "anymail+postmark://k:s@", "anymail+postal://k@", "anymail+postmark://k@host",
        "anymail+postmark://k@?x=1", "anymail+postmark://k@?timeout=1&timeout=2", "anymail+postmark://k@?",
        "anymail+postmark://k@?timeout=0", "anymail+postmark://k/k@",
    ],
)  # fmt: skip
def test_a_wrong_url_is_refused_with_an_example_and_without_what_it_says(url: str):
    with pytest.raises(ValueError, match=r"as in (anymail|smtp)") as refused:
        read_mail_url(url.replace("k@", f"{TOKEN}@"))
    assert TOKEN not in str(refused.value)


def test_a_url_names_what_stands_before_the_at_and_the_options_as_django_anymail_does():
    place = read_mail_url("anymail+mailjet://pub%3Alic:se%40cret@?connections=3&timeout=5")
    assert place == Provider("mailjet", {"api_key": "pub:lic", "secret_key": "se@cret"}, 5.0, 3)
    assert "se@cret" not in repr(place)
