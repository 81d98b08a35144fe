"""The entries of arXiv's feeds and of its API, whatever the dialect. Pure.

RSS 2.0 and Atom of rss.arxiv.org say the kind of announcement, name all authors in one line and begin the
abstract with a line of their own. RSS 1.0 put id, category and kind into the title and HTML into the names.
The API has an element for everything. Links are made from the id: a feed has named the wrong host before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from email.utils import parsedate_tz
from functools import lru_cache

from digest.sources.keys import arxiv_named, doi_named, version_named
from digest.sources.listing import Entry
from digest.sources.people import sort_people, split_people
from digest.sources.plain import plain
from digest.sources.tree import Node
from digest.sources.untrusted import TEXT_LIMIT, TITLE_LIMIT, iso_day, line

RSS, ATOM, RDF, API = "RSS 2.0", "Atom", "RSS 1.0", "API"
PAPERS = "https://arxiv.org/abs/"
KINDS = ("new", "cross", "replace", "replace-cross")
ITEMS_LIMIT = 20_000  # a feed has 2,000 at most
DATE_LIMIT = 200  # characters; the rest of a longer text is no date
PREAMBLE = re.compile(r"\s*arXiv:\S+\s+Announce Type:\s*(\S+)\s*(?:Abstract:)?\s*", re.IGNORECASE)
OLD_TITLE = re.compile(r"(.*?)\.?\s*\(arXiv:(\S+)\s+\[([^\]]*)\]\s*([A-Z ]*)\)\s*", re.DOTALL)
OLD_KINDS = {"": "new", "CROSS LISTED": "cross", "UPDATED": "replace"}


@dataclass
class Batch:
    """What one document holds."""

    kind: str
    entries: list[Entry] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)  # why, one an entry
    shown_day: date | None = None  # the day that it says it shows
    dated: date | None = None  # the date at its head
    count: int = 0  # entries, readable or not
    start: int = 0  # API: number of the first entry
    total: int = 0  # API: entries in all pages


def items(root: Node) -> Iterator[Node]:
    """The entries of a document: whole ones, since a damaged document ends within one."""
    holders = [root, *root.every("channel")]
    found = (item for holder in holders for item in holder.every("item", "entry") if item.closed)
    return (item for item, _ in zip(found, range(ITEMS_LIMIT), strict=False))


def read(root: Node) -> Batch:
    """A document's entries, and what its head says."""
    batch = Batch(_kind(root))
    days: list[date] = []
    for item in items(root):
        batch.count += 1
        entry = _old(item) if batch.kind == RDF else _api(item) if batch.kind == API else _announced(item)
        if isinstance(entry, str):
            batch.left_out.append(f"entry {batch.count} {entry}")
            continue
        batch.entries.append(entry)
        days += [said] if batch.kind in (RSS, ATOM) and (said := _own_day(item)) else []
    _head(root, batch, days)
    return batch


def _kind(root: Node) -> str:
    if root.name == "rdf":
        return RDF
    if root.name == "rss":
        return RSS
    paged = any(True for _ in root.every("totalresults", "startindex"))
    own = any("arxiv.org/abs/" in item.first("id") for item in items(root))
    return API if paged or own else ATOM


def _head(root: Node, batch: Batch, days: list[date]) -> None:
    """The day of a batch: that of its entries when all are of earlier days, else that of its head."""
    channel = next(root.every("channel"), root)
    batch.dated = _mail_day(channel.first("pubdate")) or iso_day(channel.first("date"))
    if batch.kind in (RSS, ATOM):
        newest = max(days, default=None)
        stale = newest is not None and batch.dated is not None and newest < batch.dated
        batch.shown_day = newest if stale or batch.dated is None else batch.dated
    if batch.kind == API:
        batch.start, batch.total = _number(root, "startindex"), _number(root, "totalresults")


def _announced(item: Node) -> Entry | str:
    """An entry of rss.arxiv.org, whose first category is the primary one."""
    key = next((named for text in _names(item) if (named := arxiv_named(text))), "")
    if not key:
        return "has no arXiv id"
    summary = item.first("description", "summary")
    preamble = PREAMBLE.match(summary)
    categories = tuple(_category(node) for node in item.every("category"))
    announce = _kind_named(item.first("announce_type") or (preamble[1] if preamble else ""))
    people = [split_people(plain(creator.whole_text(), TEXT_LIMIT * 20)) for creator in item.every("creator")]
    day = _own_day(item)
    return _entry(
        key,
        item.first("title"),
        summary[preamble.end() :] if preamble else summary,
        people=_together(people),
        announce=announce,
        version=next((v for text in _names(item) if (v := version_named(text))), None),
        published=day if announce == "new" else None,
        categories=categories,
        primary="".join(categories[:1]),
        doi=item.first("doi"),
        journal=item.first("journal_reference", "journal_ref"),
        remarks=item.first("comment"),
    )


def _api(item: Node) -> Entry | str:
    """An entry of the API: an element for everything."""
    name = item.first("id")
    if not arxiv_named(name):
        return "has no arXiv id"
    authors = list(item.every("author"))
    primary = [_category(node) for node in item.every("primary_category")]
    affiliations = [node.whole_text() for author in authors for node in author.every("affiliation")]
    return _entry(
        arxiv_named(name),
        item.first("title"),
        item.first("summary"),
        people=sort_people([author.first("name") for author in authors], affiliations),
        version=version_named(name),
        published=iso_day(item.first("published")),
        categories=(*primary, *(_category(node) for node in item.every("category"))),
        primary="".join(primary[:1]),
        doi=item.first("doi"),
        journal=item.first("journal_ref"),
        remarks=item.first("comment"),
    )


def _old(item: Node) -> Entry | str:
    """An entry of export.arxiv.org's RSS 1.0."""
    title = OLD_TITLE.fullmatch(item.first("title")[:TITLE_LIMIT])
    name = f"arXiv:{title[2]}" if title else item.attributes.get("about", "") or item.first("link")
    if not arxiv_named(name):
        return "has no arXiv id"
    people = [split_people(plain(creator.whole_text(), TEXT_LIMIT * 20)) for creator in item.every("creator")]
    return _entry(
        arxiv_named(name),
        title[1] if title else item.first("title"),
        item.first("description"),
        people=_together(people),
        announce=OLD_KINDS.get(title[4].strip(), "") if title else "",
        version=version_named(name),
        categories=(title[3].strip(),) if title else (),
        primary=title[3].strip() if title else "",
    )


def _entry(
    key: str,
    title: str,
    abstract: str,
    *,
    people: tuple[tuple[str, ...], tuple[str, ...]],
    announce: str = "",
    version: int | None = None,
    published: date | None = None,
    categories: tuple[str, ...] = (),
    primary: str = "",
    doi: str = "",
    journal: str = "",
    remarks: str = "",
) -> Entry | str:
    readable = plain(title, TITLE_LIMIT)
    if not readable:
        return f"({key.removeprefix('arxiv:')}) has no title"
    dois = [found for part in doi.split()[:1] if (found := doi_named(part))]
    return Entry(
        keys=(key, *dois),
        title=readable,
        abstract=plain(abstract, TEXT_LIMIT),
        authors=people[0],
        organisations=people[1],
        link=PAPERS + key.removeprefix("arxiv:"),
        published=published,
        version=version,
        categories=tuple(dict.fromkeys(name for name in map(line, categories) if name)),
        primary=line(primary),
        announce=announce,
        journal=line(journal),
        remarks=line(remarks),
    )


def _names(item: Node) -> Iterator[str]:
    """Where an id may stand, the surest first."""
    yield item.first("guid", "id")
    yield from item.first("description", "summary")[:100].split(maxsplit=1)[:1]
    yield item.first("link")
    yield from (link.attributes.get("href", "") for link in item.every("link"))


def _together(people: list[tuple[tuple[str, ...], tuple[str, ...]]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    authors = dict.fromkeys(name for names, _ in people for name in names)
    return tuple(authors), tuple(dict.fromkeys(name for _, names in people for name in names))


def _kind_named(text: str) -> str:
    """The kind of announcement; "absonly", a changed abstract, is a replacement, too."""
    kind = text.strip().lower().replace("absonly", "replace")
    return kind if kind in KINDS else ""


def _category(node: Node) -> str:
    return node.attributes.get("term", "") or node.whole_text().strip()


def _own_day(item: Node) -> date | None:
    return _mail_day(item.first("pubdate")) or iso_day(item.first("published", "date"))


def _mail_day(text: str) -> date | None:
    """The date of an RFC 822 time as it is written there (no zone is applied): midnight is the listing's own."""
    return _read_mail_day(text[:DATE_LIMIT]) if text else None


@lru_cache(maxsize=64)  # the entries of a batch have one time, and reading it takes long
def _read_mail_day(text: str) -> date | None:
    read_as = parsedate_tz(text)
    try:
        return date(*read_as[:3]) if read_as else None
    except ValueError:
        return None


def _number(root: Node, name: str) -> int:
    text = root.first(name)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
