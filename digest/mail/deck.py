"""The cards of the papers, each made when first needed, with or without abstracts. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from digest.mail.card import Card, Shown
from digest.mail.cells import number as numbered
from digest.mail.parts import Wording
from digest.sources.listing import Facts

SHOWN_KEPT = 16_384  # cards as they stand in mails, twice: half a kilobyte each, since their pieces are the cards'

Out = list[bytes]


class Deck:
    """Cards in one wording, by change number as a line names it.

    `titles`: without abstracts. `failed` gets those that their template could not render, with the reason.
    """

    def __init__(
        self, wording: Wording, url: str, facts: Mapping[int, Facts], failed: dict[int, str], *, titles: bool
    ) -> None:
        self._wording, self._url, self._facts = wording, url, facts
        self._failed, self._titles = failed, titles
        self._cards: dict[str, Card] = {}
        self._shown: dict[str, Shown] = {}  # by line
        self._before: dict[str, Shown] = {}

    def card(self, change: str) -> Card:
        """The card of a change. KeyError when its facts were not given."""
        return self._cards.get(change) or self._make(change)

    def joined(self, hits: Sequence[str], first: int) -> tuple[Out, Out]:
        """The cards of these lines in both formats, numbered from `first`."""
        text: Out = []
        html: Out = []
        for number, hit in enumerate(hits, first):
            in_text, in_html, text_numbers, html_numbers = self._shown.get(hit) or self._show(hit)
            begin = len(text)
            text += in_text
            for at in text_numbers:
                text[begin + at] = numbered(number)
            begin = len(html)
            html += in_html
            for at in html_numbers:
                html[begin + at] = numbered(number)
        return text, html

    def _show(self, hit: str) -> Shown:
        """The card of a hit, from those kept before or made anew."""
        made = self._before.get(hit)
        if made is None:
            change, score, places, _, rest = hit.split("|", 4)
            made = self.card(change).shown(score, places, rest)
        if len(self._shown) >= SHOWN_KEPT:  # those asked for since the last time stay
            self._shown, self._before = {}, self._shown
        self._shown[hit] = made
        return made

    def _make(self, change: str) -> Card:
        number = int(change)
        if number not in self._facts:
            raise KeyError(f"the draft names change {number}, whose facts were not given to the composer")
        facts = replace(self._facts[number], abstract="") if self._titles else self._facts[number]
        card = self._cards[change] = Card(facts, self._wording, self._url)
        if card.failed:
            self._failed[number] = card.failed
        return card
