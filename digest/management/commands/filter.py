"""Try a filter on stored papers, or on a file of listing items."""

from __future__ import annotations

import argparse
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import CommandError, CommandParser

from digest.management.door import Door
from digest.matching.columns import Columns
from digest.matching.engine import Engine
from digest.matching.oddities import crowd, sought, unseen
from digest.matching.why import reason, why, why_not
from digest.matching.widening import widened
from digest.models import Paper
from digest.pipeline import browsing
from digest.pipeline.trying import a_week
from digest.sources import reader
from digest.sources.changes import Look, changes
from digest.sources.listing import Facts
from digest.sources.untrusted import UnreadableListing
from subscribers.query.canonical import canonical
from subscribers.query.errors import QueryError
from subscribers.query.explain import explain
from subscribers.query.nodes import Query
from subscribers.query.parser import parse

QUARTER = 90  # days


def whole_days(text: str) -> int:
    """A number of days that a listing can go back."""
    if not text.isdecimal() or not 1 <= int(text) <= 36_500:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days from 1 to 36500")
    return int(text)


class Command(Door):
    help = __doc__ or ""

    def add(self, parser: CommandParser) -> None:
        parser.add_argument("query")
        parser.add_argument("--papers", metavar="FILE", help="listing items to try it on, instead of stored papers")
        parser.add_argument("--days", type=whole_days, default=QUARTER, help="stored papers of the last N days (90)")
        parser.add_argument("--explain", metavar="KEY", help="why this paper matches, or which clause failed")
        parser.add_argument("--estimate", action="store_true", help="papers a week to expect")

    def handle(self, *args: Any, **options: Any) -> None:
        self.as_json = bool(options["json"])
        super().handle(*args, **options)

    def _wrong(self, error: QueryError) -> NoReturn:
        """One line on standard error, and for programs the error as JSON."""
        if self.as_json:
            told = {"message": error.message, "position": error.position, "hint": error.hint}
            self.stdout.write(json.dumps({"error": told}))
        raise CommandError(f"{error.message} (at character {error.position + 1}). {error.hint}".strip())

    def run(self, now: datetime, **options: Any) -> dict[str, Any]:
        try:
            parsed = parse(options["query"])
        except QueryError as error:
            self._wrong(error)
        papers = _from_file(options["papers"], now) if options["papers"] else _stored(now, options["days"])
        matches, odd = _matches(parsed.query, papers)
        result: dict[str, Any] = {
            "canonical": canonical(parsed.query),
            "explanation": explain(parsed.query),
            "warnings": [*parsed.notices, *parsed.warnings, *odd, *widened(parsed.query, papers)],
            "matches": [facts.key for facts in matches],
        }
        if options["explain"]:
            known = None if options["papers"] else browsing.paper(options["explain"])
            key = known.key if known is not None else options["explain"]
            result["why"] = _explained(parsed.query, papers, key)
        if options["estimate"]:
            result["estimate"] = _estimate(matches, papers)
        return result


def _stored(now: datetime, days: int) -> list[Facts]:
    recent = Paper.objects.filter(merged_into=None, first_day__gt=now.date() - timedelta(days=days))
    stored = recent.order_by("first_day", "key").values_list("facts", flat=True)
    return [Facts.from_json(facts, now.date()) for facts in stored]


def _from_file(name: str, now: datetime) -> list[Facts]:
    """The papers of a file, as facts at their first listing by Hugging Face."""
    try:
        listing = reader.read_file(Path(name).read_bytes(), now.date(), "huggingface", "hf")
    except OSError as error:
        raise CommandError(f"can't read {name}: {error.strerror}") from None
    except UnreadableListing as unreadable:
        raise CommandError(f"{name}: {unreadable}") from None
    look = Look("hf", now.date(), now, now.date())
    return [found.facts.judged_on(now.date()) for found in changes({}, listing, look)]


def _matches(query: Query, papers: list[Facts]) -> tuple[list[Facts], tuple[str, ...]]:
    """The papers that match, and what is odd about the filter among these papers."""
    if not papers:
        return [], ()
    parts = dict(enumerate(sought(query), start=1))
    bits = Engine({0: query, **parts}).match(Columns(list(enumerate(papers))))
    matched = [papers[place] for place in bits.indexes(0)]
    counts = [len(bits.indexes(number)) for number in parts]
    among = f"these papers ({len(papers):,})"
    return matched, (*unseen(query, papers, counts, among), *crowd(papers, len(matched)))


def _explained(query: Query, papers: list[Facts], key: str) -> str:
    facts = next((facts for facts in papers if facts.key == key), None)
    if facts is None:
        raise CommandError(f"{key} is not among these {len(papers)} papers")
    marks = why(query, facts)
    failed = why_not(query, facts)
    return f"does not match: {failed}" if failed else f"matches: {reason(marks) or 'everything does'}"


def _estimate(matches: list[Facts], papers: list[Facts]) -> dict[str, Any]:
    """Papers a week to expect, and from how many papers of how many days that is told."""
    days = {facts.listed for facts in papers if facts.listed}
    return {"papers_a_week": round(a_week(papers, len(matches)), 1), "days": len(days), "papers": len(papers)}
