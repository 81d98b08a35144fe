"""What the operators' front panel shows: today's books, who waits, the channel, the queue, the sources. Reading only.

Each number is one that must add up or be near nothing; whoever looks should see at once whether it does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Min, Q, QuerySet

from digest.models import Edition, Snapshot, Source, SourceDay
from digest.pipeline import books
from subscribers import roll
from subscribers.models import Batch, Channel, Event, Letter
from subscribers.outbox import channel, holds, rates

BAD = ("suspect", "failed")
LOOKED = timedelta(days=8)  # days of a source whose newest looks are shown
RECENT = timedelta(days=7)  # of unknown letters
FAR = 1_000_000_000  # seconds: no calendar reaches much further
SHOWN = 12  # rows of a list; the rest is behind a link
EDITIONS = 5  # open ones beside today's
OPEN = Q(done_at=None) | Q(retry_at__isnull=False)  # batches in which something may still have to go


@dataclass(frozen=True, slots=True)
class Sum:
    """A number and what it consists of, counted apart: does it hold?"""

    total: int
    what: str
    parts: tuple[tuple[str, int], ...]

    @property
    def holds(self) -> bool:
        return self.total == sum(n for _, n in self.parts)


@dataclass(frozen=True, slots=True)
class Day:
    """An edition and its two sums: copies by result, letters by state."""

    number: int
    date: date
    closed: bool
    sums: tuple[Sum, Sum]

    @property
    def balanced(self) -> bool:
        return all(one.holds for one in self.sums)


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert, what somebody's server or program said, and what it was about."""

    number: int
    at: datetime
    what: str
    said: str
    titles: tuple[str, ...] = ()  # of the papers that a doubted look showed first


@dataclass(frozen=True, slots=True)
class Trouble:
    """A day whose newest look can't be believed, and the alert that stands for it: only what is still so."""

    day: date
    look: Snapshot
    alert: Alert | None


@dataclass(frozen=True, slots=True)
class Looked:
    """A source, its newest look, what is wrong with recent days, and the alert of one that has failed for a day."""

    source: Source
    last: Snapshot | None
    trouble: tuple[Trouble, ...]
    failing: Alert | None = None


@dataclass(frozen=True, slots=True)
class Lane:
    """What waits in a lane, and since when the oldest of it is news."""

    name: str
    waiting: int
    dotted: int
    deferred: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class Panel:
    """The whole of it, as of `now`."""

    now: datetime
    today: Day | None
    others: Sequence[Day]
    overdue: int
    lanes: Sequence[Lane]
    rests_until: datetime | None
    channel: Channel | None
    unknown: int
    unknown_letters: Sequence[Letter]
    alerts: Sequence[Alert]
    sources: Sequence[Looked]
    held: Sequence[str] = ()  # what operators have paused
    seconds: int | None = None  # until all that waits has left, by the rate that is set

    @property
    def oldest(self) -> datetime | None:
        """The age of the oldest news that is still undelivered."""
        return min((lane.oldest for lane in self.lanes if lane.oldest is not None), default=None)

    @property
    def finish(self) -> datetime | None:
        """When all that waits has left, by the rate that is set."""
        return None if self.seconds is None else self.now + timedelta(seconds=min(self.seconds, FAR))

    @property
    def unbalanced(self) -> list[Day]:
        return [day for day in (self.today, *self.others) if day is not None and not day.balanced]

    @property
    def trouble(self) -> list[Looked]:
        return [row for row in self.sources if row.trouble or row.failing]

    @property
    def calm(self) -> bool:
        """Nothing asks for an operator."""
        asking = (self.unbalanced, self.overdue, self.rests_until, self.unknown, self.alerts, self.trouble)
        return not any(asking)


def panel(now: datetime) -> Panel:
    """Everything on the front panel, by a number of queries that does not grow with the readers."""
    today = Edition.objects.filter(date=now.date()).first()
    others = Edition.objects.filter(closed_at=None).exclude(date=now.date()).order_by("-date")[:EDITIONS]
    unknown, lanes = _unknown(now), _lanes()
    return Panel(
        now=now,
        today=day_of(today) if today else None,
        others=[day_of(edition) for edition in others],
        overdue=roll.overdue(now),
        lanes=lanes,
        rests_until=channel.rests_until(now),
        channel=Channel.objects.filter(name=channel.SMTP).first(),
        unknown=unknown.count(),
        unknown_letters=list(unknown.select_related("subscriber").defer("content").order_by("-pk")[:SHOWN]),
        alerts=_alerts(now),
        sources=_sources(now),
        held=sorted(label or "all sending" for label in holds.labels()),
        seconds=rates.seconds_for(sum(lane.waiting + lane.deferred for lane in lanes)),
    )


def day_of(edition: Edition) -> Day:
    """An edition's books as two sums."""
    sums = books.totals(edition)
    return Day(edition.pk, edition.date, edition.closed_at is not None, (_copies(sums), _letters(sums)))


def _copies(sums: dict[str, Any]) -> Sum:
    silent = sorted(sums["silent"].items(), key=lambda item: (-item[1], item[0]))
    return Sum(sums["copies"], "copies", (("letters", sums["letters"]), *silent, ("failed", sums["failed"])))


def _letters(sums: dict[str, Any]) -> Sum:
    states = tuple((name, sums[name]) for name in ("open", "accepted", "refused", "unknown"))
    cancelled = sorted((f"cancelled ({reason})", n) for reason, n in sums["cancelled"].items())
    return Sum(sums["letters"], "letters", (*states, *cancelled))


def _lanes() -> list[Lane]:
    """By the open batches alone: the letters of a finished one wait for nothing."""
    oldest = dict(Batch.objects.filter(OPEN).values_list("lane").annotate(oldest=Min("oldest")))
    states: dict[int, dict[str, int]] = defaultdict(dict)
    letters = Letter.objects.filter(batch__in=Batch.objects.filter(OPEN), state__in=books.OPEN)
    for lane, state, n in letters.values_list("batch__lane", "state").annotate(n=Count("id")):
        states[lane][state] = n
    return [_lane(lane, states[lane], oldest.get(lane)) for lane in Batch.Lane]


def _lane(lane: Batch.Lane, states: Mapping[str, int], oldest: datetime | None) -> Lane:
    waiting, dotted, deferred = (states.get(state, 0) for state in books.OPEN)
    return Lane(str(lane.label).lower(), waiting, dotted, deferred, oldest)


def _unknown(now: datetime) -> QuerySet[Letter]:
    """Unknown letters of recent batches. A state has no index; a batch's letters have."""
    first = Batch.objects.filter(posted_at__gt=now - RECENT).aggregate(first=Min("pk"))["first"]
    return Letter.objects.filter(batch__gte=first, state="unknown") if first else Letter.objects.none()


def _alerts(now: datetime) -> list[Alert]:
    """Those of the last day; what is wrong with a source is shown with the sources, as long as it is so."""
    last_day = Event.objects.filter(kind="alert", at__gt=now - timedelta(days=1), at__lte=now)
    mine = last_day.exclude(data__has_key="source")
    return [_alert(event) for event in mine.order_by("-at", "-pk")[:SHOWN]]


def _alert(event: Event) -> Alert:
    data = event.data if isinstance(event.data, dict) else {"error": event.data}
    titles = data.get("titles")
    shown = tuple(str(title) for title in titles) if isinstance(titles, list) else ()
    said = data.get("reply") or data.get("error") or ""
    return Alert(event.pk, event.at, str(data.get("what", "alert")), str(said), shown)


def _sources(now: datetime) -> list[Looked]:
    """Each source with the newest look at each of its recent days."""
    recent = Snapshot.objects.filter(day__gt=(now - LOOKED).date())
    newest = recent.order_by().values("source", "day").annotate(newest=Max("id")).values_list("newest", flat=True)
    looks: dict[int, list[Snapshot]] = defaultdict(list)
    for look in Snapshot.objects.filter(pk__in=list(newest)).order_by("-day"):
        looks[look.source_id].append(look)
    standing = SourceDay.objects.filter(alert__isnull=False, day__gt=(now - LOOKED).date()).select_related("alert")
    alerts = {(row.source_id, row.day): _alert(row.alert) for row in standing if row.alert is not None}
    sources = Source.objects.select_related("alert").order_by("-enabled", "slug")
    return [_looked(source, looks[source.pk], alerts) for source in sources]


def _looked(source: Source, looks: Sequence[Snapshot], alerts: Mapping[tuple[int, date], Alert]) -> Looked:
    last = max(looks, key=lambda look: (look.at, look.pk), default=None)
    if not source.enabled:
        return Looked(source, last, ())
    newest = max((look.pk for look in looks), default=0)
    trouble = [
        Trouble(look.day, look, alerts.get((source.pk, look.day)))
        for look in looks
        if _still_so(source, look, newest, (source.pk, look.day) in alerts)
    ]
    return Looked(source, last, tuple(trouble), _alert(source.alert) if source.alert is not None else None)


def _still_so(source: Source, look: Snapshot, newest: int, alerted: bool) -> bool:
    """Whether the newest look at a day is still trouble: a suspect one while its alert stands, a failed one while
    nothing came after it. Hugging Face's days each stand for themselves.
    """
    if look.verdict == Snapshot.Verdict.SUSPECT:
        return alerted
    return look.verdict == Snapshot.Verdict.FAILED and (source.kind == Source.Kind.HF or look.pk == newest)
