"""Is a list without entries an empty one, or one in a form that we do not know? Pure.

Sources are honestly empty at weekends and on holidays, and then still whole: a feed with its channel's head and nothing
beside it, a page that says so. Whatever else holds no entry holds them in another way, and no look before is needed to
see that.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

from digest.sources import arxiv_page
from digest.sources.tree import Node
from digest.sources.untrusted import decoded

# What RSS 0.9 to 2.0, RSS 1.0 and Atom (RFC 4287) put beside the entries, and their modules that are in use; local
# names, in lower case. https://www.rssboard.org/rss-specification, https://web.resource.org/rss/1.0/spec
NAMED = frozenset({"title", "link", "id", "description", "subtitle"})
# fmt: off
HEAD = NAMED | frozenset({
    "author", "category", "cloud", "contributor", "copyright", "creator", "date", "docs", "errorreportsto", "errors",
    "explicit", "generator", "hub", "icon", "image", "items", "itemsperpage", "keywords", "language",
    "lastbuilddate", "logo", "managingeditor", "name", "owner", "pubdate", "publisher", "query", "rating", "rights",
    "self", "skipdays", "skiphours", "source", "startindex", "summary", "tagline", "textinput", "totalresults",
    "ttl", "type", "updated", "updatebase", "updatefrequency", "updateperiod", "version", "webmaster",
})
# fmt: on
OFTEN = 3  # so many of one unknown element are a list
NO_EMPTY_LIST = "this is no empty list"  # how the reasons begin


def strange_feed(root: Node) -> str:
    """Why a feed without entries is no empty one, or ""."""
    channel = root if root.name == "feed" else next(root.every("channel"), None)
    if channel is None:
        return f"{NO_EMPTY_LIST}: it has no channel"
    other = next(_other(root, channel), "")
    if other:
        return f"{NO_EMPTY_LIST}: it holds <{other[:60]}> where entries are due"
    return "" if any(channel.every(*NAMED)) else f"{NO_EMPTY_LIST}: its channel has no name"


def strange_json(body: bytes) -> str:
    """Why a JSON Feed without entries is no empty one, or ""."""
    items = json.loads(decoded(body))["items"]
    return f"{NO_EMPTY_LIST}: none of its {len(items)} items is an object" if items else ""


def strange_page(body: bytes) -> str:
    """Why a list page of arXiv without entries is no empty one, or ""."""
    text = decoded(body)
    said = arxiv_page.EMPTY.search(text) or arxiv_page.SECTION.search(text)
    return "" if said else f"{NO_EMPTY_LIST}: the page has no papers, and does not say that there are none"


def _other(root: Node, channel: Node) -> Iterator[str]:
    """The names of what can't be a head's: elements with elements in them, and such as come again and again."""
    beside = () if root is channel else (child for child in root.children if child is not channel)
    unknown = [child for child in (*beside, *channel.children) if child.name not in HEAD]
    yield from (child.name for child in unknown if child.children)
    yield from (name for name, times in Counter(child.name for child in unknown).items() if times >= OFTEN)
    for child in channel.every("items"):  # RSS 1.0 names its items at its head
        yield from (child.name for found in child.children if found.children)
