"""Check everything that an operator can get wrong, and say the mend. Exit code 1 when something needs one."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.core.management.base import CommandError

from digest.celery import app
from digest.management.door import Door
from digest.pipeline.examining import Check, checks

WAIT = 5  # seconds for the broker


class Command(Door):
    help = __doc__ or ""

    def run(self, now: datetime, **options: Any) -> dict[str, Any]:
        found = [*checks(now), _broker()]
        return {"checks": [asdict(check) for check in found]}

    def say(self, result: dict[str, Any]) -> str:
        return "\n".join(_line(Check(**check)) for check in result["checks"])

    def finish(self, result: dict[str, Any]) -> None:
        """Printed first, then the exit code."""
        wrong = [check["name"] for check in result["checks"] if not check["ok"]]
        if wrong:
            raise CommandError(f"to mend: {', '.join(wrong)}")


def _line(check: Check) -> str:
    mend = f"\n          mend: {check.mend}" if check.mend else ""
    return f"{'ok' if check.ok else 'WRONG':7} {check.name}: {check.detail}{mend}"


def _broker() -> Check:
    try:
        with app.connection_for_write(connect_timeout=WAIT) as connection:
            connection.ensure_connection(max_retries=1, timeout=WAIT)
    except Exception as error:
        said = " ".join(f"{type(error).__name__}: {error}".split())
        return Check(
            "broker", False, said, "BROKER_URL: is it up? `up` brings its own; without one nothing is hinted at"
        )
    return Check("broker", True, "answers")
