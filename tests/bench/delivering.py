"""Delivering: letters composed and sent with the whole ledger on PostgreSQL, against Django's own way."""

from argparse import Namespace

from tests import services
from tests.bench.mailing import rows
from tests.bench.measuring import doubled, table

HEAD = ("letters", "a second", "sender us", "database us", "sink us", "Django us", "its database", "ratio", "peak MB",
        "HOT %", "WAL B")  # fmt: skip
NOTE = """(CPU microseconds a letter; PostgreSQL with fsync and synchronous_commit; Debian's smtp-sink; one sender, 64
connections. Django's own way, in the same run: each mail rendered in full, EmailMultiAlternatives, one connection
kept, the letter's row saved. Ratio: sender and database together. HOT: updates of letters that stayed in place.)"""


def run(options: Namespace) -> str:
    """Each size in a process and a database of its own."""
    url = services.start_postgres("-c", "fsync=on")
    return f"{table(HEAD, list(rows('tests.bench.one_delivery', url, doubled(options.letters))))}\n{NOTE}"
