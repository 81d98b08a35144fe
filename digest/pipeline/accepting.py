"""An operator's word that a look which seemed suspect is right: the guard is lowered for that source and day."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from digest.models import Snapshot, Source, SourceDay
from digest.pipeline import looking, storing
from digest.pipeline.snapshots import Taken
from digest.sources.verdict import BELIEVED


class NothingToAccept(ValueError):
    """No look at that day was suspect."""


def accept(source: Source, day: date, now: datetime) -> Taken:
    """Believe this source's looks at the day from now on, and look again.

    Where the source can't be reached, or shows another day by now, the body of its newest suspect look is taken.
    Repeating it is another look. NothingToAccept when no look at the day was suspect.
    """
    _lower_the_guard(source, day, now)
    taken = looking.look(source, day, now) if _still_shown(source, day, now) else None
    if taken is not None and taken.verdict in BELIEVED:
        return taken
    bodies = _kept(source, day)
    if bodies:
        return looking.look_at(source, day, bodies, now)
    return taken or looking.look(source, day, now)


@transaction.atomic
def _lower_the_guard(source: Source, day: date, now: datetime) -> None:
    Source.objects.select_for_update().get(pk=source.pk)
    doubted = Snapshot.objects.filter(source=source, day=day, verdict=Snapshot.Verdict.SUSPECT)
    lowered = SourceDay.objects.filter(source=source, day=day, accepted_at=None)
    if not doubted.exists():
        raise NothingToAccept(f"no look at {source}, {day} was suspect: there is nothing to accept")
    lowered.update(accepted_at=now)


def _still_shown(source: Source, day: date, now: datetime) -> bool:
    """Whether a look now can show that day: Hugging Face keeps its days, others show their newest."""
    return source.kind == Source.Kind.HF or day == looking.newest_day(source, now)


def _kept(source: Source, day: date) -> list[bytes]:
    """All bodies of the newest suspect look at the day that brought any; none when they are not kept any more."""
    looks = Snapshot.objects.filter(source=source, day=day, verdict=Snapshot.Verdict.SUSPECT).order_by("-id")
    newest = next((look for look in looks if look.bodies), None)
    bodies = storing.kept_bodies(newest.bodies) if newest is not None else []
    return bodies if newest is not None and len(bodies) == len(newest.bodies) else []
