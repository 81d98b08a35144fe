"""A hit as one line of text, as a letter's content keeps it. Pure.

Fields between bars: change, score, places, order, carried, how many also, also ..., and three for each way in which
a clause was met: clause, field, the paper's own words. For example, a word that is marked three times:

    101|90|t12+6 a88+5 a120+5|011||0|robot*|t|Robots|robot*|a|robot

`places` has one a mark: t or a for title and abstract, the first character and how many; "-" for what has no place.
`order` has one character a mark: which of the ways it is, counted from "0". So a line is small (a letter is written
several times), its places are the same text for all filters that met the same words of a paper, and what follows
`order` is the same text for all papers that are there for one reason: composing looks both up as they stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from digest.matching.mark import Mark

FIELDS = {"title": "t", "abstract": "a"}
NAMES = {letter: field for field, letter in FIELDS.items()}
BY_STEM = "~"  # behind the field
NOWHERE = "-"
FIRST = ord("0")  # of `order`

_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_MEANT = {"\\": "\\", "!": "|"}


Way = tuple[str, str, str]  # clause, field, the paper's own words


class Because(NamedTuple):
    """Why a paper is there, whichever it is."""

    carried: str  # ISO date of the digest that did not arrive
    also: tuple[str, ...]  # names of the reader's other topics that matched it
    ways: tuple[Mark, ...]  # marks without their places, each once


def joined(fields: Iterable[str]) -> str:
    """Fields as one text; a bar inside a field is written as \\!."""
    fields = tuple(fields)
    text = "|".join(fields)
    if "\\" not in text and text.count("|") < max(1, len(fields)):
        return text
    return "|".join([field.replace("\\", "\\\\").replace("|", "\\!") for field in fields])


def parted(text: str) -> list[str]:
    """The fields of a text: the inverse of `joined`."""
    fields = text.split("|")
    return [_ESCAPED.sub(_plain, field) for field in fields] if "\\" in text else fields


def _plain(found: re.Match[str]) -> str:
    return _MEANT[found[1]]


def written(change: int, score: int, marks: Sequence[Mark], also: Sequence[str], carried: str) -> str:
    """The line of a hit."""
    ways: dict[tuple[str, str, str], int] = {}
    order = [ways.setdefault((mark.clause, _field(mark), mark.shown), len(ways)) for mark in marks]
    numbers = "".join([chr(FIRST + number) for number in order])
    places = " ".join(map(_place, marks))
    return joined((str(change), str(score), places, numbers, carried, str(len(also)), *also, *chain(*ways)))


def change_of(line: str) -> int:
    """The change number of a line."""
    return int(line.partition("|")[0])


def apart(rest: str) -> tuple[str, Sequence[str], Sequence[Way]]:
    """What follows `order` in a line: the date of `carried`, the names of other topics, the ways as they stand."""
    carried, count, *fields = parted(rest)
    if count == "0":  # nearly always
        also: list[str] = []
    else:
        also, fields = fields[: int(count)], fields[int(count) :]
    return carried, also, list(zip(fields[::3], fields[1::3], fields[2::3], strict=True))


def because(rest: str) -> Because:
    """What follows `order` in a line."""
    carried, also, ways = apart(rest)
    return Because(carried, tuple(also), tuple(way(*one) for one in ways))


def marks(line: str) -> tuple[Mark, ...]:
    """The marks of a line."""
    _, _, places, order, rest = line.split("|", 4)
    ways = because(rest).ways
    numbers = (ord(letter) - FIRST for letter in parted(order)[0])
    return tuple(_placed(ways[number], place) for number, place in zip(numbers, places.split(" "), strict=False))


def place_of(place: str) -> tuple[str, int, int]:
    """The field, the first character and the end (exclusive) that a place names."""
    if place == NOWHERE:
        return "", 0, 0
    start, _, length = place[1:].partition("+")
    return NAMES.get(place[0], ""), int(start), int(start) + int(length)


def _field(mark: Mark) -> str:
    return FIELDS.get(mark.field, mark.field) + (BY_STEM if mark.by_stem else "")


def _place(mark: Mark) -> str:
    if mark.field not in FIELDS and mark.start == mark.end == 0:
        return NOWHERE
    return f"{FIELDS.get(mark.field, NOWHERE)}{mark.start}+{mark.end - mark.start}"


@lru_cache(maxsize=65_536)
def way(clause: str, where: str, shown: str) -> Mark:
    """A mark without its place, from its three fields."""
    field = where.removesuffix(BY_STEM)
    return Mark(clause, NAMES.get(field, field), shown=shown, by_stem=field != where)


def _placed(found: Mark, place: str) -> Mark:
    _, start, end = place_of(place)
    return Mark(found.clause, found.field, start, end, found.shown, found.by_stem)
