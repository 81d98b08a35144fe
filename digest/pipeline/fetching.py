"""The requests of looks: each waits for its turn at the host, is tried again as `politeness` says, and all end in time.

The network and the waiting are here, and in no transaction.
"""

from __future__ import annotations

import time
from time import sleep

from django.conf import settings

from digest.models import Source
from digest.pipeline.spacing import turn
from digest.sources.http import LATER, Fetched, FetchFailed, Limits, fetch
from digest.sources.politeness import Trouble, gap, host_of, pause


class Errand:
    """What is to be asked of one source in one go: a look, or several in a row."""

    def __init__(self, source: Source, seconds: float | None = None) -> None:
        """`seconds`: how long all of it may take; a single look has settings.FETCH_SECONDS at most in any case."""
        self.source = source
        self.trouble: Trouble | None = None  # why the look failed; the first reason counts
        self._over = None if seconds is None else time.monotonic() + seconds
        self._until = 0.0
        self._quiet_until = 0.0  # the source asked to be left alone

    def begin(self) -> None:
        """Another look begins."""
        self.trouble = None
        self._until = time.monotonic() + settings.FETCH_SECONDS
        if self._over is not None:
            self._until = min(self._until, self._over)

    @property
    def left(self) -> float:
        """Seconds until the errand must be over."""
        return float("inf") if self._over is None else self._over - time.monotonic()

    @property
    def sent_away(self) -> float:
        """For how many seconds the source still asks to be left alone."""
        return max(0.0, self._quiet_until - time.monotonic())

    def get(self, url: str, etag: str = "", last_modified: str = "") -> Fetched:
        """One address, tried again where that may help. Raises FetchFailed."""
        tried = 0
        while True:
            try:
                got = self._once(url, etag, last_modified)
            except FetchFailed as failed:
                tried += 1
                self._heard(failed.trouble.retry_after)
                seconds = pause(failed.trouble, tried, self._until - time.monotonic(), self.source.slug)
                if seconds is None:
                    self.trouble = self.trouble or failed.trouble
                    raise
                sleep(seconds)
            else:
                self._heard(got.retry_after)
                return got

    def _once(self, url: str, etag: str, last_modified: str) -> Fetched:
        host = host_of(url)
        self._wait(self.sent_away, url)
        self._wait(turn(host, gap(host, self.source.kind)) if host else 0, url)
        allow = frozenset({self.source.allow} if self.source.allow else ())
        limits = Limits(settings.FETCH_BYTES, max(0.0, self._until - time.monotonic()))
        return get(url, allow, limits, etag, last_modified)

    def _wait(self, seconds: float, url: str) -> None:
        if seconds <= 0:
            return
        if seconds >= self._until - time.monotonic():
            what = f"its host is not to be asked for another {seconds:.0f} seconds"
            raise FetchFailed(what, url, LATER, "busy", seconds)
        sleep(seconds)

    def _heard(self, retry_after: float | None) -> None:
        if retry_after is not None:
            self._quiet_until = max(self._quiet_until, time.monotonic() + retry_after)


def get(url: str, allow: frozenset[str], limits: Limits, etag: str = "", last_modified: str = "") -> Fetched:
    """One request by the way out that the operator set, under the name of this site. Raises FetchFailed."""
    return fetch(
        url,
        etag=etag,
        last_modified=last_modified,
        allow=allow,
        user_agent=settings.FETCH_USER_AGENT,
        limits=limits,
        route=settings.FETCH_ROUTE,
    )
