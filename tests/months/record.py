"""What a patient person would have noted of the lists: each time something of a paper was new, with its facts then.

Taken from the raw items and the rules as the documents tell them; nothing comes from `digest`.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache

from tests.months.lists import Item, Look

STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
OVER_AFTER = timedelta(hours=29)  # of the day's 00:00 UTC
YOUNG = timedelta(hours=12)
RISES_FOR = timedelta(days=14)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Paper:
    key: str
    title: str = ""
    authors: tuple[str, ...] = ()
    upvotes: int = 0
    comments: int = 0
    code: str = ""
    project: str = ""
    abstract: str = ""
    listed: date = date.min  # the first day it is listed on


@dataclass(frozen=True, slots=True)
class Moment:
    """Something was new about a paper, or (settled) its day was over."""

    at: datetime
    settled: bool
    news: bool
    paper: Paper


@dataclass(slots=True)
class Listing:
    """A paper on one day's list."""

    key: str
    day: date
    seen: datetime
    upvotes: int = 0
    comments: int = 0
    settled: bool = False


def starting(word: str) -> Callable[[Paper], bool]:
    found = re.compile(rf"(?<![a-z0-9]){word}", re.IGNORECASE)
    return lambda paper: bool(found.search(paper.title))


def by(name: str) -> Callable[[Paper], bool]:
    """Its words in order, the last one the family name; of the others an initial will do; a hyphen is a space."""
    *given, family = map(re.escape, spaced(name).split())
    words = [*(rf"(?:{word}|{word[0]}\.?)" for word in given), family]
    found = re.compile(r"(?:.* )?" + "(?: .*)? ".join(words), re.IGNORECASE)
    return lambda paper: any(found.fullmatch(spaced(author)) for author in paper.authors)


def spaced(name: str) -> str:
    return name.replace("-", " ")


# what the queries mean, in the words of Python; `author:` is found by its pattern
WANTS: dict[str, Callable[[Paper], bool]] = {
    "*": lambda paper: True,
    "upvotes:>=20": lambda paper: paper.upvotes >= 20,
    "upvotes:>=50": lambda paper: paper.upvotes >= 50,
    "comments:>=3": lambda paper: paper.comments >= 3,
    "has:code": lambda paper: bool(paper.code),
    "has:code -title:video*": lambda paper: bool(paper.code) and not starting("video")(paper),
    "has:code upvotes:>=10": lambda paper: bool(paper.code) and paper.upvotes >= 10,
    "title:agent*": starting("agent"),
    "title:video*": starting("video"),
    "title:video* upvotes:>=5": lambda paper: starting("video")(paper) and paper.upvotes >= 5,
    "title:reason*": starting("reason"),
    "title:world": starting(r"worlds?(?![a-z0-9])"),
    "title:diffus* OR title:flow*": starting("(diffus|flow)"),
    'title:"language models"': starting(r"language[- ]model(?:s|l?ing|l?ed)?(?![a-z0-9])"),
}


def wanted_by(query: str) -> Callable[[Paper], bool]:
    name = re.fullmatch(r'author:"([^"]+)"', query)
    return by(name[1]) if name else WANTS[query]


def numbers(queries: Iterable[str]) -> dict[str, set[int]]:
    """The counts that queries name: reaching one is worth a word, too."""
    found: dict[str, set[int]] = defaultdict(set)
    for query in queries:
        for name, number in re.findall(r"(upvotes|comments):>=(\d+)", query):
            found[name].add(int(number))
    return found


class Record:
    """All moments of all papers, from looks in the order they were made and the times at which days were settled."""

    def __init__(self, looks: Sequence[Look], settled_at: Iterable[datetime], queries: Iterable[str]) -> None:
        self.papers: dict[str, Paper] = {}
        self.listings: dict[str, dict[date, Listing]] = defaultdict(dict)
        self.moments: list[Moment] = []
        self._numbers = numbers(queries)
        events = [(look.at, self._look, look) for look in looks]
        events += [(at, self._settle, at) for at in settled_at]
        for _, happens, what in sorted(events, key=lambda event: event[0]):
            self.moments += happens(what)
        self.matching = cache(self._matching)

    def _look(self, look: Look) -> Iterator[Moment]:
        for item in look.items:
            yield from self._item(look, item)

    def _item(self, look: Look, item: Item) -> Iterator[Moment]:
        key = item["paper"]["id"]
        old, elsewhere = self.papers.get(key), look.day not in self.listings[key]
        here = self.listings[key].setdefault(look.day, Listing(key, look.day, look.at))
        here.upvotes, here.comments = item["paper"].get("upvotes") or 0, item.get("numComments") or 0
        new = self.papers[key] = self._read(old or Paper(key, listed=look.day), item)
        rose = old is not None and any(self._reached(name, old, new) for name in ("upvotes", "comments"))
        filled = old is not None and any(
            getattr(new, name) and not getattr(old, name) for name in ("code", "project", "abstract")
        )
        fresh = look.at.date() <= min(self.listings[key]) + RISES_FOR
        if elsewhere or rose or filled:
            yield Moment(look.at, False, elsewhere or fresh, new)

    def _read(self, old: Paper, item: Item) -> Paper:
        """What stands by now; what an item does not say stays."""
        paper = item["paper"]
        mine = self.listings[old.key].values()
        said = {
            "title": " ".join(paper["title"].split()),
            "authors": tuple(" ".join(author["name"].split()) for author in paper["authors"]),
            "code": paper.get("githubRepo") or "",
            "project": paper.get("projectPage") or "",
            "abstract": paper.get("summary") or "",
        }
        counts = {name: max(getattr(listing, name) for listing in mine) for name in ("upvotes", "comments")}
        return replace(old, **{name: value for name, value in said.items() if value}, **counts)

    def _reached(self, name: str, old: Paper, new: Paper) -> bool:
        return any(getattr(old, name) < step <= getattr(new, name) for step in {*STEPS, *self._numbers[name]})

    def _settle(self, at: datetime) -> Iterator[Moment]:
        """A listing that was first seen in the last hours of its day is settled with the next one."""
        for listing in [listing for some in self.listings.values() for listing in some.values()]:
            over = datetime.combine(listing.day, time(), UTC) + OVER_AFTER
            last = over if listing.seen <= over - YOUNG else over + DAY
            if not listing.settled and last <= at:
                listing.settled = True
                yield Moment(at, True, True, self.papers[listing.key])

    def _matching(self, query: str, settled: bool) -> tuple[list[datetime], list[Moment]]:
        wants = wanted_by(query)
        found = [moment for moment in self.moments if moment.settled is settled and wants(moment.paper)]
        return [moment.at for moment in found], found

    def newest(self, query: str, settled: bool, low: datetime | None, now: datetime) -> dict[str, Moment]:
        """For each paper that matched since `low` the last time that it did. None: of those listed in the last week."""
        times, found = self.matching(query, settled)
        last = bisect_right(times, now)
        if low is not None:
            return {m.paper.key: m for m in found[bisect_right(times, low) : last] if m.news}
        return {m.paper.key: m for m in found[:last] if m.paper.listed > now.date() - timedelta(days=7)}
