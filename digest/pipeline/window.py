"""The changes that readers may hear of, as columns; what matched in a reader's window; who was told before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache, cached_property, partial, reduce
from weakref import proxy

import numpy as np
from django.db.models import Q
from numpy.typing import NDArray

from digest.editions.found import NOTHING, Candidate, Found
from digest.editions.rank import hours_listed
from digest.matching.columns import Columns
from digest.matching.engine import Bits
from digest.matching.mark import Mark, kept
from digest.matching.why import witness
from digest.models import Change, Paper, Told
from digest.pipeline.compiled import compiled
from digest.sources.listing import Facts

AS_LISTED = ("listed", "listed elsewhere", "rose", "enriched", "revised")
WHEN_SETTLED = ("settled",)
HEAP = 8_000_000  # bytes of rows of Told that are looked through at once
RECENT = timedelta(days=7)  # a reader without a cursor gets the papers listed since then
Row = tuple[int, int, str, bool, dict[str, object], datetime]  # number, paper, kind, news, facts, at
ToldRow = tuple[int, int, bytes | memoryview]  # change, paper, readers as packed
Mask = NDArray[np.bool_]
Ids = NDArray[np.int64]
Low = int | None  # a window begins behind this change; None: the reader has no cursor


class Window:
    """What can be told at one head, for readers whose windows begin at `lows`."""

    def __init__(self, head: int, lows: Iterable[Low], filters: Iterable[int], now: datetime) -> None:
        self.head = head
        wanted = set(lows)
        recent = _recent_papers(head, now) if None in wanted else set()
        rows = _rows(head, min((low for low in wanted if low is not None), default=head), recent)
        self.roots = _roots({paper for _, paper, *_ in rows})
        self.candidates = [
            _candidate(number, self.roots[paper], kind, Facts.from_json(facts, at.date()), at)
            for number, paper, kind, _, facts, at in rows
        ]
        self.numbers = np.array([row[0] for row in rows], dtype=np.int64)
        self.news = np.array([row[3] for row in rows], dtype=np.bool_)
        kinds = [row[2] for row in rows]
        self.kinds = {settled: np.isin(kinds, of) for settled, of in ((False, AS_LISTED), (True, WHEN_SETTLED))}
        self.recent = np.array([paper in recent for _, paper, *_ in rows], dtype=np.bool_)
        self._compiled = compiled(set(filters))
        self.queries, self.broken = self._compiled.queries, self._compiled.broken
        # per instance: readers share filters and windows; what is kept does not keep the window, or it would stay until
        # circles are looked for, which a run of many ranges puts off
        me = proxy(self)
        self.found = cache(partial(Window._found, me))
        self.listed = cache(partial(Window._listed, me))
        self._inside = cache(partial(Window._set, me))
        self.why = cache(partial(Window._why, me))
        self._witness = cache(lambda change: witness(me.facts(change)))

    @cached_property
    def bits(self) -> Bits:
        """Which filter matches which change."""
        bits = self._compiled.engine.match(Columns([(c.change, c.facts) for c in self.candidates]))
        self.queries.fetch(bits.matched())
        return bits

    def facts(self, change: int) -> Facts:
        """The facts of a change in the window."""
        return self.candidates[self.place[change]].facts

    @cached_property
    def place(self) -> dict[int, int]:
        """Where a change stands among the candidates."""
        return {c.change: i for i, c in enumerate(self.candidates)}

    def _mask(self, low: Low) -> Mask:
        return self.recent if low is None else self.news & (self.numbers > low)

    def inside(self, low: Low) -> list[Candidate]:
        """The changes of one window, in their order."""
        return [self.candidates[place] for place in np.flatnonzero(self._mask(low))]

    def columns(self, low: Low, settled: bool) -> NDArray[np.uint64]:
        """The changes of one window as bits, 64 a word, in the order of `bits`."""
        bytes_of = np.packbits(self._mask(low) & self.kinds[settled], bitorder="little")
        return np.pad(bytes_of, (0, -bytes_of.size % 8)).view("<u8").astype(np.uint64)

    def _found(self, filter_id: int, low: Low, settled: bool) -> Found:
        matched = self.match(filter_id, low, settled)
        return Found(matched) if matched else NOTHING

    def match(self, filter_id: int, low: Low, settled: bool) -> tuple[Candidate, ...]:
        """Per paper the newest matching change in the window. Raises the filter's QueryError when it is broken."""
        if filter_id in self.broken:
            raise self.broken[filter_id]
        if not self.candidates:
            return ()
        row = self.bits.rows[self._rows[filter_id]].astype("<u8", copy=False)
        inside = int.from_bytes(row.tobytes(), "little") & self._inside(low, settled)
        matched = [self.candidates[place] for place in _places(inside)]
        newest = {c.paper: c for c in matched}
        revised = {c.paper: c.change for c in matched if c.kind == "revised"}
        return tuple(replace(c, revision=revised[c.paper]) if c.paper in revised else c for c in newest.values())

    @cached_property
    def _rows(self) -> dict[int, int]:
        """Where each filter stands in the bits."""
        return dict(zip(self.bits.ids.tolist(), range(self.bits.ids.size), strict=True))

    def _set(self, low: Low, settled: bool) -> int:
        """The changes of one window, as the bits of an integer."""
        return int.from_bytes(self.columns(low, settled).astype("<u8", copy=False).tobytes(), "little")

    def _listed(self, scopes: frozenset[tuple[Low, bool]]) -> int:
        """How many papers have news in windows, each with whether it is judged when settled."""
        if not self.candidates or not scopes:
            return 0
        inside = reduce(np.logical_or, (self._mask(low) & self.kinds[settled] for low, settled in scopes))
        return len({self.candidates[i].paper for i in np.flatnonzero(inside)})

    def _why(self, filter_id: int, change: int) -> tuple[Mark, ...]:
        return kept(self._witness(change).why(self.queries[filter_id]))


def _places(bits: int) -> Iterator[int]:
    """The places of the bits that are set, ascending."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


def _candidate(number: int, paper: int, kind: str, facts: Facts, at: datetime) -> Candidate:
    return Candidate(number, paper, kind, facts, hours_listed(facts, at))


def _recent_papers(head: int, now: datetime) -> set[int]:
    """Papers whose `listed` is of the last 7 days, news or not."""
    since = now.date() - RECENT
    rows = Change.objects.filter(kind="listed", day__gt=since, number__lte=head)
    return set(rows.values_list("paper_id", flat=True))


def _rows(head: int, low: int, recent: set[int]) -> list[Row]:
    hears = Change.objects.filter(number__lte=head, kind__in=(*AS_LISTED, *WHEN_SETTLED))
    wanted = hears.filter(Q(number__gt=low, news=True) | Q(paper__in=recent)).order_by("number")
    return list(wanted.values_list("number", "paper_id", "kind", "news", "facts", "at"))


def _roots(papers: set[int]) -> dict[int, int]:
    """Each paper and the one it was merged into, or itself."""
    rows = Paper.objects.filter(pk__in=papers).values_list("pk", "merged_into")
    return {paper: into or paper for paper, into in rows}


class ToldBefore:
    """Which of some readers (ids, ascending) have had each paper of a window, and by which newest change."""

    def __init__(self, window: Window, readers: Sequence[int]) -> None:
        papers = set(window.roots.values())
        merged = dict(Paper.objects.filter(merged_into__in=papers).values_list("pk", "merged_into"))
        roots = {**{paper: paper for paper in papers}, **{k: v for k, v in merged.items() if v is not None}}
        told = Told.objects.filter(change__paper__in=roots).order_by("change_id")
        rows = told.values_list("change_id", "change__paper_id", "readers").iterator()
        self._rows: list[tuple[int, int]] = []  # paper, change
        found = list(self._found(rows, roots, np.array(readers, dtype=np.int64)))
        had, of = (np.concatenate([np.empty(0, dtype=np.int64), *some]) for some in zip(*found, strict=True))
        order = np.argsort(had, kind="stable")
        self._readers, self._of = had[order], of[order]

    def _found(self, rows: Iterable[ToldRow], roots: Mapping[int, int], mine: Ids) -> Iterator[tuple[Ids, Ids]]:
        """Readers among `mine`, and where in our rows what each was told stands. There are many rows of few readers,
        and some of very many: they are gone through by heaps, which bounds the memory.
        """
        heap, size = list[bytes](), 0
        for change, paper, readers in rows:
            self._rows.append((roots[paper], change))
            heap.append(bytes(readers))
            size += len(readers)
            if size > HEAP:
                yield _among(heap, len(self._rows), mine)
                heap, size = [], 0
        yield _among(heap, len(self._rows), mine)

    def of(self, readers: Sequence[int]) -> Mapping[int, dict[int, int]]:
        """For each of these readers (ascending): papers they have had, with the newest change they had of it."""
        had: dict[int, dict[int, int]] = defaultdict(dict)
        mine = np.array(readers, dtype=np.int64)
        near = slice(np.searchsorted(self._readers, mine[0]), np.searchsorted(self._readers, mine[-1], side="right"))
        there = _is_among(self._readers[near], mine)
        for reader, row in zip(self._readers[near][there].tolist(), self._of[near][there].tolist(), strict=True):
            paper, change = self._rows[row]
            had[reader][paper] = change
        return had


def _among(heap: Sequence[bytes], end: int, mine: Ids) -> tuple[Ids, Ids]:
    """The readers of a heap of rows, of which the last one is that before `end`, that are ours; and their rows."""
    told = unpacked(b"".join(heap))
    there = np.flatnonzero(_is_among(told, mine))
    ends = np.cumsum([len(some) // told.itemsize for some in heap], dtype=np.int64)
    return told[there], np.searchsorted(ends, there, side="right") + (end - len(heap))


def _is_among(some: Ids, mine: Ids) -> Mask:
    """Which of some numbers are among others, ascending."""
    if not mine.size:
        return np.zeros(some.size, dtype=np.bool_)
    found: Mask = mine[np.minimum(np.searchsorted(mine, some), mine.size - 1)] == some
    return found


def packed(readers: Iterable[int]) -> bytes:
    """Reader ids as Told keeps them: ascending, 8 bytes each, little endian."""
    return np.array(sorted(readers), dtype="<i8").tobytes()


def unpacked(readers: bytes | memoryview) -> NDArray[np.int64]:
    """The inverse of `packed`."""
    return np.frombuffer(bytes(readers), dtype="<i8")
