"""The append-only journal of leaves and complaints: a file outside the database, so that it survives a restore.

A line is JSON: `{"at": ISO, "what": "left", "key": the subscriber's key}`. It is on the disk before the
transaction that it belongs to commits: a leave in the journal that did not commit was still asked for.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path


def write(path: Path, what: str, key: str, at: datetime) -> None:
    """Append one line and put it on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps({"at": at.isoformat(), "what": what, "key": key}) + "\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, line.encode())  # one write: lines of several processes don't mix
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read(path: Path, since: datetime) -> Iterator[tuple[datetime, str, str]]:
    """The (time, what, key) of each line since then; a line cut off by a crash is passed over."""
    if not path.exists():
        return
    for line in path.read_text().splitlines():
        try:
            item = json.loads(line)
            at = datetime.fromisoformat(item["at"])
        except (ValueError, KeyError, TypeError):
            continue
        if at >= since:
            yield at, item["what"], item["key"]
