"""A sender of the delivering bench: `deliver` in a process of its own, and what it has used."""

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import datetime

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digest.settings")
django.setup()

from digest.pipeline import sending  # noqa: E402
from digest.pipeline.rendering import Renderer  # noqa: E402
from digest.pipeline.signing import rendered  # noqa: E402
from subscribers.outbox.hand import Render  # noqa: E402
from subscribers.outbox.message import Message  # noqa: E402
from subscribers.outbox.queue import Owed  # noqa: E402
from tests.bench.measuring import measured, peak  # noqa: E402


class Timed:
    """A renderer, and the CPU seconds that it has taken."""

    def __init__(self, render: Render) -> None:
        self.render, self.seconds, self.bytes = render, 0.0, 0

    def __call__(self, letters: Sequence[Owed]) -> Mapping[int, Message | Exception]:
        before = time.thread_time()
        mails = self.render(letters)
        self.seconds += time.thread_time() - before
        self.bytes += sum(len(mail.data) for mail in mails.values() if isinstance(mail, Message))
        return mails


def main(now: datetime) -> None:
    composing = Timed(Renderer())
    signing = Timed(rendered(composing))
    sending.Renderer = lambda: composing  # type: ignore[assignment,misc]
    sending.rendered = lambda _: signing  # type: ignore[assignment]
    print("ready", flush=True)
    sys.stdin.readline()
    done, cpu, _ = measured(lambda: sending.send(lambda: now, until_empty=True))
    told = {
        "letters": done.counts["accepted"], "cpu": cpu, "composing": composing.seconds,
        "signing": signing.seconds - composing.seconds, "bytes": signing.bytes, "peak": peak(),
    }  # fmt: skip
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main(datetime.fromisoformat(sys.argv[1]))
