"""Text of a card whose words can be marked: encoded once, joined for each reader. Pure.

The words come between two private characters, which survive Jinja2 and css-inline. The text is encoded as a whole, in
lines with room for what ends a mark; what stands between two marked words is a slice of it, and a marked word is made
when it is first needed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

from digest.mail.foreign import fit
from digest.mail.quoted import ROOM, SOFT, encoded, laid_out
from digest.mail.wrap import WIDTH, columns

TITLE, ABSTRACT, SHUT = "\ue0b4", "\ue0b5", "\ue0b6"
NUMBER_MOST = 3  # columns that a paper's number may need beside its title
KNOWN_MOST = 4_096  # marked words of one text that are kept

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


Piece = tuple[int, int, Place, bytes]  # where a marked word begins and ends in the bytes, its words, what stands there


class Span:
    """`mark` stands around marked words; `lined` text keeps the stars of marks within its 72 columns."""

    def __init__(self, rendered: str, mark: tuple[str, str], lined: bool) -> None:
        self.text, self._words, fields = _taken_apart(rendered)
        self._data, self._places = laid_out(_alternating(self.text, self._words))
        self._at = _occurrences(fields)
        self._before, self._behind = _sides(mark)
        self._rooms = _rooms(self.text, self._words) if lined else None
        self._known: dict[Run, tuple[Piece, ...]] = {}

    def write(self, runs: Sequence[Run], out: list[bytes]) -> None:
        """Appends the bytes with these runs marked. Of runs that overlap the first is; a line without room for the
        stars of a mark goes without."""
        data, last = self._data, 0
        for begin, end, _, marked in self._chosen(runs):
            out += data[last:begin], marked
            last = end
        out.append(data[last:])

    def _chosen(self, runs: Sequence[Run]) -> Sequence[Piece]:
        known = self._known
        if len(runs) == 1:
            found = known.get(runs[0])
            found = self._new(runs[0]) if found is None else found
            return found if len(found) < 2 else self._apart(found)
        several: list[Piece] = []
        for run in runs:
            pieces = known.get(run)
            several += self._new(run) if pieces is None else pieces
        several.sort()
        return self._apart(several)

    def _apart(self, pieces: Sequence[Piece]) -> list[Piece]:
        """Those that don't overlap one before them, and whose lines have room."""
        found: list[Piece] = []
        end = 0
        for piece in pieces:
            if piece[0] >= end and (self._rooms is None or not found or self._has_room(piece, found)):
                found.append(piece)
                end = piece[1]
        return found

    def _has_room(self, piece: Piece, taken: Sequence[Piece]) -> bool:
        if self._rooms is None:
            return True
        rooms, lines = self._rooms
        need = [lines[word] for word in piece[2]]
        used = [lines[word] for other in taken for word in other[2]]
        return all(used.count(line) + need.count(line) <= rooms[line] for line in need)

    def _new(self, run: Run) -> tuple[Piece, ...]:
        """Where a run stands: the field may stand there more than once, or not as far."""
        field, first, last = run
        bases = [base for base, size in self._at.get(field, ()) if last < size]
        pieces = (self._piece(base + first, base + last) for base in bases)
        made = tuple(piece for piece in pieces if self._has_room(piece, ()))
        if len(self._known) >= KNOWN_MOST:
            self._known.clear()
        self._known[run] = made
        return made

    def _piece(self, first: int, last: int) -> Piece:
        begin, end = self._places[2 * first][1], self._places[2 * last + 1][1]
        marked = self._before + self._data[self._places[2 * first + 1][0] : end] + self._behind
        begins_line = begin == 0 or self._data[begin - 1 : begin] == b"\n"
        ends_line = SOFT if end == len(self._data) else b""
        return begin, end, (first, last), (b"" if begins_line else SOFT) + marked + ends_line


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
