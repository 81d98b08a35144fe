"""What a card shows of an abstract. Pure."""

from __future__ import annotations

import re

from digest.editions.draft import SHORT, TITLES
from digest.mail.foreign import cut, fit
from digest.sources.listing import Facts
from subscribers.query.tex import readable
from subscribers.query.words import analyse

WHOLE_MOST, SHORT_MOST = 2_000, 360  # characters
_SENTENCE_END = re.compile(r"[.!?](?=\s)|[。！？]")


class Abstract:
    """The text that a digest of this length shows, readable: the whole abstract, or the paper's summary and where there
    is none the beginning of the abstract, or nothing.

    `summed`: it is the summary.
    """

    def __init__(self, facts: Facts, length: str) -> None:
        self._whole = readable(facts.abstract) if length != TITLES else ""
        summary = readable(facts.summary) if length == SHORT else ""
        self.summed = bool(fit(summary).strip())  # one of signs that nobody sees is none
        text = summary if self.summed else self._whole
        self.text = beginning(text, SHORT_MOST) if length == SHORT else cut(text, WHOLE_MOST)
        words = analyse(self.text) if self.summed else ()
        self._stems, self._places = [word.stem for word in words], [(word.start, word.end) for word in words]

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Where the words stand that stand there in the abstract (characters, end exclusive); (0, 0) when a summary
        does without them, or has them in another order."""
        if not self.summed:
            return start, end
        sought = [word.stem for word in analyse(self._whole[start:end])]
        for first in range(len(self._stems) - len(sought) + 1 if sought else 0):
            if self._stems[first : first + len(sought)] == sought:
                return self._places[first][0], self._places[first + len(sought) - 1][1]
        return 0, 0


def beginning(text: str, most: int) -> str:
    """The text in at most `most` characters: it ends with a sentence where one ends in the second half of them."""
    if len(text) <= most:
        return text
    ends = [found.end() for found in _SENTENCE_END.finditer(text, most // 2, most - 1)]
    return f"{text[: ends[-1]]} …" if ends else cut(text, most)
