"""The bench of rates, in the database of the environment."""

import os
import sys
import time

import django
import numpy as np

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digest.settings")
django.setup()

from django.core.management import call_command  # noqa: E402

from subscribers.models import Batch  # noqa: E402
from subscribers.outbox import rates  # noqa: E402
from tests.sink import Sink  # noqa: E402
from tests.test_rates import NOW, post, senders, until_all_work  # noqa: E402

STEPS = ((rates.ALL, 50), (rates.ALL, 200), (rates.ALL, 100), ("smtp", 20))  # one after the other


def main(seconds: float) -> None:
    call_command("migrate", verbosity=0)
    post(int(sum(rate for _, rate in STEPS) * (seconds + 5)), Batch.Lane.EDITIONS)
    rates.limit(rates.ALL, 10, "the bench", NOW)
    with Sink() as sink, senders(sink):
        until_all_work()
        for channel, rate in STEPS:
            rates.limit(channel, rate, "the bench", NOW)
            time.sleep(2)
            came = a_second(sink, seconds)
            print(f"{rate} ({channel})\t{came:.2f}\t{100 * (came / rate - 1):+.2f}", flush=True)


def a_second(sink: Sink, seconds: float) -> float:
    """Letters a second as they come in, by the line that lies best through what has come at which time."""
    begun, seen = time.monotonic(), []
    while (passed := time.monotonic() - begun) < seconds:
        seen.append((passed, len(sink.received)))
        time.sleep(0.005)
    slope, _ = np.polyfit(*np.array(seen).T, 1)
    return float(slope)


if __name__ == "__main__":
    main(float(sys.argv[1]))
