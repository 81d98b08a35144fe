"""What the world says of letters that have left: they came back, or somebody minds them. One transaction a report.

A report counts only for whom a signature names: the token in the envelope of the letter that came back (see `verp`),
or a provider whose webhook was verified. What anybody else claims is not even stored. A report that is repeated counts
once: its number is unique with its provider, and compared under the lock of the person whom it is about.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Literal

from django.conf import settings
from django.db import transaction

from subscribers import membership, pausing, suppression
from subscribers.links import unsign
from subscribers.models import Event, Letter, Subscriber, Suppression
from subscribers.outbox import journal, reports, scores, verp
from subscribers.outbox.message import SLOT
from subscribers.outbox.policy import about_mailbox

Kind = Literal["bounced", "delayed", "complained", "unsubscribed"]
Result = Literal["recorded", "suppressed", "left", "repeated", "stale", "unknown", "nothing"]

MAILBOX = "mailbox"  # the provider of what the mailbox for bounces brings
DISABLED_FOR = timedelta(days=90)  # then mail is tried again
STALE = timedelta(days=30)  # servers give up after 5 days: an older letter's report is a leftover, or a replay
NIGHT = timedelta(hours=26)  # so far back a nightly look reaches: nights are 23 to 25 hours apart
KINDS: dict[str, Kind] = {"hard": "bounced", "soft": "bounced", "delayed": "delayed", "complaint": "complained"}


@dataclass(frozen=True, slots=True)
class Word:
    """One report about a person's mail, from somebody whose signature was verified.

    `about` is the time of the letter where it is known, else of what is reported; `number` is the provider's own.
    """

    provider: str
    number: str
    kind: Kind
    about: datetime
    hard: bool = False
    status: str = ""  # RFC 3463
    said: str = ""
    letter: int | None = None


def returned(data: bytes, now: datetime, journal_file: Path) -> tuple[str, Result]:
    """A mail that came to the address for bounces: what it reports (see `reports`), and what came of it."""
    report = reports.read(data)
    kind = KINDS.get(report.what)
    if kind is None:
        return report.what, "nothing"
    named = _named(data) if settings.BOUNCE_ADDRESS else None
    if named is None:
        return report.what, "unknown"
    person, about = named
    word = Word(
        provider=MAILBOX,
        number=sha256(data).hexdigest(),
        kind=kind,
        about=about,
        hard=report.what == "hard",
        status=report.status,
        said=report.said,
        letter=letter_of(person, about),
    )
    return report.what, take(person, word, now, journal_file)


def _named(data: bytes) -> tuple[int, datetime] | None:
    """The person, and the time of the letter, whom a valid token names; None also when tokens name several people."""
    secret, found = settings.LINK_KEY.encode(), set()
    for token in verp.tokens(data[: reports.READ_MOST], settings.BOUNCE_ADDRESS):
        key, _, moment = (unsign(secret, verp.PURPOSE, token) or "").partition(":")
        if moment:
            found.add((key, moment))
    if len({key for key, _ in found}) != 1:
        return None
    key, moment = max(found)
    person = Subscriber.objects.filter(key=key).values_list("pk", flat=True).first()
    return None if person is None else (person, datetime.strptime(moment, SLOT).replace(tzinfo=UTC))


def letter_of(person: int, slot: datetime) -> int | None:
    """A person's letter of a slot, a digest before others of the same second."""
    letters = Letter.objects.filter(subscriber_id=person, slot=slot).values_list("kind", "pk")
    return min(((kind != "digest", number) for kind, number in letters), default=(True, None))[1]


def take(number: int, word: Word, now: datetime, journal_file: Path) -> Result:
    """Record a report about a person, once, and draw the consequence. Harmless when repeated, in any order.

    Whether it is known is asked before anything is locked, since providers repeat much; and once more under the lock.
    """
    return "repeated" if _known(word) else _take(number, word, now, journal_file)


def _known(word: Word) -> bool:
    return Event.objects.filter(provider=word.provider, provider_id=word.number).exists()


@transaction.atomic
def _take(number: int, word: Word, now: datetime, journal_file: Path) -> Result:
    person = Subscriber.objects.select_for_update(no_key=True).get(pk=number)
    if _known(word):
        return "repeated"
    if _stale(person, word, now):
        return "stale"
    _record(person, word, now)
    if word.kind == "complained":
        return _complained(person, now, journal_file)
    if word.kind == "unsubscribed":
        membership.leave(number, now, how="at the provider", journal_file=journal_file)
        return "left"
    return "suppressed" if word.kind == "bounced" and _judge(person, now) else "recorded"


def _stale(person: Subscriber, word: Word, now: datetime) -> bool:
    """Whether it is about mail from before the person last confirmed, or, if it came back, too long ago.

    Who has confirmed since reads there and wants it. A complaint is one at any age.
    """
    since = person.confirmed_at
    if since is not None and word.about < since.replace(microsecond=0):
        return True
    return word.kind != "complained" and word.about < now - STALE


def _record(person: Subscriber, word: Word, now: datetime) -> None:
    """A line in the person's timeline. What servers say may hold an address: of one who was erased nothing is kept."""
    data = {"status": word.status, "said": word.said, "about": word.about.isoformat()}
    if word.kind == "bounced":
        data["weight"] = "hard" if word.hard else "soft"
    Event.objects.create(
        kind=word.kind,
        at=now,
        subscriber=person,
        letter_id=word.letter,
        data={} if person.address is None else {name: value for name, value in data.items() if value},
        provider=word.provider,
        provider_id=word.number,
    )


def _complained(person: Subscriber, now: datetime, journal_file: Path) -> Result:
    """At once and silently: their address is never mailed again, unless an operator lifts it. In the journal first."""
    journal.write(journal_file, "complained", person.key, now)
    return complain(person.pk, now, now, journal_file)


@transaction.atomic
def complain(number: int, complained: datetime, now: datetime, journal_file: Path) -> Result:
    """What a complaint of that time brings about; also after a restore, from the journal, and then once."""
    person = Subscriber.objects.select_for_update(no_key=True).get(pk=number)
    if person.address is not None:
        suppression.suppress(person, suppression.COMPLAINT, complained, None)
        membership.leave(number, now, how="complaint", journal_file=journal_file)
    return "suppressed"


def _judge(person: Subscriber, now: datetime) -> bool:
    """Disable the address of a person, whose row is locked, when too much has come back; whether it was done now."""
    if person.address is None or not scores.too_much(score(person, now)):
        return False
    if suppression.suppressed(person.address, now):
        return False
    until = now + DISABLED_FOR
    suppression.suppress(person, suppression.BOUNCES, now, until)
    if person.state == "active":
        pausing.pause(person.pk, now, until)
    return True


def score(person: Subscriber, now: datetime) -> float:
    """A person's score (see `scores`): what came back by mail or webhook, and what servers refused outright."""
    since = now - scores.SPAN
    for moment in (person.confirmed_at, suppression.last_lift(person.address) if person.address else None):
        since = max(since, moment) if moment else since
    events = Event.objects.filter(subscriber=person, at__gt=since, at__lte=now, kind__in=("bounced", "refused"))
    weighed = ((at, _weight(kind, data)) for at, kind, data in events.values_list("at", "kind", "data"))
    bounces = ((at.astimezone(UTC).date(), hard) for at, hard in weighed if hard is not None)
    return scores.score(bounces, now.astimezone(UTC).date())


def _weight(kind: str, data: dict[str, str]) -> bool | None:
    """Whether an event counts as hard; None: not at all. A refusal counts when it is about the mailbox."""
    if kind == "bounced":
        return data.get("weight") == "hard"
    code, _, reply = data.get("reply", "").partition(" ")
    return True if code.isdecimal() and about_mailbox(int(code), reply) else None


def judge_refusals(now: datetime) -> int:
    """Disable the addresses that servers have refused too often; how many. The sender leaves that to the night."""
    recent = Event.objects.filter(kind="refused", at__gt=now - NIGHT, at__lte=now, subscriber__state="active")
    people = sorted(set(recent.values_list("subscriber", flat=True)))
    return sum(_judged(number, now) for number in people)


@transaction.atomic
def _judged(number: int, now: datetime) -> bool:
    return _judge(Subscriber.objects.select_for_update(no_key=True).get(pk=number), now)


@transaction.atomic
def lift(number: int, now: datetime, *, by: str) -> bool:
    """An operator lifts a suppression; whether it still held. A reader whom it paused goes on at their next slot.

    Whoever complained has left, and comes back only by asking again.
    """
    row = Suppression.objects.get(pk=number)
    person = _paused_by(row)
    if not suppression.lift(row, now, by=by):
        return False
    if person is not None:
        pausing.resume(person.pk, now)
    return True


def _paused_by(row: Suppression) -> Subscriber | None:
    """The reader whom this suppression paused, locked; None for one who had paused by themselves."""
    if row.subscriber_id is None or row.until is None:
        return None
    mine = Subscriber.objects.filter(pk=row.subscriber_id, state="paused", paused_until=row.until)
    return mine.select_for_update(no_key=True).first()
