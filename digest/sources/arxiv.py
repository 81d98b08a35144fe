"""arXiv: its addresses, and its feeds, its API and its list page read into a `Listing`. Pure.

Told apart by content: RSS 2.0 and Atom of rss.arxiv.org (one batch of announcements a working day, dated at
midnight on the American east coast; nothing at weekends and on holidays), RSS 1.0 of export.arxiv.org (until
January 2024), Atom of the export API (for back-fill, in pages) and the page /list/CATEGORY/new.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from digest.sources import arxiv_entries, arxiv_page
from digest.sources.arxiv_entries import API, RDF, Batch
from digest.sources.listing import Entry, Listing
from digest.sources.tree import Node, Tree, read_tree
from digest.sources.untrusted import Cause, UnreadableListing, line

FEEDS = "https://rss.arxiv.org/rss/"
EXPORT = "https://export.arxiv.org"
API_PAGE = 500  # entries; the API answers slowly to more
EASTERN = ZoneInfo("America/New_York")
HOST = re.compile(r"https?://(?:[a-z0-9-]+\.)*arxiv\.org(?:[:/]|$)", re.IGNORECASE)
CATEGORY = re.compile(r"[a-z-]+(?:\.[A-Za-z-]+)?")
OF_ENTRIES = ("oai:arxiv.org:", "announce_type")  # by which its entries can be told, in lower case
OF_HEAD = re.compile(r"arxiv\.org(?!/schemas/)")  # any feed may declare arXiv's namespace
ENTRY = re.compile(r"<(?:\w+:)?(?:item|entry)[\s>]")
READ_AGAIN = "Look again later; the last good look stands"


def url(categories: Iterable[str]) -> str:
    """The feed of a set of categories: `https://rss.arxiv.org/rss/cs.AI+cs.LG`. ValueError for none or a bad one."""
    return FEEDS + "+".join(_checked(categories))


def query_url(categories: Iterable[str], day: date, start: int = 0, base: str = FEEDS) -> str:
    """One page of the API's answer to "what was first submitted on that day (UTC)?", from entry `start` on.

    `base` is the address of the source: a mirror of arXiv is asked itself.
    """
    of_any = " OR ".join(f"cat:{name}{'' if '.' in name else '*'}" for name in _checked(categories))
    query = f"({of_any}) AND submittedDate:[{day:%Y%m%d}0000 TO {day:%Y%m%d}2359]"
    values = {"search_query": query, "start": start, "max_results": API_PAGE, "sortBy": "submittedDate"}
    mirror = "" if HOST.match(base) else "/".join(base.split("/")[:3])
    return f"{mirror or EXPORT}/api/query?{urlencode({**values, 'sortOrder': 'ascending'})}"


def categories_of(address: str) -> tuple[str, ...]:
    """The categories that an address of a feed or of a list page names; () when it names none."""
    found = re.search(r"/(?:rss|atom|list)/([A-Za-z.+-]+)", address.partition("?")[0])
    names = found[1].split("+") if found else []
    return tuple(name for name in names if CATEGORY.fullmatch(name))


def batch_day(now: datetime) -> date:
    """The day of the batch that the feeds show at `now`: the date on the American east coast."""
    return now.astimezone(EASTERN).date()


def next_start(body: bytes) -> int | None:
    """Where the page of the API after this one begins; None after the last, and for any other body."""
    try:
        tree = read_tree(body, "")
    except UnreadableListing:
        return None
    here = arxiv_entries.read(tree.root)
    upcoming = here.start + here.count
    return upcoming if here.kind == API and here.count and upcoming < here.total else None


def may_be_arxiv(text: str) -> bool:
    """Whether a feed may be arXiv's own, without reading it: False is certain, of True `is_arxiv` decides.

    What stands before the first entry and after the last is the head; entries often name arXiv in passing.
    """
    small = text.lower()
    if any(sign in small for sign in OF_ENTRIES):
        return True
    first, last = ENTRY.search(small), max(small.rfind("</item>"), small.rfind("</entry>"), 0)
    head = small[: first.start() if first else len(small)]
    return OF_HEAD.search(head) is not None or OF_HEAD.search(small, last) is not None


def is_arxiv(tree: Tree) -> bool:
    """Whether a feed is arXiv's own, by its addresses and its entries."""
    channel = next(tree.root.every("channel"), tree.root)
    said = [channel.first("link", "id"), channel.first("title")]
    said += [link.attributes.get("href", "") for link in channel.every("link")]
    if any(HOST.match(text) or text.endswith("updates on arXiv.org") for text in said):
        return True
    return any(_is_announced(item) for item in arxiv_entries.items(tree.root))


def is_page(text: str) -> bool:
    """Whether a web page is a list page of arXiv."""
    return arxiv_page.is_page(text)


def parse(bodies: Sequence[bytes], day: date, source: str) -> Listing:
    """One look's bodies: one feed, one list page, or the pages of the API in order. Raises UnreadableListing.

    `source` is the source's slug; it names nothing here, since all papers of arXiv have an id.
    """
    if not bodies:
        raise UnreadableListing("there is no body to read", _where(day, source), READ_AGAIN)
    if len(bodies) == 1 and bodies[0].lstrip()[:200].lower().find(b"<html") >= 0:
        return parse_page(bodies[0], day, source)
    trees = [read_tree(body, _where(day, source)) for body in bodies]
    return parse_trees(trees, day, source)


def parse_trees(trees: Sequence[Tree], day: date, source: str) -> Listing:
    """As `parse`, of feeds that are read already."""
    where = _where(day, source)
    for tree in trees:
        _refuse_error(tree, where)
    batches = [arxiv_entries.read(tree.root) for tree in trees]
    if len(batches) > 1 and any(batch.kind != API for batch in batches):
        raise UnreadableListing("feeds cannot be joined", where, "Give the pages of the API in order, or one feed")
    doubts = [tree.damage for tree in trees if tree.damage] + _gaps(batches)
    left_out = [reason for batch in batches for reason in batch.left_out]
    found = [entry for batch in batches for entry in batch.entries]
    if not found and (doubts or left_out):
        raise UnreadableListing((doubts + left_out)[0], where, READ_AGAIN, "damage" if doubts else "format")
    return _listing(found, doubts, left_out, day, batches[0].shown_day)


def parse_page(body: bytes, day: date, source: str) -> Listing:
    """The page /list/CATEGORY/new. Raises UnreadableListing for any other page of arXiv."""
    page = arxiv_page.read(body, _where(day, source))
    if not page.entries and (page.doubts or page.left_out):
        cause: Cause = "damage" if page.doubts else "format"
        raise UnreadableListing((page.doubts + page.left_out)[0], _where(day, source), READ_AGAIN, cause)
    return _listing(page.entries, page.doubts, page.left_out, day, page.shown_day)


def day_of(tree: Tree) -> date | None:
    """The day that a feed says it shows."""
    batch = arxiv_entries.read(tree.root)
    return batch.dated if batch.kind == RDF else batch.shown_day


def _listing(
    found: Sequence[Entry], doubts: Sequence[str], left_out: Sequence[str], day: date, shown_day: date | None
) -> Listing:
    entries = _once(found)
    notes = list(doubts)
    if len(entries) < len(found):
        notes.append(f"listed more than once, and counted once: {len(found) - len(entries)}")
    if left_out:
        notes.append(f"left out: {len(left_out)} ({'; '.join(left_out[:3])})")
    return Listing(day, entries, not (doubts or left_out), ". ".join(notes), shown_day)


def _once(found: Sequence[Entry]) -> tuple[Entry, ...]:
    """Each arXiv id once, and a DOI that several papers give (a volume's) with none of them."""
    first: dict[str, Entry] = {}
    for entry in found:
        first.setdefault(entry.keys[0], entry)
    given = Counter(key for entry in first.values() for key in entry.keys[1:])
    shared = {key for key, times in given.items() if times > 1}
    if not shared:
        return tuple(first.values())
    return tuple(replace(e, keys=tuple(key for key in e.keys if key not in shared)) for e in first.values())


def _gaps(batches: Sequence[Batch]) -> list[str]:
    """What is missing between and around the pages of the API, in words."""
    pages = [batch for batch in batches if batch.kind == API]
    doubts, expected = [], 0
    for page in pages:
        if page.start != expected:
            doubts.append(f"a page of the API begins at entry {page.start} where {expected} was due")
        expected = page.start + page.count
    total = max((page.total for page in pages), default=0)
    if expected < total:
        doubts.append(f"the API says {total} entries, and ends at {expected}")
    return doubts


def _refuse_error(tree: Tree, where: str) -> None:
    """arXiv's errors are feeds, too: a channel named so, or the single entry of the API."""
    channel = next(tree.root.every("channel"), tree.root)
    title = line(channel.first("title"))
    if title.lower().startswith("feed error for query"):
        said = line(channel.first("description", "subtitle")).rstrip(".") or title
        raise UnreadableListing(f"arXiv answers with an error: {said}", where, "Mend the source's categories")
    for item in arxiv_entries.items(tree.root):
        if "/api/errors" in item.first("id"):
            said = line(item.first("summary")).rstrip(".") or "it does not say which"
            raise UnreadableListing(f"arXiv's API answers with an error: {said}", where, "Mend the source's address")


def _is_announced(item: Node) -> bool:
    name = item.first("guid", "id").lower()
    return name.startswith("oai:arxiv.org:") or any(True for _ in item.every("announce_type"))


def _checked(categories: Iterable[str]) -> list[str]:
    names = list(dict.fromkeys(name.strip() for name in categories))
    for name in names:
        if not CATEGORY.fullmatch(name):
            raise ValueError(f"{name!r} is no category of arXiv; write it like cs.AI")
    if not names:
        raise ValueError("name at least one category of arXiv, like cs.AI")
    return names


def _where(day: date, source: str) -> str:
    return f"the listing of {day.isoformat()} ({source})"
