"""The edge to the sources: one GET with every limit that a stranger's server makes necessary.

Only http and https; addresses of the public internet only, also after redirects, save hosts that the operator
allows; each host is resolved once and the connection goes to the address that was checked, with the host's
name in `Host` and in TLS; so much time in all, and so many bytes after decompression. No proxy, no cookie and
nothing else is taken from the environment.
"""

from __future__ import annotations

import re
import socket
import time
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.utils import mktime_tz, parsedate_tz
from http import HTTPStatus

import httpcore
import httpx

from digest.sources.addresses import is_allowed, is_public
from digest.sources.wire import Pinned, tls

USER_AGENT = "daily-papers-digest/0.1"
REDIRECTS = frozenset({301, 302, 303, 307, 308})
PIECE = 65_536  # bytes inflated at once, so that a bomb is noticed before it has grown
RETRY_LIMIT = 86_400  # seconds; whoever asks for more is asked again after a day
RATE_LIMIT_RESET = re.compile(r"(?:^|[;,\s])t=(\d{1,6})(?![\d.])", re.ASCII)  # draft-ietf-httpapi-ratelimit-headers
LATER = "It is tried again at the next look"


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
    """No answer to use: what happened, where, how to mend it; and `retry_after` in seconds, if told.

    `answer` is the body of a 400, which may say more: arXiv's says it in a feed.
    """

    def __init__(self, what: str, where: str, mend: str, retry_after: int | None = None, answer: bytes = b"") -> None:
        super().__init__(f"{where}: {what}. {mend}")
        self.what, self.where, self.mend, self.retry_after, self.answer = what, where, mend, retry_after, answer


def fetch(
    url: str,
    *,
    etag: str = "",
    last_modified: str = "",
    allow: frozenset[str] = frozenset(),
    user_agent: str = USER_AGENT,
    limits: Limits = DEFAULT_LIMITS,
) -> Fetched:
    """GET `url`, following redirects by hand.

    `etag` and `last_modified` are those of the last answer: the source may then say 304. `allow` names hosts
    (`host` or `host:port`) that may have private addresses. Raises FetchFailed for everything
    that is neither a 200 nor a 304 that we asked for.
    """
    deadline = time.monotonic() + limits.seconds
    asked = {"User-Agent": user_agent, "If-None-Match": etag, "If-Modified-Since": last_modified}
    target = _web_address(url)
    for _ in range(limits.redirects + 1):
        answer = _get(target, asked, allow, deadline, limits)
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


def _get(url: httpx.URL, asked: dict[str, str], allow: frozenset[str], deadline: float, limits: Limits) -> _Answer:
    """One request to one host. Only a 200 is read, and a 400 for its reason; other bodies stay where they are."""
    headers = [(b"Host", url.netloc), (b"Accept", b"*/*"), (b"Accept-Encoding", b"gzip")]
    headers += [(name.encode(), value.encode("latin-1", "replace")) for name, value in asked.items() if value]
    target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
    backend = Pinned(_addresses(url, allow), deadline)
    where = str(url)
    try:
        with (
            httpcore.ConnectionPool(ssl_context=tls(), network_backend=backend) as pool,
            pool.stream("GET", target, headers=headers) as response,
        ):
            said = httpx.Headers(response.headers)
            body = _body(response.iter_stream(), said, where, limits) if response.status in (200, 400) else b""
            return _Answer(response.status, said, body, where)
    except httpcore.TimeoutException as error:
        late = time.monotonic() >= deadline
        what = f"it took longer than {limits.seconds:g} seconds" if late else "it cannot be reached in time"
        raise FetchFailed(what, where, LATER) from error
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        what = f"the connection failed ({str(error) or type(error).__name__})"
        raise FetchFailed(what, where, LATER) from error


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
    retry_after = _retry_after(answer.headers)
    if answer.status == 200 or (answer.status == 304 and conditional):
        etag, modified = answer.headers.get("etag", ""), answer.headers.get("last-modified", "")
        return Fetched(answer.status, answer.body, etag, modified, answer.url, retry_after)
    busy = answer.status == 429 or answer.status >= 500
    mend = LATER if busy else "Open it in a browser, and mend the source's address if it is wrong"
    raise FetchFailed(f"it answered {_named(answer.status)}", answer.url, mend, retry_after, answer.body)


def _named(status: int) -> str:
    known = status in HTTPStatus.__members__.values()
    return f"{status} {HTTPStatus(status).phrase}" if known else str(status)


def _retry_after(headers: httpx.Headers) -> int | None:
    """Seconds to wait: Retry-After as a number or a date (measured by the answer's own Date), else RateLimit.

    Hugging Face sends `RateLimit: "api";r=0;t=55`: no request left, counted anew in 55 seconds.
    """
    said = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}", said, re.ASCII):
        return min(int(said), RETRY_LIMIT)
    then, now = _instant(said), _instant(headers.get("date", ""))
    if then is not None and now is not None:
        return max(0, min(int(then - now), RETRY_LIMIT))
    limit = headers.get("ratelimit", "")
    reset = RATE_LIMIT_RESET.search(limit) if re.search(r"[;,\s]r=0(?!\d)", limit) else None
    return min(int(reset[1]), RETRY_LIMIT) if reset else None


def _instant(text: str) -> float | None:
    parts = parsedate_tz(text)
    try:
        return mktime_tz(parts) if parts else None
    except (ValueError, OverflowError):
        return None


def _addresses(url: httpx.URL, allow: frozenset[str]) -> tuple[str, ...]:
    """The addresses of the host, looked up once, without those that a source may not have."""
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(url.raw_host.decode("ascii"), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        what = f"the host {url.host} is not found ({error})"
        raise FetchFailed(what, str(url), "Look for a slip in the name, and whether this machine is online") from error
    addresses = tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
    if is_allowed(url.host, port, allow):
        return addresses
    public = tuple(address for address in addresses if is_public(address))
    if not public:
        what = f"the host {url.host} has a private or reserved address ({', '.join(addresses)})"
        raise FetchFailed(what, str(url), f"If that is meant, allow {url.netloc.decode()} in the settings")
    return public


def _body(chunks: Iterable[bytes], headers: httpx.Headers, where: str, limits: Limits) -> bytes:
    """The whole body, decompressed."""
    coding = headers.get("content-encoding", "").strip().lower()
    if coding not in ("", "identity", "gzip", "x-gzip"):
        raise FetchFailed(f"it sent {coding!r}, a compression that nobody asked for", where, LATER)
    sent = _capped(chunks, where, limits.body)
    try:
        return b"".join(_capped(_inflated(sent), where, limits.body) if "gzip" in coding else sent)
    except zlib.error as error:
        raise FetchFailed(f"its compressed body is damaged or cut off ({error})", where, LATER) from error


def _capped(chunks: Iterable[bytes], where: str, limit: int) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise FetchFailed(f"it sent more than {limit:,} bytes", where, "See whether the address is right")
        yield chunk


def _inflated(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """gzip, of one or more members, in pieces of a bounded size. Raises zlib.error."""
    inflate = zlib.decompressobj(wbits=31)
    begun = False
    for chunk in chunks:
        data = chunk
        while data:
            if inflate.eof:
                inflate = zlib.decompressobj(wbits=31)
            begun = True
            yield inflate.decompress(data, PIECE)
            data = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
    yield inflate.flush()
    if begun and not inflate.eof:
        raise zlib.error("it ends half way")
