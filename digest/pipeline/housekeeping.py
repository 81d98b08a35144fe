"""Once a night: close editions that are over, drop bodies that are old."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from digest.models import Body, Snapshot
from digest.pipeline import books

AT_ONCE = 500


def keep_house(now: datetime) -> int:
    """All of it; how many editions were closed and bodies dropped."""
    return books.close_editions(now) + drop_bodies(now)


def drop_bodies(now: datetime) -> int:
    """Delete what no snapshot of the last settings.BODIES_KEPT_DAYS days names: a replay with a mended parser reaches
    so far back.

    The bodies are listed before the snapshots, so that one stored meanwhile is not among them. A look that meanwhile
    takes up an old body again may lose it; a replay says so.
    """
    kept = timedelta(days=settings.BODIES_KEPT_DAYS)
    stored = list(Body.objects.values_list("digest", flat=True))
    recent = Snapshot.objects.filter(at__gte=now - kept).values_list("bodies", flat=True)
    named = {digest for bodies in recent.iterator() for digest in bodies}
    old = [digest for digest in stored if digest not in named]
    for start in range(0, len(old), AT_ONCE):
        Body.objects.filter(digest__in=old[start : start + AT_ONCE]).delete()
    return len(old)
