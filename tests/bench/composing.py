"""Composing: mails joined from pieces, against rendering each in full with the same parts."""

import os
import subprocess
import sys
import tempfile
from argparse import Namespace
from collections.abc import Mapping
from itertools import islice
from pathlib import Path

from digest.editions.draft import ABSTRACTS, SHORT, Draft
from digest.sources.listing import Facts
from tests.bench import drafting
from tests.bench.measuring import doubled, table

HEAD = (
    "length",
    "readers",
    "kB a mail",
    "content B",
    "once ms",
    "joined us",
    "least us",
    "in full us",
    "ratio",
    "peak MB",
)
ROOT = Path(__file__).resolve().parent.parent.parent
NOTE = """(CPU. Mails of about 8 papers of 300, with marked words, as they are by default and with whole abstracts.
Once: a paper's card, milliseconds. Joined, microseconds a mail: from a letter as the driver reads it, its content as
text, to bytes, in batches as the sender has them. Least: of the same mails, to read the content, sign two tokens and
put as many bytes together from 300 pieces that lie ready, with nothing composed. In full: 500 of them by Jinja2 with
the same parts, css-inline and EmailMultiAlternatives; templates are compiled and papers are cut into words and lines
before the clock starts; each of the 500 equal after decoding.)"""


def drafts(count: int, facts: Mapping[int, Facts]) -> list[Draft]:
    """So many invented digests of these papers."""
    return list(islice(drafting.drafts(count, facts), count))


def run(options: Namespace) -> str:
    """Each size in a process and a database of its own."""
    rows = [_row(length, size) for length in (SHORT, ABSTRACTS) for size in doubled(options.readers)]
    return f"{table(HEAD, rows)}\n{NOTE}"


def _row(length: str, size: int) -> list[str]:
    with tempfile.TemporaryDirectory() as home:
        env = {**os.environ, "DIGEST_HOME": home, "DATABASE_URL": f"sqlite:///{home}/bench.sqlite3"}
        done = subprocess.run([sys.executable, "-m", "tests.bench.one_composing", length, str(size)], cwd=ROOT, env=env,
                              capture_output=True, text=True, check=False)  # fmt: skip
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout.strip().split("\t")
