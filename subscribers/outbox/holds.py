"""What operators have stopped, and what they let go on."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from subscribers.models import Event, Hold

EVERYTHING = ""


def labels() -> frozenset[str]:
    """The labels whose batches are not to be sent; EVERYTHING among them: none at all."""
    return frozenset(Hold.objects.values_list("label", flat=True))


@transaction.atomic
def hold(label: str, by: str, now: datetime) -> bool:
    """Stop the batches with this label, or everything; whether that is new. What is under way ends."""
    _, new = Hold.objects.get_or_create(label=label, defaults={"at": now, "by": by[:150]})
    if new:
        _note("hold", label, by, now)
    return new


@transaction.atomic
def let_go(label: str, by: str, now: datetime) -> bool:
    """Let them go on; whether they were held."""
    gone, _ = Hold.objects.filter(label=label).delete()
    if gone:
        _note("let go", label, by, now)
    return gone > 0


def _note(did: str, label: str, by: str, now: datetime) -> None:
    Event.objects.create(kind="sending", at=now, data={"did": did, "of": label or "everything", "by": by})
