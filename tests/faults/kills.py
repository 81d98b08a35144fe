"""Kill -9 at the network calls of fetch, publish, a webhook and a confirmation; then once more, as the world would.

A listing is fetched again, a slot published again, a provider repeats what was not answered by 2xx, and so does a
person who saw no page. What has to come of it is mail: each letter at the server once, none missing.
"""

from __future__ import annotations

import base64
import email
import email.policy
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.faults import kit
from tests.faults.asking import Asker
from tests.faults.deliveries import PAPERS
from tests.house import papers
from tests.lives import MORNING, SLOT, Service

READERS = 3
SECRET = "postmark:a secret of twenty and more"
WEBHOOKS = {"WEBHOOKS": "postmark", "ANYMAIL_WEBHOOK_SECRET": SECRET}  # of the service's environment
WEB = {"Host": "papers.example.org", "X-Forwarded-Proto": "https"}
EVENTS = "from subscribers.models import Event; print(Event.objects.filter(kind='bounced').count())"


def publish(service: Service, most: int) -> dict[str, Any]:
    """Readers who are due."""
    service.look(*PAPERS, now="2026-03-02T05:00Z")
    service.readers(READERS)
    service.keep()
    service.warm("publish", "--now", MORNING)
    command = ("publish", "--now", MORNING)
    return _swept(service, most, ["-m", "tests.faults.victim", "connections=1", *command],
                  lambda: [service.json(*command)])  # fmt: skip


def fetch(service: Service, most: int) -> dict[str, Any]:
    """A list on a web server."""
    service.readers(READERS)
    service.keep()
    with _listing() as url:
        look = ("fetch", "--source", "hf", "--day", "2026-03-02", "--from", url, "--now", "2026-03-02T06:30Z")

        def again() -> None:
            assert service.json(*look)["head"] == len(PAPERS)
            service.json("publish", "--now", SLOT)

        return _swept(service, most, ["-m", "tests.faults.victim", "connections=1", *look], again)


def webhook(service: Service, most: int) -> dict[str, Any]:
    """A provider says that a mail bounced. It counts once: a letter too few or too many stands for another number."""
    service.look(*PAPERS, now="2026-03-02T05:00Z")
    service.readers(READERS)
    service.json("publish", "--now", MORNING)
    service.keep()
    now = datetime.now(UTC).isoformat()
    told = {"RecordType": "Bounce", "ID": 1, "Type": "HardBounce", "Email": "r0@example.org", "BouncedAt": now,
            "MessageID": "m1", "Metadata": {}, "Details": "smtp;550 5.1.1 no such user", "Description": ""}  # fmt: skip
    auth = "Basic " + base64.b64encode(SECRET.encode()).decode()
    headers = {**WEB, "Content-Type": "application/json", "Authorization": auth}

    def books() -> dict[str, list[str]]:
        found = kit.books(service)
        code, out, err = service.nursery.run("shell", "--no-imports", "-c", EVENTS)
        assert code == 0, err
        if (heard := int(out)) != 1:
            found["accepted"] = found["accepted"][:-1] if heard == 0 else [*found["accepted"], "<told-twice@x>"]
        return found

    provider = Asker(service, "/webhooks/postmark", headers, json.dumps(told))
    return _swept(service, most, provider.victim, provider.repeat, books, begin=provider.begin)


def confirm(service: Service, most: int) -> dict[str, Any]:
    """A person presses the button to confirm: a welcome, and the first digest. By the real clock, as links are."""
    now = datetime.now(UTC)
    service.look(*PAPERS, now=now.isoformat(), day=str(now.date()))
    service.json("reader", "add", "r0@example.org", "--topic", "All=*")
    service.email_url = f"file://{service.folder / 'asked'}"
    service.json("deliver", "--until-empty")
    (asked,) = (service.folder / "asked").glob("*.eml")
    mail = email.message_from_bytes(asked.read_bytes(), policy=email.policy.default).get_body(("plain",))
    assert mail is not None
    found = re.search(r"/confirm/[\w-]+", mail.get_content())
    assert found is not None
    service.keep()

    def books() -> dict[str, list[str]]:
        return {state: [one for one in ids if not one.startswith("<confirm.")] for state, ids in
                kit.books(service).items()}  # fmt: skip

    headers = {**WEB, "Content-Type": "application/x-www-form-urlencoded"}
    person = Asker(service, found[0], headers)

    def again() -> None:
        person.repeat()
        service.json("publish")

    return _swept(service, most, person.victim, again, books, begin=person.begin, now="")


def _swept(
    service: Service,
    most: int,
    victim: list[str],
    again: Callable[[], object],
    books: Callable[[], object] | None = None,
    begin: Callable[[], None] = lambda: None,
    now: str = SLOT,
) -> dict[str, Any]:
    def prepare(_: Mapping[str, str]) -> None:
        service.back()
        begin()

    def settle(asked: Mapping[str, str]) -> None:
        again()
        service.email_url = asked["EMAIL_URL"]
        service.json("deliver", "--until-empty", *(("--now", now) if now else ()))

    phases: dict[str, kit.Phase] = {
        "prepare": prepare,
        "settle": settle,
        "check": lambda _: books() if books else kit.books(service),
    }
    return kit.sweep(service, phases, victim, most)


@contextmanager
def _listing() -> Iterator[str]:
    """A web server that lists the papers."""
    body = json.dumps(papers(*PAPERS)).encode()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/list.json"
        finally:
            server.shutdown()
            thread.join()
