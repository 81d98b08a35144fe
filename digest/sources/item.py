"""One item of Hugging Face Daily Papers, as its API and its web page give it, read into an `Entry`. Pure.

Seen from 2024 to 2026 in two families of shapes: the older without `summary` beside `paper`, without
`paper.submittedOnDailyAt`, `githubRepo`, `projectPage`, `organization`, `ai_keywords` and `ai_summary`, and with
titles, abstracts and some addresses broken in lines. New keys appeared 15 times in 27 months, so whatever is unknown
is ignored and whatever is missing stays empty. Only an item without id or title is refused.

An author whom the list marks `hidden` is kept: the mark takes a paper off a member's profile, and Hugging
Face counts that author on its own page too.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from digest.sources.listing import Entry, arxiv_key, guid_key
from digest.sources.untrusted import SUMMARY_LIMIT, TEXT_LIMIT, TITLE_LIMIT, count, iso_day, line, lines, web_url

PAPERS = "https://huggingface.co/papers/"
ID_LIMIT = 100  # characters


def read_item(item: object, source: str) -> Entry | str:
    """One item as an entry, or why it cannot be used: without a name that holds nobody can be told of it."""
    outer = as_object(item)
    paper = as_object(outer.get("paper"))
    identity = _identity(paper.get("id"))
    if not identity:
        return "has no usable id"
    title = line(paper.get("title"), TITLE_LIMIT) or line(outer.get("title"), TITLE_LIMIT)
    if not title:
        return f"({identity}) has no title"
    arxiv = arxiv_key(identity)
    abstract = line(paper.get("summary"), TEXT_LIMIT) or line(outer.get("summary"), TEXT_LIMIT)
    return Entry(
        keys=(arxiv or guid_key(source, identity),),
        title=title,
        abstract=abstract,
        authors=_authors(paper.get("authors")),
        organisations=_organisations(paper.get("organization"), outer.get("organization")),
        upvotes=count(paper.get("upvotes")),
        comments=count(outer.get("numComments")),
        code=web_url(paper.get("githubRepo")),
        project=web_url(paper.get("projectPage")),
        link=PAPERS + (arxiv.removeprefix("arxiv:") or quote(identity, safe="")),
        published=iso_day(paper.get("publishedAt")),
        keywords=lines(paper.get("ai_keywords")),
        summary=_summary(paper.get("ai_summary"), abstract),
    )


def _identity(value: object) -> str:
    """The id as text; "" for none. A number is none: 2503.02130 read as one has lost its last digit."""
    text = line(value, ID_LIMIT + 1)
    return text if text and " " not in text and len(text) <= ID_LIMIT else ""


def _summary(value: object, abstract: str) -> str:
    """What the list's model made of the abstract; "" where it gives the abstract itself, as it sometimes does."""
    text = line(value, TEXT_LIMIT)
    return "" if text == abstract else line(text, SUMMARY_LIMIT)


def _authors(values: object) -> tuple[str, ...]:
    people = values if isinstance(values, list) else []
    return lines([person.get("name") if isinstance(person, dict) else person for person in people])


def _organisations(*values: object) -> tuple[str, ...]:
    """The first organisation that has a name: the paper's, else the item's (equal where both are)."""
    for value in values:
        if isinstance(value, dict) and (name := line(value.get("fullname")) or line(value.get("name"))):
            return (name,)
    return ()


def as_object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
