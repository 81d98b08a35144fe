"""Whoever asks something of the site while the site is being killed, and asks again when there was no answer."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.lives import Service
from tests.up import free_port

EVERY = 0.01  # seconds between two tries to connect


@dataclass
class Asker:
    """Posts one request as soon as somebody listens. `repeat` does it once more unless the answer was 200."""

    service: Service
    path: str
    headers: Mapping[str, str]
    body: str = ""
    port: int = field(default_factory=free_port)

    @property
    def victim(self) -> list[str]:
        """The words behind `python` of the server that answers one request."""
        return ["-m", "tests.faults.one_request", str(self.port)]

    def begin(self) -> None:
        """Ask, in a thread."""
        self._enough, self._status = threading.Event(), 0
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()

    def repeat(self) -> None:
        """The server is dead, or has answered."""
        self._enough.set()
        self._thread.join(60)
        if self._status != 200:
            process = self.service.process(*self.victim)
            self.begin()
            self._thread.join(60)
            _, err = process.communicate(timeout=60)
            assert self._status == 200, err

    def _ask(self) -> None:
        while not self._enough.is_set():
            link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            try:
                link.connect()
            except OSError:
                time.sleep(EVERY)
                continue
            try:
                link.request("POST", self.path, self.body, dict(self.headers))
                self._status = link.getresponse().status
            except (OSError, http.client.HTTPException):
                self._status = 0
            link.close()
            return
