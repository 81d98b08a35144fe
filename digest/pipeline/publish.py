"""Publish: copies and letters for all readers who are due. Matches once a range, writes by thousands.

A thousand that raises is done again by halves, so that one reader's data stops only that reader.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import IntegrityError
from django.db.models import Exists, OuterRef, Subquery

from digest.editions.compose import Desk, Silence
from digest.editions.found import Candidate
from digest.editions.rank import boosted
from digest.editions.written import Writer
from digest.mail.compose import Composer
from digest.mail.parts import RENDERER
from digest.models import Snapshot, Source
from digest.pipeline import numbers, sizing, wordings
from digest.pipeline.facts import ChangeFacts
from digest.pipeline.misses import Misses
from digest.pipeline.owing import earlier_digests
from digest.pipeline.planning import Plan, failed, lows, plan
from digest.pipeline.posting import post
from digest.pipeline.reach import reached
from digest.pipeline.sweeps import few_sweeps
from digest.pipeline.window import ToldBefore, Window
from digest.sources.verdict import is_no_listing
from subscribers import roll
from subscribers.reader import Interest, Reader

RANGE = 50_000  # readers matched at once
TOGETHER = 1_000  # readers written in one transaction
log = logging.getLogger(__name__)


@dataclass
class Published:
    """What one run did: the head it read, and how many readers by result (letters, reasons of silence, failed)."""

    head: int
    served: int = 0
    results: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class _Range:
    """What serving the readers of one range needs."""

    window: Window
    reached: Set[int]
    told: ToldBefore
    desk: Desk
    now: datetime
    site_host: str
    quiet: str
    misses: Misses
    dry: bool
    unknown: bool
    write: Writer = field(default_factory=Writer)


def publish(
    now: datetime,
    site_host: str,
    *,
    dry_run: bool = False,
    unknown: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Published:
    """Serve every reader due at `now` once. One head is read and used for all of them.

    `unknown`: the letters are not to be sent, since they may have been (a backup was put back).
    """
    done = Published(numbers.head())
    for due in _parted(roll.due_ids(now)):
        with few_sweeps():
            readers = list(roll.due_readers(due, now))
            scope = _range(readers, done.head, now, site_host, dry_run, unknown)
            _serve_all(readers, scope, done, progress)
    return done


def ranges(now: datetime) -> list[tuple[int, int]]:
    """The readers due at `now` as work to be handed out: (first id, last id), RANGE of them in each."""
    return [(due[0], due[-1]) for due in _parted(roll.due_ids(now))]


def publish_range(first: int, last: int, now: datetime, site_host: str) -> Published:
    """As `publish`, for the readers with these ids."""
    done = Published(numbers.head())
    with few_sweeps():
        readers = list(roll.due_readers(roll.due_ids(now, first, last), now))
        _serve_all(readers, _range(readers, done.head, now, site_host, False, False), done)
    return done


def _parted(due: Sequence[int]) -> Iterator[Sequence[int]]:
    return (due[start : start + RANGE] for start in range(0, len(due), RANGE))


def _serve_all(
    readers: Sequence[Reader], scope: _Range, done: Published, progress: Callable[[int], None] | None = None
) -> None:
    for first in range(0, len(readers), TOGETHER):
        _serve(readers[first : first + TOGETHER], scope, done)
        if progress:
            progress(done.served)


def _range(readers: Sequence[Reader], head: int, now: datetime, site_host: str, dry: bool, unknown: bool) -> _Range:
    begins = _begins(readers, now)
    starts = {low for lows_of_one in begins.values() for low in lows_of_one.values()}
    window = Window(head, starts, (t.filter for r in readers for t in r.topics), now)
    found = reached(window, readers, begins)
    return _Range(
        window,
        found,
        ToldBefore(window, [reader.id for reader in readers]),
        desk(window, now),
        now,
        site_host,
        quiet_reason(now),
        Misses(window),
        dry,
        unknown,
    )


def desk(window: Window, now: datetime) -> Desk:
    """Facts, reasons and the sizes of cards in the wording that is in force."""
    versions = wordings.in_force("digest", now)
    candidates = window.candidates
    facts = ChangeFacts({c.change: c.facts for c in candidates}, {c.change: c.paper for c in candidates})
    composer = Composer(wordings.wording(versions), wordings.site(), facts)
    sizes, frame = sizing.sizes(composer), sizing.frame(composer)
    return Desk(facts, facts.paper, window.why, _scorer(), sizes, frame, wording=versions, renderer=RENDERER)


def _scorer() -> Callable[[Interest, Candidate], int]:
    """Scores, each worked out once: readers without boosts share them."""
    known: dict[tuple[int, tuple[str, ...]], int] = {}

    def score(interest: Interest, candidate: Candidate) -> int:
        asked = candidate.change, interest.boosts
        if asked not in known:
            known[asked] = boosted(interest.boosts, candidate.facts, candidate.hours)
        return known[asked]

    return score


def _begins(readers: Sequence[Reader], now: datetime) -> dict[int, dict[int, int | None]]:
    """Where everybody's windows begin. A reader who raises is met again, alone, when they are served."""
    found = {}
    for reader in readers:
        try:
            found[reader.id] = lows(reader, now)
        except ValueError:
            continue
    return found


def _serve(readers: Sequence[Reader], scope: _Range, done: Published) -> None:
    """Plan and post these readers; when something raises, by halves, down to the one reader it is about."""
    try:
        plans = _plans(readers, scope)
        done.served += len(plans) if scope.dry else _post(plans, scope)
    except Exception as error:
        if len(readers) == 1:
            _set_aside(readers[0], error, scope, done)
            return
        middle = len(readers) // 2
        _serve(readers[:middle], scope, done)
        _serve(readers[middle:], scope, done)
        return
    done.results.update(_result(plan) for plan in plans)


def _post(plans: Sequence[Plan], scope: _Range) -> int:
    return post(plans, scope.write, scope.window.head, scope.site_host, scope.now, unknown=scope.unknown)


def _plans(readers: Sequence[Reader], scope: _Range) -> list[Plan]:
    had = scope.told.of([reader.id for reader in readers])
    earlier = earlier_digests(readers)
    return [
        plan(
            reader,
            scope.window,
            had.get(reader.id, {}),
            earlier.get(reader.id, ()),
            scope.desk,
            scope.now,
            scope.quiet,
            scope.misses,
            reached=reader.id in scope.reached,
        )
        for reader in readers
    ]


def _result(plan: Plan) -> str:
    return plan.result.reason if isinstance(plan.result, Silence) else "letter"


def _set_aside(reader: Reader, error: Exception, scope: _Range, done: Published) -> None:
    log.error("reader %d can't be served: %s: %s", reader.id, type(error).__name__, error)
    done.results["failed"] += 1
    if scope.dry:
        return
    try:
        done.served += _post([failed(reader, error, scope.now)], scope)
    except IntegrityError as worse:
        log.error("and that can't be written down: %s", worse)


def quiet_reason(now: datetime) -> str:
    """Why there may be nothing to tell, by each source's newest look at the latest day it was asked for, or "".

    "source failed" when some source's could not be believed, or was not made for a day; "source had no listing" when
    all that is wrong is a list that has not come yet. Days are looked at in any order, so the latest one counts, not
    the look that was written last.
    """
    looks = Snapshot.objects.filter(source=OuterRef("pk"))
    recent = looks.filter(at__gt=now - timedelta(days=1), at__lte=now).order_by("-day", "-at", "-id")
    sources = Source.objects.filter(Exists(looks), enabled=True)
    newest = set(sources.annotate(newest=Subquery(recent.values("pk")[:1])).values_list("newest", flat=True))
    bad = Snapshot.objects.filter(pk__in=newest, verdict__in=["failed", "suspect"]).values_list("verdict", "reason")
    late = [is_no_listing(verdict, reason) for verdict, reason in bad]
    if None in newest or not all(late):
        return "source failed"
    return "source had no listing" if late else ""
