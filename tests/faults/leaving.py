"""Readers who leave by one click, at random moments of a run, through the site; the mail server notes each dot.

Two deliverers, the site and the mail server are processes of their own. Half of the leavers leave when their letter's
turn is about to come.
"""

from __future__ import annotations

import http.client
import os
import random
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from subscribers.links import sign
from tests.lives import Service
from tests.taking import Taking
from tests.up import free_port, wait

PATIENCE = 600  # seconds: how fast it is, is measured elsewhere
NEAR = 200  # letters: so close to their turn leave those whose turn is about to come
BODY = "List-Unsubscribe=One-Click"
HEADERS = {"Content-Type": "application/x-www-form-urlencoded", "X-Forwarded-Proto": "https"}


@dataclass(frozen=True)
class Race:
    """What became of it. Addresses."""

    letters: int
    left: dict[str, float]  # when the 2xx was read, by the monotonic clock
    cancelled: set[str]  # of these: the leave found a letter that waited
    arrived: dict[str, float]  # of these: when the dot was read
    doubled: set[str]
    lost: set[str]  # stayed, and neither got a mail nor stands as unknown
    unknown: int

    @property
    def against_their_word(self) -> set[str]:
        """The leave took their letter back, and it arrived."""
        return self.cancelled & self.arrived.keys()

    @property
    def late(self) -> dict[str, float]:
        """Whose dot was read after their 2xx, and by how many seconds."""
        return {who: at - self.left[who] for who, at in self.arrived.items() if at > self.left[who]}


def race(service: Service, letters: int, leavers: int, rate: float, seed: int = 0) -> Race:
    """So many letters, at most `rate` a second, of whose readers so many leave meanwhile."""
    service.crowd(letters, "2611.00001", "2611.00002")
    with Taking(service.folder, rate) as server, site(service) as port:
        senders = [service.process("manage.py", "deliver", "--until-empty", email_url=server.url) for _ in range(2)]
        wait(lambda: server.count() > 0, PATIENCE, "the first mail")
        left = _leave(server, port, senders, letters, leavers, random.Random(seed))
        for sender in senders:
            _, err = sender.communicate(timeout=PATIENCE)
            assert sender.returncode == 0, err
        return _judged(service, server, letters, left)


@contextmanager
def site(service: Service) -> Iterator[int]:
    """The site under gunicorn; its port."""
    port = free_port()
    words = ["-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "8", "digest.wsgi"]
    process = service.process(*words)
    try:
        wait(lambda: _answers(port), PATIENCE, "the site")
        yield port
    finally:
        process.terminate()
        process.communicate()


def _answers(port: int) -> bool:
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as link:
            link.request("GET", "/healthz", headers={"Host": _host(), **HEADERS})
            return link.getresponse().status == 200
    except OSError:
        return False


def _host() -> str:
    return urlsplit(os.environ["SITE_URL"]).netloc


def _leave(
    server: Taking, port: int, senders: list[subprocess.Popen[str]], letters: int, leavers: int, dice: random.Random
) -> dict[str, float]:
    """Each leaver waits until so many mails have been taken, or until no more come."""
    people = dice.sample(range(letters), leavers)
    moments = [
        dice.randrange(letters) if n % 2 else max(0, person - dice.randrange(NEAR)) for n, person in enumerate(people)
    ]
    gone = []
    with ThreadPoolExecutor(16) as doors:
        for moment, person in sorted(zip(moments, people, strict=True)):
            while server.count() < moment and any(sender.poll() is None for sender in senders):
                time.sleep(0.001)
            gone.append(doors.submit(_click, port, person))
    return dict(one.result() for one in gone)


def _click(port: int, person: int) -> tuple[str, float]:
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    token = sign(os.environ["LINK_KEY"].encode(), "leave", f"{person:032x}")
    link.request("POST", f"/leave/{token}", BODY, {"Host": _host(), **HEADERS})
    answer = link.getresponse()
    now = time.monotonic()
    assert 200 <= answer.status < 300, answer.status
    link.close()
    return f"r{person}@example.org", now


def _judged(service: Service, server: Taking, letters: int, left: dict[str, float]) -> Race:
    mails, booked = server.mails(), {letter["to"]: letter for letter in service.letters()}
    assert len(booked) == letters
    first: dict[str, float] = {}
    doubled = set()
    for mail in mails:
        if first.setdefault(mail.recipient, mail.at) != mail.at:
            doubled.add(mail.recipient)
    lost = {who for who, letter in booked.items() if letter["state"] == "accepted" and who not in first}
    sent = ("accepted", "unknown")
    lost |= {who for who, letter in booked.items() if who not in left and letter["state"] not in sent}
    return Race(
        letters, left, {who for who in left if booked[who]["state"] == "cancelled"},
        {who: at for who, at in first.items() if who in left}, doubled, lost,
        sum(letter["state"] == "unknown" for letter in booked.values()),
    )  # fmt: skip
