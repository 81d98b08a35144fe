"""Delivering: letters composed and sent with the whole ledger on PostgreSQL, against Django's own way."""

import os
import tempfile
from argparse import Namespace
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests import services
from tests.bench.mailing import rows
from tests.bench.measuring import doubled, table

HEAD = ("letters", "a second", "sink takes", "sender us", "composing", "signing", "database us", "sink us", "Django us",
        "ratio", "kB a mail", "peak MB", "HOT %", "WAL B")  # fmt: skip
NOTE = """({senders} sender(s), 64 connections each; PostgreSQL with fsync and synchronous_commit; Debian's smtp-sink.
The sink takes: letters a second of the same, made before and written by a loop that does nothing else: no sender is
faster. CPU microseconds a letter; the sender's hold composing and signing. Django's own way, in the same run and with
its database: each mail rendered in full, EmailMultiAlternatives, one connection kept, the letter's row saved. Ratio: to
sender and database together. HOT: updates of letters that stayed in place.)"""
MANY = 200_000  # letters from which on sizes grow tenfold: doubling would take hours


def run(options: Namespace) -> str:
    """Each size in a database of its own."""
    url = services.start_postgres("-c", "fsync=on", "-c", "max_wal_size=4GB")
    sizes = doubled(options.letters) if options.letters < MANY else [10_000, 100_000, options.letters]
    with tempfile.TemporaryDirectory(prefix="deliver-") as folder:
        if options.dkim:
            os.environ.update(DKIM_KEY=str(_key(Path(folder))), DKIM_SELECTOR="bench")
        made = rows("tests.bench.one_delivery", url, sizes, str(options.senders))
        return f"{table(HEAD, list(made))}\n{NOTE.format(senders=options.senders)}"


def _key(folder: Path) -> Path:
    file = folder / "dkim.pem"
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file.write_bytes(rsa.generate_private_key(65537, 2048).private_bytes(*pem))
    return file
