"""Whole days: publish and deliver for many readers, against one reader at a time by the same code."""

import os
import subprocess
import sys
import tempfile
from argparse import Namespace
from pathlib import Path

from tests.bench.measuring import doubled, table

HEAD = ("readers", "filters", "letters", "publish us", "deliver us", "one by one us", "ratio", "peak MB")
ROOT = Path(__file__).resolve().parent.parent.parent


def run(options: Namespace) -> str:
    """Each size in a process and a database of its own (DATABASE_URL when set: an empty one)."""
    rows = []
    for size in doubled(options.readers):
        with tempfile.TemporaryDirectory() as home:
            env = {**os.environ, "DIGEST_HOME": home, "EMAIL_URL": f"file://{home}/mails"}
            done = subprocess.run([sys.executable, "-m", "tests.bench.one_day", str(size)], cwd=ROOT, env=env,
                                  capture_output=True, text=True, check=False)  # fmt: skip
        if done.returncode:
            sys.exit(done.stderr)
        rows.append(done.stdout.strip().split("\t"))
    note = "(CPU microseconds a reader; deliver: into a folder; one by one: publish called for one reader at a time)"
    return f"{table(HEAD, rows)}\n{note}"
