"""One size of the bench of a whole day, in the database of the environment."""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digest.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402

from digest.pipeline.publish import publish  # noqa: E402
from digest.pipeline.sending import send  # noqa: E402
from subscribers.models import Letter  # noqa: E402
from tests.bench import one_day  # noqa: E402
from tests.bench.mailing import database_seconds, seconds_of  # noqa: E402
from tests.bench.measuring import measured, peak  # noqa: E402


def main(count: int) -> None:
    now = one_day.prepare(count)
    url, sink = os.environ["DATABASE_URL"], int(os.environ["SINK"])
    before = database_seconds(url), seconds_of(sink)
    done, publishing, published = measured(lambda: publish(now, settings.SITE_HOST))
    assert done.served == count
    letters = Letter.objects.count()
    sent, delivering, delivered = measured(lambda: send(lambda: now, until_empty=True))
    assert sent.counts["accepted"] == letters, sent.counts
    connection.close()
    used = publishing, delivering, database_seconds(url) - before[0], seconds_of(sink) - before[1]
    cells = [f"{count:,}", f"{letters:,}", f"{published:.1f}", f"{delivered:.1f}", f"{letters / delivered:,.0f}"]
    print("\t".join([*cells, *(f"{seconds / letters * 1e6:,.0f}" for seconds in used), f"{peak():.0f}"]))


if __name__ == "__main__":
    main(int(sys.argv[1]))
