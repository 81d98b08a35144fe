"""A text read once: its words, its neighbours as one word, and where each form stands. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from subscribers.query.tex import readable
from subscribers.query.words import Token, analyse, exacts, joins

REMEMBERED = 4_096  # texts; a day's papers have fewer


@dataclass(frozen=True)
class Reading:
    """`joins[i]` is word i and the next one as one word, or None."""

    text: str  # readable
    words: tuple[Token, ...]
    joins: tuple[Token | None, ...]

    @cached_property
    def stems(self) -> dict[str, list[Token]]:
        """Where each stem stands, two neighbours as one included, in order."""
        places: dict[str, list[Token]] = {}
        for token in self.tokens():
            places.setdefault(token.stem, []).append(token)
        return places

    @cached_property
    def exacts(self) -> dict[str, list[Token]]:
        """Where each folded word stands, two neighbours as one included, in order."""
        places: dict[str, list[Token]] = {}
        for token in self.tokens():
            places.setdefault(token.exact, []).append(token)
        return places

    def tokens(self) -> Iterator[Token]:
        """Every word, and every two neighbours as one, by place."""
        for word, pair in zip(self.words, self.joins, strict=True):
            yield word
            if pair is not None:
                yield pair

    def forms(self, *, exact: bool) -> Mapping[str, Sequence[Token]]:
        """Where each form stands: folded words, or stems."""
        return self.exacts if exact else self.stems


@lru_cache(maxsize=REMEMBERED)
def read(text: str) -> Reading:
    """A title or an abstract as its source wrote it, read."""
    seen = readable(text)
    words = analyse(seen)
    return Reading(seen, words, joins(seen, words))


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
