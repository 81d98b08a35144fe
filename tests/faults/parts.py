"""Processes of the whole service killed, stopped and started anew while it sends; the broker flushed; two clocks.

One run: more readers are due than can be served, the mail server answers so many letters a second, and one thing after
the other is struck. What came twice, is unknown or was lost is told of the strike after which its dot was let go.
"""

from __future__ import annotations

import json
import os
import signal
import tempfile
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, Popen
from sys import executable
from typing import NamedTuple
from urllib.parse import quote

from tests.faults.database import Database
from tests.faults.record import Row
from tests.house import dated, papers
from tests.lives import CROWD, ROOT, new_database
from tests.taking import Taking
from tests.up import Up, children, kill, wait

READERS, RATE = int(os.environ.get("FAULTS_READERS", "24000")), 15.0
STOPPED, PAST_THE_LEASE = 60.0, 75.0  # seconds
PATIENCE = 300.0  # seconds: the page says how long it took, and the tests ask for 90
LETTERS = """
import json
from subscribers.models import Letter
rows = Letter.objects.filter(kind="digest").values_list("message_id", "state", "dotted_at")
print(json.dumps([(name, state, dotted.timestamp() if dotted else 0) for name, state, dotted in rows]))
"""


class Strike(NamedTuple):
    """`strike` returns when all is whole again. `back` says whether what was struck does its work."""

    case: str
    strike: Callable[[], None]
    back: Callable[[], bool] | None = None


@dataclass
class Struck:
    """One strike that was made."""

    case: str
    at: float  # by the wall clock
    seconds: float


def rows(_: int) -> Iterator[Row]:
    """Start everything, let it send, strike, and judge at the end."""
    url = new_database(os.environ["DATABASE_URL"], "parts")
    database = Database(url)
    with tempfile.TemporaryDirectory(prefix="up") as folder, Taking(Path(folder), RATE) as server:
        home = Path(folder) / "home"
        broker = {"BROKER_URL": f"redis+socket://{quote(str(home / 'broker.sock'))}?virtual_host=0"}
        up = Up(home, {**os.environ, **broker, "DATABASE_URL": url, "EMAIL_URL": f"{server.url}?connections=8"})
        try:
            _begin(up)
            wait(lambda: server.count() > 0, PATIENCE, "the first mail")
            struck = [_struck(one, server) for one in _strikes(up, server, database)]
            yield from _judged(up, server, struck)
        finally:
            up.stop()
            database.close()


def _begin(up: Up) -> None:
    """Readers who are due, papers, and a service that finds both by itself."""
    assert up.manage("migrate", "-v0").returncode == 0
    body = up.home.parent / "list.json"
    today = time.strftime("%Y-%m-%d", time.gmtime())
    body.write_text(json.dumps(dated(papers("2611.00001", "2611.00002"), today)))
    looked = up.manage("fetch", "--source", "hf", "--day", today, "--from", str(body))
    assert looked.returncode == 0, looked.stderr
    crowd = up.manage("shell", "--no-imports", "-c", CROWD.format(number=READERS))
    assert crowd.returncode == 0, crowd.stderr
    up.start()
    up.wait_until_up()


def _struck(one: Strike, server: Taking) -> Struck:
    at = time.time()
    one.strike()
    whole = time.monotonic()
    wait(one.back or (lambda: server.last() > whole), PATIENCE, one.case)
    found = Struck(one.case, at, time.monotonic() - whole)
    print(f"  {found.case}: {found.seconds:.1f} s", flush=True)
    return found


def _strikes(up: Up, server: Taking, database: Database) -> Iterator[Strike]:
    """As they come: who is struck is looked up at that moment."""

    def part(name: str) -> int:
        return _some(lambda: up.parts()[name])

    def child() -> int:
        return _some(lambda: children(part("worker"))[0])

    yield Strike("nothing", lambda: None)
    yield Strike("database killed, started after 5 s", lambda: _away(database.kill, database.start))
    yield Strike("database stopped for 60 s", lambda: stopped(database.processes(), STOPPED))
    yield Strike("database started anew", lambda: _away(database.shut, database.start, 0))
    yield Strike("mail server killed, started after 5 s", lambda: _away(server.kill, server.start))
    yield Strike("mail server stopped for 60 s", lambda: stopped([server.pid], STOPPED))
    yield Strike("mail server started anew", lambda: _away(server.stop, server.start, 0))
    yield Strike("a child of the worker killed", lambda: kill(child()))
    yield Strike("a child of the worker stopped past the lease", lambda: stopped([child()]))
    yield Strike("worker and children stopped past the lease", lambda: stopped(_with_children(part("worker"))))
    yield from _three("worker", lambda: part("worker"))
    yield from _three("beat", lambda: part("beat"))
    yield from _three("web", lambda: part("web"), up.answers)
    yield from _three("broker", lambda: part("broker"))
    yield Strike("broker flushed", up.flush_broker)
    yield Strike("two clocks for 65 s", lambda: _second_clock(up))
    yield Strike("everything killed, started anew", lambda: _away(up.kill_supervisor, lambda: _up_again(up), 0))


def _three(name: str, process: Callable[[], int], back: Callable[[], bool] | None = None) -> Iterator[Strike]:
    """What is done to each part of the service."""
    yield Strike(f"{name} killed", lambda: kill(process()), back)
    yield Strike(f"{name} stopped for 60 s", lambda: stopped([process()], STOPPED), back)
    yield Strike(f"{name} asked to end, started anew", lambda: os.kill(process(), signal.SIGTERM), back)


def _with_children(process: int) -> list[int]:
    return [process, *children(process)]


def stopped(numbers: list[int], seconds: float = PAST_THE_LEASE) -> None:
    """SIGSTOP, a while, SIGCONT."""
    for number, after in [(signal.SIGSTOP, seconds), (signal.SIGCONT, 0.0)]:
        for process in numbers:
            with suppress(ProcessLookupError):
                os.kill(process, number)
        time.sleep(after)


def _some(process: Callable[[], int]) -> int:
    """A process, once there is one: after a kill it takes a moment."""
    found: list[int] = []

    def there() -> bool:
        with suppress(IndexError, KeyError, OSError):
            found.append(process())
        return bool(found)

    wait(there, PATIENCE, "the process")
    return found[0]


def _away(end: Callable[[], None], start: Callable[[], None], seconds: float = 5.0) -> None:
    end()
    time.sleep(seconds)
    start()


def _up_again(up: Up) -> None:
    up.start()
    up.wait_until_up()


def _second_clock(up: Up) -> None:
    """Another beat beside the first, for longer than it takes to tick."""
    words = [executable, "-m", "celery", "-A", "digest.celery", "beat", "--schedule", str(up.home / "second"),
             "--pidfile", ""]  # fmt: skip
    with Popen(words, cwd=ROOT, env=up.env, stdout=DEVNULL, stderr=DEVNULL) as clock:
        time.sleep(65)
        clock.terminate()


def _judged(up: Up, server: Taking, struck: list[Struck]) -> Iterator[Row]:
    """Let it end without a limit, then compare what arrived with the books."""
    server.stop()
    server.rate = 0
    server.start()
    wait(lambda: up.open_letters() == 0, 6 * PATIENCE, "all sent")
    told = up.manage("shell", "--no-imports", "-c", LETTERS)
    assert told.returncode == 0, told.stderr
    letters: list[tuple[str, str, float]] = json.loads(told.stdout)
    assert len(letters) == READERS, len(letters)
    got = server.by_id()
    moments = [one.at for one in struck]

    def after_each(wrong: Callable[[int, str], bool]) -> list[int]:
        counts = [0] * len(struck)
        for name, state, dotted in letters:
            counts[max(0, bisect_right(moments, dotted) - 1)] += wrong(got[name], state)
        return counts

    total = after_each(lambda *_: True)
    lost = after_each(lambda times, state: times == 0 and state != "unknown")
    doubled, unknown = after_each(lambda times, _: times > 1), after_each(lambda _, state: state == "unknown")
    for place, one in enumerate(struck):
        yield Row(one.case, "", total[place], lost[place], doubled[place], unknown[place], one.seconds)
