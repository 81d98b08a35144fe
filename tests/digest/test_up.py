"""The whole service with its real broker: up in seconds, killed anywhere, and nobody gets two or none."""

import contextlib
import http.client
import os
import re
import shutil
import signal
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import psycopg
import pytest
from django.db import connection

from digest.embedded.parts import STOPS
from subscribers.outbox.shelf import AT_ONCE
from tests.house import mails
from tests.up import PATIENCE, Up, as_after_a_clone, children, free_port, kill, wait

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
READERS = int(os.environ.get("UP_READERS", "500"))  # `make bench ARGS=recovery` does it with 2,000 and measures


@pytest.fixture
def home() -> Iterator[Path]:
    """Short, since a unix socket lies in it; with a blank, since a URL names it."""
    folder = Path(tempfile.mkdtemp(prefix="up"))
    yield folder / "a b"
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def service(home: Path) -> Iterator[Up]:
    """With nothing set but the folder: as after `git clone`."""
    made = Up(home, as_after_a_clone())
    yield made
    made.stop()


@pytest.fixture
def big_service(home: Path) -> Iterator[Up]:
    """The same on the database of this run."""
    if connection.vendor == "sqlite":
        made = Up(home, as_after_a_clone())
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


def test_from_an_empty_folder_to_ctrl_c_and_up_again(service):
    """One life, since starting costs most: the first mail, a second `up`, each part killed, and the supervisor too."""
    only_once()
    service.start()
    the_first_mail_arrives_by_itself_and_the_addresses_are_said(service)
    a_second_up_and_a_taken_port_are_refused(service)
    each_part_that_is_killed_is_started_again(service)
    assert service.process is not None
    kill(service.process.pid)
    service.process.wait()
    service.start()
    service.wait_until_up()  # the supervisor left nothing that stops the next
    assert sorted(service.parts()) == sorted(STOPS)
    assert "password" not in service.said()
    assert len(service.alive()) > 4
    service.process.send_signal(signal.SIGINT)
    assert service.process.wait(PATIENCE) == 0
    assert service.alive() == []
    service.start()
    service.wait_until_up()
    assert service.arrived() == 1


def the_first_mail_arrives_by_itself_and_the_addresses_are_said(service):
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


def a_second_up_and_a_taken_port_are_refused(service):
    assert service.process is not None
    second = service.manage("up", "--port", str(free_port()))
    assert (second.returncode, second.stdout) == (1, "")
    assert f"it is up already, as process {service.process.pid}" in second.stderr
    elsewhere = Up(service.home.parent / "else", service.env)
    third = elsewhere.manage("up", "--port", str(service.port))
    assert third.returncode == 1
    assert f"port {service.port}" in third.stderr


def each_part_that_is_killed_is_started_again(service):
    for name in STOPS:
        before = service.parts()[name]
        kill(before)
        wait(lambda name=name, before=before: service.parts().get(name, before) != before, PATIENCE, f"{name} again")


def test_killed_and_flushed_in_the_middle_of_a_run_everyone_gets_one_or_is_listed(big_service):
    service = big_service
    service.start()
    service.wait_until_up()
    service.enrol(READERS)
    wait(lambda: service.arrived() > READERS // 20, PATIENCE, "the first")
    service.flush_broker()
    service.kill("beat", "web")
    wait(lambda: service.arrived() > READERS // 6, PATIENCE, "on after the flush")

    wait(lambda: children(service.parts()["worker"]), PATIENCE, "the worker's children")
    kill(children(service.parts()["worker"])[0])
    service.kill("worker", "broker")
    seen = service.arrived()
    assert seen < READERS, "all was over before anything was killed"
    wait(lambda: service.arrived() > seen + READERS // 40, PATIENCE, "on without worker and broker")

    service.kill_supervisor()
    service.start()
    service.wait_until_up()
    wait(lambda: service.open_letters() == 0, PATIENCE, "all sent", pause=10.0)  # each asks with a process
    got = service.recipients()
    assert max(got.values()) == 1
    letters = service.letters()
    assert len(letters) == len({letter["to"] for letter in letters}) == READERS + 1
    states = Counter(letter["state"] for letter in letters)
    assert states["accepted"] + states["unknown"] == READERS + 1
    assert states["unknown"] <= 6 * AT_ONCE, "a group a deliverer and kill"
    assert {letter["to"] for letter in letters if letter["state"] == "accepted"} <= got.keys()
