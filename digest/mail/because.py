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
from digest.mail.wrap import WIDTH
from digest.matching.mark import Mark
from digest.matching.why import QUOTES as PLAIN_QUOTES
from digest.matching.why import Named, reason, reason_parts, worded

WHY_BYTES, ALSO_BYTES = 400, 150  # most bytes of these slots in HTML
WHY_INDENT = 8  # columns before a second line of the reason in the text part
ALSO_MOST = 2  # other topics named
KEPT = 65_536  # reasons

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

    text: bytes
    columns: int  # of the text part
    html: bytes
    size: int  # decoded bytes of HTML


@lru_cache(maxsize=KEPT)
def because(rest: str) -> Because:
    """The cells of why a paper is there, from what follows `order` in its line."""
    said = line.because(rest)
    text, in_html = _reason(said.ways) if said.ways else (b"", b"")
    date = encoded(days.without_year(said.carried)) if said.carried else b""
    holds = REASON * bool(text) + CARRIED * bool(said.carried)
    return Because(holds, (text, in_html, date), (bool(text), bool(said.carried)), *_also(said.also))


def _reason(ways: Sequence[Mark]) -> Pair:
    """The reason: of parts where it is one line of text and not too long, which it nearly always is."""
    said = [_said(part) for part in reason_parts(ways)]
    if sum([part.columns for part in said]) <= WIDTH - WHY_INDENT and sum([part.size for part in said]) <= WHY_BYTES:
        return b"".join([part.text for part in said]), b"".join([part.html for part in said])
    text, in_html = (cut_to_bytes(clean(reason(ways, quotes)), WHY_BYTES, html) for quotes in (PLAIN_QUOTES, QUOTES))
    return text_cell(text, WHY_INDENT), html_cell(in_html)


@lru_cache(maxsize=KEPT)
def _said(part: Named | str) -> Said:
    """A part that needs more care than this, letters of other scripts or a link, has no room in a line of text."""
    text, in_html = (
        _folded(part if isinstance(part, str) else worded(*part, quotes)) for quotes in (PLAIN_QUOTES, QUOTES)
    )
    plain = text.isascii() and "://" not in text
    escaped = html(in_html)
    return Said(encoded(text), len(text) if plain else WIDTH, encoded(escaped), len(escaped.encode()))


def _folded(text: str) -> str:
    """The text clean, with the single spaces that it begins and ends with."""
    return " " * text.startswith(" ") + clean(text) + " " * text.endswith(" ")


def _also(names: Sequence[str]) -> tuple[list[Cells], list[Cells]]:
    """The other topics of a reader that match: in text one row for all, in HTML one a name."""
    shown = [bounded(name, ALSO_BYTES) for name in names[:ALSO_MOST]]
    if len(names) > ALSO_MOST:
        shown.append(f"{len(names) - ALSO_MOST} more")
    if not shown:
        return [], []
    return [(text_cell(", ".join(shown), WHY_INDENT), b"")], [(b"", html_cell(name)) for name in shown]
