"""Everything that an operator can get wrong, or that has gone wrong: what it is, and how to mend it. Writes nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import parseaddr
from functools import cache, partial
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from digest.models import Edition, Source
from digest.pipeline import books, front_panel
from digest.pipeline.front_panel import Panel
from subscribers import roll
from subscribers.models import Letter, Subscriber
from subscribers.outbox.mailurl import Folder
from subscribers.outbox.policy import Refusal
from subscribers.outbox.providerurl import Provider
from subscribers.outbox.transport import open_session

ROOM_LEAST = 500_000_000  # bytes free where the service writes
WAIT = 10.0  # seconds for the mail server
TICKING = timedelta(minutes=15)  # nothing that is due waits as long, where somebody ticks
OLD_NEWS = timedelta(hours=6)  # undelivered


@dataclass(frozen=True, slots=True)
class Check:
    """`mend` is empty when all is well."""

    name: str
    ok: bool
    detail: str
    mend: str = ""


def checks(now: datetime) -> list[Check]:
    """Every check, in an order in which what fails explains what follows. One that raises is a failed check."""
    found = [_safely("database", _database)]
    if found[0].ok:
        panel = cache(partial(front_panel.panel, now))  # made by the first check, so that it raises inside one
        found += [_safely(name, partial(_stored, check, panel)) for name, check in STORED.items()]
    return found + [_safely(name, check) for name, check in OUTSIDE.items()]


def _stored(check: Callable[[Panel], Check], panel: Callable[[], Panel]) -> Check:
    return check(panel())


def _safely(name: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except Exception as error:
        return Check(name, False, f"{type(error).__name__}: {error}", "this check itself failed; what is named above?")


def _database() -> Check:
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        said = " ".join(str(error).split())
        return Check("database", False, said, "is DATABASE_URL right, and the server up and readable?")
    if missing:
        return Check("database", False, f"{len(missing)} migrations are missing", "run: python manage.py migrate")
    return Check("database", True, f"{connection.vendor}, every migration is applied")


def _clockwork(panel: Panel) -> Check:
    """Does anybody tick? What is due and untouched for a quarter of an hour says that nobody does."""
    waiting = Source.objects.filter(enabled=True, next_look__lt=panel.now - TICKING).count()
    if panel.overdue or waiting:
        said = f"{panel.overdue:,} readers and {waiting} sources have been due for more than 15 minutes"
        return Check("clockwork", False, said, "are beat and a worker running? `up` starts both; see deploy/")
    return Check("clockwork", True, "nothing that is due has waited")


def _sources(panel: Panel) -> Check:
    rows = panel.sources
    if not any(row.source.enabled for row in rows):
        return Check("sources", False, "no source is enabled", "source add, or tick `enabled` in the admin")
    wrong = [row for row in rows if row.trouble or row.failing]
    if wrong:
        said = "; ".join(f"{row.source.slug}: {_said(row)}" for row in wrong)
        return Check(
            "sources", False, said, "read the look's reason in the admin; `source accept SLUG DAY` believes it"
        )
    unseen = [row.source.slug for row in rows if row.source.enabled and row.last is None]
    if unseen:
        return Check("sources", False, f"never looked at of late: {', '.join(unseen)}", "fetch --source SLUG says why")
    return Check("sources", True, f"{sum(row.source.enabled for row in rows)} enabled, all believed")


def _said(row: front_panel.Looked) -> str:
    if row.trouble:
        return f"{row.trouble[0].look.verdict} ({row.trouble[0].look.reason})"
    return row.failing.said or row.failing.what if row.failing else ""


def _books(panel: Panel) -> Check:
    wrong = [str(edition.date) for edition in _recent(panel.now) if not books.totals(edition)["balanced"]]
    if wrong:
        return Check("books", False, f"these editions don't balance: {', '.join(wrong)}", "keep the database; tell us")
    return Check("books", True, "every open edition balances")


def _recent(now: datetime) -> Iterator[Edition]:
    yield from Edition.objects.filter(closed_at=None, date__gte=now.date() - timedelta(days=30)).order_by("date")


def _queue(panel: Panel) -> Check:
    if panel.rests_until is not None:
        reason = panel.channel.reason if panel.channel else ""
        mend = "mend what the mail server says, then open the channel in the admin"
        return Check("queue", False, f"the way out rests until {panel.rests_until:%H:%M} UTC: {reason}", mend)
    if panel.oldest is not None and panel.now - panel.oldest > OLD_NEWS:
        hours = (panel.now - panel.oldest) // timedelta(hours=1)
        return Check("queue", False, f"the oldest undelivered news is {hours} hours old", "is a worker delivering?")
    waiting = sum(lane.waiting + lane.deferred for lane in panel.lanes)
    return Check("queue", True, f"{waiting:,} letters wait")


def _unknown(panel: Panel) -> Check:
    if panel.unknown:
        mend = "look into the mail server's log, then: letter MESSAGE_ID delivered|not-delivered"
        return Check("unknown letters", False, f"{panel.unknown:,} letters may or may not have arrived", mend)
    return Check("unknown letters", True, "none of the last 7 days")


def _readers(panel: Panel) -> Check:  # noqa: ARG001 - all checks of what is stored get it
    broken = list(_unreadable())
    if broken:
        shown = ", ".join(map(str, broken[:5]))
        return Check("readers", False, f"schedules that can't be read: readers {shown}", "mend zone, times or days")
    total, letters = Subscriber.objects.filter(state="active").count(), Letter.objects.exists()
    return Check("readers", True, f"{total:,} active" + ("" if letters else "; nothing has been sent yet"))


def _unreadable() -> Iterator[int]:
    readable = {number for number, *_ in roll.active()}
    for number in Subscriber.objects.filter(state="active").order_by("id").values_list("id", flat=True).iterator():
        if number not in readable:
            yield number


def _mail_server() -> Check:
    place = settings.MAIL_TARGET
    if isinstance(place, Folder):
        good = settings.LOCAL_INBOX
        mend = "" if good else "set EMAIL_URL: smtp+starttls://user:secret@mail.example.org:587"
        return Check("mail server", good, f"mails are written to {place.path}, nobody gets them", mend)
    if isinstance(place, Provider):
        return Check("mail server", True, f"mail goes to {place.name}; its first answer tells whether it knows our key")
    try:
        open_session(replace(place, timeout=min(place.timeout or WAIT, WAIT)), settings.HELO_NAME).close()
    except Refusal as refusal:
        said = refusal.outcome
        return Check("mail server", False, f"{said.stage}: {said.reply}", "EMAIL_URL: host, port, TLS, user, password")
    except (OSError, ValueError) as error:
        return Check("mail server", False, f"{type(error).__name__}: {error}", "EMAIL_URL: is the host right, and up?")
    return Check("mail server", True, "answers, and takes our name and log-in")


def _addresses() -> Check:
    mail, host = parseaddr(settings.MAIL_FROM)[1].rpartition("@")[2].lower(), settings.SITE_HOST.lower()
    if settings.LOCAL_INBOX:
        return Check("addresses", True, f"{settings.SITE_URL}, for this machine alone")
    if not settings.HTTPS:
        return Check(
            "addresses", False, f"{settings.SITE_URL} is not https", "one-click needs https: SITE_URL=https://..."
        )
    if "not set yet" in settings.POSTAL_ADDRESS:
        return Check("addresses", False, "no postal address stands in the mails", "set POSTAL_ADDRESS")
    near = mail == host or mail.endswith(f".{host}") or host.endswith(f".{mail}")
    more = "" if near else f"; mail comes from {mail}, links lead to {host}: filters like them alike"
    return Check("addresses", True, f"{settings.SITE_URL}, from {parseaddr(settings.MAIL_FROM)[1]}{more}")


def _signature() -> Check:
    if settings.DKIM is None:
        good = settings.LOCAL_INBOX
        return Check(
            "signature", good, "mails are not signed here", "" if good else "DKIM_KEY, unless your relay signs"
        )
    name = f"{settings.DKIM.selector}._domainkey.{settings.DKIM.domain}"
    return Check("signature", True, f"{name} must say: {settings.DKIM.record}")


def _operators() -> Check:
    if settings.OPERATORS or settings.LOCAL_INBOX:
        return Check("operators", True, ", ".join(settings.OPERATORS) or "alerts stand in the admin")
    return Check("operators", False, "nobody is mailed when something is wrong", "set OPERATORS=you@example.org")


def _room() -> Check:
    home = Path(settings.DIGEST_HOME)
    free = shutil.disk_usage(home if home.exists() else home.parent).free
    if free < ROOM_LEAST:
        return Check(
            "room", False, f"{free / 1e6:,.0f} MB are free in {home}", "make room: at 0 nothing can be recorded"
        )
    return Check("room", True, f"{free / 1e9:,.1f} GB are free")


STORED: dict[str, Callable[[Panel], Check]] = {
    "clockwork": _clockwork,
    "sources": _sources,
    "readers": _readers,
    "queue": _queue,
    "unknown letters": _unknown,
    "books": _books,
}
OUTSIDE: dict[str, Callable[[], Check]] = {
    "mail server": _mail_server,
    "addresses": _addresses,
    "signature": _signature,
    "operators": _operators,
    "room": _room,
}
