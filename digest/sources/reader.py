"""The door for bodies of unknown make: what a source answered, or a file given by hand, told apart by content. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import TypeVar

from digest.sources import arxiv, emptiness, feed, huggingface
from digest.sources.emptiness import NO_EMPTY_LIST
from digest.sources.listing import Listing
from digest.sources.tree import Tree, as_text, read_tree
from digest.sources.untrusted import UnreadableListing, cause_of, decoded, line

COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
FIRST_ELEMENT = re.compile(r"<(?:\w+:)?(\w+)[\s>/]", re.ASCII)
FEED_ELEMENTS = ("rss", "rdf", "feed")
FIRST_ENTRY = re.compile(rb"<(?:\w+:)?(?:item|entry)[\s>]", re.IGNORECASE)
MEND = "Look again later; the last good look stands"
T = TypeVar("T")
RENDERED = re.compile(rb"<(lastBuildDate|updated)>[^<]*</\1>")


def read(bodies: Sequence[bytes], day: date, source: str, kind: str) -> Listing:
    """The listing in the bodies of one look at a day.

    `source` and `kind` (hf, arxiv, feed) are the source's. What the bodies are is decided by their content, so
    that a feed of arXiv is one whatever the source is called. Raises UnreadableListing, also for what has no entries
    and is no empty list.
    """
    where = f"the listing of {day.isoformat()} ({source})"
    if any(looks_like_feed(body) for body in bodies):
        return _feed(bodies, day, source, kind, where)
    if len(bodies) == 1 and feed.looks_like(bodies[0]):
        return _filled(feed.parse(bodies, day, source), emptiness.strange_json, bodies[0], where)
    if len(bodies) == 1 and _is_list_page(bodies[0]):
        return _filled(arxiv.parse_page(bodies[0], day, source), emptiness.strange_page, bodies[0], where)
    if kind != "hf" and not any(huggingface.looks_like(body) for body in bodies):
        beginning = _beginning(bodies[0]) if bodies else "there is no body"
        raise UnreadableListing(f"this is no feed: {beginning}", where, MEND, cause_of(beginning))
    return huggingface.parse(bodies, day, source)


def read_file(body: bytes, day: date, source: str, kind: str) -> Listing:
    """The listing in one body, such as a saved file. Raises UnreadableListing."""
    return read([body], day, source, kind)


def steady(body: bytes) -> bytes:
    """A feed without the times at which it was rendered, so that a look with nothing new has the same body.

    arXiv renders a feed anew for each request, with another time at its head and, in Atom, in each entry.
    """
    if not looks_like_feed(body):
        return body
    entry = FIRST_ENTRY.search(body)
    head = body[: entry.start()] if entry else body
    rendered_all = b"rss.arxiv.org/atom" in head
    rest = body[len(head) :]
    return RENDERED.sub(b"", head) + (RENDERED.sub(b"", rest) if rendered_all else rest)


def said_in(answer: bytes, day: date, source: str) -> str:
    """What an answer that came with an error says, when it says it in a feed; else ""."""
    if not looks_like_feed(answer):
        return ""
    try:
        read([answer], day, source, "")
    except UnreadableListing as unreadable:
        return unreadable.what
    return ""


def day_of(body: bytes) -> date | None:
    """The day that a body of unknown make says it shows, or None."""
    if looks_like_feed(body):
        tree = _tree(body)
        return arxiv.day_of(tree) if tree is not None and arxiv.is_arxiv(tree) else None
    if _is_list_page(body):
        try:
            return arxiv.parse_page(body, date.min, "").shown_day
        except UnreadableListing:
            return None
    return huggingface.day_of([body])


def looks_like_feed(body: bytes) -> bool:
    """True for RSS, RDF and Atom, by the first element in the first 4 kB."""
    text = COMMENT.sub("", as_text(body[:4096])).lstrip()
    first = FIRST_ELEMENT.search(text) if text.startswith("<") else None
    return first is not None and first[1].lower() in FEED_ELEMENTS


def _feed(bodies: Sequence[bytes], day: date, source: str, kind: str, where: str) -> Listing:
    """A feed's listing. A tree of it is built for arXiv's own, and where there are no entries to see why."""
    if not any(arxiv.may_be_arxiv(as_text(body)) for body in bodies):
        listing = feed.parse(bodies, day, source)
        if listing.entries:
            return listing
    trees = [read_tree(body, where) for body in bodies]
    own = all(arxiv.is_arxiv(tree) for tree in trees)
    listing = arxiv.parse_trees(trees, day, source) if own else feed.parse(bodies, day, source)
    if kind == "arxiv" and not own and not listing.entries:
        said = line(next(trees[0].root.every("channel"), trees[0].root).first("title"), 80)
        raise UnreadableListing(f"{NO_EMPTY_LIST}: it is another feed than arXiv's: {said}", where, MEND, "format")
    for tree in trees:
        _filled(listing, emptiness.strange_feed, tree.root, where)
    return listing


def _filled(listing: Listing, strange: Callable[[T], str], what: T, where: str) -> Listing:
    """The listing, unless it has no entries for another reason than that there are none."""
    why = "" if listing.entries else strange(what)
    if why:
        raise UnreadableListing(why, where, MEND, "format")
    return listing


def _is_list_page(body: bytes) -> bool:
    return body.lstrip()[:1] == b"<" and huggingface.looks_like(body) is None and arxiv.is_page(decoded(body))


def _beginning(body: bytes) -> str:
    return " ".join(decoded(body[:200]).split())[:80] or "the body is empty"


def _tree(body: bytes) -> Tree | None:
    try:
        return read_tree(body, "")
    except UnreadableListing:
        return None
