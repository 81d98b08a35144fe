"""The wording in force, as numbered rows: a letter names the versions it is made with, and keeps them."""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import lru_cache

from django.conf import settings
from django.db import IntegrityError, transaction

from digest.mail.compose import Site
from digest.mail.parts import Part, Wording, shipped
from digest.models import Template

SHIPPED = "shipped"  # the author of what comes with the service


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
    """The versions of a kind's parts that new letters are made with, ascending.

    A shipped part that has changed (an upgrade) becomes a new version, unless an operator has put their own in
    its place; so letters posted before keep the words they were posted with.
    """
    parts = {(part.part, part.format): part for part in _shipped(kind)}
    active = {(row.part, row.format): row for row in Template.objects.filter(kind=kind, active=True)}
    for place, part in parts.items():
        row = active.get(place)
        if row is None or (row.author == SHIPPED and row.digest != _digest(part.body)):
            active[place] = _new_version(part, now)
    return tuple(sorted(row.pk for place, row in active.items() if place in parts))


@lru_cache(maxsize=8)
def _shipped(kind: str) -> tuple[Part, ...]:
    return tuple(part for part in shipped(settings.MAIL_TEMPLATES) if part.kind == kind)


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


def _new_version(part: Part, now: datetime) -> Template:
    """The new version in force; of two processes that make it at once, one does."""
    here = Template.objects.filter(kind=part.kind, part=part.part, format=part.format)
    try:
        with transaction.atomic():
            here.filter(active=True).update(active=False)
            return Template.objects.create(
                kind=part.kind,
                part=part.part,
                format=part.format,
                body=part.body,
                digest=_digest(part.body),
                author=SHIPPED,
                created_at=now,
            )
    except IntegrityError:
        return here.get(active=True)


def wording(versions: tuple[int, ...]) -> Wording:
    """The compiled wording of these versions. KeyError when one is gone. WordingError when one doesn't compile."""
    rows = list(Template.objects.filter(pk__in=versions).order_by("pk"))
    missing = set(versions) - {row.pk for row in rows}
    if missing:
        raise KeyError(f"template versions {sorted(missing)} are not in the database")
    return _compiled(tuple(Part(row.kind, row.part, row.format, row.body) for row in rows))


@lru_cache(maxsize=32)
def _compiled(parts: tuple[Part, ...]) -> Wording:
    # By what they say, not by their numbers: SQLite gives the number of a row that was rolled back to another one.
    return Wording(parts)
