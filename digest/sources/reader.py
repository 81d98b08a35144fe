"""The door for bodies of unknown make: a file or an address given by hand, told apart by content. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from digest.sources import huggingface
from digest.sources.listing import Listing
from digest.sources.untrusted import UnreadableListing, decoded

COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
FIRST_ELEMENT = re.compile(r"<(?:\w+:)?(\w+)[\s>/]", re.ASCII)
FEED_ELEMENTS = ("rss", "rdf", "feed")


def read(bodies: Sequence[bytes], day: date, source: str, kind: str) -> Listing:
    """The listing in the bodies of one look at a day.

    `source` and `kind` (hf, arxiv, feed) are the source's. What the bodies are is decided by their content;
    `kind` only words the error. Raises UnreadableListing.
    """
    for body in bodies:
        if looks_like_feed(body):
            what = f"this is an RSS or Atom feed, and feeds cannot be read yet (source {source}, kind {kind})"
            mend = "Give the JSON of the daily papers API, or the daily papers page"
            raise UnreadableListing(what, f"the listing of {day}", mend)
    return huggingface.parse(bodies, day, source)


def read_file(body: bytes, day: date, source: str, kind: str) -> Listing:
    """The listing in one body, such as a saved file. Raises UnreadableListing."""
    return read([body], day, source, kind)


def looks_like_feed(body: bytes) -> bool:
    """True for RSS, RDF and Atom, by the first element in the first 4 kB."""
    text = COMMENT.sub("", decoded(body[:4096])).lstrip()
    first = FIRST_ELEMENT.search(text) if text.startswith("<") else None
    return first is not None and first[1].lower() in FEED_ELEMENTS
