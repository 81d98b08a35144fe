"""The whole service with its real broker: up in seconds, killed anywhere, and nobody gets two or none."""

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import psycopg
import pytest
import redis
from django.db import connection

from digest.embedded.parts import STOPS
from tests.house import mails

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
ROOT = Path(__file__).resolve().parent.parent.parent
READERS = 2_000
PATIENCE = 180  # seconds: how fast it is is measured elsewhere, on a machine that does nothing else
SIGNS = {"web": "gunicorn", "worker": "worker", "beat": "beat", "broker": "valkey-server"}  # on command lines
OWN = ("DATABASE_URL", "EMAIL_URL", "SITE_URL", "MAIL_FROM", "POSTAL_ADDRESS", "SECRET_KEY", "LINK_KEY", "BROKER_URL")
ENROL = f"""
from datetime import UTC, datetime, timedelta
from django.db import transaction
from digest import tasks
from subscribers import membership
from subscribers.models import Subscriber
from subscribers.topics import read_topic
now = datetime.now(UTC)
where = {{"zone": "UTC", "times": "07:30", "days": "daily"}}
with transaction.atomic():
    for n in range({READERS}):
        name = f"r{{n}}@example.org"
        membership.enrol(name, name, [read_topic("All[cap=2]=*")], now, reason="a test", schedule=where)
    # so long ago that nobody waits for their part of the jitter
    Subscriber.objects.filter(email__startswith="r", email__regex="^r[0-9]").update(due=now - timedelta(minutes=15))
tasks.tick.delay()
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait(until: Callable[[], object], seconds: float, what: str) -> float:
    """How long it took."""
    started = time.monotonic()
    while not until():
        assert time.monotonic() - started < seconds, f"{what}: not within {seconds} s"
        time.sleep(0.1)
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

    def arrived(self) -> int:
        return len(list(self.outbox.glob("*.eml")))

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


@pytest.fixture
def home() -> Iterator[Path]:
    """Short, since a unix socket lies in it; with a blank, since a URL names it."""
    folder = Path(tempfile.mkdtemp(prefix="up"))
    yield folder / "a b"
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def service(home: Path) -> Iterator[Up]:
    """With nothing set but the folder: as after `git clone`."""
    made = Up(home, {name: value for name, value in os.environ.items() if name not in OWN})
    yield made
    made.stop()


@pytest.fixture
def big_service(home: Path) -> Iterator[Up]:
    """The same on the database of this run."""
    if connection.vendor == "sqlite":
        made = Up(home, {name: value for name, value in os.environ.items() if name not in OWN})
        yield made
        made.stop()
        return
    url = os.environ["DATABASE_URL"]
    host, name = parse_qs(urlsplit(url).query)["host"][0], f"up_{os.getpid()}"
    with psycopg.connect(host=host, user="digest", dbname="postgres", autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
        own = {
            "DATABASE_URL": url.replace("/postgres?", f"/{name}?"),
            "BROKER_URL": f"redis+socket://{quote(str(home / 'broker.sock'))}?virtual_host=0",
            "EMAIL_URL": f"file://{quote(str(home / 'outbox'))}",
        }
        made = Up(home, {**os.environ, **own})
        yield made
        made.stop()
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]


def only_once() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("this is about processes, not about the database: see the SQLite run")


def test_on_an_empty_folder_the_first_mail_arrives_by_itself_and_the_addresses_are_said(service):
    only_once()
    service.start()
    wait(lambda: service.arrived() or service.ended(), PATIENCE, f"the first mail: {service.said()}")
    service.wait_until_up()
    said = service.said()
    assert re.search(r"user admin, password \S{20} ", said)
    for address in ("/", "/admin/", "/inbox/"):
        assert f"http://localhost:{service.port}{address}" in said
    (mail,) = mails(service.outbox)
    assert f"http://localhost:{service.port}/" in mail.get_body(("plain",)).get_content()
    with contextlib.closing(http.client.HTTPConnection("localhost", service.port, timeout=30)) as site:
        site.request("GET", "/admin/login/")
        assert site.getresponse().status == 200
    assert (service.home / "broker.sock").stat().st_mode & 0o077 == 0
    assert (service.home / "broker" / "appendonlydir").exists()


def test_a_second_up_and_a_taken_port_are_refused_and_ctrl_c_stops_everything(service):
    only_once()
    service.start()
    service.wait_until_up()
    assert service.process is not None
    second = service.manage("up", "--port", str(free_port()))
    assert (second.returncode, second.stdout) == (1, "")
    assert f"it is up already, as process {service.process.pid}" in second.stderr
    elsewhere = Up(service.home.parent / "else", service.env)
    third = elsewhere.manage("up", "--port", str(service.port))
    assert third.returncode == 1
    assert f"port {service.port}" in third.stderr
    assert len(service.alive()) > 4
    service.process.send_signal(signal.SIGINT)
    assert service.process.wait(PATIENCE) == 0
    assert service.alive() == []
    service.start()
    service.wait_until_up()
    assert "password" not in service.said()
    assert service.arrived() == 1


def test_each_part_that_is_killed_is_started_again_and_the_supervisor_leaves_nothing_that_stops_the_next(service):
    only_once()
    service.start()
    service.wait_until_up()
    for name in STOPS:
        before = service.parts()[name]
        kill(before)
        wait(lambda name=name, before=before: service.parts().get(name, before) != before, PATIENCE, f"{name} again")
    assert service.process is not None
    kill(service.process.pid)
    service.process.wait()
    service.start()
    service.wait_until_up()
    assert sorted(service.parts()) == sorted(STOPS)
    assert service.arrived() == 1


def test_killed_and_flushed_in_the_middle_of_2000_digests_everyone_gets_one_or_is_listed(big_service):
    service = big_service
    service.start()
    service.wait_until_up()
    done = service.manage("shell", "--no-imports", "-c", ENROL)
    assert done.returncode == 0, done.stderr
    wait(lambda: service.arrived() > 100, PATIENCE, "the first hundred")

    with redis.Redis(unix_socket_path=str(service.home / "broker.sock")) as broker:
        broker.flushall()
    parts = service.parts()
    kill(parts["beat"])
    kill(parts["web"])
    wait(lambda: service.arrived() > 300, PATIENCE, "on after the flush")

    parts = service.parts()
    kill(children(parts["worker"])[0])
    kill(parts["worker"])
    kill(parts["broker"])
    seen = service.arrived()
    assert seen < READERS, "all was over before anything was killed"
    wait(lambda: service.arrived() > seen + 50, PATIENCE, "on without worker and broker")

    assert service.process is not None
    kill(service.process.pid)
    service.process.wait()
    service.start()
    service.wait_until_up()

    def open_letters() -> int:
        books = json.loads(service.manage("ledger", "--json").stdout)
        return sum(books[state] for state in ("waiting", "dotted", "deferred"))

    wait(lambda: open_letters() == 0, PATIENCE, "all sent")
    got = Counter(str(mail["To"]) for mail in mails(service.outbox))
    assert max(got.values()) == 1
    listed = service.manage("ledger", "--letters", "--json")
    letters = [letter for letter in json.loads(listed.stdout)["letters"] if letter["kind"] == "digest"]
    assert len(letters) == len({letter["to"] for letter in letters}) == READERS + 1
    states = Counter(letter["state"] for letter in letters)
    assert states["accepted"] + states["unknown"] == READERS + 1
    assert states["unknown"] <= 6, "one a deliverer and kill"
    assert {letter["to"] for letter in letters if letter["state"] == "accepted"} <= got.keys()
