"""Any feed as a source: RSS 0.9 to 2.0, Atom and JSON Feed read into a `Listing`. Pure.

A feed shows its newest entries, of any day, and drops old ones: it is `rolling`. By what an entry is known is
the hard part: some feeds give one guid to all entries, some a fresh one at each look, some none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from digest.sources.feed_items import Item, read_xml_items
from digest.sources.json_items import is_json_feed, read_json_items
from digest.sources.keys import own_key, spelled
from digest.sources.listing import Entry, Listing, first_entries
from digest.sources.untrusted import UnreadableListing

TITLE_FROM_TEXT = 120  # characters; some entries have no title
READ_AGAIN = "Look again later; the last good look stands"


def looks_like(body: bytes) -> bool:
    """Whether a body is a JSON Feed; those in XML are told by `reader`."""
    return is_json_feed(body)


def parse(bodies: Sequence[bytes], day: date, source: str) -> Listing:
    """The entries of a feed's body. `source` is the source's slug: it names what has no key that holds everywhere.

    An entry's own date is its day when it can be read and is not after `day`, the day of the look.
    Raises UnreadableListing.
    """
    where = f"the feed of {day.isoformat()} ({source})"
    if len(bodies) != 1:
        raise UnreadableListing(f"a feed is one body, and here are {len(bodies)}", where, "Give one body")
    read = read_json_items if is_json_feed(bodies[0]) else read_xml_items
    found = read(bodies[0], where)
    named = [item for item in found.items if item.title or item.abstract]
    if not named and (found.items or found.damage):
        what = found.damage or f"none of its {len(found.items)} entries has a title or a text"
        raise UnreadableListing(what, where, READ_AGAIN, "damage" if found.damage else "format")
    entries = first_entries(_joined(_entries(named, day, source)))
    left_out = len(found.items) - len(named)
    notes = [found.damage] if found.damage else []
    notes += [f"left out, without title and text: {left_out}"] if left_out else []
    return Listing(day, entries, not notes, ". ".join(notes), rolling=True)


def _entries(items: Sequence[Item], day: date, source: str) -> list[Entry]:
    """The items with the keys that can be believed; what a look repeats for different entries is no key."""
    once = _each_once(items)
    links = [own_key(source, item.link) for item in once]
    guids = [own_key(source, item.guid) for item in once]
    pairs = [*zip(links, once, strict=True), *zip(guids, once, strict=True)]
    good = _telling(pairs) | _ids_of_one(once)
    entries = []
    for item, link, guid in zip(once, links, guids, strict=True):
        keys = [name for name in item.names if name in good]
        keys += [guid] if guid in good else []
        aliases = [link] if link in good else []
        if not keys:
            keys, aliases = aliases or [own_key(source, _title(item))], []
        entries.append(_entry(item, tuple(dict.fromkeys(keys)), tuple(a for a in aliases if a not in keys), day))
    return entries


def _each_once(items: Sequence[Item]) -> list[Item]:
    """The items without those that have title and link of one before: they are one entry, listed twice."""
    first: dict[object, Item] = {}
    for number, item in enumerate(items):
        first.setdefault((item.title, spelled(item.link)) if item.link else number, item)
    return list(first.values())


def _telling(pairs: Iterable[tuple[str, Item]]) -> set[str]:
    """The source's own names that name one entry only; a guid may be another entry's link."""
    named: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for key, item in pairs:
        named[key].add((item.title, item.link))
    return {key for key, entries in named.items() if key and len(entries) == 1}


def _ids_of_one(items: Iterable[Item]) -> set[str]:
    """The ids that name one paper: an arXiv id always, of whatever version and title; a DOI, unless entries of several
    titles or of several arXiv papers give it (a volume's).
    """
    given: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for item in items:
        arxiv = next((name for name in item.names if name.startswith("arxiv:")), "")
        for name in item.names:
            given[name].add((item.title, arxiv))
    return {name for name, by in given.items() if name.startswith("arxiv:") or _is_one(by)}


def _is_one(given: set[tuple[str, str]]) -> bool:
    return len({title for title, _ in given}) == 1 and len({arxiv for _, arxiv in given if arxiv}) <= 1


def _joined(entries: Sequence[Entry]) -> list[Entry]:
    """Entries that share an id (the versions of a preprint) as the first of them, which gets the ids of all."""
    kept: list[Entry] = []
    place: dict[str, int] = {}
    for entry in entries:
        mine = [key for key in entry.keys if not key.startswith("guid:")]
        first = next((place[key] for key in mine if key in place), None)
        if first is None:
            first = len(kept)
            kept.append(entry)
        else:
            together = sorted({*kept[first].keys, *mine})  # arxiv, doi, guid: the strongest first
            kept[first] = replace(kept[first], keys=tuple(together))
        for key in mine:
            place.setdefault(key, first)
    return kept


def _entry(item: Item, keys: tuple[str, ...], aliases: tuple[str, ...], day: date) -> Entry:
    own = item.day if item.day is not None and item.day <= day else None
    return Entry(
        keys=keys,
        title=_title(item),
        abstract=item.abstract,
        authors=item.authors,
        organisations=item.organisations,
        link=item.link,
        published=own,
        day=own,
        categories=tuple(dict.fromkeys(item.categories)),
        aliases=aliases,
        dated=item.dated,
    )


def _title(item: Item) -> str:
    """The title, or the beginning of the text."""
    if item.title or len(item.abstract) <= TITLE_FROM_TEXT:
        return item.title or item.abstract
    return item.abstract[:TITLE_FROM_TEXT].rsplit(" ", 1)[0] + "…"
