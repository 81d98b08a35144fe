"""Add a source, list them, or accept a look that seemed suspect."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from digest.management.door import Door, Usage, day, source_named
from digest.models import Source
from digest.pipeline.accepting import NothingToAccept, accept
from digest.sources.addresses import is_inside, place_of

CLOSES = {"hf": 29, "arxiv": 24, "feed": 24}  # hours after 00:00 UTC at which a day is over
SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


class Command(Door):
    help = __doc__ or ""

    def add(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["add", "list", "accept"])
        parser.add_argument("slug", nargs="?")
        parser.add_argument("day", nargs="?", type=day, help="accept: the day whose looks are right: 2026-11-25")
        parser.add_argument("--kind", choices=sorted(CLOSES))
        parser.add_argument("--url")
        parser.add_argument("--short", help="what `source:` in filters names (default: the slug)")
        parser.add_argument("--private", action="store_true", help="add: its host may have a private address")

    def run(self, now: datetime, **options: Any) -> dict[str, Any]:
        if options["action"] == "list":
            return {"sources": [_told(source) for source in Source.objects.order_by("id")]}
        if options["action"] == "accept":
            return _accepted(options["slug"], options["day"], now)
        if options["day"] is not None:
            raise Usage("only `source accept` takes a day")
        if not (options["slug"] and options["kind"] and options["url"]):
            raise Usage("source add needs a slug, --kind and --url")
        short = options["short"] or options["slug"]
        return _told(_add(options["slug"], options["kind"], options["url"], short, options["private"]))


def _accepted(slug: str | None, on: date | None, now: datetime) -> dict[str, Any]:
    """The look that was taken with the guard lowered."""
    if slug is None or on is None:
        raise Usage("source accept needs a slug and a day: source accept hf 2026-11-25")
    try:
        taken = accept(source_named(slug), on, now)
    except NothingToAccept as why:
        raise CommandError(str(why)) from None
    said = {"source": taken.source, "day": taken.day.isoformat(), "verdict": taken.verdict, "reason": taken.reason}
    return {**said, "entries": taken.entries, "changes": taken.keys, "head": taken.head}


def _add(slug: str, kind: str, url: str, short: str, private: bool) -> Source:
    """A new source, or the same one again, which may be said to be `private` only now.

    CommandError when something else has the name.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as wrong:
        raise CommandError(f"--url {url!r} is no web address: {wrong}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise CommandError(f"--url {url!r} is no web address; write it with http:// or https://")
    if not SLUG.fullmatch(slug) or not SLUG.fullmatch(short):
        raise CommandError(f"{slug!r} is no slug: lower-case letters, digits, - and _, at most 40")
    # this host and port for this source, and nothing else
    allow = place_of(parts) if private or is_inside(parts.hostname) else ""
    values = {"kind": kind, "url": url, "short": short, "closes": CLOSES[kind], "allow": allow}
    with transaction.atomic():
        taken = Source.objects.filter(short=short).exclude(slug=slug).first()
        if taken is not None:
            raise CommandError(f"filters already name {taken.slug} by source:{short}; choose another --short")
        source, new = Source.objects.get_or_create(slug=slug, defaults=values)
    if not new and (source.kind, source.url) != (kind, url):
        raise CommandError(f"there is a source {slug!r} already: {source.kind}, {source.url}")
    if allow and source.allow != allow:
        source.allow = allow
        source.save(update_fields=["allow"])
    return source


def _told(source: Source) -> dict[str, Any]:
    upcoming = source.next_look.isoformat() if source.next_look else "now"
    return {"slug": source.slug, "kind": source.kind, "url": source.url, "next": upcoming, "short": source.short}
