"""Whether the mailbox that returned mail comes to can be read: one row remembers, and raises one alert."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from subscribers.models import Channel, Event

BOUNCES = "bounces"
UNREAD = "returned mail can't be read"  # what its alert is about
PATIENCE = 3  # looks in a row that fail before an operator is told


@transaction.atomic
def failed(reason: str, now: datetime) -> None:
    """It could not be read; the third time in a row is told."""
    row, _ = Channel.objects.select_for_update().get_or_create(name=BOUNCES)
    row.failures, row.reason = min(row.failures + 1, 1_000), reason[:300]
    row.save(update_fields=["failures", "reason"])
    if row.failures == PATIENCE:
        Event.objects.create(kind="alert", at=now, data={"what": UNREAD, "error": f"BOUNCES_URL: {row.reason}"})


def worked() -> None:
    """It was read; what was told is over."""
    Channel.objects.filter(name=BOUNCES, failures__gt=0).update(failures=0, reason="")


def alert() -> Event | None:
    """The alert that stands."""
    if not Channel.objects.filter(name=BOUNCES, failures__gte=PATIENCE).exists():
        return None
    return Event.objects.filter(kind="alert", data__what=UNREAD).order_by("-at", "-pk").first()
