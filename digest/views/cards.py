"""A paper as the pages show it: its texts in pieces, marked and not, so that templates escape every one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from digest.mail.foreign import clean, cut, fit
from digest.mail.paper import TITLE_MOST, page_url, plain
from digest.matching.mark import Mark
from digest.matching.why import reason
from digest.sources.listing import Facts
from subscribers.query.tex import readable

ABSTRACT_MOST = 2_000  # characters in a list; a paper's own page shows all
QUOTES = ("“", "”")

Pieces = tuple[tuple[str, bool], ...]  # (text, is it marked)


@dataclass(frozen=True, slots=True)
class Card:
    """One paper on a page. `plain` is what a mail's card shows too: names, counts, date, links."""

    url: str
    title: Pieces
    abstract: Pieces
    plain: dict[str, Any]
    why: str = ""
    also: tuple[str, ...] = ()
    carried: str = ""  # ISO date of the digest that did not arrive
    number: int = 0
    score: int = 0  # for the topic it is shown under, 0 to 100; 0: not said

    @property
    def name(self) -> str:
        """The title without marks."""
        return "".join(text for text, _ in self.title)


def card(
    facts: Facts,
    marks: Sequence[Mark] = (),
    *,
    also: tuple[str, ...] = (),
    carried: str = "",
    number: int = 0,
    score: int = 0,
    most: int = ABSTRACT_MOST,
) -> Card:
    """The card of a paper, with the words marked that are why it is here."""
    page = page_url("", facts.key)
    title = cut(readable(facts.title), TITLE_MOST)
    return Card(
        url=page,
        title=pieces(title, marks, "title") if fit(title).strip() else ((clean(facts.key), False),),
        abstract=pieces(cut(readable(facts.abstract), most), marks, "abstract"),
        plain=plain(facts, page),
        why=clean(reason(marks, QUOTES)) if marks else "",
        also=tuple(clean(name) for name in also),
        carried=carried,
        number=number,
        score=score,
    )


def pieces(text: str, marks: Iterable[Mark], field: str) -> Pieces:
    """The text cut at the marks of its field; a mark that reaches beyond its end is left out."""
    found: list[tuple[str, bool]] = []
    last = 0
    for mark in sorted((m for m in marks if m.field == field), key=lambda m: m.start):
        if last <= mark.start < mark.end <= len(text):
            found += [(text[last : mark.start], False), (text[mark.start : mark.end], True)]
            last = mark.end
    found.append((text[last:], False))
    return tuple((fit(piece), marked) for piece, marked in found if piece)
