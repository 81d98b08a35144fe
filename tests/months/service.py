"""The service driven through the weeks by its own use cases, half an hour at a time, by hands of three kinds:
steady ones, ones that die at some statements and begin again, and two pairs at once.
"""

import email.policy
import gc
import re
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from email import message_from_bytes
from functools import cached_property, lru_cache
from pathlib import Path
from random import Random
from threading import Barrier
from time import sleep
from typing import Any, ClassVar
from unittest.mock import patch

from django.conf import settings
from django.db import connection, connections
from django.db.models import Min
from django.test import Client, override_settings

from digest.mail import deck
from digest.matching import engine
from digest.matching.passages import Passages, Seen
from digest.models import Copy, Edition
from digest.pipeline import books, publish, rendering, sending, wordings
from subscribers import membership, pausing, roll
from subscribers.models import Letter, Subscriber
from subscribers.outbox import queue
from subscribers.outbox.folder import FolderSession
from subscribers.outbox.mailurl import Folder
from tests.house import fetch, letters, run
from tests.months.crowd import Act, Adds, Moves, Pauses, Person
from tests.months.lists import Look

TICK = timedelta(minutes=30)
SETTLES = time(5, 4)  # just after a day of Hugging Face is over
RESTS, REST = 0.1, 0.02  # how often one of two rests, and how many seconds at most
FRAMES = ("BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK")  # of a transaction: none of the work
Job = Callable[[datetime], Any]


def tick(at: datetime) -> datetime:
    """When the service serves what is due at an instant."""
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    return begin + -((begin - at) // TICK) * TICK


@dataclass(frozen=True)
class Weeks:
    """What happens outside the service."""

    first: date
    days: int
    looks: Sequence[Look]
    readers: Sequence[Person]

    @property
    def begin(self) -> datetime:
        return datetime.combine(self.first, time(), UTC)

    @property
    def end(self) -> datetime:
        return self.begin + timedelta(days=self.days)

    def until(self, days: int) -> "Weeks":
        """Only the first days of them."""
        return replace(self, days=days)

    def settled_at(self) -> list[datetime]:
        return [datetime.combine(self.first + timedelta(days=n), SETTLES, UTC) for n in range(self.days)]


class Hands:
    """Who does the work: once, and counts its statements by kind of work and day."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, date]] = Counter()

    def do(self, kind: str, job: Job, now: datetime, later: timedelta = timedelta(0)) -> None:
        """`later`: how much later the work is taken up again, should it be cut off."""

        def counted(execute: Callable[..., Any], sql: str, *asked: Any) -> Any:
            self.counts[kind, now.date()] += not sql.startswith(FRAMES)
            return execute(sql, *asked)

        with connection.execute_wrapper(counted):
            job(now)


class Died(BaseException):
    """As by kill -9: nothing that is tried afterwards reaches the database."""


class DyingHands(Hands):
    """Die at these statements of each kind of work, every second time when the statement is done; then begin again."""

    def __init__(self, points: Mapping[str, Sequence[int]]) -> None:
        super().__init__()
        self.points, self.dead = points, False
        self.done: Counter[str] = Counter()  # statements, by kind of work
        self.deaths: list[tuple[str, str]] = []  # kind of work, statement
        gc.collect()
        gc.freeze()  # what there is by now is none of the dead's: no funeral looks through it

    def do(self, kind: str, job: Job, now: datetime, later: timedelta = timedelta(0)) -> None:
        while not self._done(kind, job, now):
            now += later

    def _done(self, kind: str, job: Job, now: datetime) -> bool:
        self.dead = False
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # the dead close no cursors
            try:
                with connection.execute_wrapper(lambda *asked: self._execute(kind, *asked)):
                    job(now)
            except Died:
                connection.close()
            if self.dead:
                gc.collect()
        return not self.dead

    def _execute(self, kind: str, execute: Callable[..., Any], sql: str, *asked: Any) -> Any:
        if self.dead and not sql.startswith("ROLLBACK"):
            raise Died
        if sql.startswith(FRAMES):
            return execute(sql, *asked)
        self.done[kind] += 1
        if self.done[kind] not in self.points[kind]:
            return execute(sql, *asked)
        self.dead = True
        self.deaths.append((kind, sql))
        if len(self.deaths) % 2:
            execute(sql, *asked)
        raise Died


class FourHands(Hands):
    """Two do the same at once, each with a connection of its own; people's own acts are done once.

    Now and then one of them rests between two statements, so that the other gets ahead there.
    """

    def __init__(self, seed: int = 1) -> None:
        super().__init__()
        self.threads, self.both = ThreadPoolExecutor(2), Barrier(2, timeout=60)
        self.chances = [Random(f"{seed} {hand}") for hand in range(2)]

    def do(self, kind: str, job: Job, now: datetime, later: timedelta = timedelta(0)) -> None:
        if kind == "people":
            job(now)
            return
        self._together(lambda: job(now))

    def close(self) -> None:
        self._together(connections.close_all)
        self.threads.shutdown()

    def _together(self, work: Callable[[], Any]) -> None:
        def one(chance: Random) -> None:
            def resting(execute: Callable[..., Any], *asked: Any) -> Any:
                if chance.random() < RESTS:
                    sleep(chance.random() * REST)
                return execute(*asked)

            self.both.wait()
            with connection.execute_wrapper(resting):
                work()

        for done in [self.threads.submit(one, chance) for chance in self.chances]:
            done.result()


@dataclass(frozen=True)
class Digest:
    """A digest as the ledger has it, and its subject."""

    papers: tuple[str, ...]
    more: tuple[str, ...]
    subject: str


@dataclass
class Outcome:
    """What the readers have, and the books."""

    digests: dict[str, dict[datetime, Digest]]  # by address and slot
    copies: dict[str, dict[datetime, str]]  # result or reason of silence
    states: Counter[str]
    unknown: set[tuple[str, datetime]]  # of which nobody knows whether they left
    editions: list[dict[str, Any]]
    missing: list[Any]
    overdue: int
    dots: Counter[str]  # mails that left, by Message-ID
    mails: dict[tuple[str, datetime], Path]
    pages: dict[tuple[str, datetime], list[str]]  # the papers on the pages of some digests
    statements: Counter[tuple[str, date]]  # by kind of work and day

    def made(self, kind: str, end: datetime) -> int:
        """How many statements of a kind of work there were before the day that begins at `end`."""
        return sum(count for (what, day), count in self.statements.items() if what == kind and day < end.date())

    def until(self, end: datetime) -> "Outcome":
        """What there was when the weeks had ended then; of what is kept by reader and slot."""

        def early(slots: Mapping[datetime, Any]) -> dict[datetime, Any]:
            return {slot: what for slot, what in slots.items() if tick(slot) < end}

        return replace(
            self,
            digests={address: early(slots) for address, slots in self.digests.items()},
            copies={address: early(slots) for address, slots in self.copies.items()},
            mails={(address, slot): path for (address, slot), path in self.mails.items() if tick(slot) < end},
        )


CARD, WORDING = lru_cache(maxsize=20_000)(deck.Card), lru_cache(maxsize=8)(wordings.wording)


class ReadBefore(Seen):
    """Texts of changes that remembers those it has read: a window mostly has those of the one before."""

    kept: ClassVar[dict[tuple[bytes, tuple[tuple[str, str], ...]], tuple[Passages, Passages]]] = {}

    @cached_property
    def texts(self) -> tuple[Passages, Passages]:
        texts = tuple((field, text) for field, groups in self.columns.texts.items() for text in groups)
        named = self.hasher._salt, texts
        read = self.kept.get(named)
        if read is None:
            if len(self.kept) >= 64:
                self.kept.clear()
            read = self.kept[named] = super().texts
        sets = [group for groups in self.columns.texts.values() for group in groups.values()]
        return replace(read[0], sets=sets), replace(read[1], sets=sets)


@contextmanager
def kept_cards() -> Iterator[None]:
    """Cards are made once for all runs, which saves half of the time, and the texts of a window are read once. How
    they read is other tests' matter."""
    with (
        patch.object(deck, "Card", CARD),
        patch.object(wordings, "wording", WORDING),
        patch.object(engine, "Seen", ReadBefore),
    ):
        yield


@dataclass
class Service:
    """Drives the weeks into a folder of mails."""

    weeks: Weeks
    folder: Path
    hands: Hands = field(default_factory=Hands)
    opened: int = 0  # pages of digests, at the end
    balanced: date = date.min  # the day on which the books were looked at last
    dots: Counter[str] = field(default_factory=Counter)

    def live(self) -> Outcome:
        with override_settings(MAIL_TARGET=Folder(self.folder)), self._counted_dots(), kept_cards():
            for at, kind, job in self._events():
                self._serve_until(at)
                self.hands.do(kind, job, at)
            self._serve_until(self.weeks.end)
        return self._outcome()

    @contextmanager
    def _counted_dots(self) -> Iterator[None]:
        dot = FolderSession.dot

        def counted(session: FolderSession) -> Any:
            assert session._staged is not None
            self.dots[session._staged[1].stem] += 1
            return dot(session)

        with patch.object(FolderSession, "dot", counted):
            yield

    def _events(self) -> list[tuple[datetime, str, Job]]:
        events: list[tuple[datetime, str, Job]] = [(look.at, "look", _looks(look)) for look in self.weeks.looks]
        events += [(at, "look", lambda now: run("settle", now=now)) for at in self.weeks.settled_at()]
        events += [(person.joins, "people", _joins(person)) for person in self.weeks.readers]
        events += [(act.at, "people", _does(person, act)) for person in self.weeks.readers for act in person.acts]
        return sorted(((at, kind, job) for at, kind, job in events if at < self.weeks.end), key=lambda event: event[0])

    def _serve_until(self, end: datetime) -> None:
        """Where nothing is due, nothing is done."""
        last = self.weeks.begin
        while (due := _due()) is not None and (now := tick(max(due, last))) < end:
            self.hands.do("publish", _publish, now, timedelta(minutes=1))
            if queue.waiting():
                self.hands.do("deliver", _deliver, now + timedelta(minutes=2), timedelta(minutes=2))
            assert roll.overdue(now) == 0
            assert not queue.waiting()
            if now.date() > self.balanced:
                self.balanced = now.date()
                assert all(edition["balanced"] for edition in books.open_editions())
                assert list(books.missing(now)) == []
                books.close_editions(now)
            last = now + timedelta(seconds=1)

    def _outcome(self) -> Outcome:
        end, mails = self.weeks.end, dict(self._mails())
        Edition.objects.update(closed_at=None, totals=None)  # count them all anew
        return Outcome(
            digests=_digests(mails),
            copies=_copies(),
            states=Counter(Letter.objects.values_list("state", flat=True)),
            unknown={(one["to"], datetime.fromisoformat(one["slot"])) for one in letters(state="unknown")},
            editions=books.open_editions(),
            missing=list(books.missing(end)),
            overdue=roll.overdue(end),
            dots=self.dots,
            mails=mails,
            pages=dict(_pages(mails, self.opened)),
            statements=self.hands.counts,
        )

    def _mails(self) -> Iterator[tuple[tuple[str, datetime], Path]]:
        named = dict.fromkeys(self.folder.glob("*.eml"))
        for letter in Letter.objects.filter(kind="digest").select_related("subscriber"):
            path = self.folder / f"{letter.message_id.strip('<>')}.eml"
            if path in named:
                yield (letter.subscriber.email, letter.slot), path


def _due() -> datetime | None:
    """When something is to be done next: a reader is due, or a pause is over."""
    due = Subscriber.objects.filter(state="active").aggregate(at=Min("due"))["at"]
    over = Subscriber.objects.filter(state="paused").aggregate(at=Min("paused_until"))["at"]
    return min((at for at in (due, over) if at is not None), default=None)


def _publish(now: datetime) -> None:
    pausing.end_pauses(now)
    publish.publish(now, settings.SITE_HOST)


def _deliver(now: datetime) -> None:
    sending.send(lambda: now, until_empty=True)


def _looks(look: Look) -> Job:
    def work(now: datetime) -> None:
        seen = fetch(look.body, look.day, now)
        assert seen["verdict"] in ("ok", "unchanged"), seen["reason"]

    return work


def _joins(person: Person) -> Job:
    topics = [word for topic in person.topics for word in ("--topic", topic.text)]
    schedule = ("--zone", person.zone, "--at", person.times, "--days", person.days)
    confirmed = ("--confirmed", "--reason", "a member of the crowd")

    def work(now: datetime) -> None:
        number = run("reader", "add", person.email, *topics, *schedule, *confirmed, now=now)["id"]
        membership.choose_shape(number, now, length=person.length, empty_too=person.empty_too)

    return work


def _does(person: Person, act: Act) -> Job:
    if isinstance(act, Pauses):
        return lambda now: run("reader", "pause", person.email, "--until", act.until.isoformat(), now=now)
    if isinstance(act, Adds):
        return lambda now: run("reader", "add", person.email, "--topic", act.topic.text, now=now)
    return lambda now: _moves(person, act, now)


def _moves(person: Person, act: Moves, now: datetime) -> None:
    number = Subscriber.objects.get(email=person.email).pk
    membership.reschedule(number, now, zone=act.zone, times=act.times, days=act.days)


def _digests(mails: Mapping[tuple[str, datetime], Path]) -> dict[str, dict[datetime, Digest]]:
    found: dict[str, dict[datetime, Digest]] = defaultdict(dict)
    for one in letters():
        at = datetime.fromisoformat(one["slot"])
        path = mails.get((one["to"], at))
        subject = _subject(path.read_bytes() if path else _composed(one["message_id"]))
        found[one["to"]][at] = Digest(tuple(one["papers"]), tuple(one["more"]), subject)
    return found


def _subject(mail: bytes) -> str:
    return str(message_from_bytes(mail.partition(b"\r\n\r\n")[0], policy=email.policy.default)["Subject"])


def _composed(message_id: str) -> bytes:
    """The mail of a letter of which nobody knows whether it left."""
    (letter,) = queue.owed(Letter.objects.filter(message_id=message_id))
    message = rendering.Renderer()([letter])[letter.pk]
    assert not isinstance(message, Exception), message
    return message.data


def _copies() -> dict[str, dict[datetime, str]]:
    found: dict[str, dict[datetime, str]] = defaultdict(dict)
    rows = Copy.objects.values_list("subscriber__email", "slot", "result", "reason")
    for address, slot, result, reason in rows:
        found[address][slot] = reason or result
    return found


def _pages(mails: Mapping[tuple[str, datetime], Path], count: int) -> Iterator[tuple[tuple[str, datetime], list[str]]]:
    """The papers on the pages that some mails lead to."""
    for key in Random(1).sample(sorted(mails), min(count, len(mails))):
        link = re.search(r"On the web:\s+https://papers\.example\.org(/l/[\w-]+)\s", text(mails[key]))
        assert link, key
        page = Client().get(link[1], secure=True).content.decode()
        yield key, re.findall(r'<h3>[^\n]*?<a href="/p/([^"]+)"', page)


def read(path: Path) -> Any:
    """A mail in the folder."""
    return message_from_bytes(path.read_bytes(), policy=email.policy.default)


def text(path: Path) -> str:
    return str(read(path).get_body(("plain",)).get_content())


def html_size(path: Path) -> int:
    """Bytes of the decoded HTML part."""
    return len(read(path).get_body(("html",)).get_content().encode())
