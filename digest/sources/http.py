"""The edge to the sources: one GET with every limit that a stranger's server makes necessary.

Only http and https; addresses of the public internet only, also after redirects, save hosts that the operator
allows; each host is resolved once and the connection goes to the address that was checked, with the host's
name in `Host` and in TLS; so much time in all, and so many bytes after decompression. Nothing is taken from the
environment: a proxy is one that the operator set for this service. It looks names up by itself, so what we can look
up is checked before it is asked, and what we can't is left to its rules.
"""

from __future__ import annotations

import socket
import time
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from http import HTTPStatus

import httpcore
import httpx

from digest.sources.addresses import DIRECT, PORTS, Route, is_allowed, is_public
from digest.sources.politeness import PROGRAM, Kind, Trouble, kind_of, retry_after_of
from digest.sources.wire import connections

REDIRECTS = frozenset({301, 302, 303, 307, 308})
PIECE = 65_536  # bytes inflated at once, so that a bomb is noticed before it has grown
LATER = "It is tried again at the next look"
UNTRUSTED = "CERTIFICATE_VERIFY_FAILED"  # OpenSSL's word


@dataclass(frozen=True, slots=True)
class Limits:
    """What one fetch may cost."""

    body: int = 20_000_000  # bytes, sent and after decompression
    seconds: float = 60.0  # in all, redirects included; looking up a name is bounded by the resolver alone
    redirects: int = 5


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer: status 200 with its body, or 304 with none."""

    status: int
    body: bytes
    etag: str
    last_modified: str
    final_url: str
    retry_after: int | None  # seconds; politeness that the source asked for


class FetchFailed(Exception):
    """No answer to use: what happened, where, how to mend it; and what kind of trouble that is.

    `answer` is the body of a 400, which may say more: arXiv's says it in a feed.
    """

    def __init__(
        self,
        what: str,
        where: str,
        mend: str,
        kind: Kind = "final",
        retry_after: float | None = None,
        answer: bytes = b"",
    ) -> None:
        super().__init__(f"{where}: {what}. {mend}")
        self.what, self.where, self.mend, self.answer = what, where, mend, answer
        self.trouble = Trouble(kind, retry_after)


def fetch(
    url: str,
    *,
    etag: str = "",
    last_modified: str = "",
    allow: frozenset[str] = frozenset(),
    user_agent: str = PROGRAM,
    limits: Limits = DEFAULT_LIMITS,
    route: Route = DIRECT,
) -> Fetched:
    """GET `url`, following redirects by hand.

    `etag` and `last_modified` are those of the last answer: the source may then say 304. `allow` names hosts
    (`host:port`, or `host` for the usual ports) that may have private addresses. Raises FetchFailed for everything
    that is neither a 200 nor a 304 that we asked for.
    """
    deadline = time.monotonic() + limits.seconds
    asked = {"User-Agent": user_agent, "If-None-Match": etag, "If-Modified-Since": last_modified}
    target = _web_address(url)
    for _ in range(limits.redirects + 1):
        answer = _get(target, asked, allow, deadline, limits, route)
        if answer.status not in REDIRECTS:
            return _usable(answer, conditional=bool(etag or last_modified))
        target = _redirected(target, answer)
    raise FetchFailed(f"it redirects more than {limits.redirects} times", url, "Give the address where it ends")


@dataclass(frozen=True, slots=True)
class _Answer:
    """One hop's answer."""

    status: int
    headers: httpx.Headers
    body: bytes
    url: str


def _get(
    url: httpx.URL, asked: dict[str, str], allow: frozenset[str], deadline: float, limits: Limits, route: Route
) -> _Answer:
    """One request to one host. Only a 200 is read, and a 400 for its reason; other bodies stay where they are."""
    headers = [(b"Host", url.netloc), (b"Accept", b"*/*"), (b"Accept-Encoding", b"gzip")]
    headers += [(name.encode(), value.encode("latin-1", "replace")) for name, value in asked.items() if value]
    target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
    addresses = _addresses(url, allow, route)
    where = str(url)
    try:
        with (
            connections(addresses, deadline, replace(route, proxy=None) if addresses else route) as pool,
            pool.stream("GET", target, headers=headers) as response,
        ):
            said = httpx.Headers(response.headers)
            body = _body(response.iter_stream(), said, where, limits) if response.status in (200, 400) else b""
            return _Answer(response.status, said, body, where)
    except httpcore.TimeoutException as error:
        late = time.monotonic() >= deadline
        what = f"it took longer than {limits.seconds:.3g} seconds" if late else "it cannot be reached in time"
        raise FetchFailed(what, where, LATER, "time") from error
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError) as error:
        raise _connection_failed(error, where) from error


def _connection_failed(error: Exception, where: str) -> FetchFailed:
    said = str(error) or type(error).__name__
    if isinstance(error, httpcore.ProxyError):
        return FetchFailed(
            f"the proxy refuses ({said})", where, "See FETCH_PROXY and the proxy's own rules", "connection"
        )
    if UNTRUSTED in said:
        mend = "If it comes from an authority of your own, name its file in FETCH_CA"
        return FetchFailed(f"its certificate is not trusted ({said})", where, mend)
    return FetchFailed(f"the connection failed ({said})", where, LATER, "connection")


def _web_address(url: str | httpx.URL) -> httpx.URL:
    try:
        address = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise FetchFailed(f"this is no web address ({error})", repr(url), "Write https://host/path") from error
    if address.scheme not in ("http", "https") or not address.host:
        raise FetchFailed("only http and https addresses are fetched", repr(str(url)), "Write https://host/path")
    if address.userinfo:
        mend = "Leave user name and password out of the address"
        raise FetchFailed("the address carries a user name", address.host, mend)
    return address


def _redirected(url: httpx.URL, answer: _Answer) -> httpx.URL:
    location = answer.headers.get("location", "")
    if not location:
        raise FetchFailed(f"it answered {answer.status} without saying where to go", answer.url, LATER)
    try:
        return _web_address(url.join(location))
    except (httpx.InvalidURL, ValueError) as error:
        raise FetchFailed(f"it redirects to {location!r}, which is no address", answer.url, LATER) from error


def _usable(answer: _Answer, conditional: bool) -> Fetched:
    """The answer as the caller gets it, or FetchFailed with the source's wish when to come back."""
    said = answer.headers
    retry_after = retry_after_of(said.get("retry-after", ""), said.get("date", ""), said.get("ratelimit", ""))
    if answer.status == 200 or (answer.status == 304 and conditional):
        etag, modified = said.get("etag", ""), said.get("last-modified", "")
        return Fetched(answer.status, answer.body, etag, modified, answer.url, retry_after)
    kind = kind_of(answer.status)
    mend = (
        "Open it in a browser, and mend the source's address if it is wrong"
        if kind in ("final", "forbidden")
        else LATER
    )
    raise FetchFailed(f"it answered {_named(answer.status)}", answer.url, mend, kind, retry_after, answer.body)


def _named(status: int) -> str:
    known = status in HTTPStatus.__members__.values()
    return f"{status} {HTTPStatus(status).phrase}" if known else str(status)


def _addresses(url: httpx.URL, allow: frozenset[str], route: Route) -> tuple[str, ...]:
    """The addresses to connect to: those of the host, looked up once, without those that a source may not have.

    None with a proxy, which finds the host by itself; but a private host that is allowed is the operator's own, and
    is asked directly.
    """
    port = url.port or PORTS[url.scheme]
    try:
        found = socket.getaddrinfo(url.raw_host.decode("ascii"), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        if route.proxy is not None:
            return ()
        what = f"the host {url.host} is not found ({error})"
        mend = "Look for a slip in the name, and whether this machine is online"
        raise FetchFailed(what, str(url), mend, "name") from error
    addresses = tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
    public = tuple(address for address in addresses if is_public(address))
    if is_allowed(url.host, port, allow):
        return () if route.proxy is not None and public else addresses
    if not public or (route.proxy is not None and len(public) < len(addresses)):
        what = f"the host {url.host} has a private or reserved address ({', '.join(addresses)})"
        raise FetchFailed(what, str(url), "If that is meant, type this address in source add, with --private")
    return public if route.proxy is None else ()


def _body(chunks: Iterable[bytes], headers: httpx.Headers, where: str, limits: Limits) -> bytes:
    """The whole body, decompressed."""
    coding = headers.get("content-encoding", "").strip().lower()
    if coding not in ("", "identity", "gzip", "x-gzip"):
        raise FetchFailed(f"it sent {coding!r}, a compression that nobody asked for", where, LATER)
    sent = _capped(chunks, where, limits.body)
    try:
        return b"".join(_capped(_inflated(sent), where, limits.body) if "gzip" in coding else sent)
    except zlib.error as error:
        what = f"its compressed body is damaged or cut off ({error})"
        raise FetchFailed(what, where, LATER, "connection") from error


def _capped(chunks: Iterable[bytes], where: str, limit: int) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise FetchFailed(f"it sent more than {limit:,} bytes", where, "See whether the address is right")
        yield chunk


def _inflated(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """gzip, of one or more members and padded with zeros as may be, in pieces of a bounded size. Raises zlib.error."""
    inflate = zlib.decompressobj(wbits=31)
    begun = False
    for chunk in chunks:
        data = chunk
        while data := data.lstrip(b"\0") if inflate.eof else data:
            if inflate.eof:
                inflate = zlib.decompressobj(wbits=31)
            begun = True
            yield inflate.decompress(data, PIECE)
            data = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
    yield inflate.flush()
    if begun and not inflate.eof:
        raise zlib.error("it ends half way")
