"""Answers over HTTP that never end: in time, and in bytes."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from subscribers.outbox.limited import ANSWER_MOST, limited
from subscribers.outbox.mailurl import read_mail_url
from subscribers.outbox.providerurl import Provider
from tests.provider import posted

Talk = Callable[[socket.socket], None]
BEGIN = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.fixture
def listening() -> Iterator[Callable[[Talk], int]]:
    """Serve one connection by a function; the port. It is over when the client has gone away."""
    ends: list[Callable[[], None]] = []

    def listen(talk: Talk) -> int:
        server = socket.create_server(("127.0.0.1", 0))

        def serve() -> None:
            link, _ = server.accept()
            try:
                talk(link)
            except OSError:
                pass
            finally:
                link.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        ends.append(server.close)
        ends.append(lambda: thread.join(10))
        return int(server.getsockname()[1])

    yield listen
    for end in ends:
        end()


def read_request(link: socket.socket) -> None:
    heard = b""
    while b"\r\n\r\n" not in heard:
        heard += link.recv(65_536)


def dripping(begin: bytes, drop: bytes) -> Talk:
    """Says something more often than the time-out, for many times as long, while somebody listens."""

    def talk(link: socket.socket) -> None:
        read_request(link)
        link.sendall(begin)
        for _ in range(60):
            link.sendall(drop)
            time.sleep(0.05)

    return talk


def place(port: int, timeout: str = "0.4", scheme: str = "http", host: str = "") -> Provider:
    host = host or ("localhost" if scheme == "https" else "127.0.0.1")
    found = read_mail_url(f"anymail+postmark://k@?api_url={scheme}://{host}:{port}&timeout={timeout}")
    assert isinstance(found, Provider)
    return found


@pytest.mark.parametrize(
    ("begin", "drop"),
    [
        (b"", b"H"),
        (BEGIN, b"X: y\r\n"),
        (BEGIN + b"X: ", b"y"),
        (BEGIN + b"Content-Length: 100000\r\n\r\n", b" "),
        (BEGIN + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        (BEGIN + b"\r\n", b" "),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),  # none is the answer
    ],
)
def test_an_answer_has_its_time_as_a_whole_and_then_nobody_knows(listening, begin: bytes, drop: bytes):
    outcome, trouble = posted(place(listening(dripping(begin, drop))))
    assert (outcome.kind, outcome.code, trouble is not None) == ("unknown", None, True)
    assert "timed out" in outcome.reply  # and not that the drops came to their end


@pytest.mark.parametrize("begin", [BEGIN + b"Content-Length: 400000000\r\n\r\n", BEGIN + b"\r\n"])
def test_an_answer_is_read_up_to_its_bound(listening, begin: bytes):
    taken = 0

    def pour(link: socket.socket) -> None:
        nonlocal taken
        read_request(link)
        link.sendall(begin)
        for _ in range(400):
            taken += link.send(b" " * 1_000_000)

    outcome, trouble = posted(place(listening(pour), "60"))
    assert (outcome.kind, outcome.code, trouble is not None) == ("unknown", None, True)
    assert "too long" in outcome.reply
    assert taken < 100_000_000  # what the system's buffers took


@pytest.fixture
def over_tls(certificate: Path, monkeypatch) -> Callable[[Talk], Talk]:
    """The same talk over TLS, with a certificate that is trusted."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def wrapped(talk: Talk) -> Talk:
        def over(link: socket.socket) -> None:
            with context.wrap_socket(link, server_side=True) as secure:
                talk(secure)

        return over

    return wrapped


def test_over_tls_an_answer_has_its_time_too(listening, over_tls):
    outcome, _ = posted(place(listening(over_tls(dripping(BEGIN, b"X: y\r\n"))), scheme="https"))
    assert (outcome.kind, "timed out" in outcome.reply) == ("unknown", True)


def test_tls_that_breaks_behind_the_post_leaves_the_letter_in_doubt(listening, over_tls):
    def broken(link: socket.socket) -> None:
        read_request(link)
        socket.socket.sendall(link, b"no TLS any more" * 100)

    outcome, trouble = posted(place(listening(over_tls(broken)), scheme="https"))
    assert (outcome.kind, outcome.code, trouble is not None) == ("unknown", None, True)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_where_no_tls_can_be_had_nothing_has_left(listening, over_tls, monkeypatch, host: str):
    """A certificate that nobody vouches for, or that is another host's."""
    if host == "localhost":
        monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    outcome, trouble = posted(place(listening(over_tls(read_request)), scheme="https", host=host))
    assert (outcome.kind, outcome.code, trouble is not None) == ("deferred", None, True)


@pytest.mark.parametrize("word", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b""])
def test_where_no_tls_is_spoken_nothing_has_left(listening, word: bytes):
    def plain(link: socket.socket) -> None:
        link.recv(65_536)
        link.sendall(word)
        link.recv(65_536)  # nothing more comes, until the client has had enough

    outcome, trouble = posted(place(listening(plain), scheme="https"))
    assert (outcome.kind, outcome.code, trouble is not None) == ("deferred", None, True)


def test_behind_a_proxy_that_is_away_nothing_has_left(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
    outcome, trouble = posted(place(80, host="api.example.org"))
    assert (outcome.kind, outcome.code, trouble is not None) == ("deferred", None, True)


def test_through_a_proxy_an_answer_has_its_time_too(listening, monkeypatch):
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{listening(dripping(BEGIN, b'X: y'))}")
    outcome, _ = posted(place(80, host="api.example.org"))
    assert (outcome.kind, "timed out" in outcome.reply) == ("unknown", True)


def test_each_answer_over_one_connection_has_a_time_and_a_bound_of_its_own(listening):
    body = b"x" * (ANSWER_MOST - 1_000)

    def talk(link: socket.socket) -> None:
        for _ in range(3):
            read_request(link)
            link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    url = f"http://127.0.0.1:{listening(talk)}/"
    with limited(requests.Session()) as session:
        session.trust_env = False
        assert [len(session.get(url, timeout=30).content) for _ in range(3)] == [len(body)] * 3
