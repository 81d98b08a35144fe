"""What all commands share: `--now`, `--json`, errors as one line, exit codes."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from digest.environment import SettingError
from digest.models import Source


class Usage(CommandError):
    """The command was called wrongly: exit code 2."""

    def __init__(self, message: str) -> None:
        super().__init__(message, returncode=2)


class Door(BaseCommand):
    """A command of the contract. Subclasses give `add` (arguments) and `run` (the JSON object)."""

    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--now", type=instant, metavar="ISO", help="stands in for the clock: 2026-11-25T07:30Z")
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
        self.add(parser)

    def add(self, parser: CommandParser) -> None:
        """The command's own arguments."""

    def run(self, now: datetime, **options: Any) -> dict[str, Any]:
        """Do the work; what to print."""
        raise NotImplementedError

    def say(self, result: dict[str, Any]) -> str:
        """The result for people."""
        return "\n".join(f"{name}: {_plain(value)}" for name, value in result.items())

    def handle(self, *args: Any, **options: Any) -> None:
        now = options.pop("now") or datetime.now(UTC)
        as_json = options.pop("json")
        self.started = now, time.monotonic()
        try:
            result = self.run(now, **{name: value for name, value in options.items() if name not in DJANGOS})
        except (CommandError, SettingError):
            raise
        except DatabaseError as error:
            raise CommandError(_database(error)) from error
        except Exception as error:
            raise CommandError(f"{type(error).__name__}: {_line(error)} (--traceback shows where)") from error
        self._print(json.dumps(result, default=str) if as_json else self.say(result))
        self.finish(result)

    def finish(self, result: dict[str, Any]) -> None:
        """What is left to do when the result is printed: a CommandError is the exit code."""

    def _print(self, text: str) -> None:
        """Standard output, whatever it can show; a reader who has gone away is no news."""
        try:
            self.stdout.write(text)
            self.stdout.flush()
        except UnicodeEncodeError:
            self.stdout.write(text.encode("ascii", "backslashreplace").decode())
        except OSError as error:
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - else Python fails again on its way out
            raise CommandError(f"standard output: {error.strerror}") from None

    def clock(self) -> datetime:
        """`now` as it goes on while the command runs."""
        now, started = self.started
        return now + timedelta(seconds=time.monotonic() - started)

    def progress(self, what: str) -> Callable[[int], None] | None:
        """A counter on standard error when somebody watches."""
        if not self.stderr.isatty():
            return None
        return lambda n: self.stderr.write(f"\r{what}: {n:,}", ending="")


# what Django adds to the options of every command
DJANGOS = frozenset(
    "verbosity settings pythonpath traceback no_color force_color skip_checks stdout stderr".split()  # noqa: SIM905
)


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())


def _database(error: DatabaseError) -> str:
    """What is wrong with the database, in one line with the mend."""
    said = _line(error)
    if "no such table" in said or "no such column" in said or ("relation" in said and "does not exist" in said):
        return f"database: {said}. A new database needs `manage.py migrate`"
    return f"database: {said}. Is DATABASE_URL right, and the database there and readable?"


def instant(text: str) -> datetime:
    """An ISO date and time; without an offset it is UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date and time; write it as 2026-11-25T07:30Z") from None
    if not 1990 <= moment.year <= 2200:
        raise argparse.ArgumentTypeError(f"{text!r} is not of our time; write it as 2026-11-25T07:30Z")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def day(text: str) -> date:
    """An ISO date."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day; write it as 2026-11-25") from None


def source_named(name: str) -> Source:
    """A source by slug or short name."""
    found = Source.objects.filter(slug=name).first() or Source.objects.filter(short=name).first()
    if found is None:
        known = ", ".join(Source.objects.order_by("id").values_list("slug", flat=True))
        raise CommandError(f"there is no source {name!r}; there are: {known}. `source add` adds one")
    return found


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return "\n  " + "\n  ".join(_plain(item) for item in value) if value else "none"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_plain(item)}" for name, item in value.items()) or "none"
    return str(value)
