"""Dates in a filter: `published:P7D`, `published:2026-01-01..`, arXiv's `submittedDate:[a TO b]`. Pure.

Days are ISO 8601, and `2026-01` and `2026` stand for all their days. A duration counts back from the day on which a
paper is judged; it has days or weeks only, since months have no fixed length.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, timedelta

from subscribers.query.errors import QueryError
from subscribers.query.nodes import Published, Recent
from subscribers.query.notes import Notes, Term

DAY = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?", re.ASCII)
PACKED = re.compile(r"(\d{4})(\d{2})(\d{2})(?:\d{4}|\d{6})?", re.ASCII)  # arXiv's 20260101, with hours or without
DURATION = re.compile(r"P(\d{1,6})([DWMY])", re.ASCII | re.IGNORECASE)
DAYS = {"D": 1, "W": 7, "M": 30, "Y": 365}
LONGEST = 36_500  # days
SIGNS = (">=", "<=", "≥", "≤", ">", "<", "=")
EXAMPLES = "for example published:P7D, published:2026-01-01.., published:2026-01-01..2026-02-01"

Days = tuple[date, date]  # the first and the last of a day, a month, a year


def published(term: Term, _notes: Notes) -> Published | Recent:
    """The clause of `published:`. Raises QueryError."""
    text = term.text.strip()
    if term.within is not None:
        raise QueryError("published: takes no ~", term.position, EXAMPLES)
    duration = DURATION.fullmatch(text)
    if duration:
        return _recent(int(duration[1]), duration[2].upper(), term)
    sign = next((sign for sign in SIGNS if text.startswith(sign)), "")
    if sign:
        return _compared(sign, _days(text[len(sign) :], term), term)
    if ".." not in text:
        return Published(*_days(text, term))
    first, _, last = text.partition("..")
    return _between(first, last, term)


def between(typed: str, term: Term, notes: Notes) -> Published:
    """The clause of `[a TO b]`, as arXiv writes a range; `typed` is what stands in the brackets. Raises QueryError."""
    ends = typed.split()
    if len(ends) != 3 or ends[1].upper() != "TO":
        raise QueryError("a range of dates in brackets is [a TO b]", term.position, EXAMPLES)
    first, last = ("" if end == "*" else PACKED.sub(r"\1-\2-\3", end) for end in ends[::2])
    notes.notice(f"“[{' '.join(ends)}]” is written {first}..{last} here")
    return _between(first, last, term)


def _recent(count: int, unit: str, term: Term) -> Recent:
    days = count * DAYS[unit]
    if unit in "MY":
        hint = f"did you mean published:P{min(days, LONGEST)}D ?"
        raise QueryError("months and years have no fixed length", term.position, hint)
    if not days:
        raise QueryError("no day is in this range", term.position, "did you mean published:P1D ?")
    if days > LONGEST:
        raise QueryError("this goes back too far", term.position, f"write at most published:P{LONGEST}D, or a date")
    return Recent(days)


def _compared(sign: str, days: Days, term: Term) -> Published:
    first, last = days
    try:
        return {
            ">=": lambda: Published(first, None),
            ">": lambda: Published(last + timedelta(days=1), None),
            "<=": lambda: Published(None, last),
            "<": lambda: Published(None, first - timedelta(days=1)),
            "=": lambda: Published(first, last),
        }[{"≥": ">=", "≤": "<="}.get(sign, sign)]()
    except OverflowError:
        raise QueryError("there is no day beyond this one", term.position, EXAMPLES) from None


def _between(first: str, last: str, term: Term) -> Published:
    begin = _days(first, term)[0] if first else None
    end = _days(last, term)[1] if last else None
    if begin is None and end is None:
        raise QueryError("published: takes a day, a range or a duration", term.position, EXAMPLES)
    if begin and end and end < begin:
        raise QueryError("no day is in this range", term.position, f"did you mean published:{last}..{first} ?")
    return Published(begin, end)


def _days(text: str, term: Term) -> Days:
    found = DAY.fullmatch(text)
    if found is None:
        raise QueryError("published: takes a day, a range or a duration", term.position, EXAMPLES)
    year, month, day = (int(part) if part else 0 for part in found.groups())
    try:
        first = date(year, month or 1, day or 1)
    except ValueError:
        raise QueryError(f"there is no day {text}", term.position, "a day is written 2026-01-31") from None
    if day:
        return first, first
    last_month = month or 12
    return first, date(year, last_month, monthrange(year, last_month)[1])
