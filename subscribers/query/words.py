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
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import Stemmer

LETTERS = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ŧ": "t", "ı": "i", "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d"}
)
APOSTROPHES = frozenset("'’ʼ‘´＇")
HYPHENS = frozenset("-‐‑‒–−")
UNJOINABLE = frozenset({"a", "an", "as", "at", "be", "by", "for", "i", "in", "is", "of", "or", "so", "the", "to", "we"})
LONGEST_STEMMED = 64  # characters; what is longer is no English word
LONGEST_JOINED = 8  # words of a phrase whose neighbours are tried as one
WORD = re.compile(r"[^ ']+(?:'[^ ']+)*")
ACCENT_RANGES = ((0x300, 0x370), (0x1AB0, 0x1B00), (0x1DC0, 0x1E00), (0x20D0, 0x2100), (0xFE20, 0xFE30))
IDEOGRAPHS = (
    (0x3040, 0x3100),
    (0x31F0, 0x3200),
    (0x3400, 0x4DC0),
    (0x4E00, 0xA000),
    (0xF900, 0xFB00),
    (0x20000, 0x32000),
)
SELECTORS = ((0xFE00, 0xFE10), (0xE0100, 0xE01F0))


@dataclass(frozen=True, slots=True)
class Token:
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
        self.english = Stemmer.Stemmer("english")


_stemmers = _Stemmers()


def stems(words: Iterable[str]) -> list[str]:
    """The Snowball stems of folded words, in order."""
    listed = list(words)
    found: list[str] = _stemmers.english.stemWords([word[:LONGEST_STEMMED] for word in listed])
    return [word if len(word) > LONGEST_STEMMED else stem for word, stem in zip(listed, found, strict=True)]


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """The stem of one folded word, remembered."""
    return stems((word,))[0]


def analyse(text: str) -> tuple[Token, ...]:
    """The words of a readable text (see `tex.readable`), in order, at positions 0, 1, 2 ..."""
    folded, starts, ends = _folded(text)
    words: list[tuple[str, int, int]] = []
    for found in WORD.finditer(folded):
        first, last = found.start(), found.end()
        possessive = found[0].endswith("'s") and last - first > 2
        last -= 2 if possessive else 0
        exact = _composed(folded[first:last].replace("'", ""))
        if any(sign.isalnum() for sign in exact):
            words.append((exact, starts[first], ends[last - 1]))
    stemmed = stems(word for word, _, _ in words)
    return tuple(
        Token(exact, stem, start, end, position)
        for position, ((exact, start, end), stem) in enumerate(zip(words, stemmed, strict=True))
    )


def exacts(text: str) -> tuple[str, ...]:
    """The folded words alone: of a name, an organisation, a term of a filter."""
    return tuple(token.exact for token in analyse(text))


def joined(left: str, right: str) -> str:
    """Two neighbouring words written as one, or "" where they never are."""
    if left in UNJOINABLE or right in UNJOINABLE or (left[-1].isdigit() and right[0].isdigit()):
        return ""
    return _composed(left + right)


def joins(text: str, tokens: Sequence[Token]) -> tuple[Token | None, ...]:
    """For each word of the text, the word that it makes with the next one when only a space or a hyphen is
    between them; None where there is none."""
    pairs = list(pairwise(tokens))
    words = [joined(a.exact, b.exact) if _touch(text[a.end : b.start]) else "" for a, b in pairs]
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
        together = text and _within(text[-1], IDEOGRAPHS) and _within(word[0], IDEOGRAPHS)
        text += word if together or not text else f" {word}"
    return text


def _touch(gap: str) -> bool:
    return gap == " " or gap in HYPHENS


def _composed(word: str) -> str:
    return word if word.isascii() else unicodedata.normalize("NFC", word)


def _folded(text: str) -> tuple[str, Sequence[int], Sequence[int]]:
    """The text with words folded and all else as spaces; for each of its characters where it came from."""
    if text.isascii():
        return text.translate(_ASCII), range(len(text)), range(1, len(text) + 1)
    signs: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for place, sign in enumerate(text):
        folded = _fold(sign)
        if not folded and ends:
            ends[-1] = place + 1  # an accent belongs to its letter
        signs.append(folded)
        starts.extend([place] * len(folded))
        ends.extend([place + 1] * len(folded))
    return "".join(signs), starts, ends


@lru_cache(maxsize=16_384)
def _fold(sign: str) -> str:
    """One character folded until nothing changes; "" for what only decorates, spaces for what separates."""
    before, folded = "", "'" if sign in APOSTROPHES else sign
    while folded != before:
        before = folded
        spread = unicodedata.normalize("NFKD", folded).casefold()
        folded = "".join(part for part in spread if not _within(part, ACCENT_RANGES)).translate(LETTERS)
    return "".join(_classed(part) for part in _composed(folded))


def _classed(sign: str) -> str:
    if sign in APOSTROPHES:
        return "'"
    kind = unicodedata.category(sign)
    if _within(sign, SELECTORS) or kind == "Cf":
        return ""
    if _within(sign, IDEOGRAPHS):
        return f" {sign} " if sign.isalnum() else sign
    return sign if sign.isalnum() or kind[0] == "M" else " "


def _within(sign: str, ranges: Iterable[tuple[int, int]]) -> bool:
    return any(first <= ord(sign) < last for first, last in ranges)


_ASCII = {code: _fold(chr(code)) for code in range(128)}
