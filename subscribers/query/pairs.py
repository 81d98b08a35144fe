"""Where what opens in a TeX text closes, and which dollars enclose mathematics. Pure, linear."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

SIGN = re.compile(r"\\.?|[{}]", re.DOTALL)  # a backslash takes the sign behind it along
DOLLAR = re.compile(r"\\.|\$", re.DOTALL)
CLOSERS = {"(": ")", "[": "]"}


class Formula(NamedTuple):
    """Mathematics between dollars: where its first dollar stands, where it begins and ends, where the text goes on."""

    start: int
    inner: int
    stop: int
    after: int


def pairs(text: str) -> dict[int, int]:
    """Where what opens at a place closes: `{` to `}`, `\\(` to `\\)`, `\\[` to `\\]`."""
    closing: dict[int, int] = {}
    groups: list[int] = []
    formulas: dict[str, int] = {}
    for found in SIGN.finditer(text):
        place, sign = found.start(), found[0][0]
        if sign == "\\":
            _formula(found[0][1:], place, formulas, closing)
        elif sign == "{":
            groups.append(place)
        elif sign == "}" and groups:
            closing[groups.pop()] = place
    return closing


def _formula(sign: str, place: int, opened: dict[str, int], closing: dict[int, int]) -> None:
    if sign in CLOSERS:
        opened[CLOSERS[sign]] = place
    elif sign in opened:
        closing[opened.pop(sign)] = place


def formulas(text: str) -> Iterator[Formula]:
    """The mathematics between `$` or `$$`, in order, by one rule for all who read titles and abstracts.

    Dollars enclose mathematics only when the opening one is not followed, and the closing one not preceded, by a
    space, and the closing one is not followed by a digit: "$5 to $10" are prices, "$x$-axis" is not. A dollar that
    closes nothing may open; one behind a backslash is a sign like any other.
    """
    start, width, done = -1, 0, 0  # where the last dollars stand that may open a formula, and how many they are
    for found in DOLLAR.finditer(text):
        place = found.start()
        if place < done or found[0] != "$":
            continue
        here = 2 if text.startswith("$$", place) else 1
        if start >= 0 and here >= width and place > start + width and _closes(text, place, place + width):
            done = place + width
            yield Formula(start, start + width, place, done)
            start = -1
        else:
            done = place + here
            start, width = (place if _opens(text, done) else -1), here


def _opens(text: str, inner: int) -> bool:
    return inner < len(text) and not text[inner].isspace()


def _closes(text: str, stop: int, after: int) -> bool:
    return not text[stop - 1].isspace() and not text[after : after + 1].isdecimal()
