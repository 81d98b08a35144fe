"""Whole looks at a server on loopback, with the database of the environment: what they ask, read and write."""

import os
from datetime import UTC, datetime, timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digest.settings")
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from digest.models import Source  # noqa: E402
from digest.pipeline import fetching  # noqa: E402
from digest.pipeline.looking import look  # noqa: E402
from digest.pipeline.snapshots import Taken  # noqa: E402
from digest.sources import huggingface  # noqa: E402
from tests.bench.looks import DAY, KINDS, bodies  # noqa: E402
from tests.bench.measuring import measured, peak, table  # noqa: E402
from tests.digest.sources.web import Answer, plain, web  # noqa: E402

HEAD = ("kind", "entries", "look", "verdict", "requests", "reads", "writes", "CPU ms", "peak MB")
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
WRITES = ("INSERT", "UPDATE", "DELETE")


def main() -> None:
    call_command("migrate", verbosity=0)
    fetching.sleep = lambda seconds: None  # waiting for turns is no work
    rows, written = [], ""
    for kind in KINDS:
        for size in (90, 1_000):
            taken, written = _looks(kind, size)
            rows += taken
    print(f"{table(HEAD, rows)}\n(a look with nothing new writes: {written})")


def _looks(kind: str, size: int) -> tuple[list[tuple[str, ...]], str]:
    """The first look, one whose bodies are the same, one that is answered with 304."""
    answers: dict[str, Answer] = {}
    with web(answers) as server:
        url = server.url("/" if kind == "hf" else f"/{kind}-{size}/rss/cs.LG")
        source = Source.objects.create(slug=f"{kind}-{size}", short=f"{kind}-{size}", kind=kind, url=url,
                                       allow=server.host)  # fmt: skip
        sent = bodies(kind, size)
        urls = [huggingface.urls(url, DAY, page) for page in range(len(sent) + 1)] if kind == "hf" else [url]
        rows, written = [], ""
        for number, name in enumerate(("first", "same bodies", "304")):
            for place, body in zip(urls, [*sent, b"[]"], strict=False):
                answers[place.removeprefix(server.url(""))] = (
                    plain(304) if name == "304" else plain(200, body, ETag='"1"')
                )
            if name == "304" and len(sent) > 1:
                break  # several pages have no validator in common
            before = len(server.seen)
            taken, cells, written = _look(source, NOON + timedelta(hours=number))
            rows.append((kind, f"{size:,}", name, taken.verdict, str(len(server.seen) - before), *cells))
        return rows, written


def _look(source: Source, now: datetime) -> tuple[Taken, tuple[str, ...], str]:
    with CaptureQueriesContext(connection) as captured:
        taken, cpu, _ = measured(lambda: look(source, DAY, now))
    statements = [query["sql"] for query in captured.captured_queries]
    writes = [sql for sql in statements if sql.startswith(WRITES)]
    reads = sum(sql.startswith("SELECT") for sql in statements)
    tables = ", ".join(sql.split('"')[1] for sql in writes)
    return taken, (str(reads), str(len(writes)), f"{cpu * 1e3:.0f}", f"{peak():.0f}"), tables


if __name__ == "__main__":
    main()
