"""Send what the outbox owes, and to the operators what they are to be told."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from types import FrameType
from typing import Any

from django.core.management.base import CommandParser

from digest.management.door import Door
from digest.pipeline.sending import send
from subscribers.outbox import channel, queue


@contextmanager
def asked_to_end() -> Iterator[Callable[[], bool]]:
    """Whether SIGTERM or SIGINT has come: what is under way then ends first. The second one ends it at once.

    Signals are the main thread's: who calls the command from another one is not asked.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    came: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        came.append(number)
        signal.signal(number, before[signal.Signals(number)])

    for number in before:
        signal.signal(number, note)
    try:
        yield lambda: bool(came)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Command(Door):
    help = __doc__ or ""

    def add(self, parser: CommandParser) -> None:
        parser.add_argument("--until-empty", action="store_true", help="until nothing may be claimed (else a minute)")

    def run(self, now: datetime, **options: Any) -> dict[str, Any]:
        with asked_to_end() as stop:
            done = send(self.clock, until_empty=bool(options["until_empty"]), stop=stop)
        resting = channel.state(self.clock())
        if resting:
            self.stderr.write(resting)
        kinds = ("accepted", "deferred", "refused", "unknown", "cancelled")
        counts = {kind: done.counts.get(kind, 0) for kind in (*kinds, "alerts")}
        return {**counts, "waiting": queue.waiting()}
