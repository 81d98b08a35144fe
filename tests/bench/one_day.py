"""One size of the publishing bench: a day of 60 papers for so many readers, in the database of the environment."""

import json
import os
import sys
from datetime import UTC, date, datetime, timedelta
from functools import partial

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digest.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402

from digest.models import Source  # noqa: E402
from digest.pipeline.looking import look_at  # noqa: E402
from digest.pipeline.publish import publish  # noqa: E402
from digest.pipeline.rendering import Renderer  # noqa: E402
from subscribers.models import Filter, Letter, Subscriber, Topic  # noqa: E402
from subscribers.outbox.delivery import deliver  # noqa: E402
from subscribers.outbox.fleet import open_fleet  # noqa: E402
from subscribers.query.parser import parse  # noqa: E402
from subscribers.topics import shared_filter  # noqa: E402
from tests.bench.inventing import filters, papers  # noqa: E402
from tests.bench.measuring import measured, peak  # noqa: E402
from tests.house import item  # noqa: E402

JOINED = datetime(2026, 11, 24, 5, tzinfo=UTC)
ALONE = 25  # readers served one by one


def people(count: int, texts: list[str]) -> None:
    """Active readers with two topics each, due at once."""
    Subscriber.objects.bulk_create(
        [Subscriber(email=f"r{n}@example.org", address=f"r{n}@example.org", state="active", due=JOINED,
                    confirmed_at=JOINED, scheduled_at=JOINED) for n in range(count)], batch_size=2000
    )  # fmt: skip
    shared = [shared_filter(parse(text).query) for text in texts]
    numbers = Subscriber.objects.order_by("id").values_list("id", flat=True)
    Topic.objects.bulk_create(
        [Topic(subscriber_id=number, name=f"Topic {k}", text=texts[(n + k * 7) % len(texts)],
               filter=shared[(n + k * 7) % len(texts)]) for n, number in enumerate(numbers) for k in range(2)],
        batch_size=2000,
    )  # fmt: skip


def prepare(count: int) -> datetime:
    """A day's papers and so many readers; the time at which all are due."""
    call_command("migrate", verbosity=0)
    listed = [item(f.key, f.title, f.abstract, f.upvotes, f.comments) for f in papers(60)]
    look_at(Source.objects.get(slug="huggingface"), date(2026, 11, 24), [json.dumps(listed).encode()], JOINED)
    texts = filters(max(50, count // 4))
    people(count, texts)
    return JOINED + timedelta(minutes=11)  # everybody's jitter has passed


def main(count: int) -> None:
    now = prepare(count + ALONE)
    alone = list(Subscriber.objects.order_by("-id")[:ALONE])
    Subscriber.objects.filter(pk__in=[one.pk for one in alone]).update(due=JOINED + timedelta(days=30))
    done, publishing, _ = measured(lambda: publish(now, settings.SITE_HOST))
    assert done.served == count
    letters = Letter.objects.count()
    connect = partial(open_fleet, settings.MAIL_TARGET, settings.HELO_NAME)
    sent, delivering, _ = measured(lambda: deliver(connect, Renderer(), lambda: now, until_empty=True))
    assert sent.counts["accepted"] == letters
    _, slow, _ = measured(lambda: [one_alone(one.pk, now) for one in alone])
    figures = (publishing / count, delivering / max(letters, 1), slow / ALONE)
    micro = [f"{seconds * 1e6:,.0f}" for seconds in figures]
    ratio = figures[2] / figures[0]
    print(
        "\t".join(
            [f"{count:,}", f"{Filter.objects.count():,}", f"{letters:,}", *micro, f"{ratio:.0f}", f"{peak():.0f}"]
        )
    )


def one_alone(number: int, now: datetime) -> None:
    """The straightforward way: a run for each reader."""
    Subscriber.objects.filter(pk=number).update(due=JOINED)
    assert publish(now, settings.SITE_HOST).served == 1


if __name__ == "__main__":
    main(int(sys.argv[1]))
