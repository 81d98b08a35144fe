"""The entries of a JSON Feed (versions 1 and 1.1, jsonfeed.org), in the shape of `feed_items`. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

from digest.sources.feed_items import CUT_SHORT, GUID_LIMIT, ITEMS_LIMIT, LATER, Item, Items, everywhere
from digest.sources.people import sort_people
from digest.sources.plain import plain
from digest.sources.untrusted import TEXT_LIMIT, TITLE_LIMIT, UnreadableListing, decoded, iso_day, line, web_url


def is_json_feed(body: bytes) -> bool:
    """Whether a body is a JSON Feed."""
    start = body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    return start == b"{" and b"jsonfeed.org" in body.replace(b"\\/", b"/")


def read_json_items(body: bytes, where: str) -> Items:
    """The entries of a JSON Feed (versions 1 and 1.1). Raises UnreadableListing."""
    try:
        feed = json.loads(decoded(body))
    except (ValueError, RecursionError) as error:
        raise UnreadableListing(f"the JSON cannot be read: {error}", where, LATER) from error
    found = feed.get("items") if isinstance(feed, dict) else None
    if not isinstance(found, list):
        raise UnreadableListing("the JSON Feed has no list of items", where, LATER, "format")
    items = tuple(_json_item(item) for item in found[:ITEMS_LIMIT] if isinstance(item, dict))
    return Items(items, CUT_SHORT if len(found) > ITEMS_LIMIT else "")


def _json_item(item: dict[str, Any]) -> Item:
    named = item.get("id")
    guid = line(str(named) if isinstance(named, int | float) and not isinstance(named, bool) else named, GUID_LIMIT)
    link = web_url(item.get("url")) or web_url(item.get("external_url"))
    dated = line(item.get("date_published")) or line(item.get("date_modified"))
    authors, organisations = sort_people(_json_people(item))
    texts = (item.get(name) for name in ("summary", "content_text", "content_html"))
    tags = item.get("tags")
    return Item(
        guid,
        link,
        plain(item.get("title"), TITLE_LIMIT),
        next((text for value in texts if (text := plain(value, TEXT_LIMIT))), ""),
        authors,
        organisations,
        dated,
        _utc_day(dated),
        everywhere([guid, link, item.get("external_url"), item.get("_doi")]),
        tuple(name for tag in (tags if isinstance(tags, list) else []) if (name := line(tag))),
    )


def _json_people(item: dict[str, Any]) -> Iterator[str]:
    several = item.get("authors")
    for person in several if isinstance(several, list) else [item.get("author")]:
        if isinstance(person, dict) and isinstance(person.get("name"), str):
            yield person["name"]


def _utc_day(dated: str) -> date | None:
    """The date of an ISO time in UTC; without a zone as written."""
    try:
        moment = datetime.fromisoformat(dated)
        return (moment.astimezone(UTC) if moment.tzinfo else moment).date()
    except (ValueError, OverflowError):
        return iso_day(dated)
