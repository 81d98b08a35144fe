"""A text read once: its words, its neighbours as one word, and where each form stands. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise

from subscribers.query.tex import readable
from subscribers.query.words import Token, exacts, forms, joined, spans, stems

Index = dict[str, list[tuple[int, int]]]  # by form: places, and how many words it takes there
REMEMBERED = 4_096  # texts; a day's papers have fewer


@dataclass(frozen=True)
class Reading:
    """The words of a text as lists of the same length, by place; what few ask for is worked out when it is asked for.

    A text has hundreds of words: as many objects would cost more than all else, so a `Token` is made of what is found.
    """

    text: str  # readable
    words: list[str]  # folded
    touching: list[bool]  # does the word touch the next one?

    @cached_property
    def joins(self) -> list[str]:
        """Each word and the next one as one word, "" where they never are."""
        pairs = zip(pairwise((*self.words, "")), self.touching, strict=True)
        return [joined(a, b) if touch else "" for (a, b), touch in pairs]

    @cached_property
    def stems(self) -> list[str]:
        """The stems of the words."""
        return stems(self.words)

    @cached_property
    def join_stems(self) -> list[str]:
        """The stems of the neighbours as one."""
        return stems(self.joins)

    @cached_property
    def _places(self) -> list[tuple[int, int]]:
        return spans(self.text)[1]

    def forms(self, *, exact: bool) -> tuple[list[str], list[str]]:
        """Words and neighbours as one: folded, or by their stems."""
        return (self.words, self.joins) if exact else (self.stems, self.join_stems)

    def at(self, form: str, *, exact: bool) -> list[Token]:
        """Where a form stands, two neighbours as one included, in order."""
        return [self.token(place, width) for place, width in self.index(exact=exact).get(form, ())]

    def index(self, *, exact: bool) -> Index:
        """Where each form stands: ascending places, and at each how many words it takes."""
        return self._exact_index if exact else self._stem_index

    @cached_property
    def _exact_index(self) -> Index:
        return _index(*self.forms(exact=True))

    @cached_property
    def _stem_index(self) -> Index:
        return _index(*self.forms(exact=False))

    def token(self, place: int, width: int = 1) -> Token:
        """The word at a place, or with width 2 the one that it makes with the next."""
        words, stemmed = (self.words, self.stems) if width == 1 else (self.joins, self.join_stems)
        start, end = self._places[place][0], self._places[place + width - 1][1]
        return Token(words[place], stemmed[place], start, end, place, width)


def _index(singles: Sequence[str], pairs: Sequence[str]) -> Index:
    """Where each form stands: many filters ask for words of one text, and most of them are not in it."""
    index: Index = {}
    for place, both in enumerate(zip(singles, pairs, strict=True)):
        for width, form in enumerate(both, 1):
            index.setdefault(form, []).append((place, width))
    return index


@lru_cache(maxsize=REMEMBERED)
def read(text: str) -> Reading:
    """A title or an abstract as its source wrote it, read."""
    seen = readable(text)
    return Reading(seen, *forms(seen))


@lru_cache(maxsize=REMEMBERED * 8)
def name_words(name: str) -> tuple[str, ...]:
    """The folded words of a person's name."""
    return exacts(readable(name))


def is_named(wanted: Sequence[str], name: Sequence[str]) -> bool:
    """Do the words of an author clause name this author? The words come in the same order, others may stand
    between; a single letter, on either side, stands for a name that begins so, save for the last word."""
    *given, family = wanted
    return any(word == family and _in_order(given, name[:last]) for last, word in enumerate(name))


def _in_order(wanted: Sequence[str], names: Sequence[str]) -> bool:
    rest: Iterator[str] = iter(names)
    return all(any(_stands_for(word, name) for name in rest) for word in wanted)


def _stands_for(word: str, name: str) -> bool:
    return word == name or ((len(word) == 1 or len(name) == 1) and word[0] == name[0])


def together(occurrences: Iterable[Sequence[Token]], within: int) -> list[Token]:
    """The first place where one token of each sequence stands with at most `within` words between the first
    and the last that are not among them; those tokens in order, or an empty list."""
    listed = list(occurrences)
    events = sorted(((token, which) for which, tokens in enumerate(listed) for token in tokens), key=_position)
    latest: dict[int, Token] = {}
    for token, which in events:
        latest[which] = token
        reach = token.position - min(other.position for other in latest.values())
        if len(latest) == len(listed) and reach <= within + len(listed) - 1:
            return sorted(latest.values(), key=lambda one: one.position)
    return []


def _position(event: tuple[Token, int]) -> int:
    return event[0].position
