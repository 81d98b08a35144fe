"""What a filter may ask of a paper beside its words: sources, categories, keywords, identity, dates. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from functools import lru_cache

from digest.matching.reading import REMEMBERED, Reading, read
from digest.sources.listing import Facts
from subscribers.query import names
from subscribers.query.nodes import And, Announced, Category, Fact, Key, Not, Or, Published, Query, Recent, Source

UNKNOWN = 0  # the ordinal of a date that nobody said
# A keyword is read with a memory of its own: a thousand papers have more of them than texts.
label: Callable[[str], Reading] = lru_cache(maxsize=REMEMBERED * 8)(read.__wrapped__)
category_names = lru_cache(maxsize=REMEMBERED)(names.category_names)


def source_names(short: str) -> list[str]:
    """The names that `source:` may use for a source: its short name, and each part of it up to a hyphen."""
    name = short.lower()
    return [name] + [name[:place] for place, sign in enumerate(name) if sign == "-" and place]


def labels(facts: Facts) -> tuple[str, ...]:
    """What `tag:` looks in: the keywords, and a feed's labels, which stand among the categories."""
    return (*facts.keywords, *(name for name in facts.categories if name not in facts.keywords))


def primary(facts: Facts) -> tuple[str, ...]:
    """arXiv's primary category; facts that were kept before it was have it as the first of their categories."""
    if facts.primary:
        return (facts.primary,)
    return facts.categories[:1] if facts.arxiv else ()


def keys(facts: Facts) -> tuple[str, ...]:
    """The names of the paper that `id:` may use."""
    return tuple(dict.fromkeys(name for name in (facts.key, facts.arxiv, facts.doi) if name))


def announced(facts: Facts) -> tuple[str, ...]:
    """new, or revised, cross, or both of these: by arXiv's last announcement, else by the version."""
    revised = facts.announce.startswith("replace") or (not facts.announce and facts.version > 1)
    hows = [how for how, true in (("revised", revised), ("cross", facts.announce.endswith("cross"))) if true]
    return tuple(hows) or ("new",)


# By field: the values that a paper has, and the names by which a filter may ask for such a value.
VALUES: Mapping[str, Callable[[Facts], Iterable[str]]] = {
    "source": lambda facts: facts.sources,
    "cat": lambda facts: facts.categories,
    "primary": primary,
    "id": keys,
    "is": announced,
}
ASKED: Mapping[str, Callable[[str], Iterable[str]]] = {
    "source": source_names,
    "cat": category_names,
    "primary": category_names,
    "id": lambda key: (key,),
    "is": lambda how: (how,),
}


def asks(clause: Source | Category | Key | Announced) -> tuple[str, str]:
    """The field and the name that a clause asks for."""
    match clause:
        case Source():
            return "source", clause.name
        case Category():
            return "primary" if clause.primary else "cat", clause.name
        case Key():
            return "id", clause.name
        case Announced():
            return "is", clause.how


def ordinal(day: str) -> int:
    """An ISO date as a number of days; `UNKNOWN` for "" and for what is none."""
    try:
        return date.fromisoformat(day).toordinal() if day else UNKNOWN
    except ValueError:
        return UNKNOWN


def days(clause: Published) -> tuple[int, int]:
    """The first and the last day that the clause takes, as ordinals."""
    return clause.first.toordinal() if clause.first else UNKNOWN + 1, (clause.last or date.max).toordinal()


def is_published(clause: Published | Recent, facts: Facts) -> bool:
    """Does the day of publication lie in the period? Never when nobody said it, or when the facts are judged.

    A paper dated later than it is judged is recent, too: in Auckland it is tomorrow already.
    """
    published, judged = ordinal(facts.published), ordinal(facts.judged)
    if isinstance(clause, Published):
        first, last = days(clause)
        return first <= published <= last
    return bool(published and judged) and judged - published <= clause.days


def as_of(query: Query, today: date) -> Query:
    """The same query, judged today, without a word of "today": the last days have become a first day."""
    match query:
        case Recent():
            return Published(today - timedelta(days=query.days))
        case Not():
            return Not(as_of(query.part, today))
        case And() | Or():
            return type(query)(tuple(as_of(part, today) for part in query.parts))
        case _:
            return query


def values(clause: Fact, facts: Facts) -> list[str]:
    """The paper's own values that make the clause true: `cs.LG`, `2026-01-31`; none where it is false."""
    if isinstance(clause, Published | Recent):
        return [facts.published] if is_published(clause, facts) else []
    field, name = asks(clause)
    return [value for value in VALUES[field](facts) if name in ASKED[field](value)]
