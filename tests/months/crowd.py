"""The readers: twelve zones, odd times of day, topics of all kinds, and what they do in these weeks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random

ZONES = (
    "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Auckland", "America/St_Johns",
    "America/Santiago", "Asia/Beirut", "Asia/Kathmandu", "Asia/Kolkata", "Africa/Cairo", "Pacific/Honolulu",
    "Pacific/Apia",
)  # fmt: skip
# those whose clocks change, at times that are skipped or come twice: one reader each
DELICATE = (
    ("Europe/Berlin", "02:30"), ("Europe/Berlin", "02:30,03:30"), ("America/New_York", "02:30"),
    ("Australia/Lord_Howe", "01:30"), ("Australia/Lord_Howe", "01:45,02:00"), ("Pacific/Auckland", "02:30"),
    ("America/Santiago", "23:30"), ("America/Santiago", "00:00"), ("Asia/Beirut", "00:00"), ("Africa/Cairo", "00:30"),
    ("America/St_Johns", "02:00"), ("Pacific/Apia", "01:30"),
)  # fmt: skip
TIMES = ("07:00", "07:00,18:30", "00:00", "23:30", "07:30", "12:00", "06:45,12:00,20:00", "01:30")
LENGTHS = ("titles", "abstracts", "short", "short", "short")
DAYS = ("daily", "daily", "daily", "weekdays", "mon,thu", "sat,sun", "wed")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A topic as its reader asks for it."""

    name: str
    query: str
    cadence: str = "slot"
    settled: bool = False
    cap: int | None = None
    threshold: int = 0
    weight: int = 1

    @property
    def text(self) -> str:
        """As `reader add --topic` takes it."""
        words = [self.cadence] if self.cadence != "slot" else []
        words += ["settled"] if self.settled else []
        words += [f"cap={self.cap}"] if self.cap else []
        return f"{self.name}[{','.join([*words, f'threshold={self.threshold}', f'weight={self.weight}'])}]={self.query}"


@dataclass(frozen=True, slots=True)
class Pauses:
    at: datetime
    until: date


@dataclass(frozen=True, slots=True)
class Moves:
    at: datetime
    zone: str
    times: str
    days: str


@dataclass(frozen=True, slots=True)
class Adds:
    at: datetime
    topic: Wanted


Act = Pauses | Moves | Adds


@dataclass(frozen=True, slots=True)
class Person:
    email: str
    zone: str
    times: str
    days: str
    topics: tuple[Wanted, ...]
    joins: datetime
    acts: tuple[Act, ...]
    length: str = "short"
    empty_too: bool = False  # wants a short mail when there is nothing to tell


def orders(authors: Sequence[str]) -> tuple[tuple[Wanted, ...], ...]:
    """What readers ask for together. Where one has two topics, they overlap."""
    everything, best = Wanted("All", "*"), Wanted("Loved", "upvotes:>=20")
    by = [Wanted(f"By {name}", f'author:"{name}"') for name in authors]
    return (
        (everything,),
        (Wanted("Top", "*", cap=5), Wanted("Agents", "title:agent*", cap=3, weight=3)),
        (best, Wanted("Code", "has:code -title:video*", cap=4)),
        (Wanted("Week", "*", cadence="weekly", cap=10), Wanted("Video", "title:video*")),
        (Wanted("Settled", "*", settled=True, cap=10),),
        (Wanted("High", "*", threshold=40), by[0]),
        (Wanted("Week's best", "upvotes:>=20", cadence="weekly", settled=True), Wanted("Models", "title:reason*")),
        (Wanted("Month", "upvotes:>=20", cadence="monthly", cap=30), Wanted("Daily", "*", cap=1)),
        (Wanted("Talked of", "comments:>=3"), by[1]),
        (Wanted("Phrase", 'title:"language models"'), Wanted("Week", "has:code", cadence="weekly", cap=5)),
        by[2:],
        (Wanted("Loved", "has:code upvotes:>=10", settled=True), Wanted("Flow", "title:diffus* OR title:flow*")),
        (Wanted("High week", "*", cadence="weekly", threshold=60), Wanted("Agents", "title:agent*", weight=2), best),
        (Wanted("Month", "*", cadence="monthly", settled=True, cap=40), Wanted("Video", "title:video* upvotes:>=5")),
    )  # fmt: skip


MORE = (Wanted("More", "title:world"), Wanted("More", "*", cadence="weekly", cap=3),
        Wanted("More", "upvotes:>=50", cadence="monthly"), Wanted("More", "*", settled=True, cap=2))  # fmt: skip


def crowd(count: int, first: date, days: int, authors: Sequence[str], seed: int = 12) -> list[Person]:
    """So many readers for these days, the same ones for a seed."""
    random, asked = Random(seed), orders(authors)
    return [_person(random, number, asked, first, days) for number in range(count)]


def _person(random: Random, number: int, asked: Sequence[tuple[Wanted, ...]], first: date, days: int) -> Person:
    zone, times = ZONES[number % len(ZONES)], TIMES[(number + random.randrange(3)) % len(TIMES)]
    on = random.choice(DAYS)
    if number < len(DELICATE):
        (zone, times), on = DELICATE[number], "daily"
    begin = datetime.combine(first, time(0, 7, number % 60), UTC)
    later = random.random() < 0.25 and number >= len(DELICATE)
    joins = begin + timedelta(minutes=15 * random.randrange(days * 60 if later else 80))
    topics = asked[(number * 5 + number // len(asked)) % len(asked)]
    acts = _acts(random, joins, first, days)
    length = LENGTHS[int(5 * random.random())]
    empty = random.random() < 0.2
    return Person(f"r{number}@example.org", zone, times, on, topics, joins, acts, length, empty)


def _acts(random: Random, joins: datetime, first: date, days: int) -> tuple[Act, ...]:
    """Two in five readers do something, on another day than that on which they join; some do two things."""
    left = (datetime.combine(first, time(), UTC) + timedelta(days=days) - joins) // timedelta(days=1)
    acts: list[Act] = []
    for _ in range(random.choice((0, 0, 0, 1, 1, 2)) if left > 4 else 0):
        at = joins + timedelta(days=random.randrange(1, left - 1), minutes=15 * random.randrange(1, 80))
        pause = Pauses(at, (at + timedelta(days=random.randrange(3, 10))).date())
        move = Moves(at, random.choice(ZONES), random.choice(TIMES), random.choice(DAYS))
        acts.append(random.choice((pause, move, Adds(at, random.choice(MORE)))))
    return _possible(acts)


def _possible(acts: Sequence[Act]) -> tuple[Act, ...]:
    """In order, without a second topic of the same name and a pause within a pause."""
    kept: list[Act] = []
    for act in sorted(acts, key=lambda act: act.at):
        if not kept or (type(act) is not type(kept[-1]) and act.at > kept[-1].at):
            kept.append(act)
    return tuple(kept)
