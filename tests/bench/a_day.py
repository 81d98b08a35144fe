"""A whole day: publish for so many readers, compose and deliver into Debian's smtp-sink, on PostgreSQL."""

from argparse import Namespace

from tests import services
from tests.bench.mailing import rows
from tests.bench.measuring import doubled, table

HEAD = ("readers", "letters", "publish s", "deliver s", "together s", "letters/s", "CPU us a reader: publisher",
        "database", "a letter: sender", "database", "sink", "HOT %", "WAL B", "peak MB")  # fmt: skip
NOTE = """(wall seconds; CPU microseconds; PostgreSQL with fsync, synchronous_commit and max_wal_size of 4 GB; two
processes publish ranges of 50,000 readers, then two send with 64 connections each; the crowd of moving_in.py: 4 topics
a reader, 60 papers. HOT: updates of letters that stayed in place; WAL: of the day, a letter; peak: of the largest
process{more})"""
MANY = 200_000  # from here on three sizes do, each ten times the one before


def run(options: Namespace) -> str:
    """Each size in a process and a database of its own."""
    url = services.start_postgres("-c", "fsync=on", "-c", "max_wal_size=4GB")
    several = options.readers > MANY
    sizes = [options.readers // 100, options.readers // 10, options.readers] if several else doubled(options.readers)
    note = NOTE.format(more="; each size ten times the one before, since doubling would take long" if several else "")
    return f"{table(HEAD, list(rows('tests.bench.one_sent_day', url, sizes)))}\n{note}"
