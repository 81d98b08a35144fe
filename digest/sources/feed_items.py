"""What a feed says of its entries, in one shape: RSS 0.9 to 2.0 and Atom, through feedparser. Pure.

feedparser gets bytes only, of XML that `walking` has found bounded and free of a DTD, and is told to clean and to
complete nothing: so it fetches nothing and resolves nothing. An editor of the channel is no author of an entry.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from datetime import date
from html.entities import html5
from typing import Any
from urllib.parse import urljoin

import feedparser  # type: ignore[import-untyped]

from digest.sources.keys import arxiv_named, doi_named
from digest.sources.people import split_people
from digest.sources.plain import plain
from digest.sources.tree import as_text
from digest.sources.untrusted import TEXT_LIMIT, TITLE_LIMIT, UnreadableListing, line, web_url
from digest.sources.walking import damage_in

ITEMS_LIMIT = 2_000
CUT_SHORT = f"it has more than {ITEMS_LIMIT} entries, and the rest was not read"
LARGEST = 8_000_000  # bytes; feedparser reads about a million a second
GUID_LIMIT = 2_000
DATES = ("published", "updated", "created")  # feedparser's names, the first that an entry has counts
MAILBOX = re.compile(r"(?:mailto:)?[^\s<>()@]{1,100}@[^\s<>()@]{1,200}")
EMPTY_BRACKETS = re.compile(r"<\s*>|\(\s*\)")
DAMAGED_LIMIT = 2_000_000  # characters of XML that is not well-formed; reading it takes long
DEEPEST_LOOSE = 300
ITEM_END = re.compile(r"</(?:\w+:)?(?:item|entry)\s*>", re.IGNORECASE)
ROOT_END = re.compile(r"</(?:\w+:)?(?:rss|rdf|feed)\s*>\s*(?:<!--.*?-->\s*)*\Z", re.IGNORECASE | re.DOTALL)
TAG = re.compile(r"<(/?)[A-Za-z_][^<>]*?(/?)>")
NAMED_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31});")
XML_ENTITIES = ("amp", "lt", "gt", "quot", "apos")
LOOSE_AMPERSAND = re.compile(r"&(?!#\d{1,7};|#[xX][0-9a-fA-F]{1,6};|[A-Za-z][A-Za-z0-9]{1,31};)")
WHOLE_DATE = re.compile(r"\d{4}-?\d{2}-?\d{2}|.*[A-Za-z]{3}", re.DOTALL)  # a month alone is no day
LATER = "Look again later; the last good look stands"


@dataclass(frozen=True, slots=True)
class Item:
    """An entry as the feed gives it; what it does not say is empty."""

    guid: str
    link: str  # URL
    title: str
    abstract: str
    authors: tuple[str, ...]
    organisations: tuple[str, ...]
    dated: str  # its own date as written
    day: date | None  # that date (UTC), when it can be read
    names: tuple[str, ...]  # keys that hold everywhere: arXiv id, DOI
    categories: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Items:
    """The entries of a feed, and what is wrong with the rest: "" for nothing."""

    items: tuple[Item, ...]
    damage: str


def read_xml_items(body: bytes, where: str) -> Items:
    """The entries of RSS or Atom. Raises UnreadableListing for a DTD, too much nesting, and what is no feed.

    A feed that breaks off gives its whole entries; one with other damage is read as well as can be.
    """
    if len(body) > LARGEST:
        raise UnreadableListing(f"the feed is too big: {len(body)} bytes", where, LATER)
    text = as_text(body).strip()
    damage = damage_in(text, where)
    if damage:
        text = LOOSE_AMPERSAND.sub("&amp;", NAMED_ENTITY.sub(_character, text))
        damage = damage_in(text, where)
    if damage:
        text = _cut(text, where)
    text, more = _as_many_as_can_be(text)
    damage = damage or more
    parsed = _parsed(text, where)
    if not parsed.get("version") and not parsed.entries:
        raise UnreadableListing(damage or "this is XML, but no feed", where, LATER)
    base = web_url(dict.get(parsed.feed, "link"))
    return Items(tuple(_xml_item(entry, base) for entry in parsed.entries[:ITEMS_LIMIT]), damage)


def _parsed(text: str, where: str) -> Any:
    body = b'<?xml version="1.0" encoding="utf-8"?>\n' + text.encode()
    try:
        return feedparser.parse(
            io.BytesIO(body),
            sanitize_html=False,
            resolve_relative_uris=False,
            response_headers={"content-type": "application/xml; charset=utf-8"},
        )
    except Exception as error:  # whatever a parser of loose XML may stumble over is the feed's damage
        what = f"the feed cannot be read ({type(error).__name__}: {line(str(error), 80)})"
        raise UnreadableListing(what, where, LATER) from error


def _cut(text: str, where: str) -> str:
    """A damaged feed without an entry that is not whole, when it breaks off."""
    if len(text) > DAMAGED_LIMIT or _depth(text) > DEEPEST_LOOSE:
        raise UnreadableListing("the XML is damaged, and too large or nested too deeply to be mended", where, LATER)
    if ROOT_END.search(text[-4_000:]):
        return text
    ends = [found.end() for found in ITEM_END.finditer(text)]
    return text[: ends[-1]] if ends else text[: text.find("<item")] if "<item" in text else text


def _as_many_as_can_be(text: str) -> tuple[str, str]:
    """The text up to the last entry that is read, and a word about those that are not."""
    ends = [found.end() for found, _ in zip(ITEM_END.finditer(text), range(ITEMS_LIMIT + 1), strict=False)]
    if len(ends) <= ITEMS_LIMIT:
        return text, ""
    return text[: ends[ITEMS_LIMIT - 1]], CUT_SHORT


def _depth(text: str) -> int:
    deepest = depth = 0
    for tag in TAG.finditer(text):
        if tag[1]:
            depth = max(0, depth - 1)
        elif not tag[2]:
            depth += 1
            deepest = max(deepest, depth)
    return deepest


def _character(found: re.Match[str]) -> str:
    """HTML's named characters, which XML does not know."""
    name = found[1]
    return found[0] if name in XML_ENTITIES else html5.get(f"{name};", found[0])


def _xml_item(entry: Any, base: str) -> Item:
    link = _absolute(dict.get(entry, "link"), base)
    guid = line(dict.get(entry, "id"), GUID_LIMIT)
    dated = line(next((text for name in DATES if (text := dict.get(entry, name))), ""))
    named = [dict.get(entry, name) for name in ("prism_doi", "dc_identifier", "doi")]
    authors, organisations = split_people(_people(entry))
    return Item(
        guid,
        link,
        plain(dict.get(entry, "title"), TITLE_LIMIT),
        plain(dict.get(entry, "summary") or _content(entry), TEXT_LIMIT),
        authors,
        organisations,
        dated,
        _day(entry, dated),
        everywhere([guid, link, *named]),
        tuple(name for tag in dict.get(entry, "tags") or () if (name := line(tag.get("term")))),
    )


def _absolute(link: object, base: str) -> str:
    """A link as an address, completed by the feed's own when it is relative."""
    if not isinstance(link, str) or web_url(link):
        return web_url(link)
    try:
        return web_url(urljoin(base, link.strip())) if base else ""
    except ValueError:
        return ""


def _people(entry: Any) -> str:
    """The entry's people on one line. feedparser takes a mailbox out of a name wrongly, so the name alone is read."""
    several = [name for person in dict.get(entry, "authors") or () if isinstance(name := person.get("name"), str)]
    if len(several) > 1:
        return "; ".join(several)
    alone = dict.get(entry, "author")
    return _without_mailbox(plain(alone, 400_000)) if isinstance(alone, str) else ""


def _without_mailbox(text: str) -> str:
    """`ann@j.example (Ann Bee)` and `Ann Bee <ann@j.example>` are Ann Bee."""
    if "@" not in text:
        return text
    bare = EMPTY_BRACKETS.sub(" ", MAILBOX.sub("", text)).strip()
    return bare[1:-1] if bare.startswith("(") and bare.endswith(")") else bare


def _content(entry: Any) -> str:
    return next((part.get("value") or "" for part in dict.get(entry, "content") or ()), "")


def _day(entry: Any, dated: str) -> date | None:
    """The date in UTC, as feedparser reads it."""
    read_as = next((v for name in DATES if (v := dict.get(entry, f"{name}_parsed"))), None)
    if read_as is None or not WHOLE_DATE.match(dated):
        return None
    try:
        return date(*read_as[:3])
    except (ValueError, OverflowError):
        return None


def everywhere(said: list[object]) -> tuple[str, ...]:
    """The keys that hold in every source: an arXiv id, and a DOI."""
    texts = [text for text in said if isinstance(text, str)]
    arxiv = next((key for text in texts if (key := arxiv_named(text))), "")
    doi = next((key for text in texts if (key := doi_named(text))), "")
    return tuple(key for key in (arxiv, doi) if key)
