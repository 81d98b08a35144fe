"""What earlier looks at a source's day left for the next one: validators to ask with, bodies to compare with.

Reads only. A feed shows the same list on every day, so for a feed it is the looks at all days.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date

from django.db.models import QuerySet

from digest.models import Snapshot, Source

Validators = tuple[str, str]  # ETag and Last-Modified of one page, "" for none
NONE: Validators = ("", "")


def digests_of(bodies: Sequence[bytes]) -> list[str]:
    """The names of bodies: SHA-256 in hexadecimal."""
    return [hashlib.sha256(body).hexdigest() for body in bodies]


def same(source: Source, day: date, digests: Sequence[str]) -> Snapshot | None:
    """The newest look, when it was believed and brought these very bodies: then there is nothing to read in them."""
    newest = _looks(source, day).exclude(verdict=Snapshot.Verdict.FAILED).first() if digests else None
    if newest is None or newest.verdict == Snapshot.Verdict.SUSPECT:
        return None
    return newest if newest.bodies == list(digests) else None


def whole(source: Source, day: date) -> Snapshot | None:
    """The newest look that brought everything. Half a page has no validators: its other half must be asked for."""
    believed = [Snapshot.Verdict.OK, Snapshot.Verdict.UNCHANGED]
    return _looks(source, day).filter(verdict__in=believed).first()


def validators_of(look: Snapshot | None) -> list[Validators]:
    """Those of a look's pages, in order."""
    if look is None:
        return []
    return [(look.etag, look.last_modified), *((etag, modified) for etag, modified in look.more)]


def _looks(source: Source, day: date) -> QuerySet[Snapshot]:
    looks = Snapshot.objects.filter(source=source).order_by("-id")
    return looks if source.kind == Source.Kind.FEED else looks.filter(day=day)
