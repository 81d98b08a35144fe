"""Fetching from a real server that misbehaves in every way that a listing's server can."""

from __future__ import annotations

import gzip
import itertools
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from digest.sources.http import Fetched, FetchFailed, Limits, fetch
from tests.digest.sources.web import Answer, Web, plain, web

BODY = b'[{"paper": {}}]' * 100
USUAL = Limits(body=100_000, seconds=30, redirects=5)


def one_byte_at_a_time(head: bytes) -> Answer:
    """Sends `head`, then a byte every 50 ms until the test ends: each read succeeds, and it never comes to an end."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(head)
        for _ in itertools.count():
            handler.wfile.write(b"a")
            if SITE[0].stopping.wait(0.05):
                return

    return answer


def endless(handler: BaseHTTPRequestHandler) -> None:
    """A body without a length that never ends."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while not SITE[0].stopping.is_set():
        handler.wfile.write(b"x" * 65_536)


def cut_off(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n[{")
    handler.close_connection = True


def conditional(handler: BaseHTTPRequestHandler) -> None:
    asked = (handler.headers.get("If-None-Match"), handler.headers.get("If-Modified-Since"))
    known = asked == ('W/"v1"', "Tue, 24 Nov 2026 06:00:00 GMT")
    headers = {"ETag": 'W/"v1"', "Last_Modified": "Tue, 24 Nov 2026 06:00:00 GMT"}
    plain(304 if known else 200, b"" if known else BODY, **headers)(handler)


GZIPPED = gzip.compress(BODY)
BOMB = gzip.compress(b"\0" * 50_000_000)
SITE: list[Web] = []
PATHS: dict[str, Answer] = {
    "/ok?date=2026-11-24": plain(200, BODY),
    "/conditional": conditional,
    "/always-304": plain(304),
    "/gzip": plain(200, GZIPPED, Content_Encoding="gzip"),
    "/gzip-twice": plain(200, GZIPPED + GZIPPED, Content_Encoding="x-gzip"),
    "/gzip-padded": plain(200, GZIPPED + b"\0" * 70_000 + GZIPPED + b"\0" * 512, Content_Encoding="gzip"),
    "/gzip-garbage": plain(200, GZIPPED + b"\0" * 512 + b"x", Content_Encoding="gzip"),
    "/gzip-empty": plain(200, b"", Content_Encoding="gzip"),
    "/gzip-cut": plain(200, GZIPPED[:-12], Content_Encoding="gzip"),
    "/gzip-lie": plain(200, BODY, Content_Encoding="gzip"),
    "/brotli": plain(200, BODY, Content_Encoding="br"),
    "/bomb": plain(200, BOMB, Content_Encoding="gzip"),
    "/big": plain(200, b"x" * 100_001),
    "/full": plain(200, b"x" * 100_000),
    "/endless": endless,
    "/cut": cut_off,
    "/slow-body": one_byte_at_a_time(b"HTTP/1.1 200 OK\r\n\r\n"),
    "/slow-headers": one_byte_at_a_time(b"HTTP/1.1 200 OK\r\nX-Slow: "),
    "/silent": lambda handler: SITE[0].stopping.wait() and None,
    "/nonsense": lambda handler: handler.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n") and None,
    "/loop": plain(302, Location="/loop"),
    "/nowhere": plain(301),
    "/to-file": plain(302, Location="file:///etc/passwd"),
    "/to-broken": plain(302, Location="http://[::bad"),
    "/to-user": plain(302, Location="http://me:secret@127.0.0.1/"),
    "/to-metadata": plain(302, Location="http://169.254.169.254/latest/meta-data/"),
    "/to-mapped": plain(307, Location="http://[::ffff:127.0.0.1]/"),
    "/404": plain(404),
    "/429": plain(429, Retry_After="120"),
    "/429-date": plain(429, Date="Tue, 24 Nov 2026 06:00:00 GMT", Retry_After="Tue, 24 Nov 2026 06:01:30 GMT"),
    "/429-bucket": plain(429, RateLimit='"api";r=0;t=55'),
    "/429-odd": plain(429, Retry_After="soon", RateLimit='"api";r=9;t=55'),
    "/503-ages": plain(503, Retry_After="99999999"),
    "/500": plain(500),
    "/599": plain(599),
    "/204": plain(204),
}
PATHS |= {f"/hop{n}": plain(308, Location=f"hop{n + 1}") for n in range(1, 6)} | {"/hop6": plain(200, BODY)}


@pytest.fixture(scope="module")
def site() -> Iterator[Web]:
    with web(PATHS) as server:
        SITE[:] = [server]
        yield server


def get(site: Web, path: str, **options: Any) -> Fetched:
    return fetch(site.url(path), **{"allow": site.allow, "limits": USUAL, **options})


def failure(site: Web, path: str, **options: Any) -> FetchFailed:
    with pytest.raises(FetchFailed) as caught:
        get(site, path, **options)
    assert caught.value.where
    assert caught.value.mend
    return caught.value


def test_an_answer_comes_with_its_body_and_its_last_address(site: Web) -> None:
    got = get(site, "/ok?date=2026-11-24")
    assert (got.status, got.body, got.final_url) == (200, BODY, site.url("/ok?date=2026-11-24"))
    assert (got.etag, got.last_modified, got.retry_after) == ("", "", None)


def test_the_request_names_us_and_the_host_and_carries_nothing_more(site: Web) -> None:
    get(site, "/hop6", user_agent="digest of example.org")
    headers = site.seen[-1][1]
    assert headers["host"] == site.host
    assert headers["user-agent"] == "digest of example.org"
    assert set(headers) == {"host", "user-agent", "accept", "accept-encoding"}


def test_no_proxy_of_the_environment_is_asked(site: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9/")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9/")
    assert get(site, "/hop6").body == BODY


def test_a_second_look_is_conditional_and_may_be_answered_with_304(site: Web) -> None:
    first = get(site, "/conditional")
    assert first.body == BODY
    again = get(site, "/conditional", etag=first.etag, last_modified=first.last_modified)
    assert (again.status, again.body, again.etag) == (304, b"", 'W/"v1"')


def test_a_304_that_nobody_asked_for_is_a_failure(site: Web) -> None:
    assert "304" in failure(site, "/always-304").what


@pytest.mark.parametrize(
    ("path", "body"), [("/gzip", BODY), ("/gzip-twice", BODY * 2), ("/gzip-padded", BODY * 2), ("/gzip-empty", b"")]
)
def test_gzip_is_taken_off(site: Web, path: str, body: bytes) -> None:
    assert get(site, path).body == body


@pytest.mark.parametrize("path", ["/gzip-cut", "/gzip-lie", "/gzip-garbage"])
def test_damaged_gzip_is_a_failure(site: Web, path: str) -> None:
    assert "damaged or cut off" in failure(site, path).what


def test_a_compression_that_nobody_asked_for_is_a_failure(site: Web) -> None:
    assert "'br'" in failure(site, "/brotli").what


@pytest.mark.parametrize("path", ["/bomb", "/big", "/endless"])
def test_more_than_the_limit_is_a_failure_also_after_decompression(site: Web, path: str) -> None:
    assert len(BOMB) < USUAL.body
    assert "more than 100,000 bytes" in failure(site, path).what


def test_exactly_the_limit_is_taken(site: Web) -> None:
    assert len(get(site, "/full").body) == 100_000


@pytest.mark.parametrize("path", ["/slow-body", "/slow-headers", "/silent"])
def test_a_server_that_dawdles_is_left_when_the_time_is_up(site: Web, path: str) -> None:
    assert "longer than 0.6 seconds" in failure(site, path, limits=replace(USUAL, seconds=0.6)).what


@pytest.mark.parametrize("path", ["/cut", "/nonsense"])
def test_a_broken_answer_is_a_failure(site: Web, path: str) -> None:
    assert "the connection failed" in failure(site, path).what


def test_five_redirects_are_followed_and_not_six(site: Web) -> None:
    got = get(site, "/hop1")
    assert (got.body, got.final_url) == (BODY, site.url("/hop6"))
    assert "more than 4 times" in failure(site, "/hop1", limits=Limits(redirects=4)).what
    assert "more than 5 times" in failure(site, "/loop").what


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/to-metadata", "private or reserved"),
        ("/to-mapped", "private or reserved"),
        ("/to-file", "only http and https"),
        ("/to-broken", "no address"),
        ("/to-user", "user name"),
        ("/nowhere", "without saying where"),
    ],
)
def test_a_redirect_is_judged_like_a_first_address(site: Web, path: str, why: str) -> None:
    error = failure(site, path)
    assert why in error.what
    assert "secret" not in str(error)


@pytest.mark.parametrize(
    ("path", "name", "seconds"),
    [
        ("/429", "429 Too Many Requests", 120),
        ("/429-date", "429", 90),
        ("/429-bucket", "429", 55),
        ("/429-odd", "429", None),
        ("/503-ages", "503 Service Unavailable", 86_400),
        ("/500", "500 Internal Server Error", None),
        ("/599", "599", None),
        ("/404", "404 Not Found", None),
        ("/204", "204 No Content", None),
    ],
)
def test_other_answers_are_failures_with_the_wish_when_to_come_back(
    site: Web, path: str, name: str, seconds: int | None
) -> None:
    error = failure(site, path)
    assert f"it answered {name}" in error.what
    assert error.trouble.retry_after == seconds
    assert error.where == site.url(path)


def test_loopback_is_refused_unless_allowed(site: Web) -> None:
    requests = len(site.seen)
    for allow in (frozenset[str](), frozenset({"127.0.0.1:1"}), frozenset({"127.0.0.1"})):
        assert "private or reserved" in failure(site, "/hop6", allow=allow).what
    assert len(site.seen) == requests
    assert get(site, "/hop6", allow=site.allow).body == BODY


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost/", "http://127.1/", "http://2130706433/", "http://0x7f.1/", "http://0177.0.0.1/",
        "http://[::1]/", "http://[::]/", "http://0.0.0.0/", "http://[::ffff:169.254.169.254]/",
        "http://192.0.0.192/", "http://10.0.0.1:8080/", "https://192.168.0.1/",
    ],
)  # fmt: skip
def test_no_spelling_of_a_private_address_is_fetched(url: str) -> None:
    with pytest.raises(FetchFailed, match=r"private or reserved|not found|no web address"):
        fetch(url, limits=USUAL)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://x.example/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "x.example/a",
        "http://",
        "",
        "http://[::bad/",
        "http://a\nb/",
    ],
)
def test_what_is_no_web_address_is_refused_before_any_look_up(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", None)
    with pytest.raises(FetchFailed, match=r"web address|only http"):
        fetch(url)


def test_a_password_in_the_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(FetchFailed) as caught:
        fetch("https://me:secret@x.example/feed")
    assert "user name" in caught.value.what
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("host", ["nobody.invalid", "[", "a" * 70 + ".invalid", "a..b.invalid"])
def test_a_host_that_is_not_found_is_a_failure(host: str) -> None:
    with pytest.raises(FetchFailed, match=r"not found|no web address"):
        fetch(f"http://{host}/", limits=USUAL)


def test_a_closed_port_is_a_failure() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        with pytest.raises(FetchFailed, match="the connection failed"):
            fetch(f"http://127.0.0.1:{port}/", allow=frozenset({f"127.0.0.1:{port}"}), limits=USUAL)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Names that exist: each look-up takes the next address of its list, so a second one would show."""
    real, known = socket.getaddrinfo, {}

    def look_up(host: str, *args: Any, **kwargs: Any) -> Any:
        return real(known[host].pop(0) if host in known else host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


def test_the_connection_goes_to_the_address_that_was_checked(site: Web, names: dict[str, list[str]]) -> None:
    names["lists.example"] = ["127.0.0.1"]  # a second look-up would fail
    url = f"http://lists.example:{site.port}/hop6"
    assert fetch(url, allow=frozenset({f"lists.example:{site.port}"})).body == BODY
    assert site.seen[-1][1]["host"] == f"lists.example:{site.port}"
    assert names["lists.example"] == []


def test_a_name_that_turns_private_is_refused_at_the_next_hop(site: Web, names: dict[str, list[str]]) -> None:
    names["turning.example"] = ["169.254.169.254"]
    PATHS["/to-turning"] = plain(302, Location="http://turning.example/")
    assert "turning.example has a private" in failure(site, "/to-turning").what


def test_tls_asks_for_the_name_not_the_address(names: dict[str, list[str]]) -> None:
    names["secure.example"] = ["127.0.0.1"]
    hello: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def listen() -> None:
            connection, _ = server.accept()
            with connection:
                hello.append(connection.recv(4096))

        thread = threading.Thread(target=listen)
        thread.start()
        port = server.getsockname()[1]
        with pytest.raises(FetchFailed, match="the connection failed"):
            fetch(f"https://secure.example:{port}/", allow=frozenset({f"secure.example:{port}"}), limits=USUAL)
        thread.join()
    assert b"secure.example" in hello[0]
