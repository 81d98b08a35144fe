"""The stored papers that this process keeps ready for searching, as they are in the database now. Reads only.

What a paper's words are is worked out once in a process, and again only when its texts have changed. What has changed
is seen by the stored facts themselves, not by the number of a paper's newest change: votes rise between two steps
without one.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

import numpy as np
from django.db.models import TextField
from django.db.models.functions import Cast
from numpy.typing import NDArray

from digest.matching.shelf import Shelf
from digest.models import Paper
from digest.sources.listing import Facts
from subscribers.query.nodes import Query

MOST = 6_000  # papers kept, and so searched at most: some 13 kB each


@dataclass(frozen=True, slots=True)
class Matches:
    """The papers that a filter matches, of so many that it was tried on, the oldest of which was listed `since`."""

    kept: tuple[Facts, ...]
    of: int
    since: str  # ISO date; "" of none


def matches(query: Query, after: date, today: date) -> Matches:
    """The papers first listed after a day that a filter matches today; of very many the newest `MOST` are looked at."""
    with _lock:
        return _shelved.matching(query, _stored(after), today)


@contextmanager
def opened(after: date, today: date) -> Iterator[Opened]:
    """The papers first listed after a day (the newest `MOST`), to be asked about any number of clauses of a filter.

    One look at the database, however many questions. To be used inside the `with` alone: nobody else searches
    meanwhile.
    """
    with _lock:
        yield _shelved.opened(_stored(after), today)


def _stored(after: date) -> dict[int, str]:
    papers = Paper.objects.filter(merged_into=None, first_day__gt=after).order_by("-first_day", "-pk")
    return dict(papers.values_list("pk", Cast("facts", TextField()))[:MOST])


class _Worded(Shelf):
    """A shelf that tells its words."""

    def words(self, first: str) -> list[str]:
        """Every folded word that begins with this letter, also of papers that have left the shelf since."""
        return [word for word in self._lexicon.words if word.startswith(first)]


@dataclass(frozen=True, slots=True)
class Opened:
    """Some papers of the shelf, the newest first."""

    papers: tuple[Facts, ...]
    _shelf: _Worded
    _rows: NDArray[np.intp]
    _today: date

    def true(self, query: Query) -> NDArray[np.bool_]:
        """By paper: does this match it today?"""
        return self._shelf.matching(query, self._today)[self._rows]

    def words(self, first: str) -> list[str]:
        """The folded words of titles and abstracts that begin with this letter: among them all of these papers."""
        return self._shelf.words(first)


class _Shelved:
    """A shelf, and by paper id the row in which a paper stands and its facts as they were stored."""

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._shelf = _Worded()
        self._rows: dict[int, int] = {}
        self._stored: dict[int, str] = {}
        self._dropped = 0

    def matching(self, query: Query, stored: dict[int, str], today: date) -> Matches:
        """Of these papers, the newest first."""
        self._bring(stored)
        facts = self._shelf.facts
        rows = self._ordered(stored)
        kept = rows[self._shelf.matching(query, today)[rows]]
        return Matches(tuple(facts[row] for row in kept), len(rows), facts[rows[-1]].listed if stored else "")

    def opened(self, stored: dict[int, str], today: date) -> Opened:
        """These papers, to be asked about."""
        self._bring(stored)
        rows = self._ordered(stored)
        return Opened(tuple(self._shelf.facts[row] for row in rows), self._shelf, rows, today)

    def _ordered(self, stored: dict[int, str]) -> NDArray[np.intp]:
        return np.fromiter((self._rows[number] for number in stored), dtype=np.intp, count=len(stored))

    def _bring(self, stored: dict[int, str]) -> None:
        try:
            self._refresh(stored)
        except BaseException:
            self._clear()  # whatever stopped it half way: the next one begins anew
            raise

    def _refresh(self, stored: dict[int, str]) -> None:
        fresh = {
            number: Facts.from_json(json.loads(text))
            for number, text in stored.items()
            if self._stored.get(number) != text
        }
        read = {number: facts for number, facts in fresh.items() if not self._renewed(number, facts)}
        crowded = len(self._shelf) + len(read) > MOST
        gone = {number for number in self._rows if number in read or (crowded and number not in stored)}
        if gone:
            self._drop(gone)
        if self._dropped > MOST:  # the shelf remembers the words of what it has dropped
            self._clear()
            read = {number: Facts.from_json(json.loads(text)) for number, text in stored.items()}
        if read:
            self._rows.update(zip(read, range(len(self._shelf), len(self._shelf) + len(read)), strict=True))
            self._shelf.add(tuple(read.values()))
        self._stored.update(stored)

    def _renewed(self, number: int, facts: Facts) -> bool:
        return number in self._rows and self._shelf.renew(self._rows[number], facts)

    def _drop(self, gone: set[int]) -> None:
        self._dropped += len(gone)
        self._shelf.keep([number not in gone for number in self._rows])
        self._rows = {number: row for row, number in enumerate(n for n in self._rows if n not in gone)}
        self._stored = {number: self._stored[number] for number in self._rows}


_lock = threading.Lock()
_shelved = _Shelved()
