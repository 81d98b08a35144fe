"""One term of a filter text becomes a clause: words, phrases, prefixes, numbers; the rest by its field. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from subscribers.query import particulars
from subscribers.query.dates import published
from subscribers.query.errors import QueryError
from subscribers.query.fields import NUMBERS, TEXT
from subscribers.query.names import is_bare_id
from subscribers.query.nodes import Clause, Everything, Near, Number, Phrase, Prefix, Word
from subscribers.query.notes import Notes, Term
from subscribers.query.tex import readable
from subscribers.query.words import exacts, joined, spelled

SHORTEST_PREFIX = 3
WIDEST = 100  # words between the first and the last of a "near"
LARGEST = 1_000_000_000
OPERATORS = ("and", "or", "not")
UNREAD = set("+#*@=<>^~%$€")  # signs that a reader may believe to be looked for
COMPARED = re.compile(r"(>=|<=|>|<|=|≥|≤)?([0-9]+)")
RANGE = re.compile(r"([0-9]*)\.\.([0-9]*)")
COMPARISON = re.compile(rf"({'|'.join(NUMBERS)})((?:>=|<=|>|<|=|≥|≤)[0-9]+)", re.IGNORECASE)


def clause(term: Term, notes: Notes) -> Clause | None:
    """The clause of a term; None when nothing is in it that could be looked for (with a warning).

    Raises QueryError when the field does not take such a value.
    """
    if term.field in BUILDERS:
        return BUILDERS[term.field](term, notes)
    if not term.quoted and not term.field and not term.marked:
        meant = _with_field(term)
        if meant.field:
            notes.notice(f"“{term.text}” is written {meant.field}:{meant.text} here")
            return BUILDERS[meant.field](meant, notes)
    if "*" in term.text and not term.quoted:
        return _starred(term)
    return _text(term, notes)


def _with_field(term: Term) -> Term:
    """A word that can only be meant for a field with that field (`upvotes>=20`, `#rlhf`, an arXiv id); others as is."""
    compared = COMPARISON.fullmatch(term.text)
    if compared:
        return replace(term, text=compared[2], field=compared[1].lower())
    if particulars.HASHTAG.fullmatch(term.text):
        return replace(term, text=term.text[1:], field="tag")
    return replace(term, field="id") if is_bare_id(term.text) else term


def _text(term: Term, notes: Notes) -> Clause | None:
    words = exacts(readable(term.text))
    if not words:
        if term.field:
            raise QueryError(f"{term.field}: needs a word", term.position, f"for example {term.field}:cache")
        notes.warn(f"“{term.text}” has no letters or digits and is left out")
        return None
    _remark(term, words, notes)
    if term.within is not None:
        words = tuple(dict.fromkeys(words))
        if len(words) > 1:
            return Near(words, term.within, term.field, term.exact)
        notes.warn(f"~{term.within} needs two words or more; it is left out")
    if len(words) == 1:
        return Word(words[0], term.field, term.exact)
    return Phrase(words, term.field, term.exact)


def _remark(term: Term, words: tuple[str, ...], notes: Notes) -> None:
    """What may not mean what was meant."""
    if set(term.text) & UNREAD and "\\" not in term.text:
        notes.notice(f"“{term.text}” is read as “{spelled(words)}”: signs are not looked for")
    if term.quoted:
        return
    if term.text.lower() in OPERATORS:
        upper = term.text.upper()
        notes.warn(f"“{term.text}” is read as a word; the operator is written {upper}")
    if term.text.endswith(","):
        notes.warn("a comma is no operator: all words are needed; write OR for any of them")
    if term.text.startswith("'"):
        notes.warn('a phrase stands in double quotes: "kv cache"')


def _starred(term: Term) -> Clause:
    """`*` alone, or a word that ends with it."""
    if term.text == "*" and not term.field:
        return Everything()
    stem = term.text.rstrip(".,;:!?")
    if term.exact:
        raise QueryError("= and * exclude each other", term.position, "keep one of the two")
    if not stem.endswith("*") or "*" in stem[:-1]:
        raise QueryError("a * goes at the end of a word", term.position, "for example quantiz*")
    words = exacts(readable(stem[:-1]))
    if len(words) == 2 and joined(*words):
        words = (joined(*words),)  # neighbours written as one count too, so this is the same
    if len(words) > 1:
        hint = f'leave the * out: "{spelled(words)}" finds other endings too'
        raise QueryError("a * goes behind a single word", term.position, hint)
    if not words or len(words[0]) < SHORTEST_PREFIX:
        message = f"a * needs {SHORTEST_PREFIX} letters or more before it"
        raise QueryError(message, term.position, "write more of the word; * alone means every paper")
    return Prefix(words[0], term.field)


def _number(term: Term, notes: Notes) -> Number:
    compared = COMPARED.fullmatch(term.text)
    if compared and not (term.exact and compared[1]):
        low, high = _bounds(compared[1] or "=", _count(compared[2], term))
        if low == high:
            notes.warn(f"{term.field}:{low} means exactly {low}; for that many or more write {term.field}:>={low}")
    else:
        between = RANGE.fullmatch(term.text)
        if between is None or between[0] == ".." or term.exact:
            name = term.field
            hint = f"for example {name}:>=20, {name}:<5, {name}:10..50, {name}:5.."
            raise QueryError(f"{name}: takes a whole number or a range", term.position, hint)
        low = _count(between[1] or "0", term)
        high = _count(between[2], term) if between[2] else None
    if high is not None and high < low:
        hint = f"did you mean {term.field}:{high}..{low} ?" if high >= 0 else "counts begin at 0"
        raise QueryError(f"no count of {term.field} is in this range", term.position, hint)
    return Number(term.field, low, high)


def _bounds(sign: str, count: int) -> tuple[int, int | None]:
    return {
        ">=": (count, None),
        "≥": (count, None),
        ">": (count + 1, None),
        "<=": (0, count),
        "≤": (0, count),
        "<": (0, count - 1),
        "=": (count, count),
    }[sign]


def _count(digits: str, term: Term) -> int:
    if len(digits) > len(str(LARGEST)) or int(digits) > LARGEST:
        raise QueryError("this number is beyond any count", term.position, f"write at most {LARGEST:,} (no commas)")
    return int(digits)


BUILDERS: dict[str, Callable[[Term, Notes], Clause]] = {
    "author": particulars.author,
    "org": particulars.org,
    "journal": particulars.journal,
    "cat": particulars.cat,
    "primary": particulars.cat,
    "tag": particulars.tag,
    "id": particulars.key,
    "source": particulars.source,
    "published": published,
    "has": particulars.has,
    "is": particulars.announced,
    **dict.fromkeys(NUMBERS, _number),
}
TEXT_FIELDS = ("", *TEXT)
