"""Rates as a mail server sees them: four senders, each a process, and changes while they run."""

import os
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

from tests import services
from tests.bench.mailing import new_database
from tests.bench.measuring import table

ROOT = Path(__file__).resolve().parent.parent.parent
HEAD = ("set to", "letters a second", "off by %")
NOTE = """(As they come in at the mail server, by the line that lies best through what has come at which time;
{seconds:g} s each. One bucket for all senders; the last rate is the channel's own, below that of all.)"""


def run(options: Namespace) -> str:
    """In a process and a database of its own."""
    url = new_database(services.start_postgres("-c", "fsync=on"), "bench_rates")
    env = {**os.environ, "DATABASE_URL": url}
    done = subprocess.run([sys.executable, "-m", "tests.bench.one_rating", str(options.seconds)], cwd=ROOT, env=env,
                          capture_output=True, text=True, check=False)  # fmt: skip
    if done.returncode:
        sys.exit(done.stderr)
    rows = [line.split("\t") for line in done.stdout.strip().splitlines()]
    return f"{table(HEAD, rows)}\n{NOTE.format(seconds=options.seconds)}"
