"""The way out that an operator sets: a proxy, and a certificate authority of their own."""

from __future__ import annotations

import base64
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from digest.sources.addresses import DIRECT, Proxy, Route
from digest.sources.http import Fetched, FetchFailed, Limits, fetch
from tests.digest.sources.web import Answer, Web, plain, web

SHORT = Limits(body=100_000, seconds=10.0)
FAR = "http://lists.example.invalid/feed"  # no resolver knows it: only the proxy does


@pytest.fixture
def answers() -> dict[str, Answer]:
    return {FAR: plain(200, b"by the proxy"), "/here": plain(200, b"directly")}


@pytest.fixture
def proxy(answers: dict[str, Answer]) -> Iterator[Web]:
    """A proxy for http: it is asked for whole addresses. It is a little web server, too."""
    with web(answers) as server:
        yield server


def through(server: Web, user: str = "", password: str = "") -> Route:
    return Route(Proxy("127.0.0.1", server.port, user, password))


def get(url: str, route: Route, **more: Any) -> Fetched:
    return fetch(url, **{"limits": SHORT, "route": route, **more})


def names(monkeypatch: pytest.MonkeyPatch, **known: list[str]) -> None:
    """What the resolver of this machine says."""
    real = socket.getaddrinfo

    def look_up(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        found = known.get(host.replace(".", "_"))
        return (
            [entry for one in found for entry in real(one, port, *args, **kwargs)]
            if found
            else real(host, port, *args, **kwargs)
        )

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


def test_the_proxy_is_asked_for_the_whole_address_and_looks_names_up_itself(proxy: Web) -> None:
    got = get(FAR, through(proxy))
    assert (got.body, got.final_url) == (b"by the proxy", FAR)
    assert proxy.seen[0][0] == FAR
    assert proxy.seen[0][1]["host"] == "lists.example.invalid"
    assert "proxy-authorization" not in proxy.seen[0][1]


def test_user_and_password_go_to_the_proxy_and_nowhere_else(proxy: Web, answers: dict[str, Answer]) -> None:
    route = through(proxy, "ada", "pä:ss/word")
    get(FAR, route)
    said = proxy.seen[0][1]["proxy-authorization"].removeprefix("Basic ")
    assert base64.b64decode(said).decode() == "ada:pä:ss/word"
    assert "pä:ss" not in repr(route)
    assert "ada" not in repr(route)
    answers[FAR] = plain(407)
    with pytest.raises(FetchFailed, match="407") as caught:
        get(FAR, route)
    assert "pä:ss" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/", "http://169.254.169.254/latest", "http://10.1.2.3/", "http://[::1]/"]
)
def test_a_private_address_is_not_asked_for_through_a_proxy_either(proxy: Web, url: str) -> None:
    with pytest.raises(FetchFailed, match="private or reserved"):
        get(url, through(proxy))
    assert proxy.seen == []


def test_a_redirect_by_a_proxy_is_judged_too(proxy: Web, answers: dict[str, Answer]) -> None:
    answers[FAR] = plain(302, Location="http://192.168.0.1/")
    with pytest.raises(FetchFailed, match="private or reserved"):
        get(FAR, through(proxy))


def test_a_name_with_any_private_address_is_not_left_to_the_proxy(proxy: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, mixed_example=["8.8.8.8", "10.0.0.1"])
    with pytest.raises(FetchFailed, match="private or reserved"):
        get("http://mixed.example/", through(proxy))


def test_a_private_host_that_is_allowed_is_asked_directly(proxy: Web) -> None:
    nobody = Route(Proxy("127.0.0.1", 9))
    assert get(proxy.url("/here"), nobody, allow=proxy.allow).body == b"directly"


def test_a_public_host_that_is_allowed_is_asked_through_the_proxy(
    proxy: Web, answers: dict[str, Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    names(monkeypatch, public_example=["8.8.8.8"])
    answers["http://public.example/"] = plain(200, b"by the proxy")
    got = get("http://public.example/", through(proxy), allow=frozenset({"public.example"}))
    assert got.body == b"by the proxy"


def test_a_proxy_that_is_away_is_trouble_with_the_connection(proxy: Web) -> None:
    with pytest.raises(FetchFailed) as caught:
        get(FAR, Route(Proxy("127.0.0.1", 9)))
    assert caught.value.trouble.kind == "connection"


# Certificates


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for secure.example and localhost that nobody else has signed, and its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not on this machine")
    folder = tmp_path_factory.mktemp("ca")
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=Lab",
         "-addext", "subjectAltName=DNS:secure.example,DNS:secure.example.invalid",
         "-keyout", "key.pem", "-out", "ca.pem"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    return folder / "ca.pem", folder / "key.pem"


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Quiet(BaseHTTPRequestHandler):
    def log_message(self, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        plain(200, b"securely")(self)


class Server(ThreadingHTTPServer):
    daemon_threads = False

    def handle_error(self, *args: Any) -> None:
        """A client that doesn't trust us hangs up."""


@pytest.fixture
def secure(certificate: tuple[Path, Path]) -> Iterator[int]:
    """The port of a server with that certificate."""
    server = Server(("127.0.0.1", 0), Quiet)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    with serving(server) as port:
        yield port


def test_an_authority_of_ones_own_is_trusted_when_its_file_is_named(
    secure: int, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    names(monkeypatch, secure_example=["127.0.0.1"])
    url, allow = f"https://secure.example:{secure}/", frozenset({f"secure.example:{secure}"})
    with pytest.raises(FetchFailed, match="its certificate is not trusted") as caught:
        get(url, DIRECT, allow=allow)
    assert "FETCH_CA" in caught.value.mend
    assert caught.value.trouble.kind == "final"
    assert get(url, Route(ca=str(certificate[0])), allow=allow).body == b"securely"


class Tunnel(Quiet):
    """A proxy's CONNECT, always to one port of this machine; with a password."""

    port = 0
    asked: list[str]

    def do_CONNECT(self) -> None:
        type(self).asked.append(self.path)
        if self.headers["Proxy-Authorization"] != "Basic " + base64.b64encode(b"ada:secret").decode():
            self.send_response_only(407)
            self.end_headers()
            return
        self.send_response_only(200)
        self.end_headers()
        with socket.create_connection(("127.0.0.1", self.port)) as there:
            back = threading.Thread(target=_pass, args=(there, self.connection))
            back.start()
            _pass(self.connection, there)
            back.join()
        self.close_connection = True


def _pass(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65_536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        return


def test_https_goes_through_the_proxy_as_a_tunnel_and_the_far_end_is_checked(
    secure: int, certificate: tuple[Path, Path]
) -> None:
    class ToSecure(Tunnel):
        port = secure
        asked: list[str] = []  # noqa: RUF012

    url = "https://secure.example.invalid/"
    with serving(Server(("127.0.0.1", 0), ToSecure)) as port:
        route = Route(Proxy("127.0.0.1", port, "ada", "secret"), str(certificate[0]))
        assert get(url, route).body == b"securely"
        with pytest.raises(FetchFailed, match="certificate is not trusted"):
            get(url, Route(route.proxy))
        with pytest.raises(FetchFailed, match="the proxy refuses") as caught:
            get(url, Route(Proxy("127.0.0.1", port, "ada", "wr0ng"), route.ca))
    assert "FETCH_PROXY" in caught.value.mend
    assert "wr0ng" not in str(caught.value)
    assert set(ToSecure.asked) == {"secure.example.invalid:443"}
