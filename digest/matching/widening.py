"""Where a filter goes beyond the words that were written, by their stems, and the exact form to offer. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from digest.matching.places import alike, occurrences
from digest.matching.reading import Reading, read
from digest.sources.listing import Facts
from subscribers.query.canonical import clause_text, normal
from subscribers.query.nodes import Near, Phrase, Query, TextClause, Word, clauses

MOST_SHOWN = 5  # different words named in one warning


def widened(query: Query, papers: Iterable[Facts]) -> tuple[str, ...]:
    """Warnings, one a clause: which words of these papers count by their stem alone, and how to shut them out.

    For example: `transformer also finds “transform”, “transformations” by the stem; =transformer does not`.
    Plurals are what one expects and are not told.
    """
    listed = list(papers)
    said = []
    for clause in dict.fromkeys(clauses(normal(query))):
        if isinstance(clause, Word | Phrase | Near) and not clause.exact:
            others = list(dict.fromkeys(_others(clause, listed)))
            if others:
                words = ", ".join(f"“{word}”" for word in others[:MOST_SHOWN])
                more = f" and {len(others) - MOST_SHOWN} more" if len(others) > MOST_SHOWN else ""
                exact = clause_text(replace(clause, exact=True))
                said.append(f"{clause_text(clause)} also finds {words}{more} by the stem; {exact} does not")
    return tuple(said)


def _others(clause: TextClause, papers: Sequence[Facts]) -> Iterator[str]:
    """The words, as the papers write them, that the clause finds by their stem alone."""
    for facts in papers:
        for reading in _readings(clause, facts):
            for occurrence in occurrences(clause, reading):
                for token, word in occurrence:
                    if not alike(token.exact, word):
                        yield reading.text[token.start : token.end].lower()


def _readings(clause: TextClause, facts: Facts) -> list[Reading]:
    texts = {"title": facts.title, "abstract": facts.abstract}
    return [read(text) for field, text in texts.items() if clause.field in ("", field)]
