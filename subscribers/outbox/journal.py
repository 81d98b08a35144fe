"""The append-only journal of leaves and complaints: a file outside the database, so that it survives a restore.

A line is JSON: `{"at": ISO, "what": "left", "key": the subscriber's key}`. It is whole and on the disk before the
transaction that it belongs to commits: a leave in the journal that did not commit was still asked for.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

BEGINNING = b'{"at": '  # of every line, and nothing else: inside of texts quotes are escaped


def write(path: Path, what: str, key: str, at: datetime) -> None:
    """Append one line and put it on the disk. OSError when that can't be done: then it has not been written down."""
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps({"at": at.isoformat(), "what": what, "key": key}) + "\n"
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # what somebody else has torn is seen, and nobody writes into ours
        _append(descriptor, line.encode())
        fcntl.flock(descriptor, fcntl.LOCK_UN)  # those who wait for the disk may do so together
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _append(descriptor: int, line: bytes) -> None:
    """All of the line, and on a line of its own: a disk that was full has torn the one before."""
    size = os.fstat(descriptor).st_size
    left = line if size == 0 or os.pread(descriptor, 1, size - 1) == b"\n" else b"\n" + line
    while left:
        left = left[os.write(descriptor, left) :]  # a full disk takes a part, and raises at the next


def read(path: Path, since: datetime) -> Iterator[tuple[datetime, str, str]]:
    """The (time, what, key) of each line since then. One that was torn is passed over, and hides none behind it."""
    if not path.exists():
        return
    decoder = json.JSONDecoder()
    for rest in path.read_bytes().split(BEGINNING)[1:]:
        try:
            item, _ = decoder.raw_decode((BEGINNING + rest).decode("ascii", "replace"))
            at, what, key = datetime.fromisoformat(item["at"]), item["what"], item["key"]
        except (ValueError, KeyError, TypeError):
            continue
        if at >= since:
            yield at, what, key
