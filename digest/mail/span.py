"""Text of a card whose words can be marked: encoded once, joined for each reader. Pure.

The words come between two private characters, which survive Jinja2 and css-inline. The text is encoded as a whole, in
lines with room for what ends a mark; marked words are made when they are first needed, and put in between.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

from digest.mail.foreign import fit
from digest.mail.quoted import ROOM, SOFT, encoded, laid_out
from digest.mail.wrap import WIDTH, columns

TITLE, ABSTRACT, SHUT = "\ue0b4", "\ue0b5", "\ue0b6"
NUMBER_MOST = 3  # columns that a paper's number may need beside its title
NEWLINE = ord("\n")

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


# Marked words: where they begin and end in the bytes, how they stand there, the lines of the first and the last.
Piece = tuple[int, int, bytes, int, int]


class Span:
    """`mark` stands around marked words; `lined` text keeps the stars of marks within its 72 columns."""

    def __init__(self, rendered: str, mark: tuple[str, str], lined: bool) -> None:
        text, words, fields = _taken_apart(rendered)
        self.size = len(text.replace("\n", "\r\n").encode())  # decoded bytes, without marks
        self.data, places = laid_out(_alternating(text, words))
        self._begins = array("L", [end for _, end in places[:-1:2]])  # of each word, where what is before it ends
        self._ends = array("L", [end for _, end in places[1::2]])
        self._at = _occurrences(fields)
        self.times = max(map(len, self._at.values()), default=0)  # how often a title or an abstract stands there
        self._before, self._behind = _sides(mark)
        self._rooms, self._lines = _rooms(text, words)
        self._lined = lined

    def pieces(self, run: Run) -> list[Piece]:
        """The words of a run, marked: none when they don't all stand there or have no room for the stars of a mark,
        several when they stand there more than once."""
        field, first, last = run
        pieces = [self._piece(base + first, base + last) for base, size in self._at.get(field, ()) if last < size]
        return [piece for piece in pieces if self._has_room(piece[3], piece[4], {})] if self._lined else pieces

    def parted(self, marked: Sequence[Piece]) -> list[bytes]:
        """The bytes with these words marked, in pieces.

        Of words that overlap the first are; a line without room for the stars of all goes without the later ones.
        """
        data = self.data
        if len(marked) == 1:
            begin, end, words, _, _ = marked[0]
            return [data[:begin], words, data[end:]]
        at, used = 0, dict[int, int]()
        out: list[bytes] = []
        for begin, end, words, first, last in sorted(marked):
            if begin >= at and (not self._lined or self._has_room(first, last, used)):
                out += (data[at:begin], words)
                at = end
        out.append(data[at:])
        return out

    def _piece(self, first: int, last: int) -> Piece:
        begin, end = self._begins[first], self._ends[last]
        return begin, end, self._marked(begin, end), self._lines[first], self._lines[last]

    def _has_room(self, first: int, last: int, used: dict[int, int]) -> bool:
        """Whether a star fits before the first line's words and one behind the last's, beside those that are used,
        which are noted."""
        rooms = self._rooms
        if first == last:
            fits = used.get(first, 0) + 2 <= rooms[first]
        else:
            fits = used.get(first, 0) < rooms[first] and used.get(last, 0) < rooms[last]
        if fits:
            used[first] = used.get(first, 0) + 1
            used[last] = used.get(last, 0) + 1
        return fits

    def _marked(self, begin: int, end: int) -> bytes:
        """The words that stand there with their mark, which begins a new line and may end in the middle of one."""
        data = self.data
        begins_line = begin == 0 or data[begin - 1] == NEWLINE
        words = data[begin + len(SOFT) : end] if data.startswith(SOFT, begin) else data[begin:end]
        ends_line = SOFT if end == len(data) else b""
        return (b"" if begins_line else SOFT) + self._before + words + self._behind + ends_line


def _sides(mark: tuple[str, str]) -> tuple[bytes, bytes]:
    """What stands before and behind a marked word: in the word's line where there is room for it."""
    before, behind = (encoded(side) for side in mark)
    room = ROOM
    if len(before) - len(SOFT) <= ROOM // 2:
        before = before.removesuffix(SOFT)
        room -= len(before)
    fits = len(behind) - len(SOFT) <= room
    return before, behind.removesuffix(SOFT) if fits else SOFT + behind


def _alternating(text: str, words: Sequence[Place]) -> Iterator[str]:
    """What stands before a word, the word, and so on; what is behind the last."""
    last = 0
    for start, end in words:
        yield text[last:start]
        yield text[start:end]
        last = end
    yield text[last:]


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


def _rooms(text: str, words: Sequence[Place]) -> tuple[array[int], array[int]]:
    """(free columns of each line, the line of each word)."""
    rooms = [WIDTH - columns(line) for line in text.split("\n")]
    rooms[0] -= NUMBER_MOST
    lines, line, last = [], 0, 0
    for start, _ in words:
        line += text.count("\n", last, start)
        last = start
        lines.append(line)
    return array("l", rooms), array("L", lines)
