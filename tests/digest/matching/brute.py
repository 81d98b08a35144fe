"""Does a query match a paper? The language's definition written out plainly, sharing nothing with the engine
but the analyser that reads words."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from itertools import combinations, product

from digest.sources.listing import Facts
from subscribers.query.nodes import (
    And,
    Announced,
    Author,
    Category,
    Everything,
    Has,
    Journal,
    Key,
    Near,
    Not,
    Number,
    Or,
    Org,
    Phrase,
    Prefix,
    Published,
    Query,
    Recent,
    Source,
    Tag,
    Word,
)
from subscribers.query.tex import readable
from subscribers.query.words import analyse, exacts, joined, joins, stems


class Text:
    """The words of a text, and each two neighbours as one word ("" where they are none): folded, or stems."""

    def __init__(self, raw: str, *, exact: bool) -> None:
        seen = readable(raw)
        tokens = analyse(seen)
        pairs = [pair.exact if pair else "" for pair in joins(seen, tokens)]
        self.words = formed(tuple(token.exact for token in tokens), exact)
        self.pairs = formed(tuple(pairs), exact)

    def places(self, wanted: str) -> list[int]:
        both = (self.words, self.pairs)
        return [place for place in range(len(self.words)) if wanted in (forms[place] for forms in both)]


@lru_cache(maxsize=2_000)
def text(raw: str, exact: bool) -> Text:
    return Text(raw, exact=exact)


@lru_cache(maxsize=8_000)
def name(raw: str) -> tuple[str, ...]:
    return exacts(readable(raw))


def matches(query: Query, facts: Facts) -> bool:
    if isinstance(query, And):
        return all(matches(part, facts) for part in query.parts)
    if isinstance(query, Or):
        return any(matches(part, facts) for part in query.parts)
    if isinstance(query, Not):
        return not matches(query.part, facts)
    if isinstance(query, Word | Prefix | Phrase | Near):
        raws = [
            raw for field, raw in (("title", facts.title), ("abstract", facts.abstract)) if query.field in ("", field)
        ]
        return any(in_text(query, raw) for raw in raws)
    return clause(query, facts)


def clause(query: Query, facts: Facts) -> bool:
    if isinstance(query, Author | Org | Journal | Tag):
        return named(query, facts)
    if isinstance(query, Category | Key | Announced):
        return fact(query, facts)
    if isinstance(query, Published | Recent):
        return dated(query, facts)
    if isinstance(query, Source):
        return any(f"{source.lower()}-".startswith(f"{query.name}-") for source in facts.sources)
    if isinstance(query, Number):
        count = {"upvotes": facts.upvotes, "comments": facts.comments}[query.field]
        return query.low <= count <= (count if query.high is None else query.high)
    assert isinstance(query, Has | Everything)
    return isinstance(query, Everything) or bool({"code": facts.code, "project": facts.project}[query.what])


def named(query: Author | Org | Journal | Tag, facts: Facts) -> bool:
    if isinstance(query, Author):
        return any(names(query.words, name(author)) for author in facts.authors)
    if isinstance(query, Tag):
        return any(in_text(Phrase(query.words), keyword) for keyword in (*facts.keywords, *facts.categories))
    said = facts.organisations if isinstance(query, Org) else (facts.journal,)
    return any(in_text(Phrase(query.words, exact=True), one) for one in said)


def fact(query: Category | Key | Announced, facts: Facts) -> bool:
    if isinstance(query, Category):
        first = [facts.primary] if facts.primary else list(facts.categories[:1] if facts.arxiv else ())
        mine = [name.lower() for name in (first if query.primary else facts.categories)]
        archive, dot, part = query.name.lower().partition(".")
        if part == "*":
            return any(name == archive or name.startswith(f"{archive}.") for name in mine)
        return f"{archive}{dot}{part}" in mine
    if isinstance(query, Key):
        return query.name in {facts.key, facts.arxiv, facts.doi} - {""}
    again = "replace" in facts.announce or (facts.announce == "" and facts.version >= 2)
    crossed = facts.announce in ("cross", "replace-cross")
    return {"revised": again, "cross": crossed, "new": not again and not crossed}[query.how]


def dated(query: Published | Recent, facts: Facts) -> bool:
    if not facts.published:
        return False
    published = date.fromisoformat(facts.published)
    if isinstance(query, Recent):
        return bool(facts.judged) and (date.fromisoformat(facts.judged) - published).days <= query.days
    return (query.first or date.min) <= published <= (query.last or date.max)


def in_text(query: Word | Prefix | Phrase | Near, raw: str) -> bool:
    if isinstance(query, Prefix):
        read = text(raw, True)
        return any(form.startswith(query.text) for form in (*read.words, *read.pairs))
    read = text(raw, query.exact)
    if isinstance(query, Near):
        places = [read.places(word) for word in formed(query.words, query.exact)]
        spread = len(places) - 1 + query.within
        return any(max(chosen) - min(chosen) <= spread for chosen in product(*places))
    words = (query.text,) if isinstance(query, Word) else query.words
    ways = [formed(way, query.exact) for way in written(words)]
    return any(reads(way, read, start) for way in ways for start in range(len(read.words)))


def written(words: tuple[str, ...]) -> list[tuple[str, ...]]:
    """As it is, and with any two neighbours as one word."""
    pairs = [(i, joined(words[i], words[i + 1])) for i in range(len(words) - 1)]
    return [words] + [(*words[:i], pair, *words[i + 2 :]) for i, pair in pairs if pair]


def reads(wanted: tuple[str, ...], read: Text, start: int) -> bool:
    """Can the words be read from here on, one or two words of the text for each?"""
    if not wanted:
        return True
    if start >= len(read.words):
        return False
    one = read.words[start] == wanted[0] and reads(wanted[1:], read, start + 1)
    return one or (read.pairs[start] == wanted[0] and reads(wanted[1:], read, start + 2))


def formed(words: tuple[str, ...], exact: bool) -> tuple[str, ...]:
    return words if exact else tuple(stems(words))


def names(wanted: tuple[str, ...], words: tuple[str, ...]) -> bool:
    """Some of the name's words, in order, are those wanted; initials stand for names, save the last."""
    for chosen in combinations(words, len(wanted)):
        pairs = list(zip(wanted, chosen, strict=True))
        given = all(w == n or (1 in (len(w), len(n)) and w[0] == n[0]) for w, n in pairs[:-1])
        if given and pairs[-1][0] == pairs[-1][1]:
            return True
    return False
