"""The most that a mail server takes from anybody: mails made before, by a loop that does nothing but write them."""

import selectors
import socket
import time
from collections.abc import Sequence
from itertools import cycle

from subscribers.outbox.mailurl import MailServer
from subscribers.outbox.wire import Mail

CONNECTIONS = 64
GO_ON = b"354 "  # the reply to DATA
AT_ONCE = 65_536  # bytes read at once


def most_a_second(server: MailServer, mails: Sequence[Mail], count: int) -> float:
    """Letters a second that the server takes, of so many, over 64 connections, each dot with the next envelope behind.

    Nothing is composed, recorded or read but that the server asks for a mail: whoever does more is slower.
    """
    wires = cycle([memoryview(mail.body + b".\r\n" + mail.envelope) for mail in mails])
    with selectors.DefaultSelector() as waiting:
        for _ in range(CONNECTIONS):
            waiting.register(_opened(server, mails[0].envelope), selectors.EVENT_READ, memoryview(b""))
        asked, begun = 0, time.perf_counter()
        while asked < count + CONNECTIONS:  # who is asked for a mail more has handed over the one before
            for key, _ in waiting.select():
                link: socket.socket = key.fileobj  # type: ignore[assignment]
                rest = key.data
                if not rest:
                    if GO_ON not in link.recv(AT_ONCE):
                        continue  # the replies to what came before
                    asked += 1
                    rest = next(wires)
                rest = rest[_sent(link, rest) :]
                waiting.modify(link, selectors.EVENT_WRITE if rest else selectors.EVENT_READ, rest)
        seconds = time.perf_counter() - begun
        for key in list(waiting.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
    return count / seconds


def _sent(link: socket.socket, data: memoryview) -> int:
    try:
        return link.send(data)
    except BlockingIOError:
        return 0


def _opened(server: MailServer, envelope: bytes) -> socket.socket:
    link = socket.create_connection((server.host, server.port))
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for said in (b"EHLO bench\r\n", envelope):
        link.recv(AT_ONCE)
        link.sendall(said)
    link.setblocking(False)
    return link
