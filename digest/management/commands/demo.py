"""One invented day, from the listing to the mail in a folder, in the foreground."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandParser

from digest.management.commands.preview import write_mail
from digest.management.door import Door
from digest.models import Source
from digest.pipeline import books, looking
from digest.pipeline.publish import publish
from digest.pipeline.rendering import Renderer
from digest.pipeline.sampling import FIRST, READER, SCHEDULE, TOPICS
from digest.pipeline.sending import send
from digest.pipeline.settling import settle
from subscribers import membership
from subscribers.models import Letter
from subscribers.outbox.queue import owed
from subscribers.topics import read_topic

HERE = "DIGEST_DEMO"  # set in the process that has the demo's own empty folder
SAMPLE = Path(settings.BASE_DIR) / "digest" / "sample"
SECOND = FIRST + timedelta(days=1)
# what happens, in order: (UTC time, what)
LOOKS = (
    (datetime(2026, 11, 24, 7, tzinfo=UTC), FIRST, "day-1-morning.json"),
    (datetime(2026, 11, 24, 20, tzinfo=UTC), FIRST, "day-1-evening.json"),
    (datetime(2026, 11, 25, 6, tzinfo=UTC), SECOND, "day-2.json"),
)
JOINS, FIRST_SENT = datetime(2026, 11, 24, 8, tzinfo=UTC), datetime(2026, 11, 24, 8, 1, tzinfo=UTC)
SLOT = datetime(2026, 11, 25, 6, 30, tzinfo=UTC)  # 07:30 in Berlin


class Command(Door):
    help = __doc__ or ""

    def add(self, parser: CommandParser) -> None:
        pass

    def run(self, now: datetime, **options: Any) -> dict[str, Any]:
        return self._day() if os.environ.get(HERE) else _in_a_folder_of_its_own()

    def say(self, result: dict[str, Any]) -> str:
        return "\n".join(_summary(result))

    def _day(self) -> dict[str, Any]:
        call_command("migrate", verbosity=0)
        source = Source.objects.get(slug="huggingface")
        sent = []
        looks = [self._look(source, *LOOKS[0])]
        self._step("a reader joins, in Berlin, with three topics: the first digest comes at once")
        membership.enrol(
            *(READER,) * 2,
            [read_topic(t) for t in TOPICS],
            JOINS,
            reason="demo",
            schedule=SCHEDULE,
        )
        sent.append(self._send(FIRST_SENT))
        looks += [self._look(source, *look) for look in LOOKS[1:]]
        settle(source, SLOT)
        self._step("25 November, 07:30 in Berlin: the next digest, with what is new since")
        sent.append(self._send(SLOT))
        return {"looks": looks, "sent": sent, "editions": books.open_editions(), "mails": _readable()}

    def _step(self, text: str) -> None:
        self.stderr.write(f"- {text}")

    def _look(self, source: Source, at: datetime, day: date, name: str) -> dict[str, Any]:
        taken = looking.look_at(source, day, [(SAMPLE / name).read_bytes()], at)
        counts = {kind: len(keys) for kind, keys in taken.keys.items()}
        self._step(
            f"{at:%d %B %H:%M} UTC, a look at the listing of {day}: {taken.entries} papers; "
            + (", ".join(f"{n} {kind}" for kind, n in counts.items()) or "nothing new")
        )
        return {"day": day.isoformat(), "entries": taken.entries, **counts}

    def _send(self, at: datetime) -> dict[str, Any]:
        publish(at, settings.SITE_HOST)
        done = send(lambda: at, until_empty=True)
        return {"at": at.isoformat(), "accepted": done.counts["accepted"]}


def _in_a_folder_of_its_own() -> dict[str, Any]:
    """The demo never touches your data: it runs in DIGEST_HOME/demo, made anew each time."""
    home = settings.DIGEST_HOME / "demo"
    shutil.rmtree(home, ignore_errors=True)
    kept = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "EMAIL_URL", "MAIL_FROM", "SITE_URL")}
    own = {
        **kept,
        "DIGEST_HOME": str(home),
        "EMAIL_URL": f"file://{home}/mails",
        HERE: "1",
        "SITE_URL": "https://papers.example.org",
    }
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "demo", "--json"]
    done = subprocess.run(command, env=own, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _readable() -> list[dict[str, Any]]:
    """The mails that were sent, as files for a browser and a text viewer."""
    letters = owed(Letter.objects.order_by("id"))
    shown = []
    for number, message in enumerate(Renderer()(letters).values(), 1):
        if not isinstance(message, Exception):
            shown.append({"files": write_mail(settings.DIGEST_HOME / "readable", f"mail-{number}", message)})
    return shown


def _summary(result: dict[str, Any]) -> Iterator[str]:
    yield "\nThe books of the demo:"
    for edition in result["editions"]:
        verdict = "balances" if edition["balanced"] else "DOES NOT BALANCE"
        yield (
            f"  edition of {edition['date']}: {edition['copies']} copy = {edition['letters']} letter + "
            f"{sum(edition['silent'].values())} silent; accepted {edition['accepted']}: {verdict}"
        )
    yield "\nLook at the mails:"
    for mail in result["mails"]:
        yield "  " + "\n  ".join(mail["files"])
