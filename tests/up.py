"""Drives the whole embedded service as a process: starts it, kills its parts, reads what arrived."""

import contextlib
import email
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import redis

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 180  # seconds: how fast it is is measured elsewhere, on a machine that does nothing else
SIGNS = {"web": "gunicorn", "worker": "worker", "beat": "beat", "broker": "valkey-server"}  # on command lines
# what a test's own environment sets and a fresh clone's does not
OWN = (
    "DATABASE_URL", "EMAIL_URL", "SITE_URL", "MAIL_FROM", "POSTAL_ADDRESS", "SECRET_KEY", "LINK_KEY", "BROKER_URL",
    "CACHE_URL",
)  # fmt: skip
ENROL = """
from datetime import UTC, datetime, timedelta
from django.db import transaction
from digest import tasks
from subscribers import membership
from subscribers.models import Subscriber
from subscribers.topics import read_topic
now = datetime.now(UTC)
where = {{"zone": "UTC", "times": "07:30", "days": "daily"}}
with transaction.atomic():
    for n in range({readers}):
        name = f"r{{n}}@example.org"
        membership.enrol(name, name, [read_topic("All[cap=2]=*")], now, reason="a test", schedule=where)
    # so long ago that nobody waits for their part of the jitter
    Subscriber.objects.filter(email__startswith="r", email__regex="^r[0-9]").update(due=now - timedelta(minutes=15))
tasks.tick.delay()
"""


def as_after_a_clone() -> dict[str, str]:
    """The environment without what tests set."""
    return {name: value for name, value in os.environ.items() if name not in OWN}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait(until: Callable[[], object], seconds: float, what: str, pause: float = 0.1) -> float:
    """How long it took. `pause`: seconds between two questions, more where the answer costs what the service needs."""
    started = time.monotonic()
    while not until():
        assert time.monotonic() - started < seconds, f"{what}: not within {seconds} s"
        time.sleep(pause)
    return time.monotonic() - started


class Up:
    """`manage.py up` on a folder of its own."""

    def __init__(self, home: Path, environment: dict[str, str]) -> None:
        self.home, self.port, self.outbox = home, free_port(), home / "outbox"
        self.env = {**environment, "DIGEST_HOME": str(home)}
        self.out = home.parent / f"{home.name}.out"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.out.open("wb") as out:
            command = [sys.executable, "manage.py", "up", "--port", str(self.port)]
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.env, stdout=out, stderr=subprocess.STDOUT)

    def said(self) -> str:
        return self.out.read_text()

    def wait_until_up(self) -> None:
        wait(lambda: "is up" in self.said() or self.ended(), PATIENCE, "up")
        assert not self.ended(), self.said()

    def ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def manage(self, *words: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "manage.py", *words]
        return subprocess.run(command, cwd=ROOT, env=self.env, capture_output=True, text=True, check=False)

    def parts(self) -> dict[str, int]:
        """The numbers of the parts' processes, by name."""
        assert self.process is not None
        found = {}
        for number in children(self.process.pid):
            words = cmdline(number)
            for name, sign in SIGNS.items():
                if any(sign in word for word in words[:6]):
                    found[name] = number
        return found

    def alive(self) -> list[int]:
        """All processes that hold this folder's lock."""
        held = (self.home / "up.lock").stat()
        return [number for number in processes() if has_open(number, held)]

    def answers(self) -> bool:
        """Whether the site does."""
        link = http.client.HTTPConnection("localhost", self.port, timeout=10)
        try:
            link.request("GET", "/healthz", headers={"Host": urlsplit(self.env.get("SITE_URL", "//localhost")).netloc,
                                                     "X-Forwarded-Proto": "https"})  # fmt: skip
            return link.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            link.close()

    def arrived(self) -> int:
        return len(list(self.outbox.glob("*.eml")))

    def recipients(self) -> Counter[str]:
        """How many mails each address got."""
        found = (email.message_from_bytes(path.read_bytes())["To"] for path in self.outbox.glob("*.eml"))
        return Counter(map(str, found))

    def enrol(self, readers: int) -> None:
        """So many readers, all due, and a hint that they are."""
        done = self.manage("shell", "--no-imports", "-c", ENROL.format(readers=readers))
        assert done.returncode == 0, done.stderr

    def flush_broker(self) -> None:
        with redis.Redis(unix_socket_path=str(self.home / "broker.sock")) as broker:
            broker.flushall()

    def kill(self, *names: str) -> None:
        parts = self.parts()
        for name in names:
            kill(parts[name])

    def kill_supervisor(self) -> None:
        assert self.process is not None
        kill(self.process.pid)
        self.process.wait()

    def letters(self) -> list[dict[str, object]]:
        """All digests that the ledger knows."""
        listed = json.loads(self.manage("ledger", "--letters", "--json").stdout)["letters"]
        return [letter for letter in listed if letter["kind"] == "digest"]

    def open_letters(self) -> int:
        books = json.loads(self.manage("ledger", "--json").stdout)
        return sum(books[state] for state in ("waiting", "dotted", "deferred"))

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(60)
        for number in self.alive() if (self.home / "up.lock").exists() else []:
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)


def processes() -> list[int]:
    return [int(folder.name) for folder in Path("/proc").glob("[0-9]*")]


def children(number: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{number}/task/{number}/children").read_text().split()]


def cmdline(number: int) -> list[str]:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{number}/cmdline").read_text().split("\0")
    return []


def has_open(number: int, wanted: os.stat_result) -> bool:
    with contextlib.suppress(OSError):
        for entry in Path(f"/proc/{number}/fd").iterdir():
            with contextlib.suppress(OSError):
                if os.path.samestat(entry.stat(), wanted):
                    return True
    return False


def kill(number: int) -> None:
    os.kill(number, signal.SIGKILL)
