"""The edge below `http`: connections to addresses that were checked, which end when their time is up."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable
from functools import cache

import httpcore
import httpx

from digest.sources.addresses import Route

CONNECT_SECONDS = 15.0  # for one address; a host may have several


class Pinned(httpcore.NetworkBackend):
    """Connects to addresses that were checked, whatever the host's name says by now, until a deadline."""

    def __init__(self, addresses: tuple[str, ...], deadline: float) -> None:
        self._addresses, self._deadline, self._backend = addresses, deadline, httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """The first of the addresses that answers; the last one's error when none does."""
        problem: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in self._addresses:
            seconds = min(CONNECT_SECONDS, _seconds(self._deadline, timeout))
            try:
                stream = self._backend.connect_tcp(address, port, seconds, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                problem = error
            else:
                return Timed(stream, self._deadline)
        raise problem


class Timed(httpcore.NetworkStream):
    """A connection whose every read and write ends at a deadline: a byte a second does not extend it."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _seconds(self._deadline, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _seconds(self._deadline, timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secure = self._stream.start_tls(ssl_context, server_hostname, _seconds(self._deadline, timeout))
        return Timed(secure, self._deadline)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


def _seconds(deadline: float, timeout: float | None) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the time is up")
    return left if timeout is None else min(left, timeout)


def connections(addresses: tuple[str, ...], deadline: float, route: Route) -> httpcore.ConnectionPool:
    """Where requests go: to these addresses, or to the proxy, whose own address is not judged."""
    proxy = route.proxy
    if proxy is None:
        return httpcore.ConnectionPool(ssl_context=tls(route.ca), network_backend=Pinned(addresses, deadline))
    named = (proxy.user.encode(), proxy.password.encode()) if proxy.user or proxy.password else None
    return httpcore.HTTPProxy(
        httpcore.URL(scheme=b"http", host=proxy.host.encode(), port=proxy.port, target=b"/"),
        proxy_auth=named,
        ssl_context=tls(route.ca),
        network_backend=Pinned((proxy.host,), deadline),
    )


@cache
def tls(ca: str = "") -> ssl.SSLContext:
    """Certificates are checked against certifi's list and the operator's file, never what the environment names."""
    context = httpx.create_ssl_context(trust_env=False)
    if ca:
        context.load_verify_locations(cafile=ca)
    return context
