"""How soon the service goes on after each of its parts was killed in the middle of a run (DESIGN asks for 90 s)."""

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.up import PATIENCE, Up, as_after_a_clone, children, kill, wait


def run(options: argparse.Namespace) -> str:
    """Start it on an empty folder, enrol the readers, kill in the middle of their run, restart, count."""
    with tempfile.TemporaryDirectory(prefix="up") as folder:
        service = Up(Path(folder) / "home", as_after_a_clone())
        try:
            return "\n".join(_trial(service, options.readers))
        finally:
            service.stop()


def _trial(service: Up, readers: int) -> list[str]:
    service.start()
    said = [f"first mail {wait(lambda: service.arrived() > 0, PATIENCE, 'the first mail'):.1f} s after the start"]
    service.wait_until_up()
    service.enrol(readers)
    wait(lambda: service.arrived() > readers // 20, PATIENCE, "the first")
    started = time.monotonic()
    for what, strike in _strikes(service):
        seen = service.arrived()
        strike()
        said.append(f"{what}: the next mail after {wait(lambda s=seen: service.arrived() > s, PATIENCE, what):.1f} s")
    wait(lambda: service.open_letters() == 0, PATIENCE, "all sent")
    said.append(f"all decided {time.monotonic() - started:.0f} s after the first strike")
    got = service.recipients()
    states = Counter(str(letter["state"]) for letter in service.letters())
    said.append(f"{readers + 1} readers: {dict(states)}; twice {sum(n > 1 for n in got.values())}")
    assert sum(states.values()) == readers + 1
    assert max(got.values()) == 1
    return said


def _strikes(service: Up) -> list[tuple[str, Callable[[], None]]]:
    def restart() -> None:
        service.kill_supervisor()
        service.start()

    return [
        ("broker flushed", service.flush_broker),
        ("web and beat killed", lambda: service.kill("web", "beat")),
        ("a worker's child killed", lambda: _kill_a_child(service)),
        ("worker killed", lambda: service.kill("worker")),
        ("broker killed", lambda: service.kill("broker")),
        ("supervisor killed, started again", restart),
    ]


def _kill_a_child(service: Up) -> None:
    wait(lambda: children(service.parts()["worker"]), PATIENCE, "the worker's children")
    kill(children(service.parts()["worker"])[0])
