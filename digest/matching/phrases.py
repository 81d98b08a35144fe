"""Many words and phrases found in a text at once: a trie walked from each word of the text. Pure.

A text is walked along its words and along its neighbours as one word, so "pre-trained model" is found by
`"pretrained model"`; a phrase stands in the trie in each of its spellings (`words.spellings`), so
`"pre trained model"` finds "pretrained model".
"""

from __future__ import annotations

from collections.abc import Sequence

from subscribers.query.words import spellings, stem


class Phrases:
    """Words and phrases by number, compared by their folded words or by their stems."""

    def __init__(self, *, exact: bool) -> None:
        self.exact = exact
        self._next: list[dict[str, int]] = [{}]  # node to (form to node); node 0 is the root
        self._ends: dict[int, list[int]] = {}  # node to the numbers of the phrases that end there

    def __bool__(self) -> bool:
        return bool(self._ends)

    def add(self, words: tuple[str, ...], number: int) -> None:
        """A phrase (or a single word) under a number."""
        for spelling in spellings(words):
            node = 0
            for word in spelling:
                form = word if self.exact else stem(word)
                node = self._next[node].setdefault(form, len(self._next))
                if node == len(self._next):
                    self._next.append({})
            self._ends.setdefault(node, []).append(number)

    def found(self, singles: Sequence[str], pairs: Sequence[str]) -> set[int]:
        """The numbers of all phrases that stand in the text, given the forms of its words and of its neighbours as one
        ("" for none)."""
        first = self._next[0]
        reached: set[int] = set()
        for start, (single, pair) in enumerate(zip(singles, pairs, strict=True)):
            if single in first or pair in first:
                self._walk(start, singles, pairs, reached)
        return {number for node in reached for number in self._ends.get(node, ())}

    def _walk(self, start: int, singles: Sequence[str], pairs: Sequence[str], reached: set[int]) -> None:
        ahead = [(0, start)]
        while ahead:
            node, place = ahead.pop()
            children = self._next[node]
            if not children or place >= len(singles):
                continue
            for form, after in ((singles[place], place + 1), (pairs[place], place + 2)):
                child = children.get(form)
                if child is not None:
                    reached.add(child)
                    ahead.append((child, after))
