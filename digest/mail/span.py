"""Text of a card whose words can be marked: encoded once, joined for each reader. Pure.

The words come between two private characters, which survive Jinja2 and css-inline. The text is cut at the
words to be marked, and the pieces between two cuts are encoded when they are first needed and kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from digest.mail.foreign import fit
from digest.mail.quoted import encoded
from digest.mail.wrap import WIDTH, columns

TITLE, ABSTRACT, SHUT = "\ue0b4", "\ue0b5", "\ue0b6"
NUMBER_MOST = 3  # columns that a paper's number may need beside its title

_WORD = re.compile(f"([{TITLE}{ABSTRACT}])([^{SHUT}]*){SHUT}")
_FIELDS = {TITLE: "title", ABSTRACT: "abstract"}

Run = tuple[str, int, int]  # field, first word, last word: what is marked
Place = tuple[int, int]  # a word's first and last character, end exclusive; or a span's first and last word


def bracketed(text: str, places: Iterable[Place], field: str, escape: Callable[[str], str]) -> str:
    """The escaped text with each of its words between the private characters of its field.

    Words are letters, digits and their marks (see `words`): nothing in them needs an escape.
    """
    parts, last = [], 0
    for start, end in places:
        gap = text[last:start]
        parts += [gap if gap == " " else escape(fit(gap)), field, text[start:end], SHUT]
        last = end
    return "".join([*parts, escape(fit(text[last:]))])


def unbracketed(rendered: str) -> str:
    """The text without the private characters."""
    return _WORD.sub(r"\2", rendered)


class Span:
    """`mark` stands around marked words; `lined` text keeps the stars of marks within its 72 columns."""

    def __init__(self, rendered: str, mark: tuple[str, str], lined: bool) -> None:
        self.text, self._words, fields = _taken_apart(rendered)
        self._at = _occurrences(fields)
        self._mark = mark
        self._rooms = _rooms(self.text, self._words) if lined else None
        self._plain: dict[Place, bytes] = {}
        self._marked: dict[Place, bytes] = {}

    def pieces(self, runs: Sequence[Run]) -> list[bytes]:
        """The bytes of this span with these runs marked; a line without room for the stars of a mark goes without."""
        found: list[bytes] = []
        last = -1
        for first, final in self._places(runs):
            found.append(self._plain.get((last, first)) or self._new_plain(last, first))
            found.append(self._marked.get((first, final)) or self._new_marked(first, final))
            last = final
        end = len(self._words)
        found.append(self._plain.get((last, end)) or self._new_plain(last, end))
        return found

    def _places(self, runs: Sequence[Run]) -> list[Place]:
        """Runs as (first word, last word) of this span, in order, without overlaps."""
        found: list[Place] = []
        for place in sorted((base + i, base + j) for field, i, j in runs for base in self._bases(field, j)):
            if (not found or place[0] > found[-1][1]) and self._has_room(place, found):
                found.append(place)
        return found

    def _bases(self, field: str, last: int) -> list[int]:
        return [base for base, size in self._at.get(field, ()) if last < size]

    def _has_room(self, place: Place, taken: Sequence[Place]) -> bool:
        if self._rooms is None:
            return True
        rooms, lines = self._rooms
        need = [lines[word] for word in place]
        used = [lines[word] for other in taken for word in other]
        return all(used.count(line) + need.count(line) <= rooms[line] for line in need)

    def _new_plain(self, last: int, following: int) -> bytes:
        start = self._words[last][1] if last >= 0 else 0
        end = self._words[following][0] if following < len(self._words) else len(self.text)
        made = self._plain[last, following] = encoded(self.text[start:end])
        return made

    def _new_marked(self, first: int, final: int) -> bytes:
        text = self.text[self._words[first][0] : self._words[final][1]]
        made = self._marked[first, final] = encoded(self._mark[0] + text + self._mark[1])
        return made


def _taken_apart(rendered: str) -> tuple[str, list[Place], list[str]]:
    """(text, places of its words, the field of each word)."""
    parts, places, fields = [], [], []
    last = length = 0
    for found in _WORD.finditer(rendered):
        start = length + found.start() - last
        length = start + len(found[2])
        parts += [rendered[last : found.start()], found[2]]
        places.append((start, length))
        fields.append(_FIELDS[found[1]])
        last = found.end()
    return "".join([*parts, rendered[last:]]), places, fields


def _occurrences(fields: Sequence[str]) -> dict[str, list[tuple[int, int]]]:
    """Field -> (number of its first word in the span, how many)."""
    starts = [i for i, field in enumerate(fields) if i == 0 or field != fields[i - 1]]
    found: dict[str, list[tuple[int, int]]] = {}
    for start, end in pairwise([*starts, len(fields)]):
        found.setdefault(fields[start], []).append((start, end - start))
    return found


def _rooms(text: str, words: Sequence[Place]) -> tuple[list[int], list[int]]:
    """(free columns of each line, the line of each word)."""
    rooms = [WIDTH - columns(line) for line in text.split("\n")]
    rooms[0] -= NUMBER_MOST
    lines, line, last = [], 0, 0
    for start, _ in words:
        line += text.count("\n", last, start)
        last = start
        lines.append(line)
    return rooms, lines
