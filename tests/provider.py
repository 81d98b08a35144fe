"""An e-mail provider's API on this machine: it answers as Postmark does (and Resend), or as it is told, and fails."""

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from subscribers.outbox.mailurl import read_mail_url
from subscribers.outbox.message import Message
from subscribers.outbox.policy import Outcome
from subscribers.outbox.provider import ProviderSession
from subscribers.outbox.providerurl import Provider

TOKEN = "0123-token"
JSON = "application/json"
DATA = (
    b"From: Digest <digest@example.org>\r\nTo: r1@example.org\r\nSubject: =?utf-8?q?Pap=C3=A9rs?=\r\n"
    b"Message-ID: <digest.1@example.org>\r\nDate: Mon, 02 Mar 2026 07:00:00 +0000\r\nReply-To: desk@example.org\r\n"
    b"List-Unsubscribe: <https://papers.example.org/leave/x>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    b"DKIM-Signature: v=1; a=rsa-sha256\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"=C3=A9t=C3=A9\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>html</p>\r\n--b--\r\n"
)
ANSWERS = {  # as Postmark documents them
    "ok": (200, {"ErrorCode": 0, "Message": "OK", "MessageID": "pm-1", "SubmittedAt": "2026-03-02T07:01:00Z"}),
    "key": (401, {"ErrorCode": 10, "Message": "Bad or missing API token."}),
    "inactive": (422, {"ErrorCode": 406, "Message": "You tried to send to a recipient that has been marked as inactive."
                       "\nFound inactive addresses: {to}.\nInactive recipients are ones that have generated a hard"
                       " bounce, a spam complaint, or a manual suppression."}),
    "invalid": (422, {"ErrorCode": 300, "Message": "Invalid 'To' address: '{to}'."}),
    "content": (422, {"ErrorCode": 300, "Message": "Invalid 'From' address: 'x'."}),
    "slow down": (429, {"ErrorCode": 429, "Message": "Rate limit exceeded."}),
    "broken": (500, {"ErrorCode": 1, "Message": "Internal Server Error"}),
    "nonsense": (200, {}),
}  # fmt: skip


@dataclass
class Api:
    """The server; `posts` are what it was sent, in order; `answer` is what it says, or does; `says`, when there is
    something, is said instead: a code, and a body (bytes, or what becomes JSON).
    """

    answer: str = "ok"
    says: tuple[int, Any] | None = None
    posts: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    let_go: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                sent = self.rfile.read(int(self.headers["Content-Length"]))
                posted = json.loads(sent) if self.headers["Content-Type"] == JSON else {}
                api.posts.append(posted)
                api.headers.append(dict(self.headers))
                if api.answer == "drop":
                    self.close_connection = True
                    return
                if api.answer == "hang":
                    api.let_go.wait(10)
                    self.close_connection = True
                    return
                self._say(*api.said(posted, self.path))

            def do_GET(self) -> None:
                raise AssertionError("a POST became a GET")

            def _say(self, code: int, said: Any) -> None:
                data, kind = (said, "text/html") if isinstance(said, bytes) else (json.dumps(said).encode(), JSON)
                self.send_response(code)
                for name, value in (("Content-Length", str(len(data))), ("Content-Type", kind),
                                    ("Retry-After", "1200"), ("Location", "/elsewhere")):  # fmt: skip
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                """A client that has gone away is no news."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def said(self, posted: dict[str, Any], path: str) -> tuple[int, Any]:
        if self.says is not None:
            return self.says
        if path == "/emails":
            return 200, {"id": "re-1"}
        if self.answer == "moved":
            return 302, {}
        code, said = ANSWERS[self.answer]
        to = posted["To"]
        filled = {name: value.format(to=to) if isinstance(value, str) else value for name, value in said.items()}
        return code, {**filled, "To": to} if code == 200 and said else filled

    def place(self, name: str = "postmark", **options: str) -> Provider:
        more = "".join(f"&{option}={value}" for option, value in options.items())
        keys = f"{TOKEN}:secret" if name == "mailjet" else TOKEN
        place = read_mail_url(f"anymail+{name}://{keys}@?api_url=http://127.0.0.1:{self.server.server_port}{more}")
        assert isinstance(place, Provider)
        return place

    def close(self) -> None:
        self.let_go.set()
        self.server.shutdown()
        self.server.server_close()


def letter(number: int = 1) -> Message:
    data = DATA.replace(b"r1@", b"r%d@" % number).replace(b"digest.1@", b"digest.%d@" % number)
    return Message(f"<digest.{number}@example.org>", "digest@example.org", f"r{number}@example.org", data)


def posted(place: Provider) -> tuple[Outcome, Outcome | None]:
    """The outcome of one letter to r1@example.org, and the trouble it showed."""
    session = ProviderSession(place)
    session.open()
    session.stage(letter())
    outcome = session.dot()
    session.close()
    return outcome, session.trouble
