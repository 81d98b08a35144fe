"""A small IMAP server for tests: one user, one folder, the commands that the service uses, and faults on demand."""

from __future__ import annotations

import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from subscribers.outbox.mailboxurl import Mailbox

USER, PASSWORD = "bounces@example.org", 'pass"wor\\d'
QUOTED = {f'"{text}"'.encode() for text in (USER, PASSWORD.replace("\\", "\\\\").replace('"', '\\"'))}


@dataclass
class Box:
    """What is in the folder: UID to (mail, flags). `drop` is a command at which the line is cut; then it is mended."""

    place: Mailbox
    mails: dict[int, bytes] = field(default_factory=dict)
    flags: dict[int, set[str]] = field(default_factory=dict)
    drop: str = ""
    commands: list[str] = field(default_factory=list)

    def put(self, *mails: bytes) -> None:
        for mail in mails:
            uid = max(self.flags, default=0) + 1
            self.mails[uid], self.flags[uid] = mail, set()

    def unseen(self) -> list[int]:
        return [uid for uid in self.mails if not self.flags[uid] & {"\\Seen", "\\Deleted"}]


class Talk(socketserver.StreamRequestHandler):
    """One connection."""

    server: Server

    def handle(self) -> None:
        self.say("* OK ready")
        for line in self.rfile:
            tag, _, rest = line.strip().partition(b" ")
            command = rest.split(b" ")[0].decode().upper()
            if command == "UID":
                command = rest.split(b" ")[1].decode().upper()
            box = self.server.box
            box.commands.append(command)
            if box.drop == command:
                box.drop = ""
                return
            self.say(f"{tag.decode()} {self.answer(command, rest, box)}")
            if command == "LOGOUT":
                return

    def say(self, text: str, more: bytes = b"") -> None:
        self.wfile.write(text.encode() + more + b"\r\n")

    def answer(self, command: str, rest: bytes, box: Box) -> str:
        if command == "CAPABILITY":
            self.say("* CAPABILITY IMAP4rev1")
        elif command == "LOGIN" and set(re.findall(rb'"(?:[^"\\]|\\.)*"', rest)) != QUOTED:
            return "NO who are you"
        elif command == "SELECT":
            if rest != b'SELECT "Returned mail"':
                return "NO no such folder"
            self.say(f"* {len(box.mails)} EXISTS")
        elif command == "SEARCH":
            self.say("* SEARCH " + " ".join(map(str, box.unseen())))
        elif command == "FETCH":
            self.fetch(rest, box)
        elif command == "STORE":
            uid, flag = re.fullmatch(rb"UID STORE (\d+) \+FLAGS.SILENT \((\S+)\)", rest).groups()
            box.flags[int(uid)].add(flag.decode())
        elif command == "EXPUNGE":
            box.mails = {uid: mail for uid, mail in box.mails.items() if "\\Deleted" not in box.flags[uid]}
        return "OK done"

    def fetch(self, rest: bytes, box: Box) -> None:
        uid, octets = map(int, re.fullmatch(rb"UID FETCH (\d+) \(BODY\.PEEK\[\]<0\.(\d+)>\)", rest).groups())
        if uid in box.mails:
            part = box.mails[uid][:octets]
            self.say(f"* 1 FETCH (UID {uid} BODY[]<0> {{{len(part)}}}\r\n", part + b")")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    box: Box


@contextmanager
def imap() -> Iterator[Box]:
    """The server, running, and its folder."""
    with Server(("127.0.0.1", 0), Talk) as server:
        place = Mailbox("imap", "127.0.0.1", server.server_address[1], USER, PASSWORD, "Returned mail")
        server.box = Box(place)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.box
        finally:
            server.shutdown()
            thread.join()
