"""The whole service on this machine: web, worker, beat and broker, until Ctrl-C."""

from __future__ import annotations

import argparse
import http.client
import os
import socket
import sys
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError, CommandParser
from django.db import connections
from django.utils.crypto import get_random_string

from digest.embedded import broker, lock, place
from digest.embedded.parts import STOPS, parts
from digest.embedded.supervisor import Supervisor, say
from digest.management.door import Door
from digest.pipeline.sampling import add_sample
from subscribers.outbox.mailurl import Folder

PORT = 8000
BROKER_PATIENCE = 30.0
WEB_PATIENCE = 60.0


class Command(Door):
    help = __doc__ or ""

    def add(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=_port, default=PORT, help="where the site listens, on this machine only")

    def run(self, now: datetime, **options: Any) -> dict[str, Any]:
        port: int = options["port"]
        _know_the_port(port)
        home: Path = settings.DIGEST_HOME
        try:
            home.mkdir(parents=True, exist_ok=True)
            ours = _refuse_a_bad_place()
            held = lock.take(home / "up.lock", say)
            _refuse_a_taken_port(port)
            supervisor = Supervisor(parts(home, port, ours), STOPS, held, home / "logs")
        except (lock.AlreadyUp, broker.NoBroker) as reason:
            raise CommandError(str(reason)) from None
        except OSError as error:
            raise CommandError(f"DIGEST_HOME: {home} can't be written to: {error.strerror}") from None
        supervisor.listen()
        try:
            self._up(supervisor, ours, port)
        finally:
            say("stopping ...")
            supervisor.stop()
        return {}

    def say(self, result: dict[str, Any]) -> str:
        return "stopped; everything is kept"

    def _up(self, supervisor: Supervisor, ours: Path | None, port: int) -> None:
        if ours is not None:
            supervisor.start("broker")
            if not supervisor.wait_for(partial(broker.answers, ours), BROKER_PATIENCE):
                if supervisor.signals:
                    return
                raise CommandError(
                    f"the broker does not start, see {supervisor.logs / 'broker.log'}. If its files in "
                    f"{settings.DIGEST_HOME / 'broker'} are damaged, remove them: nothing is lost"
                )
        password = self._first_start()
        for name in ("web", "worker", "beat"):
            supervisor.start(name)
        if supervisor.wait_for(partial(_answers, port), WEB_PATIENCE):
            _tell(password)
        elif not supervisor.signals:
            say(f"the site does not answer yet, see {supervisor.logs / 'web.log'}")
        supervisor.watch()

    def _first_start(self) -> str:
        """The database, an administrator, the sample. What is there already stays; the new password, or ""."""
        say("preparing the database ...")
        call_command("migrate", verbosity=0)
        password = ""
        if not User.objects.filter(is_superuser=True).exists():
            password = get_random_string(20)
            # said before anything else can go wrong, and once more at the end
            say(f"a first administrator: user admin, password {password} ")
            User.objects.create_superuser("admin", password=password)
        if isinstance(settings.MAIL_TARGET, Folder) and add_sample(self.clock, settings.SITE_HOST):
            say(f"the sample reader's first digest is in {settings.MAIL_TARGET.path}")
        connections.close_all()
        return password


def _port(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 65_536:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: 1 to 65535, for example {PORT}")
    return int(text)


def _know_the_port(port: int) -> None:
    """The site's address is a setting, read before the options: with another port than its own, begin again."""
    if port != PORT and not os.environ.get("SITE_URL") and settings.EMBEDDED:
        os.environ["SITE_URL"] = f"http://localhost:{port}"
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606 - ourselves, with one variable more


def _refuse_a_bad_place() -> Path | None:
    """The path of the broker's socket when the broker is ours; NoBroker or CommandError when it can't run here."""
    if settings.EMBEDDED:
        reason = place.refusal(Path(settings.DATABASES["default"]["NAME"]))
        if reason:
            raise CommandError(reason)
    path: Path = settings.BROKER_SOCKET
    if str(path) not in unquote(settings.BROKER_URL):
        return None
    broker.check_socket(path)
    return path


def _refuse_a_taken_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CommandError(f"port {port}: {error.strerror}. Choose another one: `up --port {port + 1}`") from None


def _answers(port: int) -> bool:
    """Whether the site answers, whatever it says."""
    with suppress(OSError, http.client.HTTPException):
        site = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        site.request("GET", "/", headers={"Host": settings.SITE_HOST})
        return site.getresponse().status < 500
    return False


def _tell(password: str) -> None:
    new = f"   user admin, password {password}  (shown once; `manage.py changepassword admin` sets another)"
    say(f"\nDaily Papers Digest is up.\n  site   {settings.SITE_URL}/\n  admin  {settings.SITE_URL}/admin/"
        + (new if password else ""))  # fmt: skip
    if settings.LOCAL_INBOX and isinstance(settings.MAIL_TARGET, Folder):
        say(f"  inbox  {settings.SITE_URL}/inbox/")
    say(f"  data   {settings.DIGEST_HOME}, logs in logs/\nCtrl-C stops it.\n")
