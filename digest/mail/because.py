"""Why a paper is in a digest, as cells: the same for all papers that are there for one reason. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from digest.editions import line
from digest.mail import days
from digest.mail.cells import bounded, html, html_cell, text_cell
from digest.mail.foreign import clean, cut_to_bytes
from digest.mail.quoted import encoded
from digest.mail.sheet import Cells
from digest.matching.why import reason

WHY_BYTES, ALSO_BYTES = 400, 150  # most bytes of these slots in HTML
WHY_INDENT = 8  # columns before a second line of the reason in the text part
ALSO_MOST = 2  # other topics named
KEPT = 65_536  # reasons

QUOTES = ("“", "”")  # of the reason in HTML
REASON, CARRIED = "reason ", "carried "
NUMBER = bytes(bytearray(b"the number of a paper"))  # told apart by identity, not by its letters


class Because(NamedTuple):
    """Why a paper is there: the cells up to `has_carried`, and the rows of `also` by format."""

    holds: str  # which of the conditions
    cells: Cells
    text: Sequence[Cells]
    html: Sequence[Cells]


@lru_cache(maxsize=KEPT)
def because(rest: str) -> Because:
    """The cells of why a paper is there, from what follows `order` in its line."""
    said = line.because(rest)
    text = in_html = b""
    if said.ways:
        text = text_cell(cut_to_bytes(clean(reason(said.ways)), WHY_BYTES, html), WHY_INDENT)
        in_html = html_cell(cut_to_bytes(clean(reason(said.ways, QUOTES)), WHY_BYTES, html))
    date = encoded(days.without_year(said.carried)) if said.carried else b""
    holds = REASON * bool(text) + CARRIED * bool(said.carried)
    return Because(holds, (NUMBER, text, in_html, date, bool(text), bool(said.carried)), *_also(said.also))


def _also(names: Sequence[str]) -> tuple[list[Cells], list[Cells]]:
    """The other topics of a reader that match: in text one row for all, in HTML one a name."""
    shown = [bounded(name, ALSO_BYTES) for name in names[:ALSO_MOST]]
    if len(names) > ALSO_MOST:
        shown.append(f"{len(names) - ALSO_MOST} more")
    if not shown:
        return [], []
    return [(text_cell(", ".join(shown), WHY_INDENT), b"")], [(b"", html_cell(name)) for name in shown]
