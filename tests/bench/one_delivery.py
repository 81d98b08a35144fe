"""One size of the delivering bench: so many letters that wait, in the database of the environment."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digest.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.core.mail import EmailMultiAlternatives, get_connection  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from digest.editions.draft import Draft  # noqa: E402
from digest.models import Change, Source  # noqa: E402
from digest.pipeline import wordings  # noqa: E402
from digest.pipeline.looking import look_at  # noqa: E402
from digest.pipeline.rendering import Renderer  # noqa: E402
from digest.sources.listing import Facts  # noqa: E402
from subscribers.bulk import insert, instant, reserved  # noqa: E402
from subscribers.models import Letter, Subscriber  # noqa: E402
from subscribers.outbox import queue  # noqa: E402
from subscribers.outbox.mailurl import MailServer  # noqa: E402
from subscribers.outbox.message import Message, message_id  # noqa: E402
from subscribers.outbox.wire import Mail, prepared  # noqa: E402
from tests.bench import crowd  # noqa: E402
from tests.bench.ceiling import most_a_second  # noqa: E402
from tests.bench.drafting import drafts  # noqa: E402
from tests.bench.mailing import database_seconds, seconds_of  # noqa: E402
from tests.bench.measuring import measured  # noqa: E402
from tests.digest.mail import reference  # noqa: E402
from tests.digest.mail.invented import READER  # noqa: E402
from tests.house import item  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent.parent
NOW = datetime(2026, 11, 25, 7, tzinfo=UTC)
PAPERS = 300
DISTINCT = 5_000  # drafts; letters beyond share them
ALONE = 150  # letters sent Django's way
MADE_BEFORE = 20_000  # letters at most by which it is seen what the sink takes
A_BATCH = 1_000

T = TypeVar("T")
Used = tuple[float, float]  # CPU seconds of the database, of the sink


def main(count: int, senders: int) -> None:
    call_command("migrate", verbosity=0)
    post(count + ALONE)
    begun = counters()
    (told, wall), used = used_by(lambda: sent_by(senders))
    updates, hot, wal = (after - before for before, after in zip(begun, counters(), strict=True))
    assert sum(one["letters"] for one in told) == count, told
    (_, own, _), alone = used_by(lambda: measured(djangos_way))
    most = most_a_second(server(), some_mails(), min(count, MADE_BEFORE))
    sender, composing, signing, size = (
        sum(one[name] for one in told) / count for name in ("cpu", "composing", "signing", "bytes")
    )
    ours, theirs = sender + used[0] / count, (own + alone[0]) / ALONE
    micro = [f"{seconds * 1e6:,.0f}" for seconds in (sender, composing, signing, *(one / count for one in used))]
    cells = [
        f"{count:,}",
        f"{count / wall:,.0f}",
        f"{most:,.0f}",
        *micro,
        f"{theirs * 1e6:,.0f}",
        f"{theirs / ours:.0f}",
    ]
    peak = max(one["peak"] for one in told)
    print("\t".join([*cells, f"{size / 1000:.1f}", f"{peak:.0f}", f"{100 * hot / updates:.0f}", f"{wal / count:,.0f}"]))


def used_by(work: Callable[[], T]) -> tuple[T, Used]:
    """What the work returns, and what the database and the sink have used for it."""
    url, sink = os.environ["DATABASE_URL"], int(os.environ["SINK"])
    connection.close()
    before = database_seconds(url), seconds_of(sink)
    result = work()
    connection.close()
    return result, (database_seconds(url) - before[0], seconds_of(sink) - before[1])


def sent_by(senders: int) -> tuple[list[dict[str, float]], float]:
    """What each sender, a process of its own that had started before, tells; wall seconds of them all."""
    command = [sys.executable, "-m", "tests.bench.one_sender", NOW.isoformat()]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(command, cwd=ROOT, **pipes) for _ in range(senders)]  # type: ignore[call-overload]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    begun = time.perf_counter()
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [json.loads(process.stdout.readline()) for process in processes]
    wall = time.perf_counter() - begun
    for process in processes:
        process.communicate()
    return told, wall


def counters() -> tuple[int, int, int]:
    """Updates of letters, those in place, bytes of WAL."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT n_tup_upd, n_tup_hot_upd, pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint "
            "FROM pg_stat_user_tables WHERE relname = 'subscribers_letter'"
        )
        updates, hot, wal = cursor.fetchone()
        return updates, hot, wal


def post(count: int) -> None:
    """Readers with a letter each, in batches; the last letters are kept for Django's way."""
    listed = [item(f.key, f.title, f.abstract, f.upvotes, n % 7) for n, f in enumerate(crowd.listed(PAPERS))]
    look_at(Source.objects.get(slug="huggingface"), date(2026, 11, 25), [json.dumps(listed).encode()], NOW)
    words = wordings.in_force("digest", NOW)
    made = [replace(draft, wording=words) for draft in drafts(min(count, DISTINCT), facts())]
    contents = [json.dumps(draft.to_json(), separators=(",", ":")) for draft in made]
    for start in range(0, count, A_BATCH):
        mine = range(start, min(count, start + A_BATCH))
        ids = reserved(Subscriber, len(mine))
        people = list(readers(mine, ids))
        insert(Subscriber, list(people[0]), (list(person.values()) for person in people))
        letters = [
            queue.Fresh("digest", number, NOW, message_id("digest", person["key"], NOW, settings.SITE_HOST),
                        contents[n % len(contents)])
            for n, number, person in zip(mine, ids, people, strict=True)
        ]  # fmt: skip
        queue.post_many(letters, NOW, NOW)
    last = Letter.objects.order_by("-pk").values_list("pk", flat=True)[:ALONE]
    Letter.objects.filter(pk__in=list(last)).update(state="cancelled", reason="bench", decided_at=NOW)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")


def facts() -> dict[int, Facts]:
    """The papers of the day, by change number."""
    return {change.number: Facts.from_json(change.facts, change.at.date()) for change in Change.objects.all()}


def readers(some: range, ids: Sequence[int]) -> Iterator[dict[str, str]]:
    at = instant(NOW)
    for n, number in zip(some, ids, strict=True):
        key = f"{random.Random(n).getrandbits(128):032x}"
        address = f"reader.{key[:10]}@mail{n % 97}.example.org"
        yield {
            "id": number, "email": address, "address": address, "key": key, "state": "active", "zone": "UTC",
            "times": "07:30", "days": "daily", "due": at, "scheduled_at": at, "asked_at": at, "asked_from": "{}",
            "confirmed_at": at, "confirmed_from": "{}", "consent": "2026-01",
        }  # fmt: skip


def server() -> MailServer:
    """The sink."""
    assert isinstance(settings.MAIL_TARGET, MailServer)
    return settings.MAIL_TARGET


def some_mails() -> list[Mail]:
    """Mails of this run as they go over the wire."""
    made = Renderer()(queue.owed(Letter.objects.filter(state="accepted").order_by("pk")[: DISTINCT // 10]))
    return [prepared(mail) for mail in made.values() if isinstance(mail, Message)]


def djangos_way() -> None:
    """Each mail rendered in full, EmailMultiAlternatives, one connection kept, the row saved."""
    known, site, host, port = facts(), wordings.site(), server().host, server().port
    relay = get_connection("django.core.mail.backends.smtp.EmailBackend", host=host, port=port)
    relay.open()
    for letter in Letter.objects.filter(reason="bench").select_related("subscriber").iterator():
        draft = Draft.from_json(letter.content)
        subject = f"{sum(len(section.hits) for section in draft.sections)} papers"
        mail = EmailMultiAlternatives(
            subject, reference.body(draft, known, site, READER, subject, "txt"), "digest@papers.example.org",
            [letter.subscriber.email], connection=relay, headers={"Message-ID": letter.message_id},
        )  # fmt: skip
        mail.attach_alternative(reference.body(draft, known, site, READER, subject, "html"), "text/html")
        mail.send()
        letter.state, letter.reason = "accepted", ""
        letter.dotted_at = letter.decided_at = NOW + timedelta(seconds=1)
        letter.save()
    relay.close()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
