"""Make everything happen that the standards name, and write what came of it into the handbook (`make faults`).

`python -m tests.faults [--only GROUP] [--points N] [--page FILE]`. Each group's part is written when the group is done,
so a run that is stopped leaves what it has found. Exit 1 when something was lost or doubled.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

os.environ["TEST_DATABASE"] = "postgres"

from tests.faults import groups, record
from tests.lives import ROOT

PAGE = ROOT / "digest" / "docs" / "faults.md"
SERVICE = ("digest", "subscribers", "templates", ":!digest/docs")  # what is put to the test


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--only", choices=groups.GROUPS, action="append", help="(more than once: each of these)")
    parser.add_argument("--points", type=int, default=40, help="kill points a system call (%(default)s)")
    parser.add_argument("--page", type=Path, default=PAGE, help="the page to write (%(default)s)")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started ends too
    wrong = []
    for name in options.only or groups.GROUPS:
        group = _made(name, options.points)
        wrong += [row for row in group.rows if row.lost or row.doubled]
        _write(options.page, group)
    print(f"{len(wrong)} rows with something lost or doubled")
    sys.exit(bool(wrong))


def _made(name: str, points: int) -> record.Group:
    print(f"== {name}", flush=True)
    part, started = groups.GROUPS[name], time.monotonic()
    rows = []
    for row in part.rows(points):
        print(" | ".join(row.cells()), flush=True)
        rows.append(row)
    command = f"python -m tests.faults --only {name}" + (f" --points {points}" if part.points else "")
    took = round(time.monotonic() - started)
    return record.Group(part.title, part.words, command, _commit(), str(datetime.now(UTC).date()), took, tuple(rows))


def _commit() -> str:
    """The newest commit that changed the service, with a plus when files of it are changed beyond that."""
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", *SERVICE)
    return _git("log", "-1", "--format=%h", "--abbrev=10", "--", *SERVICE) + ("+" if changed else "")


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def _write(page: Path, group: record.Group) -> None:
    known = record.read(page.read_text()) if page.exists() else []
    order = [part.title for part in groups.GROUPS.values()]
    page.write_text(record.page(record.merged(known, [group], order)))


if __name__ == "__main__":
    main()
