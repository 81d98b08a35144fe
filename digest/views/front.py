"""The front page: a day's papers, or what a search finds; and the box to subscribe."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from digest.mail import days
from digest.pipeline import browsing
from digest.views import errors
from digest.views.cards import card
from digest.views.joining import made
from digest.views.tried import tried
from subscribers import limits
from subscribers.visitor import visitor

SHOWN = 50  # papers on a page of a search
PAGE = re.compile(r"[1-9]\d{0,3}", re.ASCII)


@require_safe
def front(request: HttpRequest) -> HttpResponse:
    """The newest day; with `?q=` the stored papers that a filter matches, `?page=2` those behind the first 50."""
    now, text = timezone.now(), request.GET.get("q", "").strip()
    if text:
        return _search(request, text, now)
    newest = browsing.newest_day()
    return _day(request, newest, now) if newest else _page(request, "web/day.html", now, heading="No papers yet")


def _search(request: HttpRequest, text: str, now: datetime) -> HttpResponse:
    seconds = limits.wait_to_search(visitor(request).ip, now)
    if seconds:
        return errors.too_many(request, seconds)
    number = request.GET.get("page", "1")
    if PAGE.fullmatch(number) is None:
        raise Http404("no page of this number")
    page = int(number)
    found = tried(text, now.date(), within=browsing.SEARCHED, most=SHOWN, start=(page - 1) * SHOWN)
    if page > 1 and not found.cards and not found.trouble:
        raise Http404("so many papers don't match")
    before, after = page - 1, page + 1 if found.last < found.kept else 0
    return _page(request, "web/search.html", now, searched=found, before=before, after=after)


@require_safe
def of_day(request: HttpRequest, when: date) -> HttpResponse:
    """Any day that lies among those we have listings for."""
    return _day(request, when, timezone.now())


def _day(request: HttpRequest, when: date, now: datetime) -> HttpResponse:
    found = browsing.day(when)
    if not found.papers and (found.before is None or found.after is None):
        raise Http404("nothing was listed so early or so late")
    return _page(
        request,
        "web/day.html",
        now,
        heading=f"{days.weekday(when.isoformat())} {when.year}",
        found=found,
        cards=[card(facts) for facts in found.papers],
        before=_link(found.before),
        after=_link(found.after),
    )


def _link(when: date | None) -> dict[str, Any] | None:
    if when is None:
        return None
    return {"day": when, "words": f"{days.DAYS[when.weekday()][:3]} {when.day} {days.MONTHS[when.month - 1][:3]}"}


def _page(request: HttpRequest, template: str, now: datetime, **shown: Any) -> HttpResponse:
    return render(request, template, {"made": made(now), "searchable": browsing.SEARCHED.days, **shown})
