"""A whole day: publish for so many readers, compose and deliver into Debian's smtp-sink, on PostgreSQL."""

from argparse import Namespace

from tests import services
from tests.bench.mailing import rows
from tests.bench.measuring import doubled, table

HEAD = ("readers", "letters", "publish s", "deliver s", "letters/s", "CPU us: publish", "sender", "database", "sink",
        "peak MB")  # fmt: skip
NOTE = """(wall seconds; CPU microseconds a letter, the database's for both; PostgreSQL with fsync; one publisher, then
one sender with 64 connections)"""


def run(options: Namespace) -> str:
    """Each size in a process and a database of its own."""
    url = services.start_postgres("-c", "fsync=on")
    return f"{table(HEAD, list(rows('tests.bench.one_sent_day', url, doubled(options.readers))))}\n{NOTE}"
