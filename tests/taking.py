"""A mail server as a process of its own, that notes when it took what: it can be killed, stopped and started again.

    with Taking(folder) as server:
        ...                                 # send to server.url
        server.mails()                      # [Taken(at, recipient, message_id), ...]

What it notes is in the file before it answers the dot, with the time at which it read the dot, by the clock of
`time.monotonic()` that all processes of a machine share. `rate` is how many dots a second it answers, over all
connections together: a relay that is slower than its load.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tests.up import free_port

ROOT = Path(__file__).resolve().parent.parent
MESSAGE_ID = re.compile(rb"(?im)^message-id:\s*(<[^>\r\n]+>)")
MOST = 1 << 20  # bytes of a line or a mail that are read at once


class Taken(NamedTuple):
    """A mail that it took."""

    at: float  # seconds of the monotonic clock
    recipient: str
    message_id: str


class Taking:
    """The server, seen from a test. It keeps its port and its notes when it is started again."""

    def __init__(self, folder: Path, rate: float = 0) -> None:
        self.port, self.rate, self.file = free_port(), rate, folder / "taken"
        self.url = f"smtp://127.0.0.1:{self.port}"
        self.file.touch()
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Taking:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Listens when it returns."""
        words = [sys.executable, "-m", "tests.taking", str(self.port), str(self.file), str(self.rate)]
        self.process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"listening\n"

    def stop(self, number: int = signal.SIGTERM) -> None:
        """End it by a signal."""
        assert self.process is not None
        self.process.send_signal(number)
        self.process.wait(30)
        if self.process.stdout is not None:
            self.process.stdout.close()

    def kill(self) -> None:
        """kill -9."""
        self.stop(signal.SIGKILL)

    @property
    def pid(self) -> int:
        """Its process."""
        assert self.process is not None
        return self.process.pid

    def mails(self) -> list[Taken]:
        """All that was taken until now; a line that is being written counts when it is whole."""
        lines = (line.split() for line in self.file.read_text().splitlines(keepends=True) if line.endswith("\n"))
        return [Taken(float(at), recipient, message_id) for at, recipient, message_id in lines]

    def count(self) -> int:
        """How many it took."""
        return self.file.read_bytes().count(b"\n")

    def last(self) -> float:
        """When it read the dot of the newest that it took; 0 before the first."""
        with self.file.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 4096))
            whole = file.read().rpartition(b"\n")[0].splitlines()
        return float(whole[-1].split()[0]) if whole else 0.0

    def by_id(self) -> Counter[str]:
        """How often it took each Message-ID."""
        return Counter(mail.message_id for mail in self.mails())


class _Server:
    """One event loop; conversations as coroutines."""

    def __init__(self, file: Path, rate: float) -> None:
        self._file = os.open(file, os.O_WRONLY | os.O_APPEND)
        self._gap = 1 / rate if rate else 0.0
        self._next = 0.0

    async def serve(self, port: int) -> None:
        server = await asyncio.start_server(self._conversation, "127.0.0.1", port, limit=MOST, backlog=1000)
        print("listening", flush=True)
        async with server:
            await server.serve_forever()

    async def _conversation(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            writer.write(b"220 taking ESMTP\r\n")
            async for reply in self._replies(reader):
                writer.write(reply + b"\r\n")
                await writer.drain()
                if reply.startswith(b"221"):
                    break
        writer.close()

    async def _replies(self, reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
        recipient = b""
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"EHLO":
                yield b"250-taking\r\n250 PIPELINING"
            elif verb == b"DATA":
                yield b"354 go ahead"
                await self._take(recipient, await reader.readuntil(b"\r\n.\r\n"))
                yield b"250 2.0.0 taken"
            elif verb == b"QUIT":
                yield b"221 bye"
            else:
                if verb == b"RCPT":
                    recipient = line[line.index(b"<") + 1 : line.rindex(b">")]
                yield b"250 ok"

    async def _take(self, recipient: bytes, mail: bytes) -> None:
        now = time.monotonic()
        named = MESSAGE_ID.search(mail)
        if self._gap:
            self._next = max(self._next, now) + self._gap
            await asyncio.sleep(self._next - now)
        os.write(self._file, b"%.6f %b %b\n" % (now, recipient, named[1] if named else b"<none>"))


def main() -> None:
    port, file, rate = sys.argv[1:]
    asyncio.run(_Server(Path(file), float(rate)).serve(int(port)))


if __name__ == "__main__":
    main()
