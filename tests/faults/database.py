"""The PostgreSQL of `tests.services`, stopped, killed and started again under those who use it."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg

from tests.services import as_nobody
from tests.up import children

PATIENCE = 60  # seconds


class Database:
    """A server, by the URL of one of its databases."""

    def __init__(self, url: str) -> None:
        self.folder = Path(parse_qs(urlsplit(url).query)["host"][0])
        self._again: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the first process, which the others are children of."""
        return int((self.folder / "data" / "postmaster.pid").read_text().splitlines()[0])

    def kill(self) -> None:
        """kill -9, as the machine's memory killer does it; its children end when they notice."""
        first = self.pid
        others = children(first)
        os.kill(first, signal.SIGKILL)
        end = time.monotonic() + PATIENCE
        while any(_alive(number) for number in (first, *others)):
            assert time.monotonic() < end, "PostgreSQL's processes don't end"
            _reap(first)
            time.sleep(0.05)

    def shut(self) -> None:
        """An orderly end that does not wait for those who are connected."""
        first = self.pid
        os.kill(first, signal.SIGINT)
        end = time.monotonic() + PATIENCE
        while _alive(first):
            assert time.monotonic() < end, "PostgreSQL does not end"
            _reap(first)
            time.sleep(0.05)

    def start(self) -> None:
        """As it was started before. It answers when this returns."""
        words = shlex.split((self.folder / "data" / "postmaster.opts").read_text())
        with (self.folder / "log").open("ab") as log:
            self._again = subprocess.Popen(as_nobody(words), stdout=log, stderr=log, cwd=self.folder,
                                           start_new_session=True)  # fmt: skip
        end = time.monotonic() + PATIENCE
        while not self.answers():
            assert time.monotonic() < end, (self.folder / "log").read_text()[-2000:]
            time.sleep(0.05)

    def answers(self) -> bool:
        """Whether it takes connections."""
        with (
            suppress(psycopg.OperationalError),
            psycopg.connect(host=str(self.folder), user="digest", dbname="postgres"),
        ):
            return True
        return False

    def refuse(self, name: str) -> None:
        """Nobody is connected to this one of its databases any more, and nobody can be."""
        with psycopg.connect(host=str(self.folder), user="digest", dbname="postgres", autocommit=True) as link:
            link.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")  # type: ignore[arg-type]
            link.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])

    def refused(self, name: str) -> bool:
        """Whether somebody has asked for it in vain."""
        return f'database "{name}" is not currently accepting' in (self.folder / "log").read_text()

    def admit(self, name: str) -> None:
        """As before `refuse`."""
        with psycopg.connect(host=str(self.folder), user="digest", dbname="postgres", autocommit=True) as link:
            link.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")  # type: ignore[arg-type]

    def processes(self) -> list[int]:
        """All of them."""
        return [self.pid, *children(self.pid)]

    def close(self) -> None:
        """End what was started again: `tests.services` knows only the one before."""
        if self._again is not None:
            self._again.send_signal(signal.SIGQUIT)
            self._again.wait(PATIENCE)


def _alive(number: int) -> bool:
    return Path(f"/proc/{number}").exists()


def _reap(number: int) -> None:
    """A child that nobody has asked after still has its number, and PostgreSQL would not start beside it."""
    with suppress(ChildProcessError):
        os.waitpid(number, os.WNOHANG)
