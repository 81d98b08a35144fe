"""Whether the mailbox of returned mail can be read, and all of it: a row each remembers, and raises one alert."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from subscribers.models import Channel, Event

BOUNCES = "bounces"
ONE_MAIL = "one of the bounces"  # or several, while the others can be read
# what the alerts are about
ABOUT: Mapping[str, str] = {BOUNCES: "returned mail can't be read", ONE_MAIL: "a returned mail can't be fetched"}
PATIENCE = 3  # looks in a row that fail before an operator is told


@transaction.atomic
def failed(reason: str, now: datetime, name: str = BOUNCES) -> None:
    """It could not be read; the third time in a row is told."""
    row, _ = Channel.objects.select_for_update().get_or_create(name=name)
    row.failures, row.reason = min(row.failures + 1, 1_000), reason[:300]
    row.save(update_fields=["failures", "reason"])
    if row.failures == PATIENCE:
        Event.objects.create(kind="alert", at=now, data={"what": ABOUT[name], "error": row.reason})


def worked(name: str = BOUNCES) -> None:
    """It was read; what was told is over."""
    Channel.objects.filter(name=name, failures__gt=0).update(failures=0, reason="")


def alerts() -> list[Event]:
    """Those that stand."""
    failing = Channel.objects.filter(name__in=ABOUT, failures__gte=PATIENCE).values_list("name", flat=True)
    raised = Event.objects.filter(kind="alert").order_by("-at", "-pk")
    found = [raised.filter(data__what=ABOUT[name]).first() for name in failing]
    return [one for one in found if one is not None]
