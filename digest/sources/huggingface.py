"""Hugging Face Daily Papers: its addresses, and its API and web page read into a `Listing`. Pure.

The API (`GET /api/daily_papers?date=D&limit=100&p=0`, pages from 0, `[]` past the end and on empty days)
answers a JSON list of items (see `item`). The day is the one that was asked for: the item's own
`publishedAt` has meant three different things. The web page holds the same items as data, and cards.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Literal
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

from digest.sources import cards
from digest.sources.item import as_object, read_item
from digest.sources.listing import Entry, Listing, first_entries
from digest.sources.untrusted import Cause, UnreadableListing, cause_of, decoded, iso_day, line

DEFAULT_BASE = "https://huggingface.co/api/daily_papers"
API_PATH = "/api/daily_papers"
NO_ADDRESS = SplitResult("", "", "", "", "")
LIMIT = 100  # items a page, the most that the API gives; its default of 50 cuts busy days
PAGE_LIMIT = 4_000_000  # bytes; the busiest page has about 1.5 million. A page takes long to take apart
START = 400  # bytes that say what a body is, unless they are all white space
LAST_TRUE_PUBLISHED_AT = date(2024, 11, 28)  # until then an item's publishedAt was its time of listing
READ_AGAIN = "Look again later; the last good look stands"


def urls(base: str, day: date, page: int = 0) -> str:
    """The address of one page of the API for a day.

    `base` is what an operator typed: a host alone (its API is meant), or the full address of an API. A text
    that is no address comes back as it is, for `http.fetch` to refuse.
    """
    parts = _parts(base)
    own = {"date": day.isoformat(), "limit": str(LIMIT), "p": str(page)}
    kept = [(name, value) for name, value in parse_qsl(parts.query) if name not in own]
    query = urlencode([*kept, *own.items()])
    return _joined(parts, parts.path.rstrip("/") or API_PATH, query) or base


def page_url(base: str, day: date) -> str:
    """The address of the web page for a day, at the host of `base`; else as `urls`."""
    return _joined(_parts(base), f"/papers/date/{day.isoformat()}", "") or base


def _parts(base: str) -> SplitResult:
    text = base.strip()
    try:
        return urlsplit(text if "://" in text else f"https://{text}")
    except ValueError:  # brackets that are none
        return NO_ADDRESS


def _joined(parts: SplitResult, path: str, query: str) -> str:
    return urlunsplit((parts.scheme, parts.netloc, path, query, "")) if parts.netloc else ""


def looks_like(body: bytes) -> Literal["api", "page"] | None:
    """What a body is by its content: the API's answer, the web page, or None for anything else."""
    start = decoded(body[:START]).lstrip() or decoded(body).lstrip()[:1]
    if not start.startswith("<"):
        return "api" if start.startswith("[") else None
    text = decoded(body)
    is_papers_page = any(mark in text for mark in ("DailyPapersPage", '"DailyPapers"', "'DailyPapers'"))
    return "page" if is_papers_page else None


def parse(bodies: Sequence[bytes], day: date, source: str) -> Listing:
    """One look's bodies, the pages of the API in order or one web page, told apart by content.

    `source` is the source's slug: it names papers that have no arXiv id. Raises UnreadableListing.
    """
    kinds = {looks_like(body) for body in bodies}
    if kinds == {"api"}:
        return parse_api(bodies, day, source)
    if kinds == {"page"} and len(bodies) == 1:
        return parse_page(bodies[0], day, source)
    for number, body in enumerate(bodies):
        if looks_like(body) is None:
            raise _unknown(body, _where(day, number, len(bodies)))
    what = "there is no body to read" if not bodies else "web pages cannot be joined with other bodies"
    raise UnreadableListing(what, _where(day), "Give the pages of the API in order, or one web page")


def parse_api(bodies: Sequence[bytes], day: date, source: str) -> Listing:
    """The pages of the API, joined. Raises UnreadableListing when one of them is no list of papers."""
    if not bodies:
        raise UnreadableListing("there is no body to read", _where(day), READ_AGAIN)
    pages = [_items(body, _where(day, number, len(bodies))) for number, body in enumerate(bodies)]
    listing = _listing([item for page in pages for item in page], day, source)
    if _overlap(pages):
        listing = _partly(listing, "its pages overlap: it changed while they were read, and a paper may be missing")
    if len(pages[-1]) != LIMIT:
        return listing
    return _partly(listing, f"the last page is full ({LIMIT} papers), and the next was not read")


def _overlap(pages: Sequence[Sequence[object]]) -> bool:
    """Whether a paper stands on two pages: then another may have moved to a page that was read before."""
    ids = [{str(as_object(as_object(item).get("paper")).get("id")) for item in page} for page in pages]
    return sum(map(len, ids)) > len(set().union(*ids))


def parse_page(body: bytes, day: date, source: str) -> Listing:
    """The web page: its data, or where these are damaged its cards, which have no authors and abstracts.

    Raises UnreadableListing for another page, for a week, and for a page cut off before its first card.
    """
    if looks_like(body) != "page":
        raise _unknown(body, _where(day))
    if len(body) > PAGE_LIMIT:
        raise UnreadableListing(f"the page is too big: {len(body)} bytes", _where(day), READ_AGAIN)
    page = cards.take_apart(decoded(body))
    other = cards.other_than_a_day(page.props or {})
    if other:
        raise UnreadableListing(f"the page shows {other}, not a day", _where(day), "Ask for the page of one day")
    listing = _of_page(page, day, source)
    return replace(listing, shown_day=page.shown_day)


def _of_page(page: cards.Page, day: date, source: str) -> Listing:
    damage = page.damage
    cause: Cause = "format" if page.props is not None else "damage"
    if page.props is not None and not damage:
        try:
            listing = _listing(page.props["dailyPapers"], day, source)
        except UnreadableListing as error:
            damage, cause = error.what, error.cause
        else:
            if listing.entries or not page.cards:
                return listing
            damage = "its DailyPapers data list no papers"
    if not page.cards:
        raise UnreadableListing(
            f"the page cannot be read: {damage}, and it has no cards", _where(day), READ_AGAIN, cause
        )
    listing = _listing(page.cards, day, source)
    return _partly(listing, f"read from the page's cards, without authors and abstracts, because {damage}")


def more_pages(body: bytes, limit: int = LIMIT) -> bool:
    """True when this page of the API is full, so the next must be asked for; False for any other body."""
    try:
        return len(_items(body, "")) >= limit
    except UnreadableListing:
        return False


def day_of(bodies: Iterable[bytes]) -> date | None:
    """The day that bodies without a known day belong to, or None when they do not say.

    A web page says it. An item of the API says it in `paper.submittedOnDailyAt`; before that existed, its own
    `publishedAt` did, until 2024-11-28. The day that most items name counts.
    """
    named: Counter[date] = Counter()
    for body in bodies:
        kind = looks_like(body)
        if kind == "page" and len(body) <= PAGE_LIMIT:
            named.update(day for day in [cards.take_apart(decoded(body)).shown_day] if day)
        elif kind == "api":
            named.update(_named_days(body))
    return named.most_common(1)[0][0] if named else None


def _named_days(body: bytes) -> list[date]:
    try:
        items = [item for item in _items(body, "") if isinstance(item, dict)]
    except UnreadableListing:
        return []
    exact = [iso_day(as_object(item.get("paper")).get("submittedOnDailyAt")) for item in items]
    if any(exact):
        return [day for day in exact if day]
    older = [iso_day(item.get("publishedAt")) for item in items]
    return [day for day in older if day and day <= LAST_TRUE_PUBLISHED_AT]


def _items(body: bytes, where: str) -> list[Any]:
    try:
        value = json.loads(decoded(body))
    except (ValueError, RecursionError) as error:
        raise UnreadableListing(f"the JSON cannot be read: {error}", where, READ_AGAIN) from error
    if not isinstance(value, list):
        raise _unknown(body, where)
    return value


def _listing(items: Sequence[object], day: date, source: str) -> Listing:
    """The usable items. Whole only when each was usable: what was left out may be a known paper."""
    read = [read_item(item, source) for item in items]
    usable = [entry for entry in read if isinstance(entry, Entry)]
    reasons = [f"item {number} {why}" for number, why in enumerate(read, start=1) if isinstance(why, str)]
    if reasons and not usable:
        what = f"none of its {len(items)} items is a paper ({reasons[0]})"
        raise UnreadableListing(what, _where(day), "If it stays so, the format has changed: report it", "format")
    entries = first_entries(usable)
    repeated = len(usable) - len(entries)
    notes = [f"listed more than once, and counted once: {repeated}"] if repeated else []
    if reasons:
        notes.append(f"left out: {len(reasons)} of {len(items)} ({'; '.join(reasons[:3])})")
    return Listing(day, entries, whole=not reasons, note=". ".join(notes))


def _partly(listing: Listing, why: str) -> Listing:
    return replace(listing, whole=False, note=". ".join(note for note in (why, listing.note) if note))


def _where(day: date, number: int = 0, total: int = 1) -> str:
    part = f", page {number + 1} of {total}" if total > 1 else ""
    return f"the listing of {day.isoformat()}{part}"


def _unknown(body: bytes, where: str) -> UnreadableListing:
    """What a body that is no listing is, in words for the operator."""
    text = decoded(body).strip()
    start = line(text[:200], 80)
    cause: Cause = "format" if text.startswith("{") else "damage"
    if not text:
        what = "the body is empty"
    elif text.startswith("{"):
        what = f"the source answered with an object where a list is due: {start}"
    elif text.startswith("<"):
        what = f"this is another page than the daily papers (a challenge, an error, a log-in?): {start}"
    else:
        what = f"this is neither the API's JSON nor the daily papers page: {start}"
    return UnreadableListing(what, where, READ_AGAIN, cause_of(start, cause))
