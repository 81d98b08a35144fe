"""Look at sources: one look, all that are due, a back-fill, or kept bodies again."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import CommandError, CommandParser

from digest.management.door import Door, Usage, day, source_named
from digest.models import Source
from digest.pipeline import fetching, looking, numbers, replaying, visiting
from digest.pipeline.snapshots import Taken
from digest.sources import reader
from digest.sources.addresses import place_of
from digest.sources.http import DEFAULT_LIMITS, FetchFailed

KINDS = ("listed", "listed elsewhere", "rose", "enriched", "revised", "unlisted")
NAMES = {"listed": "added", "listed elsewhere": "listed_elsewhere"}


class Command(Door):
    help = __doc__ or ""

    def add(self, parser: CommandParser) -> None:
        parser.add_argument("--source", metavar="SLUG", help="slug or short name; without it: all that are due")
        parser.add_argument("--day", type=day, metavar="D", help="the day of the listing: 2026-11-25")
        parser.add_argument("--from", dest="origin", metavar="FILE|URL", help="take the body from there")
        parser.add_argument("--backfill", action="store_true", help="what is found is no news")
        parser.add_argument("--from-day", type=day, metavar="A", help="back-fill from this day ...")
        parser.add_argument("--to-day", type=day, metavar="B", help="... to this one")
        parser.add_argument("--replay", action="store_true", help="parse kept bodies again")

    def run(self, now: datetime, **options: Any) -> dict[str, Any]:
        _possible(options, now)
        source = source_named(options["source"]) if options["source"] else None
        if options["replay"]:
            return self._replay(source, options["day"], now)
        if options["from_day"] or options["to_day"]:
            return self._back_fill(source, options["from_day"], options["to_day"], now)
        if options["origin"] is not None:
            return self._from(_one(source), options["day"], options["origin"], now, options["backfill"])
        if options["day"]:
            self._warn(_one(source), options["day"], now, options["backfill"])
            return self._said(looking.look(_one(source), options["day"], now, backfill=options["backfill"]))
        return self._due([source] if source else looking.due_sources(now), now, options["backfill"])

    def _due(self, sources: list[Source], now: datetime, backfill: bool) -> dict[str, Any]:
        looks = []
        for source in sources:
            self.stderr.write(f"looking at {source.slug}")
            self._warn(source, looking.newest_day(source, now), now, backfill)
            looks += [self._said(taken) for taken in visiting.looks(source, now, backfill=backfill)]
        return {"looks": looks, "head": numbers.head()}

    def _warn(self, source: Source, on: date, now: datetime, backfill: bool) -> None:
        """Who back-fills one day by its name may mean today, too; but should know what becomes of it."""
        if backfill and looking.is_open(source, on, now):
            self.stderr.write(f"{on} is not over: what this look finds of it is told to nobody, also later")

    def _said(self, taken: Taken) -> dict[str, Any]:
        """The look as JSON; one that failed is said on standard error, too."""
        if taken.verdict in ("failed", "suspect"):
            self.stderr.write(f"{taken.source}, {taken.day}: {taken.verdict}. {taken.reason}")
        return _told(taken)

    def _from(self, source: Source, on: date | None, origin: str, now: datetime, backfill: bool) -> dict[str, Any]:
        """One look; without a day also as `looks`, a list of one."""
        body = _body(origin)
        named = on or reader.day_of(body) or looking.newest_day(source, now)
        _possible({"day": named}, now)
        self._warn(source, named, now, backfill)
        look = self._said(looking.look_at(source, named, [body], now, backfill=backfill))
        return look if on else {**look, "looks": [look]}

    def _back_fill(self, source: Source | None, first: date | None, last: date | None, now: datetime) -> dict[str, Any]:
        if first is None or last is None or first > last:
            raise Usage("a back-fill needs --from-day A and --to-day B, A not after B")
        source = _one(source)
        if source.kind == "feed":
            raise CommandError("a feed shows its newest entries only: it has no past days to fill from")
        days = (first + timedelta(days=n) for n in range((last - first).days + 1))
        still_open = [on for on in days if looking.is_open(source, on, now)]
        for on in still_open:
            self.stderr.write(f"{on}: not over yet, and left to the usual looks, which bring it as news")
        totals = []
        for taken in looking.back_fill(source, first, last, now):
            self.stderr.write(f"{taken.day}: {taken.verdict}, {taken.entries} papers")
            totals.append(
                {
                    "day": taken.day,
                    "verdict": taken.verdict,
                    "entries": taken.entries,
                    "added": len(taken.keys.get("listed", [])),
                }
            )
        return {"days": totals, "open": still_open, "head": numbers.head()}

    def _replay(self, source: Source | None, on: date | None, now: datetime) -> dict[str, Any]:
        sources = [source] if source else list(Source.objects.order_by("id"))
        looks = [
            _told(taken) | {"corrected": taken.keys.get("corrected", [])}
            for each in sources
            for taken in replaying.replay(each, on, now)
        ]
        if source and on:
            nothing = Taken(source.slug, on, "failed", "no believed look of that day is kept", 0, numbers.head())
            return looks[0] if looks else _told(nothing) | {"corrected": []}
        return {"looks": looks, "head": numbers.head()}


def _possible(options: dict[str, Any], now: datetime) -> None:
    """Usage when the options contradict each other, or name a day that no listing can have yet."""
    if options.get("replay") and options.get("origin") is not None:
        raise Usage("--replay parses kept bodies; --from names another one: give one of them")
    for on in filter(None, (options.get("day"), options.get("from_day"), options.get("to_day"))):
        if on.year < 2000 or on > now.date() + timedelta(days=2):
            raise Usage(f"{on} is no day of a listing: it must be from 2000 on and not in the future of {now:%Y-%m-%d}")


def _one(source: Source | None) -> Source:
    if source is None:
        raise Usage("say which source: --source SLUG")
    return source


def _body(origin: str) -> bytes:
    """The bytes at a path or URL that the operator typed (so its host is one they allow)."""
    if origin.startswith(("http://", "https://")):
        try:
            return fetching.get(origin, frozenset({place_of(urlsplit(origin))}), DEFAULT_LIMITS).body
        except (FetchFailed, ValueError) as failure:
            raise CommandError(f"can't fetch {origin}: {failure}") from None
    try:
        return Path(origin).read_bytes()
    except OSError as error:
        raise CommandError(f"can't read {origin}: {error.strerror}") from None


def _told(taken: Taken) -> dict[str, Any]:
    kinds = {NAMES.get(kind, kind): taken.keys.get(kind, []) for kind in KINDS}
    return {
        "source": taken.source,
        "day": taken.day.isoformat(),
        "verdict": taken.verdict,
        "reason": taken.reason,
        "entries": taken.entries,
        **kinds,
        "head": taken.head,
    }
