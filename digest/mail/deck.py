"""The cards of the papers, each made when first needed, for one length of digests. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from digest.mail.card import Card, Shown
from digest.mail.cells import number as numbered
from digest.mail.parts import Wording
from digest.sources.listing import Facts

Out = list[bytes]


class Deck:
    """Cards in one wording, by change number as a line names it.

    `length` is one of `LENGTHS`. `failed` gets those that their template could not render, with the reason.
    """

    def __init__(
        self, wording: Wording, url: str, facts: Mapping[int, Facts], failed: dict[int, str], length: str
    ) -> None:
        self._wording, self._url, self._facts = wording, url, facts
        self._failed, self._length = failed, length
        self._cards: dict[str, Card] = {}
        self._shown: dict[str, Shown] = {}  # by line

    def card(self, change: str) -> Card:
        """The card of a change. KeyError when its facts were not given."""
        return self._cards.get(change) or self._make(change)

    def prepare(self, lines: Iterable[str]) -> None:
        """Makes the cards of these lines, and forgets those made before: paper by paper, since what a paper's cards
        share is then near at hand (in the order of mails, waiting for memory takes several times as long).

        One that can't be made is left to the mail that asks for it.
        """
        self._shown = {}
        papers: dict[str, list[str]] = {}
        for line in dict.fromkeys(lines):
            papers.setdefault(line.partition("|")[0], []).append(line)
        for change, mine in papers.items():
            with suppress(KeyError, ValueError):
                card = self.card(change)
                for line in mine:
                    self._shown[line] = card.shown(line)

    def joined(self, lines: Sequence[str], first: int) -> tuple[Out, Out]:
        """The cards of these lines in both formats, numbered from `first`. KeyError as `card`."""
        text: Out = []
        html: Out = []
        shown = self._shown
        for number, line in enumerate(lines, first):
            in_text, text_numbers, in_html, html_numbers = shown.get(line) or self._show(line)
            begin = len(text)
            text += in_text
            for place in text_numbers:
                text[begin + place] = numbered(number)
            begin = len(html)
            html += in_html
            for place in html_numbers:
                html[begin + place] = numbered(number)
        return text, html

    def _show(self, line: str) -> Shown:
        return self.card(line.partition("|")[0]).shown(line)

    def _make(self, change: str) -> Card:
        number = int(change)
        if number not in self._facts:
            raise KeyError(f"the draft names change {number}, whose facts were not given to the composer")
        card = self._cards[change] = Card(self._facts[number], self._wording, self._url, self._length)
        if card.failed:
            self._failed[number] = card.failed
        return card
