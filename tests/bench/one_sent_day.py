"""One size of the bench of a whole day, in the database of the environment: two processes publish ranges, two send."""

import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Sequence

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digest.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402

from digest.pipeline.publish import publish_range, ranges  # noqa: E402
from digest.pipeline.sending import send  # noqa: E402
from subscribers.models import Letter, Subscriber  # noqa: E402
from tests.bench.mailing import database_seconds, seconds_of  # noqa: E402
from tests.bench.measuring import measured, peak  # noqa: E402
from tests.bench.moving_in import NOW, move_in  # noqa: E402

WORKERS = 2  # as many as there are cores


Job = tuple[int, int]
Done = tuple[int, float, float]  # how many; CPU seconds; the most memory of the process, MB


def published(job: Job) -> Done:
    """What the task `publish` does."""
    done, cpu, _ = measured(lambda: publish_range(*job, NOW, settings.SITE_HOST))
    return done.served, cpu, peak()


def sent(_: Job) -> Done:
    """What the task `deliver` does, until there is nothing left."""
    done, cpu, _ = measured(lambda: send(lambda: NOW, until_empty=True))
    return done.counts["accepted"], cpu, peak()


def at_work(task: Callable[[Job], Done], jobs: Sequence[Job]) -> tuple[int, float, list[float], float]:
    """Jobs done by WORKERS processes that were there before: how many readers or letters, wall seconds, CPU seconds of
    the workers, the database and the sink, and the most memory of a worker.
    """
    connection.close()
    with multiprocessing.get_context("spawn").Pool(WORKERS) as pool:
        pool.map(time.sleep, [0.5] * WORKERS, chunksize=1)  # until all have started
        begun, before = time.perf_counter(), others()
        done = pool.map(task, jobs, chunksize=1)
        wall = time.perf_counter() - begun
        pool.close()
        pool.join()
    counts, seconds, most = zip(*done, strict=True)
    used = [after - at_first for at_first, after in zip(before, others(), strict=True)]
    return sum(counts), wall, [sum(seconds), *used], max(most)


def others() -> list[float]:
    """CPU seconds so far of the database and the sink."""
    return [database_seconds(os.environ["DATABASE_URL"]), seconds_of(int(os.environ["SINK"]))]


def counters() -> tuple[int, int, int]:
    """Updates of letters, those in place, bytes of WAL."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_stat_get_tuples_updated(c.oid), pg_stat_get_tuples_hot_updated(c.oid), "
            "pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint FROM pg_class c WHERE relname = 'subscribers_letter'"
        )
        updated, in_place, wal = cursor.fetchone()
        return updated, in_place, wal


def main(count: int) -> None:
    move_in(count)
    begun = counters()
    readers, publishing, (publisher, posting, _), most = at_work(published, ranges(NOW))
    letters = Letter.objects.count()
    assert readers == count
    assert not Subscriber.objects.filter(due__lte=NOW).exists()
    accepted, delivering, (sender, recording, sink), more = at_work(sent, [(0, 0)] * WORKERS)
    assert accepted == letters
    updated, hot, wal = (after - before for before, after in zip(begun, counters(), strict=True))
    seconds = [publisher / count, posting / count, sender / letters, recording / letters, sink / letters]
    each = [f"{one * 1e6:,.0f}" for one in seconds]
    cells = [f"{publishing:.1f}", f"{delivering:.1f}", f"{publishing + delivering:.1f}", f"{letters / delivering:,.0f}"]
    shares = [f"{100 * hot / updated:.0f}", f"{wal / letters:,.0f}", f"{max(most, more):.0f}"]
    print("\t".join([f"{count:,}", f"{letters:,}", *cells, *each, *shares]))


if __name__ == "__main__":
    main(int(sys.argv[1]))
