"""One character folded, and the signs between words: what the analyser (`words`) knows of Unicode. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

LETTERS = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ŧ": "t", "ı": "i", "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d"}
)
APOSTROPHES = frozenset("'’ʼ‘´＇")
HYPHENS = frozenset("-‐‑‒–−")
TOUCHING, APART, ODD = " ", "\n", "\0"  # what `PLAIN` makes of the signs that are in no word
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
JAMO = ((0x1100, 0x1200),)  # these grow together with their neighbours
SIGNS_KEPT = 16_384  # characters whose folding is remembered


def touch(gap: str) -> bool:
    """Whether what stands between two words lets them make one."""
    return gap == " " or gap in HYPHENS


def is_ideograph(sign: str) -> bool:
    """Whether the character is a word by itself."""
    return _within(sign, IDEOGRAPHS)


def composed(word: str) -> str:
    """A folded word as it is compared: its marks with their letters."""
    return word if word.isascii() else unicodedata.normalize("NFC", word)


def folded_signs(text: str) -> tuple[str, Sequence[int], Sequence[int]]:
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


@lru_cache(maxsize=SIGNS_KEPT)
def _fold(sign: str) -> str:
    """One character folded until nothing changes; "" for what only decorates, spaces for what separates."""
    before, folded = "", "'" if sign in APOSTROPHES else sign
    while folded != before:
        before = folded
        spread = unicodedata.normalize("NFKD", folded).casefold()
        folded = "".join(part for part in spread if not _within(part, ACCENT_RANGES)).translate(LETTERS)
    return "".join(_classed(part) for part in composed(folded))


def _classed(sign: str) -> str:
    if sign in APOSTROPHES:
        return "'"
    kind = unicodedata.category(sign)
    if _within(sign, SELECTORS) or kind == "Cf":
        return ""
    if is_ideograph(sign):
        return f" {sign} " if sign.isalnum() else sign
    return sign if sign.isalnum() or kind[0] == "M" else " "


def _within(sign: str, ranges: Iterable[tuple[int, int]]) -> bool:
    return any(first <= ord(sign) < last for first, last in ranges)


class _Plain(dict[int, str]):
    """What a character becomes where only words and what is between them count: folded; `TOUCHING` for what may stand
    between two words that make one, `APART` for what may not, `ODD` where its neighbours have a say too."""

    def __missing__(self, code: int) -> str:
        sign = chr(code)
        found = self._plain(sign, _fold(sign))
        if len(self) < SIGNS_KEPT:
            self[code] = found
        return found

    def _plain(self, sign: str, folded: str) -> str:
        if touch(sign):
            return TOUCHING
        if folded and folded.isspace():
            return APART
        plain = folded == "'" or (folded.isalnum() and not any(_within(part, JAMO) for part in folded))
        return folded if plain else ODD


_ASCII = {code: _fold(chr(code)) for code in range(128)}
PLAIN = _Plain()
