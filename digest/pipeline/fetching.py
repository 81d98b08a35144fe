"""The requests of looks: each waits for its turn at the host, is tried again as `politeness` says, and all end in time.

The network and the waiting are here, and in no transaction.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from time import sleep

from django.conf import settings

from digest.models import Source
from digest.pipeline.spacing import turn
from digest.sources.http import LATER, Fetched, FetchFailed, Limits, fetch
from digest.sources.politeness import Trouble, gap, host_of, pause


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn at a host that was taken ahead: this process's monotonic seconds at which it begins, and is over."""

    host: str
    begin: float
    until: float


class Errand:
    """What is to be asked of one source in one go: a look, or several in a row."""

    def __init__(self, source: Source, seconds: float | None = None) -> None:
        """`seconds`: how long all of it may take; a single look has settings.FETCH_SECONDS at most in any case."""
        self.source = source
        self.trouble: Trouble | None = None  # why the look failed; the first reason counts
        self.bodies: list[bytes] = []  # what came in this look, so that it is kept should reading it go wrong
        self._over = None if seconds is None else time.monotonic() + seconds
        self._until = 0.0
        self._quiet_until = 0.0  # the source asked to be left alone
        self._reserved: Turn | None = None  # taken in a transaction that may still fail
        self._turn: Turn | None = None  # taken, and not used yet

    def begin(self) -> None:
        """Another look begins."""
        self.trouble = None
        self.bodies = []
        self._reserved = None
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
                self.bodies += [got.body] if got.body else []
                return got

    def reserve(self) -> None:
        """Take the turn of the next request at the source's host already, within the caller's transaction.

        So that a look in a row of looks needs no write of its own before it asks. `keep_turn` when it is committed.
        """
        host = host_of(self.source.url)
        asked, between = time.monotonic(), gap(host, self.source.kind)
        waiting = turn(host, between) if host else 0.0
        self._reserved = Turn(host, time.monotonic() + waiting, asked + waiting + between)

    def keep_turn(self) -> None:
        """What was reserved is committed, and ours."""
        self._turn, self._reserved = self._reserved, None

    def _once(self, url: str, etag: str, last_modified: str) -> Fetched:
        self._wait(self.sent_away, url)
        self._wait(self._until_turn(host_of(url)), url)
        allow = frozenset({self.source.allow} if self.source.allow else ())
        limits = Limits(settings.FETCH_BYTES, max(0.0, self._until - time.monotonic()))
        return get(url, allow, limits, etag, last_modified)

    def _until_turn(self, host: str) -> float:
        """Seconds until this request's turn: the reserved one, unless it has passed meanwhile and is another's now."""
        mine, self._turn, now = self._turn, None, time.monotonic()
        if mine is not None and mine.host == host and now < mine.until:
            return max(0.0, mine.begin - now)
        return turn(host, gap(host, self.source.kind)) if host else 0.0

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
