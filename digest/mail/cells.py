"""Values of slots: text escaped for its format and encoded, ready to be joined. Pure.

A pair is the cell of the text part and the cell of the HTML part, which are often the same bytes.
"""

from __future__ import annotations

from functools import lru_cache
from html import escape

from digest.mail.foreign import apart, clean, cut_to_bytes
from digest.mail.quoted import encoded
from digest.mail.wrap import wrap

KEPT = 65_536  # cells kept: names, filters, dates and numbers come again in many mails
Cell = bytes
Pair = tuple[Cell, Cell]  # text, HTML


def html(text: str) -> str:
    """Text as it stands in HTML, also in an attribute."""
    return escape(text)


@lru_cache(maxsize=KEPT)
def bounded(text: str, most: int) -> str:
    """The text, clean and cut so that it takes at most `most` bytes in HTML."""
    return cut_to_bytes(clean(text), most, html)


@lru_cache(maxsize=KEPT)
def pair(text: str, indent: int = 0) -> Pair:
    """A clean text; in the text part it is wrapped, with `indent` spaces before its further lines."""
    lines, escaped = wrap(apart(text), indent), html(text)
    cell = encoded(lines)
    return cell, cell if escaped == lines else encoded(escaped)


def text_cell(text: str, indent: int = 0) -> Cell:
    """A clean text for the text part, wrapped."""
    return encoded(wrap(apart(text), indent))


def html_cell(text: str) -> Cell:
    """A clean text for the HTML part."""
    return encoded(html(text))


def whole_pair(text: str) -> Pair:
    """A clean text that is neither wrapped nor kept: a link, an address."""
    escaped = html(text)
    cell = encoded(text)
    return cell, cell if escaped == text else encoded(escaped)


@lru_cache(maxsize=KEPT)
def number(value: int) -> Cell:
    """A number, for both formats."""
    return encoded(str(value))


@lru_cache(maxsize=KEPT)
def counted(value: int, one: str, many: str) -> Cell:
    """A number with its word, for both formats: 1 paper, 2 papers, no papers."""
    return encoded(in_words(value, one, many))


def in_words(value: int, one: str, many: str) -> str:
    """1 paper, 2 papers, no papers."""
    return f"{value or 'no'} {one if value == 1 else many}"
