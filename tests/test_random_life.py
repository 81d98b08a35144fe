"""A random life: days of bad luck for a dozen readers, and then everything that must always hold.

One seed is one life. Lists grow, shrink, move papers and gather votes; the mail server has its moods and the clock
goes back; readers pause, leave, return and change their minds; the operator says what became of letters. At the end
the server is well, some days pass, and the letters, copies and mails are compared. Each database has lives of its own;
`LIFE_SEEDS=100-160` lives others.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from email.parser import BytesHeaderParser
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from django.db import connection

from digest.editions.draft import Draft
from digest.models import Change, Copy, Edition
from digest.pipeline import books
from digest.sources.listing import Facts
from subscribers import membership
from subscribers.models import Letter, Subscriber
from subscribers.outbox.mailurl import MailServer
from subscribers.outbox.message import SLOT, read_message_id
from subscribers.topics import TopicWish, read_topic
from tests.house import at, fetch, item, publish, reader, run
from tests.sink import HangUp, Received, Sink

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

HERE = "0-1" if connection.vendor == "sqlite" else "2-3"
FIRST, LAST = (int(seed) for seed in os.environ.get("LIFE_SEEDS", HERE).split("-"))
MOMENTS = 60  # about a week
DAYS_AFTER = 8  # so that every weekly topic comes round once more
TOO_SOON = "too soon after the first"
FOR_EVER = 2**63

# the readers' topics; where a reader has two, they overlap
TOPICS = (
    ("All=*",),
    ("All[cap=2]=*", "Loved=upvotes:>=20"),
    ("Weekly[weekly]=*",),
    ("Loved=upvotes:>=20",),
    ("Settled[settled]=*",),
    ("Mirror=source:mirror",),
    ("High[threshold=40]=*",),
    ("Monthly[monthly]=*",),
    ("One[cap=1,weight=3]=moss", "All=*"),
    ("Week's best[weekly,settled]=upvotes:>5", "Moss=moss"),
    ("Talked of=has:code OR comments:>3",),
    ("Quiet=upvotes:3..8",),
)
MORE_TOPICS = ("X=moss", "X[weekly]=*", "X[monthly]=*", "X=upvotes:>=10")
# their queries once more, in the words of Python
WANTS: dict[str, Callable[[Facts], bool]] = {
    "*": lambda facts: True,
    "moss": lambda facts: "Moss" in facts.title,
    "upvotes:>=20": lambda facts: facts.upvotes >= 20,
    "upvotes:>=10": lambda facts: facts.upvotes >= 10,
    "upvotes:>5": lambda facts: facts.upvotes > 5,
    "upvotes:3..8": lambda facts: 3 <= facts.upvotes <= 8,
    "source:mirror": lambda facts: "mirror" in facts.sources,
    "has:code OR comments:>3": lambda facts: bool(facts.code) or facts.comments > 3,
}
ZONES = ("UTC", "Europe/Berlin", "America/Los_Angeles", "America/Sao_Paulo", "Asia/Kathmandu", "Australia/Lord_Howe",
         "Pacific/Apia")  # fmt: skip
TIMES = ("07:00", "02:30", "23:30", "00:00", "07:00,18:30", "06:00,06:10")
WEEKDAYS = ("daily", "daily", "weekdays", "mon,thu")

HANGS_UP = ("DOT", "takes the mail and hangs up")
MOODS = (
    ("CONNECT", "drop"),
    ("MAIL", "5xx"),
    ("RCPT", "4xx"),
    ("RCPT", "drop"),
    ("RCPT", "550 5.1.1 no such person"),
    ("RCPT", "504 5.5.2 <h>: Helo command rejected"),  # said to five people in a row it is our trouble
    ("RCPT", "504 5.5.2 <h>: Helo command rejected"),
    ("DATA", "4xx"),
    ("DOT", "4xx"),
    ("DOT", "421"),
    ("DOT", "550 5.7.1 looks like spam"),
    ("DOT", "drop"),  # the letter is in doubt: rare in life, so often here
    ("DOT", "drop"),
    HANGS_UP,
)


class Box(list[Received]):
    """The mails that arrived. So many `times` the server hangs up before it has said that it took one."""

    times = 0

    def append(self, mail: Received) -> None:
        super().append(mail)
        if self.times:
            self.times -= 1
            raise HangUp

    def names(self) -> list[str]:
        """Their Message-IDs."""
        return [name_of(mail) for mail in self]


def name_of(mail: Received) -> str:
    return str(BytesHeaderParser().parsebytes(mail.data)["Message-ID"])


class Lists:
    """What two sources list, as it changes from look to look."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.days: dict[tuple[str, date], dict[str, dict[str, Any]]] = {}
        self.papers = 0

    def look(self, source: str, day: date) -> list[dict[str, Any]]:
        """The list as it stands now: longer, shorter, or with other votes than before."""
        here = self.days.setdefault((source, day), {})
        for _ in range(self.random.choice([0, 1, 1, 2, 3])):
            key, paper = self._listed_elsewhere() if self.random.random() < 0.3 else self._new()
            here[key] = paper
        for key in list(here):
            self._alter(source, day, key)
        return [item(key, **paper) for key, paper in here.items()]

    def _new(self) -> tuple[str, dict[str, Any]]:
        self.papers += 1
        key = f"2603.{self.papers:05}"
        votes, comments = self.random.choice([0, 0, 1, 5, 19, 25]), self.random.choice([0, 0, 2, 5])
        return key, {"title": f"{self.random.choice(['Moss', 'Fern'])} {key}", "upvotes": votes, "comments": comments}

    def _listed_elsewhere(self) -> tuple[str, dict[str, Any]]:
        known = [one for here in self.days.values() for one in here.items()]
        if not known:
            return self._new()
        key, paper = self.random.choice(known)
        return key, dict(paper)

    def _alter(self, source: str, day: date, key: str) -> None:
        here, chance = self.days[source, day], self.random.random()
        paper = here[key]
        if chance < 0.25:
            paper["upvotes"] = max(0, paper["upvotes"] + self.random.choice([1, 3, 8, 20, -4]))
        elif chance < 0.30:
            paper["comments"] += 2
        elif chance < 0.35:
            paper["githubRepo"] = "https://github.com/x/y"
        elif chance < 0.43 and len(here) > 1:
            del here[key]
            if chance < 0.40:
                self.days.setdefault((source, day + timedelta(days=1)), {})[key] = paper


@dataclass(frozen=True)
class Held:
    """A topic that a reader had for the copies numbered above `after`, up to `until`."""

    wish: TopicWish
    after: int = 0
    until: int = FOR_EVER


class Life:
    """What happens to the readers, drawn by lot; `said` tells how it went."""

    def __init__(self, seed: int, sink: Sink, box: Box) -> None:
        self.random, self.sink, self.box = Random(seed), sink, box
        self.now = at("2026-03-09 00:30") + timedelta(minutes=self.random.randrange(14 * 1440))
        self.lists = Lists(self.random)
        self.held: dict[str, list[Held]] = {}
        self.left: dict[str, int] = defaultdict(int)  # the newest letter when they left
        self.said: list[str] = []

    def live(self) -> None:
        run("source", "add", "mirror", "--kind", "hf", "--url", "https://mirror.example.org")
        for number, topics in enumerate(TOPICS):
            self.join(f"r{number}@example.org", topics)
        for _ in range(MOMENTS):
            self.moment()
        for _ in range(DAYS_AFTER):
            self.now += timedelta(days=1)
            self.settle()
            self.publish()
            self.deliver(self.now)

    def say(self, *words: object) -> None:
        self.said.append(f"{self.now:%a %m-%d %H:%M}  {' '.join(str(word) for word in words if word != '')}")

    def join(self, email: str, topics: Sequence[str]) -> None:
        zone, time, days = (self.random.choice(some) for some in (ZONES, TIMES, WEEKDAYS))
        reader(email, *topics, now=self.now, zone=zone, time=time, days=days)
        self.held[email] = [Held(read_topic(topic)) for topic in topics]
        self.say(email, "joins,", zone, time, days)
        self.now += timedelta(minutes=self.random.randrange(200))

    def moment(self) -> None:
        """Something happens after letters were posted and before they are sent, if they are sent now."""
        self.now += timedelta(minutes=self.random.choice([5, 30, 60, 120, 200]))
        self.publish()
        (happens,) = self.random.choices(list(HAPPENS), list(HAPPENS.values()))
        happens(self)
        if self.random.random() < 0.7:
            self.deliver(self.now, self.mood())

    def publish(self) -> None:
        self.publish_at(self.now)
        assert list(books.missing(self.now)) == []

    def publish_at(self, now: datetime) -> None:
        done = publish(now)
        self.say("publish", f"by a clock at {now:%m-%d %H:%M}," if now != self.now else "", done["results"])
        assert done["overdue"] == 0

    def mood(self) -> tuple[str, str, int] | None:
        if self.random.random() < 0.5:
            return None
        return *self.random.choice(MOODS), self.random.choice([1, 1, 2, 3, 5, 99])

    def deliver(self, now: datetime, mood: tuple[str, str, int] | None = None) -> None:
        self.sink.mend()
        self.box.times = mood[2] if mood and mood[:2] == HANGS_UP else 0
        if mood and mood[:2] != HANGS_UP:
            self.sink.fault(*mood)
        before = len(self.box)
        run("deliver", "--until-empty", now=now)
        self.say("deliver", f"by a clock at {now:%m-%d %H:%M}" if now != self.now else "", mood or "",
                 "to", [mail.recipient for mail in self.box[before:]])  # fmt: skip
        no_digest_for_one_who_has_left(self.box[before:])

    def look(self) -> None:
        self.look_back(self.random.choice([0, 0, 0, 1, 1, 2, 3, 4, 5]))

    def back_fill(self) -> None:
        self.look_back(self.random.randrange(1, 12), "--backfill")

    def look_back(self, days: int, *how: str) -> None:
        source, day = self.random.choice(["huggingface"] * 3 + ["mirror"]), self.now.date() - timedelta(days=days)
        seen = fetch(self.lists.look(source, day), day, self.now, source, *how)
        kinds = ("added", "listed_elsewhere", "rose", "enriched", "unlisted")
        self.say("look at", source, day, *how, {kind: seen[kind] for kind in kinds if seen[kind]})

    def broken_look(self) -> None:
        fetch(b"<html>Bad gateway", self.now.date(), self.now)
        self.say("a look that fails")

    def replay(self) -> None:
        run("fetch", "--replay", now=self.now)
        self.say("replay")

    def settle(self) -> None:
        self.say("settle", run("settle", now=self.now)["days"])

    def long_wait(self) -> None:
        self.now += timedelta(hours=self.random.randrange(10, 60))

    def clock_back(self) -> None:
        self.long_wait()
        self.publish_at(self.now - timedelta(hours=self.random.randrange(1, 80)))
        self.deliver(self.now - timedelta(hours=self.random.randrange(1, 80)), self.mood())

    def operator_word(self) -> None:
        """True as far as it is about what arrived."""
        letters = Letter.objects.filter(kind="digest", state__in=["waiting", "deferred", "unknown"]).order_by("id")
        if letters:
            letter = self.random.choice(letters)
            arrived = "delivered" if letter.message_id in self.box.names() else "not-delivered"
            word = arrived if letter.state == "unknown" else "cancel"
            run("letter", letter.message_id, word, now=self.now)
            self.say(word, "is said of", letter.subscriber.email, letter.slot)

    def change_of_mind(self) -> None:
        email = self.someone()
        change = self.random.choice(CHANGES[Subscriber.objects.get(email=email).state])
        change(self, email)
        self.say(email, change.__name__)

    def someone(self) -> str:
        """Half the time one whose digest is on its way: what they do then is delicate."""
        open_letters = Letter.objects.filter(kind="digest", state__in=["waiting", "deferred"])
        owed = sorted(set(open_letters.values_list("subscriber__email", flat=True)))
        return self.random.choice(owed if owed and self.random.random() < 0.5 else list(self.held))

    def pause(self, email: str) -> None:
        run("reader", "pause", email, now=self.now)

    def resume(self, email: str) -> None:
        run("reader", "resume", email, now=self.now)

    def leave(self, email: str) -> None:
        run("reader", "leave", email, now=self.now)
        self.left[email] = newest(Letter)

    def ask(self, email: str) -> None:
        run("reader", "add", email, now=self.now)

    def come_back(self, email: str) -> None:
        self.ask(email)
        self.now += timedelta(seconds=1)
        run("reader", "confirm", email, "--reason", "said so on the phone", now=self.now)

    def reschedule(self, email: str) -> None:
        zone, times, days = (self.random.choice(some) for some in (ZONES, TIMES, WEEKDAYS))
        person = Subscriber.objects.get(email=email)
        membership.reschedule(person.pk, self.now, zone=zone, times=times, days=days)

    def add_topic(self, email: str) -> None:
        topic = self.random.choice(MORE_TOPICS)
        run("reader", "add", email, "--topic", topic, now=self.now)
        if all(held.until < FOR_EVER for held in self.held[email] if held.wish.name == "X"):
            self.held[email].append(Held(read_topic(topic), newest(Copy)))

    def remove_topic(self, email: str) -> None:
        kept = [held.wish for held in self.held[email] if held.wish.name != "X"]
        membership.edit_topics(Subscriber.objects.get(email=email), kept, self.now)
        self.held[email] = [
            replace(held, until=min(held.until, newest(Copy))) if held.wish.name == "X" else held
            for held in self.held[email]
        ]


HAPPENS = {
    Life.look: 35,
    Life.change_of_mind: 12,
    Life.operator_word: 6,
    Life.settle: 5,
    Life.clock_back: 5,
    Life.long_wait: 4,
    Life.back_fill: 2,
    Life.broken_look: 2,
    Life.replay: 2,
    Life.publish: 20,  # once more, which does nothing
}
CHANGES = {
    "active": (Life.pause, Life.pause, Life.leave, Life.reschedule, Life.add_topic, Life.add_topic, Life.remove_topic),
    "paused": (Life.resume, Life.resume, Life.resume, Life.leave),
    "left": (Life.come_back, Life.come_back, Life.ask, Life.leave),
}


def newest(model: type[Letter | Copy]) -> int:
    """The highest number of a row so far."""
    return model.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


@dataclass(frozen=True)
class Digest:
    """A digest as the ledger has it, and whether it arrived."""

    number: int
    slot: datetime
    state: str
    reason: str
    arrived: bool
    shown: list[str]  # keys of papers
    more: list[str]
    named: set[str]  # digests of which it says that they may not have arrived

    @property
    def key(self) -> str:
        """As later digests name it."""
        return self.slot.astimezone(UTC).strftime(SLOT)

    def __str__(self) -> str:
        how = f"{self.state} {self.reason}".strip() + ("" if self.arrived else ", not arrived")
        return f"{self.key} ({how}): {self.shown}, more: {self.more}, names: {sorted(self.named)}"


@dataclass(frozen=True)
class History:
    """One reader at the end: digests by slot, copies as they were written."""

    email: str
    active: bool
    digests: list[Digest]
    copies: list[Copy]
    held: list[Held]
    left: int  # digests up to this number were cut off when they left
    beginnings: int  # how often they joined, came back or paused
    rescheduled: bool

    def lost(self) -> Iterator[tuple[Digest, list[Digest]]]:
        """Each digest that a later one has to answer for, and the later ones."""
        for digest in self.digests:
            if digest.number > self.left and not (digest.arrived and digest.state == "accepted"):
                yield digest, [later for later in self.digests if later.slot > digest.slot]


def histories(life: Life, changes: dict[int, Change]) -> Iterator[History]:
    arrived = set(life.box.names())
    for person in Subscriber.objects.order_by("id"):
        happened = Counter(person.events.values_list("kind", flat=True))
        letters = person.letters.filter(kind="digest").order_by("slot")
        yield History(
            email=person.email,
            active=person.state == "active",
            digests=[digest_of(letter, letter.message_id in arrived, changes) for letter in letters],
            copies=list(person.copies.select_related("edition").order_by("id")),
            held=life.held[person.email],
            left=life.left[person.email],
            beginnings=happened["confirmed"] + happened["paused"],
            rescheduled=happened["schedule"] > 0,
        )


def digest_of(letter: Letter, arrived: bool, changes: dict[int, Change]) -> Digest:
    draft = Draft.from_json(letter.content)
    shown = [changes[hit.change].paper.key for section in draft.sections for hit in section.hits]
    more = [changes[number].paper.key for section in draft.sections for number in section.more]
    named = {missing.key for missing in draft.missing}
    return Digest(letter.pk, letter.slot, letter.state, letter.reason, arrived, shown, more, named)


def no_digest_for_one_who_has_left(mails: Sequence[Received]) -> None:
    for name in map(name_of, mails):
        named = read_message_id(name)
        assert named is not None
        kind, key, _ = named
        assert kind != "digest" or Subscriber.objects.get(key=key).state in ("active", "paused"), name


def no_mail_came_twice(box: Box) -> None:
    assert [name for name, times in Counter(box.names()).items() if times > 1] == []


def no_paper_came_twice(history: History) -> None:
    came = Counter(paper for digest in history.digests if digest.arrived for paper in digest.shown)
    assert [paper for paper, times in came.items() if times > 1] == []


def the_ledger_knows_what_arrived(history: History) -> None:
    """It is in doubt only where the server hung up at the dot."""
    for digest in history.digests:
        assert digest.state in (("accepted", "unknown") if digest.arrived else ("unknown", "refused", "cancelled"))


def what_did_not_arrive_came_later(history: History) -> None:
    """One who is not active may still have to wait for it; it may also be in a later digest that is in doubt."""
    for digest, later in history.lost():
        found = {paper for one in later if one.arrived or one.state == "unknown" for paper in one.shown}
        owed = digest.state != "unknown" and (history.active or any(one.arrived for one in later))
        assert not owed or set(digest.shown) <= found, digest


def what_is_in_doubt_was_named(history: History) -> None:
    """In a digest that arrived, or in one that is in doubt itself: that one is named, and its page says it."""
    for digest, later in history.lost():
        if digest.state == "unknown" and any(one.arrived for one in later):
            found = {key for one in later if one.arrived or one.state == "unknown" for key in one.named}
            assert digest.key in found, digest


def windows_have_no_gaps(history: History) -> None:
    """Only one who begins anew has no window: they get the last 7 days."""
    copies = [copy for copy in history.copies if copy.reason != TOO_SOON]
    assert [copy.reason for copy in copies if copy.result == "failed"] == []
    assert sum(copy.low is None for copy in copies) <= history.beginnings
    for before, copy in pairwise(copies):
        assert copy.low in (None, before.high), (copy, copy.low, before.high)


def all_that_matched_is_in_a_letter(history: History, changes: Sequence[Change]) -> None:
    """Below a threshold it may be in none; what was in a letter that did not arrive is another check's matter."""
    written = {paper for digest in history.digests for paper in (*digest.shown, *digest.more)}
    for held in history.held:
        for copy in served(held, history) if not held.wish.threshold else ():
            heard = [change for change in window(copy, changes) if (change.kind == "settled") is held.wish.settled]
            matched = {c.paper.key for c in heard if WANTS[held.wish.text](Facts.from_json(c.facts))}
            assert matched <= written, (held, copy, matched - written)


def window(copy: Copy, changes: Sequence[Change]) -> list[Change]:
    """What a copy is made from: the news since the copy before, or all about the papers of the last 7 days."""
    until = [change for change in changes if change.number <= copy.high]
    if copy.low is not None:
        return [change for change in until if change.news and change.number > copy.low]
    recent = copy.at.date() - timedelta(days=7)
    papers = {change.paper_id for change in until if change.kind == "listed" and change.day > recent}
    return [change for change in until if change.paper_id in papers]


def served(held: Held, history: History) -> Iterator[Copy]:
    """The copies whose windows this topic has been asked about by now.

    Of a weekly topic those that a copy of a later week follows (of a monthly one, of a later month). A new schedule
    may put the first slot of the week behind us; then it comes a week later.
    """
    copies = [c for c in history.copies if held.after < c.pk <= held.until and c.reason != TOO_SOON]
    for place, copy in enumerate(copies):
        if copy.low is None or held.wish.cadence == "slot":
            yield copy
        elif not history.rescheduled:
            later = [period(held, one) for one in until_pause(copies[place + 1 :])]
            if later and later[-1] > period(held, copy):
                yield copy


def period(held: Held, copy: Copy) -> tuple[int, int]:
    day = copy.edition.date
    return day.isocalendar()[:2] if held.wish.cadence == "weekly" else (day.year, day.month)


def until_pause(copies: Sequence[Copy]) -> Iterator[Copy]:
    for copy in copies:
        if copy.low is None:
            return
        yield copy


def every_edition_balances() -> None:
    """Also those that are closed, counted anew: what is decided later opens them again."""
    for edition in Edition.objects.all():
        kept, edition.totals = edition.totals, None
        counted = books.totals(edition)
        assert counted["balanced"], counted
        assert kept is None or {"date": counted["date"], **kept} == counted


def check(life: Life) -> None:
    told = Change.objects.exclude(kind__in=["corrected", "unlisted", "withdrawn"])
    changes = {change.number: change for change in told.select_related("paper").order_by("number")}
    no_mail_came_twice(life.box)
    every_edition_balances()
    assert not Letter.objects.filter(state__in=["waiting", "dotted", "deferred"]).exists()
    for history in histories(life, changes):
        life.say(history.email, "had", *(f"\n    {digest}" for digest in history.digests))
        no_paper_came_twice(history)
        the_ledger_knows_what_arrived(history)
        what_did_not_arrive_came_later(history)
        what_is_in_doubt_was_named(history)
        windows_have_no_gaps(history)
        all_that_matched_is_in_a_letter(history, list(changes.values()))


@pytest.mark.parametrize("seed", range(FIRST, LAST + 1))
def test_whatever_happens_nothing_is_lost_and_nothing_comes_twice(seed, settings):
    box = Box()
    with Sink(received=box) as sink:
        settings.MAIL_TARGET = MailServer("smtp", "127.0.0.1", sink.port, timeout=5)
        life = Life(seed, sink, box)
        try:
            life.live()
            check(life)
        except Exception as error:
            error.add_note("\n".join(["How it went, at last:", *life.said[-100:]]))
            raise
