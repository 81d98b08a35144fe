"""Text of a card whose words can be marked: encoded once, joined for each reader. Pure.

The words come between two private characters, which survive Jinja2 and css-inline. The text is encoded as a whole, in
lines with room for what ends a mark, and cut into blocks; a block with a marked word is made when it is first needed.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

from digest.mail.foreign import fit
from digest.mail.quoted import ROOM, SOFT, encoded, laid_out
from digest.mail.wrap import WIDTH, columns

TITLE, ABSTRACT, SHUT = "\ue0b4", "\ue0b5", "\ue0b6"
NUMBER_MOST = 3  # columns that a paper's number may need beside its title
NEWLINE = ord("\n")
BLOCK = 400  # bytes, at least
_LINE_END = re.compile(rb"(?<!=)\r\n")

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


Patch = tuple[int, bytes]  # the number of a block, what stands there instead
# Marked words: where they begin and end in the bytes, the lines of the first and the last.
Piece = tuple[int, int, int, int]


class Span:
    """`mark` stands around marked words; `lined` text keeps the stars of marks within its 72 columns.

    Its bytes are the blocks one after another, with those replaced in which something is marked. Blocks are shared by
    all mails: only the joined mail is written anew.
    """

    def __init__(self, rendered: str, mark: tuple[str, str], lined: bool) -> None:
        text, words, fields = _taken_apart(rendered)
        self.size = len(text.replace("\n", "\r\n").encode())  # decoded bytes, without marks
        self._data, places = laid_out(_alternating(text, words))
        self._begins = array("L", [end for _, end in places[:-1:2]])  # of each word, where what is before it ends
        self._ends = array("L", [end for _, end in places[1::2]])
        self._cuts = _cuts(self._data, places[::2], lined)
        self._at = _occurrences(fields)
        self._before, self._behind = _sides(mark)
        self._rooms, self._lines = _rooms(text, words)
        self._lined = lined
        self.blocks = tuple(self._data[begin:end] for begin, end in pairwise(self._cuts))

    def patches(self, runs: Iterable[Run]) -> list[Patch]:
        """What changes in the blocks when these runs are marked.

        Of runs that overlap the first is; a line without room for the stars of a mark goes without.
        """
        pieces = [
            self._piece(base + first, base + last)
            for field, first, last in runs
            for base, size in self._at.get(field, ())  # it may stand there more than once, or not as far
            if last < size
        ]
        return self._patched(self._apart(sorted(pieces)))

    def _piece(self, first: int, last: int) -> Piece:
        return self._begins[first], self._ends[last], self._lines[first], self._lines[last]

    def _apart(self, pieces: Iterable[Piece]) -> list[Piece]:
        """Those that don't overlap one before them, and whose lines have room."""
        found: list[Piece] = []
        used: dict[int, int] = {}
        end = 0
        for piece in pieces:
            if piece[0] >= end and (not self._lined or self._has_room(piece[2:], used)):
                found.append(piece)
                end = piece[1]
        return found

    def _has_room(self, lines: tuple[int, int], used: dict[int, int]) -> bool:
        """Whether a star fits into each of these lines beside those that are used, which are noted."""
        first, last = lines
        needed = {first: 2} if first == last else {first: 1, last: 1}
        after = {line: used.get(line, 0) + stars for line, stars in needed.items()}
        fits = all(stars <= self._rooms[line] for line, stars in after.items())
        if fits:
            used.update(after)
        return fits

    def _patched(self, pieces: Sequence[Piece]) -> list[Patch]:
        """Blocks with these words marked; words that reach into the next block take it with them."""
        found: list[Patch] = []
        done = 0
        while done < len(pieces):
            first = last = self._block(pieces[done][0])
            at, parts = self._cuts[first], b""
            while done < len(pieces) and (begin := pieces[done][0]) < self._cuts[last + 1]:
                end = pieces[done][1]
                parts += self._data[at:begin] + self._marked(begin, end)
                at, last, done = end, self._block(end - 1), done + 1
            found.append((first, parts + self._data[at : self._cuts[last + 1]]))
            found += [(block, b"") for block in range(first + 1, last + 1)]
        return found

    def _marked(self, begin: int, end: int) -> bytes:
        """The words that stand there with their mark, which begins a new line and may end in the middle of one."""
        data = self._data
        begins_line = begin == 0 or data[begin - 1] == NEWLINE
        words = data[begin + len(SOFT) : end] if data.startswith(SOFT, begin) else data[begin:end]
        ends_line = SOFT if end == len(data) else b""
        return (b"" if begins_line else SOFT) + self._before + words + self._behind + ends_line

    def _block(self, place: int) -> int:
        return bisect_right(self._cuts, place) - 1


def _cuts(data: bytes, gaps: Iterable[Place], lined: bool) -> list[int]:
    """Where blocks begin, and the end: before a word, in lined text at the end of a line."""
    cuts = [0]
    for begin, end in gaps:
        found = _LINE_END.search(data, begin, end) if lined else None
        cut = end if not lined else found.end() if found else 0
        if cut >= cuts[-1] + BLOCK:
            cuts.append(cut)
    return [*cuts, len(data)] if cuts[-1] < len(data) else cuts


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
