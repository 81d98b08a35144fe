"""One size of the delivering bench: so many letters that wait, in the database of the environment."""

import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import cycle, islice

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
from digest.pipeline.sending import send  # noqa: E402
from digest.sources.listing import Facts  # noqa: E402
from subscribers.models import Letter, Subscriber  # noqa: E402
from subscribers.outbox import queue  # noqa: E402
from subscribers.outbox.mailurl import MailServer  # noqa: E402
from subscribers.outbox.message import message_id  # noqa: E402
from tests.bench.composing import drafts  # noqa: E402
from tests.bench.inventing import papers  # noqa: E402
from tests.bench.mailing import database_seconds, seconds_of  # noqa: E402
from tests.bench.measuring import measured, peak  # noqa: E402
from tests.digest.mail import reference  # noqa: E402
from tests.digest.mail.invented import READER  # noqa: E402
from tests.house import item  # noqa: E402

NOW = datetime(2026, 11, 25, 7, tzinfo=UTC)
DISTINCT = 5_000  # drafts; letters beyond share them
ALONE = 150  # letters sent Django's way
A_BATCH = 1_000


def main(count: int) -> None:
    call_command("migrate", verbosity=0)
    post(count + ALONE)
    done, used = used_by(lambda: everything(count))
    other, alone = used_by(djangos_way)
    facts = [f"{count:,}", f"{count / done:,.0f}", *(f"{seconds / count * 1e6:,.0f}" for seconds in used)]
    django_us = [seconds / ALONE * 1e6 for seconds in alone[:2]]
    ratio = sum(django_us) / (sum(used[:2]) / count * 1e6)
    assert other > 0
    print("\t".join([*facts, *(f"{us:,.0f}" for us in django_us), f"{ratio:.0f}", *kept]))


kept: list[str] = []  # peak memory, HOT share, WAL bytes of our way


def used_by(work: Callable[[], None]) -> tuple[float, list[float]]:
    """Wall seconds; CPU seconds of this process, the database, the sink."""
    url, sink = os.environ["DATABASE_URL"], int(os.environ["SINK"])
    before = database_seconds(url), seconds_of(sink)
    _, own, wall = measured(work)
    connection.close()
    return wall, [own, database_seconds(url) - before[0], seconds_of(sink) - before[1]]


def everything(count: int) -> None:
    """Send all letters but those for Django, and note what it took."""
    begun = counters()
    assert send(lambda: NOW, until_empty=True).counts["accepted"] == count
    connection.close()
    ended = counters()
    updates, hot, wal = (after - before for before, after in zip(begun, ended, strict=True))
    kept.extend([f"{peak():.0f}", f"{100 * hot / updates:.0f}", f"{wal / count:,.0f}"])


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
    listed = [item(f.key, f.title, f.abstract, f.upvotes, f.comments) for f in papers(50)]
    look_at(Source.objects.get(slug="huggingface"), date(2026, 11, 25), [json.dumps(listed).encode()], NOW)
    facts = dict(enumerate(papers(50), 1))
    words = wordings.in_force("digest", NOW)
    contents = [{**draft.to_json(), "wording": list(words)} for draft in drafts(min(count, DISTINCT), facts)]
    for start in range(0, count, A_BATCH):
        people = Subscriber.objects.bulk_create(
            [Subscriber(email=f"r{n}@example.org", address=f"r{n}@example.org", state="active", due=NOW,
                        confirmed_at=NOW, scheduled_at=NOW) for n in range(start, min(count, start + A_BATCH))]
        )  # fmt: skip
        letters = [
            Letter(kind="digest", subscriber=person, slot=NOW, content=content,
                   message_id=message_id("digest", person.key, NOW, settings.SITE_HOST))
            for person, content in zip(people, islice(cycle(contents), start, None), strict=False)
        ]  # fmt: skip
        queue.post(letters, 1, NOW, NOW)
    alone = Letter.objects.order_by("-pk")[:ALONE]
    Letter.objects.filter(pk__in=[letter.pk for letter in alone]).update(
        state="cancelled", reason="bench", decided_at=NOW
    )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")


def djangos_way() -> None:
    """Each mail rendered in full, EmailMultiAlternatives, one connection kept, the row saved."""
    server = settings.MAIL_TARGET
    assert isinstance(server, MailServer)
    facts = {change.number: Facts.from_json(change.facts, change.at.date()) for change in Change.objects.all()}
    site = wordings.site()
    relay = get_connection("django.core.mail.backends.smtp.EmailBackend", host=server.host, port=server.port)
    relay.open()
    for letter in Letter.objects.filter(reason="bench").select_related("subscriber").iterator():
        draft = Draft.from_json(letter.content)
        subject = f"{sum(len(section.hits) for section in draft.sections)} papers"
        mail = EmailMultiAlternatives(
            subject, reference.body(draft, facts, site, READER, subject, "txt"), "digest@papers.example.org",
            [letter.subscriber.email], connection=relay, headers={"Message-ID": letter.message_id},
        )  # fmt: skip
        mail.attach_alternative(reference.body(draft, facts, site, READER, subject, "html"), "text/html")
        mail.send()
        letter.state, letter.reason = "accepted", ""
        letter.dotted_at = letter.decided_at = NOW + timedelta(seconds=1)
        letter.save()
    relay.close()


if __name__ == "__main__":
    main(int(sys.argv[1]))
