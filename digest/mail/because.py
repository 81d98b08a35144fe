"""Why a paper is in a digest, as cells: the same for all papers that are there for one reason. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from digest.editions import line
from digest.mail import days
from digest.mail.cells import Pair, bounded, html, html_cell, text_cell
from digest.mail.foreign import clean, cut_to_bytes
from digest.mail.quoted import encoded
from digest.mail.sheet import Cells
from digest.matching.mark import Mark
from digest.matching.why import QUOTES as PLAIN_QUOTES
from digest.matching.why import reason, reason_parts, worded

WHY_BYTES, ALSO_BYTES = 400, 150  # most bytes of these slots in HTML
WHY_STEP, BESIDE_CLAUSE = 50, 64  # of bounds of a reason; what may stand beside a clause and the words that met it
WHY_INDENT = 8  # columns before a second line of the reason in the text part
ALSO_MOST = 2  # other topics named
KEPT = 65_536  # reasons
NOT_ALSO: tuple[list[Cells], list[Cells]] = [], []

QUOTES = ("“", "”")  # of the reason in HTML
REASON, CARRIED = "reason ", "carried "  # conditions that a card knows


class Because(NamedTuple):
    """Why a paper is there: the cells of the reason, and the rows of `also` by format."""

    holds: str  # which of the conditions
    cells: Cells  # why for each format, date
    conditions: tuple[bool, bool]  # reason, has_carried
    text: Sequence[Cells]
    html: Sequence[Cells]


class Said(NamedTuple):
    """A part of a reason, as many reasons share it."""

    text: str
    html: bytes
    size: int  # decoded bytes of HTML


class Told(NamedTuple):
    """One way in which a clause was met, as reasons tell of it."""

    clause: str
    field: str
    within: Said  # before others of its field
    last: Said


@lru_cache(maxsize=KEPT)
def because(rest: str) -> Because:
    """The cells of why a paper is there, from what follows `order` in its line."""
    carried, also, ways = line.apart(rest)
    text, in_html = _reason(ways) if ways else (b"", b"")
    date = encoded(days.without_year(carried)) if carried else b""
    holds = REASON * bool(text) + CARRIED * bool(carried)
    return Because(holds, (text, in_html, date), (bool(text), bool(carried)), *(_also(also) if also else NOT_ALSO))


def why_most(marks: Sequence[Mark]) -> int:
    """An upper bound of the bytes that the reason takes in HTML: one of few, in a fraction of the time of making it."""
    first: dict[str, str] = {}
    for mark in marks:
        first.setdefault(mark.clause, mark.shown)
    said = sum([len(html(clause + shown).encode()) + BESIDE_CLAUSE for clause, shown in first.items()])
    return min(WHY_BYTES, -(-said // WHY_STEP) * WHY_STEP)


def _reason(ways: Sequence[line.Way]) -> Pair:
    """The reason: put together from its parts, where they are not too long, which they nearly never are."""
    said = [
        _said(part) if isinstance(part, str) else part[0].last if part[1] else part[0].within
        for part in reason_parts([_told(*way) for way in ways])
    ]
    if sum([part.size for part in said]) <= WHY_BYTES:
        text = "".join([part.text for part in said])
        return text_cell(text, WHY_INDENT), b"".join([part.html for part in said])
    marks = [line.way(*way) for way in ways]
    text, in_html = (cut_to_bytes(clean(reason(marks, quotes)), WHY_BYTES, html) for quotes in (PLAIN_QUOTES, QUOTES))
    return text_cell(text, WHY_INDENT), html_cell(in_html)


@lru_cache(maxsize=KEPT)
def _told(clause: str, where: str, shown: str) -> Told:
    mark = line.way(clause, where, shown)
    last = _part(mark, last=True)
    return Told(clause, mark.field, _part(mark, last=False) if last.text.endswith(",") else last, last)


def _part(mark: Mark, last: bool) -> Said:
    return _worded(worded(mark, last, PLAIN_QUOTES), worded(mark, last, QUOTES))


@lru_cache(maxsize=64)
def _said(between: str) -> Said:
    """What stands between the ways."""
    return _worded(between, between)


def _worded(plain: str, quoted: str) -> Said:
    escaped = html(_folded(quoted))
    return Said(_folded(plain), encoded(escaped), len(escaped.encode()))


def _folded(text: str) -> str:
    """The text clean, with the single spaces that it begins and ends with."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text
    return " " * text.startswith(" ") + clean(text) + " " * text.endswith(" ")


def _also(names: Sequence[str]) -> tuple[list[Cells], list[Cells]]:
    """The other topics of a reader that match: in text one row for all, in HTML one a name."""
    shown = [bounded(name, ALSO_BYTES) for name in names[:ALSO_MOST]]
    if len(names) > ALSO_MOST:
        shown.append(f"{len(names) - ALSO_MOST} more")
    return [(text_cell(", ".join(shown), WHY_INDENT), b"")], [(b"", html_cell(name)) for name in shown]
