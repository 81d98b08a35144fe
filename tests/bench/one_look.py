"""Whole looks at a server on loopback, with the database of the environment: what they ask, read and write.

With nothing new a look is asked for with the validators that it got (304), or is sent the same bodies again.
"""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digest.settings")
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from digest.models import Source  # noqa: E402
from digest.pipeline import fetching  # noqa: E402
from digest.pipeline.looking import look  # noqa: E402
from digest.sources import huggingface  # noqa: E402
from tests.bench.looks import DAY, KINDS, bodies  # noqa: E402
from tests.bench.measuring import measured, table  # noqa: E402
from tests.digest.sources.web import Answer, plain, web  # noqa: E402

HEAD = ("kind", "entries", "look", "verdict", "requests", "sent kB", "reads", "writes", "commits", "log kB", "CPU ms")
SIZES = (250, 500, 1_000, 2_000, 4_000)
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
WRITES = ("INSERT", "UPDATE", "DELETE")


def main() -> None:
    call_command("migrate", verbosity=0)
    fetching.sleep = lambda seconds: None  # waiting for turns is no work
    fetching.gap = lambda host, kind: 0.0
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA wal_autocheckpoint=0")  # so that the log only grows, and can be measured
    rows, written = [], ""
    for kind in KINDS:
        for size in SIZES:
            taken, written = _looks(kind, size)
            rows += taken
    print(f"{table(HEAD, rows)}\n(log: what {connection.vendor} writes ahead; a look with nothing new: {written})")


def _looks(kind: str, size: int) -> tuple[list[tuple[str, ...]], str]:
    """The first look, one whose bodies are the same, one that is answered with 304."""
    answers: dict[str, Answer] = {}
    with web(answers) as server:
        url = server.url("/" if kind == "hf" else f"/{kind}-{size}/rss/cs.LG")
        source = Source.objects.create(slug=f"{kind}-{size}", short=f"{kind}-{size}", kind=kind, url=url,
                                       allow=server.host)  # fmt: skip
        sent = [*bodies(kind, size), *([b"[]"] if kind == "hf" and size % huggingface.LIMIT == 0 else [])]
        urls = [huggingface.urls(url, DAY, page) for page in range(len(sent))] if kind == "hf" else [url]
        rows, written = [], ""
        for number, name in enumerate(("first", "same bodies", "304")):
            if name == "304" and rows[0][3] != "ok":
                break  # half a list has no validators
            for place, body in zip(urls, sent, strict=True):
                path = place.removeprefix(server.url(""))
                answers[path] = plain(304) if name == "304" else plain(200, body, ETag='"1"')
            before = len(server.seen)
            verdict, cells, written = _look(source, NOON + timedelta(hours=number))
            weight = 0 if name == "304" else sum(map(len, sent)) / 1e3
            rows.append((kind, f"{size:,}", name, verdict, str(len(server.seen) - before), f"{weight:,.0f}", *cells))
        return rows, written


def _look(source: Source, now: datetime) -> tuple[str, tuple[str, ...], str]:
    before = _logged()
    with CaptureQueriesContext(connection) as captured:
        taken, cpu, _ = measured(lambda: look(source, DAY, now))
    statements = [query["sql"] for query in captured.captured_queries]
    writes = [sql for sql in statements if sql.startswith(WRITES)]
    reads = sum(sql.startswith("SELECT") for sql in statements)
    tables = ", ".join(sql.split('"')[1] for sql in writes)
    log = f"{(_logged() - before) / 1e3:,.0f}"
    return taken.verdict, (str(reads), str(len(writes)), str(_commits(statements)), log, f"{cpu * 1e3:.0f}"), tables


def _commits(statements: list[str]) -> int:
    """Transactions that write something."""
    commits, within, wrote = 0, False, False
    for sql in statements:
        within, wrote = (True, False) if sql.startswith("BEGIN") else (within, wrote or sql.startswith(WRITES))
        if sql.startswith("COMMIT") or not within:
            commits, within, wrote = commits + wrote, False, False
    return commits


def _logged() -> int:
    """Bytes of the database's write-ahead log so far."""
    if connection.vendor == "sqlite":
        return Path(f"{connection.settings_dict['NAME']}-wal").stat().st_size
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')")
        return int(cursor.fetchone()[0])


if __name__ == "__main__":
    main()
