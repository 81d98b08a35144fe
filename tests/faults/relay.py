"""A mail server that is away for long, or slower than what waits for it."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from tests.faults.record import Row
from tests.house import at
from tests.lives import NOWHERE, Service
from tests.taking import Taking
from tests.up import wait

PATIENCE = 900  # seconds
NEW = "asked@example.org"
DIGESTS, RATE = int(os.environ.get("FAULTS_WAITING", "100000")), 10.0  # of those that wait, and a second
LISTED = {0: "2603.00001", 1: "2603.00002", 20: "2603.00003"}  # by the hour after the relay went away


def down(service: Service, readers: int, hours: int = 30) -> Row:
    """Away over a slot and for longer than a day; publish and deliver go on every hour, by `--now`."""
    service.readers(readers)
    service.email_url = NOWHERE
    begun = at("2026-03-02 05:30")
    for hour in range(hours + 1):
        now = begun + timedelta(hours=hour)
        seen = [key for since, key in LISTED.items() if since <= hour]
        if hour in LISTED:
            service.look(*seen, now=now.isoformat())
        service.json("publish", "--now", (now + timedelta(minutes=45)).isoformat())
        sent = service.json("deliver", "--until-empty", "--now", (now + timedelta(minutes=45)).isoformat())
        assert sent["accepted"] == 0
    with Taking(service.folder) as server:
        service.email_url = server.url
        for again in ("2026-03-03 13:30", "2026-03-04 07:01"):
            service.json("publish", "--now", at(again).isoformat())
            service.json("deliver", "--until-empty", "--now", at(again).isoformat())
        got = server.by_id()
    letters = [letter for letter in service.letters() if letter["state"] == "accepted"]
    told = Counter((letter["to"], key) for letter in letters for key in letter["papers"])
    wanted = {(f"r{n}@example.org", key) for n in range(readers) for key in LISTED.values()}
    lost = len(wanted - told.keys()) + sum(letter["message_id"] not in got for letter in letters)
    doubled = sum(times > 1 for times in (*told.values(), *got.values()))
    states = Counter(letter["state"] for letter in service.letters())
    ends = ", ".join(f"{number} {state}" for state, number in sorted(states.items()))
    return Row(f"away for {hours} h, with {readers} readers", ends, states.total(), lost, doubled, states["unknown"])


@dataclass(frozen=True)
class Asked:
    """A confirmation that was asked for while digests waited."""

    waited: int  # digests, when it was asked for
    between: int  # digests that were taken until it was
    seconds: float


def behind(service: Service, digests: int, rate: float) -> Asked:
    """A confirmation asked for while so many digests wait, at so many a second."""
    service.crowd(digests, "2611.00001")
    with Taking(service.folder, rate) as server:
        sender = service.process("manage.py", "deliver", "--until-empty", email_url=server.url)
        wait(lambda: server.count() >= 2 * rate, PATIENCE, "the first digests")
        service.json("reader", "add", NEW, "--topic", "All=*")
        asked, before = time.monotonic(), server.count()
        wait(lambda: _taken(server) or sender.poll() is not None, PATIENCE, "the confirmation")
        took, at_last = time.monotonic() - asked, _taken(server)
        sender.send_signal(signal.SIGTERM)
        _, err = sender.communicate(timeout=PATIENCE)
    assert at_last, err
    return Asked(digests - before, at_last - before, took)


def _taken(server: Taking) -> int:
    """How many mails it took until the confirmation; 0 while it has not come."""
    addresses = [mail.recipient for mail in server.mails()]
    return addresses.index(NEW) + 1 if NEW in addresses else 0


def row_behind(found: Asked, rate: float) -> Row:
    """As a row."""
    case = f"a confirmation asked for while {found.waited:,} digests wait at {rate:.0f} a second"
    return Row(case, f"arrived behind {found.between} of them", 1, 0, 0, 0, found.seconds)
