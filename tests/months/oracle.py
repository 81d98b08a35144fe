"""What each reader must get, slot by slot: worked out from their clock, their topics and the record of the lists.

What a mail *shows* of a paper decides what later ones may hold, and a mail that grows too large shows less than its
topics ask for. So the walk is told what each mail has shown, and says what it must have held.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from tests.months.clocks import Clocks, local, midnight
from tests.months.crowd import Adds, Moves, Pauses, Person, Wanted
from tests.months.record import Moment, Record

TOO_SOON = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Due:
    """A slot, and what must come of it: a digest of these papers, or nothing to tell for this reason."""

    slot: datetime
    mailed: bool
    silence: str = ""
    named: frozenset[str] = frozenset()  # in the mail or behind "N more"
    shown: frozenset[str] = frozenset()  # in the mail, unless it grows too large


@dataclass
class Walk:
    """One reader's weeks. `tick` says when the service serves a slot, `shown` what a digest has shown."""

    person: Person
    record: Record
    clocks: Clocks
    tick: Callable[[datetime], datetime]
    end: datetime
    shown: Mapping[datetime, Sequence[str]]
    told: set[str] = field(default_factory=set)
    cursor: datetime | None = None
    first: datetime | None = None  # the slot of the first digest
    until: datetime | None = None  # of a pause
    since: dict[str, datetime] = field(default_factory=dict)
    served: dict[str, date] = field(default_factory=dict)  # on which date each topic came last

    def __post_init__(self) -> None:
        self.schedule = self.person.zone, self.person.times, self.person.days
        self.topics, self.acts = list(self.person.topics), list(self.person.acts)
        self.due: datetime | None = self.person.joins.replace(microsecond=0)

    def go(self) -> Iterator[Due]:
        while True:
            if self.until is not None and not (self.acts and self.acts[0].at < self.until):
                self.due, self.until = self._slot(lambda slot, since=self.until: slot >= since), None
            served = self.tick(self.due) if self.due else None
            if self.acts and (served is None or self.acts[0].at < served):
                self._act(self.acts.pop(0))
            elif served is None or served >= self.end:
                return
            else:
                yield self._serve(served)

    def _slot(self, wanted: Callable[[datetime], bool]) -> datetime:
        return next(slot for slot in self.clocks.slots(*self.schedule) if wanted(slot))

    def _act(self, act: Pauses | Moves | Adds) -> None:
        if isinstance(act, Pauses):
            self.until = midnight(self.schedule[0], datetime.combine(act.until, time()))
            self.due, self.cursor, self.since = None, None, {}
        elif isinstance(act, Moves):
            self.schedule = act.zone, act.times, act.days
            self.due = self._slot(lambda slot: slot > act.at) if self.due else None
        else:
            self.topics.append(act.topic)

    def _serve(self, now: datetime) -> Due:
        assert self.due is not None
        passed = [slot for slot in self.clocks.slots(*self.schedule) if self.due <= slot <= now]
        begins = self.cursor is None and self.first is None
        slot, self.due = self.due if begins else passed[-1], self._slot(lambda slot: slot > now)
        if self.cursor is not None and self.first is not None and slot - self.first < TOO_SOON:
            return Due(slot, False, "too soon after the first")
        lows = {
            topic.name: None if self.cursor is None else self.since.get(topic.name, self.cursor)
            for topic in self.topics
            if self.cursor is None or any(self._comes(topic, one) for one in passed)
        }
        due = self._digest(slot, now, lows)
        for topic in self.topics:
            if topic.name in lows:
                self.since[topic.name] = now
                self.served[topic.name] = local(self.schedule[0], slot).date()
            elif self.cursor is not None:
                self.since.setdefault(topic.name, self.cursor)
        if begins and due.mailed:
            self.first = slot
        self.cursor = now
        self.told |= set(self.shown.get(slot, ()))
        return due

    def _comes(self, topic: Wanted, slot: datetime) -> bool:
        """Weekly and monthly topics come with the first slot of a week, of a month, where the reader lives: the first
        since they came last, and for the first time the first of their schedule."""
        slots, zone = self.clocks.slots(*self.schedule), self.schedule[0]
        here = local(zone, slot).date()
        before = self.served.get(topic.name) or local(zone, slots[slots.index(slot) - 1]).date()
        if topic.cadence == "weekly":
            return here.isocalendar()[:2] > before.isocalendar()[:2]
        return topic.cadence == "slot" or (here.year, here.month) > (before.year, before.month)

    def _digest(self, slot: datetime, now: datetime, lows: Mapping[str, datetime | None]) -> Due:
        served = sorted((topic for topic in self.topics if topic.name in lows), key=lambda topic: -topic.weight)
        found = {t.name: self.record.newest(t.query, t.settled, lows[t.name], now) for t in served}
        fresh = {
            name: {key: moment for key, moment in some.items() if key not in self.told} for name, some in found.items()
        }
        named = frozenset(key for some in fresh.values() for key in some)
        shown = frozenset(key for topic in served for key in best(topic, home(served, fresh)[topic.name]))
        if shown:
            return Due(slot, True, "", named, shown)
        silence = "below threshold" if named else "all told before" if any(found.values()) else "nothing"
        return Due(slot, self.person.empty_too and bool(served), silence if served else "no topic due")


def home(topics: Sequence[Wanted], fresh: Mapping[str, Mapping[str, Moment]]) -> dict[str, dict[str, Moment]]:
    """Each paper under one topic: the first for which it is good enough, else the first that it matches."""
    found: dict[str, dict[str, Moment]] = {topic.name: {} for topic in topics}
    for key in {key for some in fresh.values() for key in some}:
        asking = [topic for topic in topics if key in fresh[topic.name]]
        good = [topic for topic in asking if score(fresh[topic.name][key]) >= topic.threshold]
        name = (good or asking)[0].name
        found[name][key] = fresh[name][key]
    return found


def best(topic: Wanted, papers: Mapping[str, Moment]) -> list[str]:
    """Those that are good enough, the best first, as many as the cap allows."""
    ranked = sorted(papers, key=lambda key: (-score(papers[key]), key))
    return [key for key in ranked if score(papers[key]) >= topic.threshold][: topic.cap]


def score(moment: Moment) -> int:
    """From 0 to 100, by the formula of the handbook."""
    paper = moment.paper
    hours = max(0.0, (moment.at - datetime.combine(paper.listed, time(), UTC)) / timedelta(hours=1))
    attention = paper.upvotes + 2 * paper.comments + 6 * paper.upvotes / max(6, hours)
    return max(0, min(100, int(100 * attention / (attention + 25)) + max(0, 3 - int(hours // 24))))
