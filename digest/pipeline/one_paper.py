"""One stored paper and a filter: does it match, by which clause and words, or which clause fails. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote

from digest.editions import rank
from digest.matching.mark import Mark
from digest.matching.why import why
from digest.models import Paper
from digest.pipeline import browsing
from digest.pipeline.nearness import wanted_marks, whole_miss
from digest.sources.keys import arxiv_named, doi_named
from digest.sources.listing import Facts
from subscribers.query.boosts import Boost
from subscribers.query.canonical import normal
from subscribers.query.nodes import Query


@dataclass(frozen=True, slots=True)
class Verdict:
    """`marks`: of a match why it is one, else what it has of what is asked for; `failed`: "" of a match."""

    facts: Facts
    marks: tuple[Mark, ...]
    failed: str
    score: int


def named(text: str) -> Paper | None:
    """The paper of an id, a DOI, or an address of it at arXiv, Hugging Face, a DOI's resolver or on our own site."""
    text = text.strip()
    names = (arxiv_named(text) or doi_named(text), text, _of_page(text))
    return next((found for name in names if name and (found := browsing.paper(name))), None)


def _of_page(address: str) -> str:
    """The key in the address of a paper's page, which `mail.paper.page_url` quotes: what follows it is none of it."""
    path = address.partition("?")[0].partition("#")[0]
    return unquote(path.partition("/p/")[2])


def judged(paper: Paper, query: Query, boosts: tuple[Boost, ...], now: datetime) -> Verdict:
    """What the filter says of the paper as it is now."""
    facts = Facts.from_json(paper.facts, now.astimezone(UTC).date())
    lines = tuple(boost.line for boost in boosts)
    score = rank.boosted(lines, facts, rank.hours_listed(facts, now))
    marks = why(query, facts)
    if marks:
        return Verdict(facts, marks, "", score)
    meant = normal(query)
    return Verdict(facts, wanted_marks(meant, facts), whole_miss(meant, facts), score)
