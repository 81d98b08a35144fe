"""HTTP whose answers end: each has its time-out as a whole, not anew for every byte, and so many bytes at most."""

from __future__ import annotations

import http.client
import io
import socket
import time
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NewConnectionError

ANSWER_MOST = 131_072  # bytes with their headers, as they come; a provider says a thousand


class _Bounded(io.RawIOBase):
    """What comes from a socket, until the time is over that it gives to one read now, or until it is too much."""

    def __init__(self, link: socket.socket) -> None:
        timeout = link.gettimeout()
        self._until = float("inf") if timeout is None else time.monotonic() + timeout
        self._link, self._left = link, ANSWER_MOST
        self._raw = link.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer took too long")
        self._link.settimeout(left if left < float("inf") else None)
        count = self._raw.readinto(buffer)
        self._left -= count or 0
        if self._left < 0:
            raise OSError("the answer is too long")
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """One is made when its request has left: the clock starts there."""

    def __init__(self, sock: socket.socket, *rest: Any, **named: Any) -> None:
        super().__init__(sock, *rest, **named)
        self.fp.close()
        self.fp = io.BufferedReader(_Bounded(sock))


class _Connection(HTTPConnection):
    response_class = _Response


class _TlsConnection(HTTPSConnection):
    response_class = _Response

    def connect(self) -> None:
        """Whatever fails here fails before the request, and says so: TLS can break behind it, too."""
        try:
            super().connect()
        except OSError as error:
            raise NewConnectionError(self, f"{type(error).__name__}: {error}") from error


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


POOLS: dict[str, type] = {"http": _Pool, "https": _TlsPool}


class _Adapter(HTTPAdapter):
    """Connections whose answers end; over a SOCKS proxy they are that proxy's own."""

    def init_poolmanager(self, *rest: Any, **named: Any) -> None:
        super().init_poolmanager(*rest, **named)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, proxy: str, **named: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **named)
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = POOLS
        return manager


def limited(session: requests.Session) -> requests.Session:
    """The same session, with answers that end: then a RequestException, as when the connection is lost."""
    for prefix in ("http://", "https://"):
        session.mount(prefix, _Adapter())
    return session
