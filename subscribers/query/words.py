"""The one analyser: a text becomes words, for filters, papers, marking and search alike. Pure.

A word is a run of letters, digits and their marks; everything else only separates, so a hyphen equals a
space. `exact` is the word folded: Unicode NFKC, case and accents gone (also of the letters that Unicode does
not take apart), an inner apostrophe and a final 's dropped. `stem` is the English Snowball stem of that.
Ideographs and kana are one word each, so that a phrase finds them inside a longer run.

Two neighbouring words written as one (`joined`) count too: "finetuning" finds "fine-tuning" and "fine
tuning", and the other way round. A short function word never joins ("in form" is not "inform"), nor do two
numbers.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise, zip_longest
from typing import NamedTuple

import Stemmer

from subscribers.query.folding import APART, ODD, PLAIN, composed, folded_signs, is_ideograph, touch

UNJOINABLE = frozenset({"a", "an", "as", "at", "be", "by", "for", "i", "in", "is", "of", "or", "so", "the", "to", "we"})
GAPS = ("", APART)  # what no word is
LONGEST_STEMMED = 64  # characters; what is longer is no English word
LONGEST_JOINED = 8  # words of a phrase whose neighbours are tried as one
WORD = re.compile(r"[^ ']+(?:'[^ ']+)*")
FINAL_S = re.compile(r"(?<=[^ \n'])'s(?!'?[^ \n'])")
INNER = re.compile(r"(?<=[^ \n'])'(?=[^ \n'])")


class Token(NamedTuple):
    """A word in a readable text, or two neighbours as one (`width` 2)."""

    exact: str
    stem: str
    start: int  # places in the text: characters, end exclusive
    end: int
    position: int  # counts words
    width: int = 1  # words it covers


class _Stemmers(threading.local):
    """A stemmer may not be used by two threads at once."""

    def __init__(self) -> None:
        # Its own memory costs more than it saves: most neighbours as one word are met once (596 ms against 171 for
        # 195,000 of them).
        self.english = Stemmer.Stemmer("english", 0)


_stemmers = _Stemmers()


def stems(words: Iterable[str]) -> list[str]:
    """The Snowball stems of folded words, in order."""
    listed = list(words)
    if max(map(len, listed), default=0) > LONGEST_STEMMED:
        return [word if len(word) > LONGEST_STEMMED else stem(word) for word in listed]
    found: list[str] = _stemmers.english.stemWords(listed)
    return found


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """The stem of one folded word, remembered."""
    return stems((word,))[0]


def analyse(text: str) -> tuple[Token, ...]:
    """The words of a readable text (see `tex.readable`), in order, at positions 0, 1, 2 ..."""
    words, places = spans(text)
    return tuple(
        Token(word, stem, start, end, position)
        for position, (word, stem, (start, end)) in enumerate(zip(words, stems(words), places, strict=True))
    )


def spans(text: str) -> tuple[list[str], list[tuple[int, int]]]:
    """The folded words of a readable text, and where each stands: characters, end exclusive."""
    folded, starts, ends = folded_signs(text)
    if text.isascii() and "'" not in folded:
        return folded.split(), [found.span() for found in WORD.finditer(folded)]
    words: list[str] = []
    places: list[tuple[int, int]] = []
    for found in WORD.finditer(folded):
        run = found[0]
        word = run if run.isalnum() and run.isascii() else _word(run)
        if any(sign.isalnum() for sign in word):
            words.append(word)
            places.append((starts[found.start()], ends[found.end() - (3 if run.endswith("'s") else 1)]))
    return words, places


def parts(text: str) -> list[str]:
    """The folded words of a readable text, with `GAPS` between those that don't touch, as words that make one do.

    What `analyse` and `joins` go by, without places and stems and in a fraction of the time: a text is folded and cut
    by two calls. Only one with signs that change their neighbours (accents alone, ideographs) goes the long way.
    """
    plain = text.translate(PLAIN)
    if ODD in plain:
        words, places = spans(text)
        gaps = [text[end:start] for (_, end), (start, _) in pairwise(places)]
        behind = [() if touch(gap) else (APART,) for gap in gaps]
        return [part for word, gap in zip_longest(words, behind, fillvalue=()) for part in (word, *gap)]
    if "'" in plain:
        plain = INNER.sub("", FINAL_S.sub(APART, plain)).replace("'", APART)
    found = plain.replace(APART, f" {APART} ").split(" ")
    return found if plain.isascii() else [*map(composed, found)]


def forms(text: str) -> tuple[list[str], list[bool]]:
    """The folded words of a readable text, and for each whether it touches the next one."""
    found = [*parts(text), ""]
    words = [part for part in found if part not in GAPS]
    return words, [after not in GAPS for part, after in pairwise(found) if part not in GAPS]


def folded_line(text: str) -> str:
    """A line in which each folded word of the text stands as it is, among others; "" where that is not so easily
    told. What is not in it is no word of the text."""
    line = text.translate(PLAIN).replace("'", "")
    return "" if ODD in line else composed(line)


def exacts(text: str) -> tuple[str, ...]:
    """The folded words alone: of a name, an organisation, a term of a filter."""
    return tuple(forms(text)[0])


def joined(left: str, right: str) -> str:
    """Two neighbouring words written as one, or "" where they never are."""
    if left in UNJOINABLE or right in UNJOINABLE or (left[-1].isdigit() and right[0].isdigit()):
        return ""
    return composed(left + right)


def joins(text: str, tokens: Sequence[Token]) -> tuple[Token | None, ...]:
    """For each word of the text, the word that it makes with the next one when only a space or a hyphen is
    between them; None where there is none."""
    pairs = list(pairwise(tokens))
    words = [joined(a.exact, b.exact) if touch(text[a.end : b.start]) else "" for a, b in pairs]
    found = [
        Token(word, stem, a.start, b.end, a.position, 2) if word else None
        for word, stem, (a, b) in zip(words, stems(words), pairs, strict=True)
    ]
    return (*found, None) if tokens else ()


def spellings(words: tuple[str, ...]) -> list[tuple[str, ...]]:
    """A phrase as it may be written: as it is, and with any two of its neighbours as one word."""
    found = [words]
    if len(words) <= LONGEST_JOINED:
        for place, (left, right) in enumerate(pairwise(words)):
            word = joined(left, right)
            if word:
                found.append((*words[:place], word, *words[place + 2 :]))
    return found


def spelled(words: Iterable[str]) -> str:
    """Words as one writes them: with spaces, save between ideographs."""
    text = ""
    for word in words:
        together = text and is_ideograph(text[-1]) and is_ideograph(word[0])
        text += word if together or not text else f" {word}"
    return text


def _word(run: str) -> str:
    """A run without its inner apostrophes and its final 's."""
    return composed(run.removesuffix("'s").replace("'", ""))
