"""Letters that wait, and `deliver` under the kit's SMTP faults and kills."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.faults import kit
from tests.lives import LATER, MORNING, SLOT, Service

RECOVERY = "2026-03-02T09:00Z"  # every pause and back-off is over
PAPERS = ("2603.00001", "2603.00002")
PATIENCE = 0.5  # seconds: EMAIL_URL's timeout, below the kit's delay of 1


def posted(service: Service, readers: int) -> None:
    """So many digests wait in the outbox; this is the state to come back to."""
    service.look(*PAPERS, now="2026-03-02T05:00Z")
    service.readers(readers)
    service.json("publish", "--now", MORNING)
    service.keep()
    service.warm("deliver", "--until-empty", "--now", SLOT)


def cells(service: Service, connections: int, only: str = "*") -> dict[str, Any]:
    """smtp-matrix over letters that are `posted`."""

    def run(asked: Mapping[str, str], now: str) -> object:
        service.email_url = f"{asked['EMAIL_URL']}?timeout={PATIENCE}&connections={connections}"
        return service.json("deliver", "--until-empty", "--now", now)

    phases: dict[str, kit.Phase] = {
        "prepare": lambda _: service.back(),
        "fault": lambda asked: run(asked, SLOT),
        "recover": lambda asked: run(asked, RECOVERY),
        "check": lambda _: kit.books(service),
    }
    return kit.matrix(service, phases, only)


def killed(service: Service, connections: int, most: int, calls: tuple[str, ...] = kit.CALLS) -> dict[str, Any]:
    """killsweep of `deliver` over letters that are `posted`, at so many points a system call."""

    def settle(asked: Mapping[str, str]) -> object:
        service.email_url = f"{asked['EMAIL_URL']}?connections={connections}"
        return service.json("deliver", "--until-empty", "--now", LATER)

    phases: dict[str, kit.Phase] = {
        "prepare": lambda _: service.back(),
        "settle": settle,
        "check": lambda _: kit.books(service),
    }
    victim = ["-m", "tests.faults.victim", f"connections={connections}", "deliver", "--until-empty", "--now", SLOT]
    return kit.sweep(service, phases, victim, most, calls)
