"""A filter text as it was typed, made ready for the grammar: signs that phones type, brackets, limits. Pure.

Every replacement keeps the length, so that a position in the clean text is one in the typed text.
"""

from __future__ import annotations

from dataclasses import dataclass

from subscribers.query.errors import QueryError

QUOTES = "“”„‟«»″＂"
DASHES = "‐‑‒–—―−﹣－"
BRACKETS = str.maketrans("（）［］：", "()[]:")


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a text may be (characters), how many terms it may hold, how deep its brackets may go."""

    length: int
    terms: int
    depth: int


TYPED = Limits(length=1_000, terms=64, depth=16)
# A canonical form is at most this much longer and deeper than what was typed.
STORED = Limits(length=40_000, terms=64, depth=34)


def check_length(text: str, limits: Limits) -> None:
    """Raises QueryError when a text is too long to be looked at."""
    if len(text) > limits.length:
        message = f"the filter has {len(text):,} characters, at most {limits.length:,} are allowed"
        raise QueryError(message, limits.length, "split it into several topics")


def cleaned(text: str) -> tuple[str, tuple[str, ...]]:
    """The text with curly quotes and typographic dashes as `"` and `-`, and the notices to give."""
    notices = []
    if any(sign in QUOTES for sign in text):
        notices.append('curly quotes are read as "')
    if any(sign in DASHES for sign in text):
        notices.append("dashes are read as -")
    plain = dict.fromkeys(map(ord, QUOTES), '"') | dict.fromkeys(map(ord, DASHES), "-") | BRACKETS
    return text.translate(plain), tuple(notices)


def check(text: str, limits: Limits) -> None:
    """Raises QueryError when a clean text is empty, or a quote or bracket has no partner."""
    if not text.strip():
        raise QueryError("the filter is empty", 0, "write a word to look for, or * for every paper")
    opened: list[int] = []
    quote = -1
    for place, sign in enumerate(text):
        if sign == '"':
            quote = place if quote < 0 else -1
        elif quote < 0 and sign == "(":
            opened.append(place)
            if len(opened) > limits.depth:
                message = f"brackets are nested deeper than {limits.depth}"
                raise QueryError(message, place, "take brackets away, or split the filter into several topics")
        elif quote < 0 and sign == ")":
            if not opened:
                raise QueryError("this bracket was never opened", place, "add ( where the group begins, or remove it")
            opened.pop()
    if quote >= 0:
        raise QueryError("this quote is never closed", quote, 'add " where the phrase ends, or remove this one')
    if opened:
        raise QueryError("this bracket is never closed", opened[-1], _closing(text, opened[-1]))


def _closing(text: str, opened: int) -> str:
    """Where the missing bracket may go: before the first exclusion behind it, else at the end."""
    place = text.find(" -", opened)
    body, rest = (text[:place], text[place:]) if place > 0 else (text.rstrip(), "")
    return f"did you mean {body}){rest} ?" if text.count("(") - text.count(")") == 1 else "add ) where the group ends"
