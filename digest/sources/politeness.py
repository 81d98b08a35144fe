"""What to do after a request that failed: try again within the look, or at which next look. Pure.

| trouble | tries in a look | the next look |
|---|---|---|
| name: the host is not found | 2 | soon |
| connection: refused, lost, cut off, damaged on the way | 3 | soon |
| time: too slow | 2, while there is time | soon |
| server: 5xx, 408, 425 | 3 | soon |
| busy: 429 | 2 when it says to come back within 10 seconds, else 1 | soon |
| unreadable: an answer that is no listing | 1 | soon |
| forbidden: 401, 403, 451 | 1 | at its usual time: only a person can mend it |
| final: any other 4xx, a private address, too big | 1 | at its usual time |

Soon is 5 minutes after the first failure, then twice as long each time, until it is as long as usual. What the source
asks for (Retry-After, RateLimit) is kept in any case. Jitter is a hash of (source, try): the same again, and
different for two sources that would else knock together.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import timedelta
from email.utils import mktime_tz, parsedate_tz
from typing import Literal
from urllib.parse import quote, urlsplit

Kind = Literal["name", "connection", "time", "server", "busy", "unreadable", "forbidden", "final"]

PROGRAM = "daily-papers-digest/0.1.0"
TRIES: dict[Kind, int] = {"name": 2, "connection": 3, "time": 2, "server": 3, "busy": 2}  # others: 1
ONE_PAGE = frozenset[Kind]({"unreadable", "final"})  # says nothing of the host's other pages
UNANSWERED = frozenset[Kind]({"name", "connection", "busy", "forbidden"})  # no other page of it is asked for now
FIRST_PAUSE, GROWTH = 1.0, 3.0  # seconds before the second try; times that before the third
MOST_PAUSE = 10.0  # seconds; whoever asks for more is asked at the next look
ENOUGH = 5.0  # seconds that must be left for another try to be worth it
SOON = timedelta(minutes=5)
ARXIV_GAP = 3.0  # seconds; https://info.arxiv.org/help/api/tou.html asks for it, over all its hosts and our machines
GAP = 1.0
RETRY_LIMIT = 86_400  # seconds; whoever asks for more is asked again after a day
RATE_LIMIT_RESET = re.compile(r"(?:^|[;,\s])t=(\d{1,6})(?![\d.])", re.ASCII)  # draft-ietf-httpapi-ratelimit-headers
BUSY, TRY_AGAIN = 429, (408, 425)  # Too Many Requests; Request Timeout, Too Early
FORBIDDEN = (401, 403, 451)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a request failed, and for how many seconds the source asked to be left alone, if it did."""

    kind: Kind
    retry_after: float | None = None


def kind_of(status: int) -> Kind:
    """The kind of trouble that an HTTP status stands for."""
    if status == BUSY:
        return "busy"
    if status in FORBIDDEN:
        return "forbidden"
    return "server" if status >= 500 or status in TRY_AGAIN else "final"


def pause(trouble: Trouble, tried: int, left: float, name: str) -> float | None:
    """Seconds to wait before another try within the look; None: no more.

    `tried` counts the tries that failed, `left` is the seconds that the look has left, `name` the source's slug.
    """
    if tried >= TRIES.get(trouble.kind, 1) or (trouble.kind == "busy" and trouble.retry_after is None):
        return None
    wished = FIRST_PAUSE * GROWTH ** (tried - 1) * (0.5 + jitter(name, tried))
    seconds = max(wished, (trouble.retry_after or 0) + jitter(name, tried))
    return seconds if seconds <= MOST_PAUSE and seconds + ENOUGH <= left else None


def next_look(trouble: Trouble, failures: int, usual: timedelta, name: str) -> timedelta:
    """How long after a look that failed the next one comes. `failures`: looks that have failed in a row, this one too.

    `usual` is the source's own distance between looks.
    """
    soon = SOON * 2 ** min(failures - 1, 20) * (0.8 + 0.4 * jitter(name, failures))
    distance = usual if trouble.kind in ("final", "forbidden") else min(soon, usual)
    if trouble.retry_after is None:
        return distance
    return max(distance, timedelta(seconds=trouble.retry_after + 60 * jitter(name, failures)))


def retry_after_of(said: str, date: str, rate_limit: str) -> int | None:
    """Seconds to wait, by three headers: Retry-After as a number or as a date (measured by the answer's own Date),
    else RateLimit.

    Hugging Face sends `RateLimit: "api";r=0;t=55`: no request left, counted anew in 55 seconds.
    """
    said = said.strip()
    if re.fullmatch(r"\d{1,9}", said, re.ASCII):
        return min(int(said), RETRY_LIMIT)
    then, now = _instant(said), _instant(date)
    if then is not None and now is not None:
        return max(0, min(int(then - now), RETRY_LIMIT))
    reset = RATE_LIMIT_RESET.search(rate_limit) if re.search(r"[;,\s]r=0(?!\d)", rate_limit) else None
    return min(int(reset[1]), RETRY_LIMIT) if reset else None


def _instant(text: str) -> float | None:
    parts = parsedate_tz(text)
    try:
        return mktime_tz(parts) if parts else None
    except (ValueError, OverflowError):
        return None


def jitter(name: str, number: int) -> float:
    """A number from 0 to 1 (excluded) that looks like chance and is always the same."""
    return int.from_bytes(hashlib.sha256(f"{name} {number}".encode()).digest()[:6]) / 2**48


def host_of(url: str) -> str:
    """Whose patience a request costs: the host, and for all hosts of arXiv arXiv; "" for what is no address."""
    try:
        host = (urlsplit(url if "://" in url else f"https://{url}").hostname or "").rstrip(".")
    except ValueError:
        return ""
    return "arxiv.org" if host.endswith(".arxiv.org") else host


def gap(host: str, kind: str) -> float:
    """Seconds between two requests to a host; `kind` is that of the source (a mirror of arXiv is spared like it)."""
    return ARXIV_GAP if host == "arxiv.org" or kind == "arxiv" else GAP


def user_agent(program: str, site: str, contact: str) -> str:
    """Who we are and whom to ask: `daily-papers-digest/0.1.0 (+https://digest.example.org; mailto:ada@example.org)`."""
    return f"{program} (+{site}; mailto:{quote(contact, safe='@+')})"
