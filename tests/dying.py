"""Commands as processes of their own, quickly, and dying where a test says: as by kill -9, with nothing cleaned up.

    nursery = Nursery(environment)
    nursery.run("deliver", "--until-empty", dies_at=7)     # -> (exit code, standard output, standard error)

Django is loaded once, in a process that forks for each command. A *step* is the moment before or after what others
can see: a transaction, a line to the mail server. The command that is to die at its Nth step ends there, with exit
code 99; one that has fewer steps ends normally.
"""

import gc
import io
import itertools
import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from typing import Any

from tests.starting import forked

DEAD = 99


class Nursery:
    """The process that forks, seen from the test."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.orders, self.answers = forked("tests.dying", environment)

    def run(self, *command: str, dies_at: int = 0, email_url: str = "") -> tuple[int, str, str]:
        """Exit code, standard output, standard error."""
        with tempfile.NamedTemporaryFile("r") as out, tempfile.NamedTemporaryFile("r") as err:
            order = {"command": command, "dies_at": dies_at, "email_url": email_url, "out": out.name, "err": err.name}
            return self._ask(order), out.read(), err.read()

    def warm(self, *command: str, email_url: str) -> None:
        """Do it in the process that forks: what it loads and compiles, all that come after have."""
        assert self._ask({"command": command, "dies_at": 0, "email_url": email_url, "here": True}) == 0

    def _ask(self, order: dict[str, Any]) -> int:
        self.orders.write(json.dumps(order) + "\n")
        self.orders.flush()
        return int(self.answers.readline())

    def close(self) -> None:
        self.orders.close()
        assert self.answers.read() == ""  # it has ended
        self.answers.close()


def die_at(number: int) -> None:
    """Make the Nth step of this process its last."""
    from django.db import transaction

    from subscribers.outbox import connection, folder, queue, retries, turns

    count = itertools.count(1)

    def step() -> None:
        if next(count) == number:
            os._exit(DEAD)

    def watched(call: Callable[..., Any]) -> Callable[..., Any]:
        def around(*arguments: Any, **named: Any) -> Any:
            step()
            result = call(*arguments, **named)
            step()
            return result

        return around

    for name in ("claim", "release"):
        setattr(queue, name, watched(getattr(queue, name)))
    retries.gather, turns.turn = watched(retries.gather), watched(turns.turn)
    for name in ("_write", "_take"):  # what goes to the mail server, and what comes from it
        setattr(connection.Connection, name, watched(getattr(connection.Connection, name)))
    for name in ("open", "stage", "dot"):
        setattr(folder.FolderSession, name, watched(getattr(folder.FolderSession, name)))
    transaction.Atomic.__exit__ = watched(transaction.Atomic.__exit__)  # type: ignore[method-assign]


def child(order: dict[str, Any]) -> None:
    """One command, with its output in files."""
    from django.core.management import execute_from_command_line

    for descriptor, name in ((1, order["out"]), (2, order["err"])):
        os.dup2(os.open(name, os.O_WRONLY | os.O_TRUNC), descriptor)
    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
    send_to(order["email_url"])
    if order["dies_at"]:
        die_at(order["dies_at"])
    execute_from_command_line(["manage.py", *order["command"]])
    sys.stdout.flush()


def send_to(url: str) -> None:
    """EMAIL_URL, when it is another one than that of the environment."""
    from django.conf import settings

    from subscribers.outbox.mailurl import read_mail_url

    if url:
        settings.MAIL_TARGET = read_mail_url(url)


def here(order: dict[str, Any]) -> None:
    """One command in this process, which keeps no connection that its children would share."""
    from django.core.management import call_command
    from django.db import connections

    send_to(order["email_url"])
    call_command(*order["command"], stdout=io.StringIO(), stderr=io.StringIO())
    connections.close_all()


def main() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digest.settings")
    django.setup()
    from digest.management.commands import deliver, fetch, ledger, publish, reader  # noqa: F401 - loaded once, for all

    gc.collect()
    gc.freeze()  # so that no child's collection touches, and so copies, what all of them share
    for line in sys.stdin:
        order = json.loads(line)
        if "here" in order:
            here(order)
            print(0, flush=True)
            continue
        number = os.fork()
        if number == 0:
            code = 1
            try:
                child(order)
                code = 0
            except SystemExit as leaving:
                code = int(leaving.code or 0)
            finally:
                sys.stderr.flush()
                os._exit(code)
        _, status = os.waitpid(number, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)
