"""What is odd about a filter, by the papers that there are: what it asks for in vain, and whether it brings too many.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from digest.sources.listing import Facts
from subscribers.query.canonical import clause_text, normal
from subscribers.query.explain import clause_words
from subscribers.query.nodes import (
    Announced,
    Author,
    Category,
    Clause,
    Everything,
    Has,
    Journal,
    Number,
    Org,
    Published,
    Query,
    Recent,
    Tag,
    asked,
)

MOST_A_DAY = 30  # papers that somebody reads in a digest
# What a clause needs a source to name, and where the facts keep it. Titles and votes every paper has.
NEEDS: dict[type[Clause], tuple[str, str]] = {
    Author: ("an author", "authors"),
    Org: ("an organisation", "organisations"),
    Journal: ("a journal", "journal"),
    Category: ("a category", "categories"),
    Tag: ("keywords", "keywords"),
    Published: ("a date of publication", "published"),
    Recent: ("a date of publication", "published"),
}


def sought(query: Query) -> tuple[Clause, ...]:
    """The clauses that are asked for and may be misspelled: words, names, ids. Not counts, dates, links."""
    kinds = Everything | Number | Has | Published | Recent | Announced
    return tuple(dict.fromkeys(clause for clause in asked(normal(query)) if not isinstance(clause, kinds)))


def unseen(query: Query, papers: Sequence[Facts], counts: Sequence[int], among: str) -> tuple[str, ...]:
    """Warnings of fields that no paper has, and of what none of them has; `counts` says how many match each clause of
    `sought`, `among` what papers they are: `the papers of the last 90 days (28)`."""
    if not papers:
        return ()
    empty = dict(_empty(query, papers))
    fields = [f"none of {among} names {what}: {field}: finds nothing so far" for field, what in empty.items()]
    pairs = zip(sought(query), counts, strict=True)
    missing = [clause for clause, count in pairs if not count and _field(clause) not in empty]
    return (*fields, *(f"none of {among} has {clause_words(clause)}" for clause in missing))


def crowd(papers: Sequence[Facts], matched: int) -> tuple[str, ...]:
    """A warning of a filter that brings more than anybody reads, by the days on which papers were listed."""
    days = len({facts.listed for facts in papers if facts.listed})
    if not days or matched <= MOST_A_DAY * days:
        return ()
    return (f"this brings about {matched / days:.0f} papers a day; another word, or a cap, makes it fewer",)


def _empty(query: Query, papers: Sequence[Facts]) -> Iterator[tuple[str, str]]:
    """The fields that the query asks for and no paper has, and what they name."""
    for clause in asked(normal(query)):
        if type(clause) in NEEDS:
            what, attribute = NEEDS[type(clause)]
            if not any(getattr(facts, attribute) for facts in papers):
                yield _field(clause), what


def _field(clause: Clause) -> str:
    """As it is written: `author`, `cat`; "" for words."""
    return clause_text(clause).partition(":")[0] if type(clause) in NEEDS else ""
