"""Titles and abstracts of feeds as the text that a reader sees. Pure, linear in the length of the text.

Nobody says whether such a text is HTML, and papers are about `<think>` and `p<0.05`. So only a short list of
tags is markup, anything else in angle brackets is text, and within mathematics nothing is markup (which dollars
enclose some is the rule of `pairs.formulas`). TeX stays as it is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

from digest.sources.untrusted import UNPRINTABLE, line
from subscribers.query.pairs import formulas
from subscribers.query.signs import LOWERED, RAISED

READ_LIMIT = 400_000  # characters of one text that are looked at: names of 5,000 authors
ATTRIBUTE = r"""\s+[\w:.-]+\s*=\s*(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>=]+)"""
MARKUP = re.compile(rf"<(/?)(i|b|em|strong|sub|sup|tt|span|a|p|br)((?:{ATTRIBUTE})*)\s*/?>", re.IGNORECASE)
LOW_OR_HIGH = re.compile(r"<(sub|sup)>([^<>$]{1,40})</\1>", re.IGNORECASE)
ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
BREAKS = ("p", "br")


def plain(value: object, limit: int) -> str:
    """The text on one line without markup, entities read, cut to `limit`; "" for what is no text."""
    if not isinstance(value, str):
        return ""
    text = value[:READ_LIMIT]
    if "<" in text or "&" in text:
        pieces = [piece if math else _without_markup(piece) for piece, math in _pieces(UNPRINTABLE.sub("", text))]
        text = ENTITY.sub(lambda found: unescape(found[0]), "".join(pieces))
    return line(text, limit)


def _pieces(text: str) -> Iterator[tuple[str, bool]]:
    """The text in order, in pieces outside and inside of mathematics."""
    done = 0
    for formula in formulas(text):
        yield text[done : formula.start], False
        yield text[formula.start : formula.after], True
        done = formula.after
    yield text[done:], False


def _without_markup(text: str) -> str:
    if "<" not in text:
        return text
    return MARKUP.sub(_gap, LOW_OR_HIGH.sub(_moved, text))


def _gap(tag: re.Match[str]) -> str:
    return " " if tag[2].lower() in BREAKS else ""


def _moved(found: re.Match[str]) -> str:
    """What stands low or high, by Unicode's own signs; words as they are (19th), the rest after a sign."""
    low, inner = found[1].lower() == "sub", found[2].strip()
    moved = inner.translate(LOWERED if low else RAISED)
    if inner.isalpha() or not inner:
        return inner
    if all(new != old for new, old in zip(moved, inner, strict=True)):
        return moved
    return f"{'_' if low else '^'}({inner})"
