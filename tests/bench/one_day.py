"""One size of the publishing bench: a day of 60 papers for so many readers, in the database of the environment."""

import os
import sys
from datetime import datetime, timedelta
from functools import partial

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digest.settings")
django.setup()

from django.conf import settings  # noqa: E402

from digest.pipeline.publish import publish  # noqa: E402
from digest.pipeline.rendering import Renderer  # noqa: E402
from subscribers.models import Filter, Letter, Subscriber  # noqa: E402
from subscribers.outbox.delivery import deliver  # noqa: E402
from subscribers.outbox.fleet import open_fleet  # noqa: E402
from tests.bench.measuring import measured, peak  # noqa: E402
from tests.bench.moving_in import move_in  # noqa: E402

ALONE = 25  # readers served one by one


def main(count: int) -> None:
    now = move_in(count + ALONE)
    alone = list(Subscriber.objects.order_by("-id")[:ALONE])
    Subscriber.objects.filter(pk__in=[one.pk for one in alone]).update(due=now + timedelta(days=30))
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
    Subscriber.objects.filter(pk=number).update(due=now - timedelta(hours=2))
    assert publish(now, settings.SITE_HOST).served == 1


if __name__ == "__main__":
    main(int(sys.argv[1]))
