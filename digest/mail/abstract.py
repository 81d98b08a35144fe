"""What a card shows of an abstract. Pure."""

from __future__ import annotations

import re

from digest.editions.draft import SHORT, TITLES
from digest.mail.foreign import cut
from digest.sources.listing import Facts
from subscribers.query.tex import readable

WHOLE_MOST, SHORT_MOST = 2_000, 360  # characters
_SENTENCE_END = re.compile(r"[.!?](?=\s)|[。！？]")


def abstract(facts: Facts, length: str) -> str:
    """The abstract as a digest of this length shows it, readable: all of it, its beginning, or "".

    Whatever is shown, its characters stand where those of the readable abstract do: marks are told by their places.
    """
    if length == TITLES:
        return ""
    text = readable(facts.abstract)
    return beginning(text, SHORT_MOST) if length == SHORT else cut(text, WHOLE_MOST)


def beginning(text: str, most: int) -> str:
    """The text in at most `most` characters: it ends with a sentence where one ends in the second half of them."""
    if len(text) <= most:
        return text
    ends = [found.end() for found in _SENTENCE_END.finditer(text, most // 2, most - 1)]
    return f"{text[: ends[-1]]} …" if ends else cut(text, most)
