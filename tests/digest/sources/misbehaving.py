"""Answers of servers that misbehave, for `web.web`: each of them does it until the test's server stops."""

from __future__ import annotations

import gzip
import itertools
from http.server import BaseHTTPRequestHandler
from threading import Event

from tests.digest.sources.web import Answer, plain

BOMB = gzip.compress(b"[" + b" " * 50_000_000 + b"]")
CHALLENGE = b"""<!DOCTYPE html><html><head><title>Just a moment...</title></head>
<body><noscript>Enable JavaScript</noscript><script src="https://x.edge.sdk.example/x/challenge.js"></script>
<div id="challenge-container"></div></body></html>"""
ERROR_PAGE = b"<!DOCTYPE html><html><body><h1>Something went wrong</h1><p>We are working on it.</p></body></html>"


def bomb() -> Answer:
    """50 MB of nothing in 50 kB."""
    return plain(200, BOMB, Content_Encoding="gzip")


def endless(stopping: Event) -> Answer:
    """A body without a length that never ends."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not stopping.is_set():
            handler.wfile.write(b" " * 65_536)

    return answer


def dripping(stopping: Event, head: bytes = b"HTTP/1.1 200 OK\r\n\r\n") -> Answer:
    """A byte every 50 ms: each read succeeds, and it never comes to an end."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(head)
        for _ in itertools.count():
            handler.wfile.write(b" ")
            if stopping.wait(0.05):
                return

    return answer


def silent(stopping: Event) -> Answer:
    """Takes the request and says nothing."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        stopping.wait()

    return answer


def longer_than_it_is(body: bytes) -> Answer:
    """Promises a hundred bytes more than come."""
    return _said(body, f"Content-Length: {len(body) + 100}".encode())


def shorter_than_it_is(body: bytes) -> Answer:
    """Ends, by its own word, a hundred bytes early."""
    return _said(body, f"Content-Length: {len(body) - 100}".encode())


def cut_off(body: bytes) -> Answer:
    """Half of a body in chunks, and then nothing."""
    half = body[: len(body) // 2]
    return _said(b"%x\r\n%s\r\n" % (len(half), half), b"Transfer-Encoding: chunked")


def cut_off_gzip(body: bytes) -> Answer:
    """Half of a compressed body, of the length that it says."""
    packed = gzip.compress(body)
    return plain(200, packed[: len(packed) // 2], Content_Encoding="gzip")


def dead(handler: BaseHTTPRequestHandler) -> None:
    """Hangs up without a word."""
    handler.close_connection = True


def _said(body: bytes, *headers: bytes) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"\r\n".join((b"HTTP/1.1 200 OK", *headers, b"", b"")) + body)
        handler.close_connection = True

    return answer
