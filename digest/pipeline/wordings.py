"""The wording in force, as numbered rows: a letter names the versions it is made with, and keeps them.

A version that fails when it is rendered is marked, once, and names the one that stands in for it from then on, in
every process: so a retry is the same bytes again. Who renders has no clock; the time of such a mark is the database's.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache, partial

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from digest.mail.compose import Site
from digest.mail.part import CSS, STYLE, Part, Place
from digest.mail.parts import Wording, WordingError, shipped
from digest.models import Template
from subscribers.models import Event

SHIPPED = "shipped"  # the author of what comes with the service
TICK = timedelta(microseconds=1)
log = logging.getLogger(__name__)


def site() -> Site:
    """Who our mails are from."""
    return Site(
        name=settings.SITE_NAME,
        url=settings.SITE_URL,
        mail_from=settings.MAIL_FROM,
        reply_to=settings.REPLY_TO,
        postal_address=settings.POSTAL_ADDRESS,
        list_domain=settings.SITE_HOST,
    )


def in_force(kind: str, now: datetime) -> tuple[int, ...]:
    """The versions of a kind's parts that letters posted at `now` are made with, ascending.

    Also of a time gone by: a mail to one person, tried again, keeps the words of the time it was posted. A shipped
    part that has changed (an upgrade) becomes a new version, unless an operator has put their own in its place.
    """
    parts = {part.place: part for part in shipped_parts(kind)}
    known = _versions(kind)
    for place, part in parts.items():
        active = next((row for row in known.get(place, ()) if row.active), None)
        if active is None or (active.shipped and active.digest != digest_of(part.body)):
            known.setdefault(place, []).append(_new_version(part, now))
    return tuple(sorted(_standing_at(known[place], now) for place in parts))


def _versions(kind: str) -> dict[Place, list[Template]]:
    """The versions of a kind's parts that have come into force, in that order, without their texts."""
    found: dict[Place, list[Template]] = {}
    rows = Template.objects.filter(kind=kind, activated_at__isnull=False).defer("body")
    for row in rows.order_by("activated_at", "pk"):
        found.setdefault((row.part, row.format), []).append(row)
    return found


def _standing_at(versions: list[Template], now: datetime) -> int:
    """The version in force at a time (before the first one: that one), or what stands in for it."""
    by_number = {row.pk: row for row in versions}
    row = next((row for row in reversed(versions) if row.activated_at and row.activated_at <= now), versions[0])
    while row.failed_at is not None and row.instead_id in by_number:
        row = by_number[row.instead_id]
    return row.pk


@lru_cache(maxsize=8)
def shipped_parts(kind: str) -> tuple[Part, ...]:
    """The parts of a kind as they come with the service; () for a kind that there is not."""
    return tuple(part for part in shipped(settings.MAIL_TEMPLATES) if part.kind == kind)


def digest_of(body: str) -> str:
    """What tells one text from another: SHA-256."""
    return hashlib.sha256(body.encode()).hexdigest()


def after_all(kind: str, place: Place, now: datetime) -> datetime:
    """`now`, or just after the newest version came into force when a clock went back: their order must stay."""
    newest = Template.objects.filter(kind=kind, part=place[0], format=place[1], activated_at__isnull=False)
    last = newest.order_by("-activated_at").values_list("activated_at", flat=True).first()
    return now if last is None else max(now, last + TICK)


def _new_version(part: Part, now: datetime) -> Template:
    """The new version in force; of two processes that make it at once, one does."""
    here = Template.objects.filter(kind=part.kind, part=part.part, format=part.format)
    try:
        with transaction.atomic():
            since = after_all(part.kind, part.place, now)
            here.filter(active=True).update(active=False)
            return Template.objects.create(
                kind=part.kind,
                part=part.part,
                format=part.format,
                body=part.body,
                digest=digest_of(part.body),
                author=SHIPPED,
                shipped=True,
                created_at=now,
                activated_at=since,
            )
    except IntegrityError:
        return here.get(active=True)


def wording(versions: tuple[int, ...]) -> Wording:
    """The wording of these versions, with what stands in for those that failed.

    KeyError when one is gone. A part of an operator's that fails when it is rendered is replaced, and alerted once; a
    card's stays, since the paper goes out as title and link, unless it exhausts its process.
    """
    rows = standing(versions)
    return Wording(_parts(rows), rescue=partial(_rescued, versions))


def standing(versions: tuple[int, ...]) -> list[Template]:
    """The rows of these versions, or of what stands in for them, ascending. KeyError when one is gone."""
    rows = _rows(versions)
    while gone := {pk: row.instead_id for pk, row in rows.items() if row.failed_at and row.instead_id}:
        rows = {pk: row for pk, row in rows.items() if pk not in gone} | _rows(tuple(gone.values()))
    return [rows[pk] for pk in sorted(rows)]


def parts_in_force(kind: str) -> list[Part]:
    """The parts that a letter posted now would have. Writes nothing, not even the first versions."""
    active = Template.objects.filter(kind=kind, active=True).values_list("pk", flat=True)
    rows = {(row.part, row.format): row for row in standing(tuple(active))}
    found = []
    for part in shipped_parts(kind):
        row = rows.get(part.place)
        current = row is not None and not (row.shipped and row.active and row.digest != digest_of(part.body))
        found.append(as_part(row) if row is not None and current else part)
    return found


def _rows(versions: tuple[int | None, ...]) -> dict[int, Template]:
    rows = {row.pk: row for row in Template.objects.filter(pk__in=versions)}
    missing = set(versions) - rows.keys()
    if missing:
        raise KeyError(f"template versions {sorted(map(str, missing))} are not in the database")
    return rows


def _parts(rows: list[Template]) -> tuple[Part, ...]:
    return tuple(as_part(row) for row in rows)


def as_part(row: Template) -> Part:
    """A version as what is rendered."""
    return Part(row.kind, row.part, row.format, row.body, trusted=row.shipped)


def _rescued(versions: tuple[int, ...], error: WordingError, used: tuple[Part, ...]) -> tuple[Part, ...] | None:
    """What to go on with; None when there is nothing else, or when the paper alone is to blame."""
    rows = {(row.part, row.format): row for row in standing(versions)}
    now = _parts(list(rows.values()))
    if now != used:  # another process has met it before
        return now
    row = _blamed(rows, error.place)
    if row is None:
        return None
    if row.part == "card" and not error.spent:
        _note(row, error)
        return None
    return _parts(standing(versions)) if _replace(row, error) else None


def _blamed(rows: Mapping[Place, Template], place: Place | None) -> Template | None:
    """The operator's version that is to blame: the part itself, or what meets with it in one document."""
    part, format = place or ("head", "html")
    format = "html" if format == CSS else format
    for suspect in ((part, format), (STYLE, CSS), ("head", format), ("foot", format)):
        row = rows.get(suspect)
        if row is not None and not row.shipped:
            return row
    return None


def _note(row: Template, error: WordingError) -> None:
    """One alert a version, however many papers it fails for; which ones, the renderer logs."""
    with transaction.atomic():
        if Template.objects.filter(pk=row.pk, failure="").update(failure=str(error)[:500]):
            _alert(row, f"{row} can't show a paper, which goes out as title and link", error)


def _replace(row: Template, error: WordingError) -> bool:
    """Mark the version as failed, and alert, once; False when there is nothing to stand in for it."""
    instead = _last_good(row)
    if instead is None:
        return False
    marks = {"failed_at": Now(), "failure": str(error)[:500], "instead": instead}
    with transaction.atomic():
        if Template.objects.filter(pk=row.pk, failed_at=None).update(**marks):
            what = f"{row} failed; version {instead.pk} stands in for it"
            log.error("%s: %s", what, error)
            _alert(row, what, error)
    return True


def _last_good(row: Template) -> Template | None:
    """The version that was in force before it and has not failed; else the newest that came with the service."""
    others = Template.objects.filter(kind=row.kind, part=row.part, format=row.format, activated_at__isnull=False)
    good = others.exclude(pk=row.pk).filter(failed_at=None).order_by("-activated_at")
    before = good.filter(failure="")
    if row.activated_at is not None:
        before = before.filter(activated_at__lt=row.activated_at)
    return before.first() or good.filter(shipped=True).first()


def _alert(row: Template, what: str, error: WordingError) -> None:
    Event.objects.create(kind="alert", at=Now(), data={"what": what, "error": str(error)[:500], "template": row.pk})
