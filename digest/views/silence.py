"""Why a digest did not come, or has so little: what each topic lacked, and the papers that came closest."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from digest.mail import days
from digest.mail.foreign import clean
from digest.mail.paper import page_url
from digest.mail.silences import SILENCES
from digest.pipeline import asking
from digest.views import errors
from digest.views.digests import holder
from subscribers import limits
from subscribers.visitor import visitor


@never_cache
@require_safe
def silence(request: HttpRequest, token: str, when: date) -> HttpResponse:
    """Of the digest of a date. It matches a window anew, so it counts as a search."""
    person, _ = holder(token)
    now = timezone.now()
    seconds = limits.wait_to_search(visitor(request).ip, now)
    if seconds:
        return errors.too_many(request, seconds)
    answer = asking.why_day(person, when, now)
    if answer.result == "none":
        raise Http404("no slot of this reader's on that day")
    shown = {
        "token": token,
        "day": days.weekday(when.isoformat()),
        "came": answer.result == "letter",
        "said": SILENCES.get(answer.reason, answer.reason),
        "closest": [_miss(one) for one in answer.closest],
    }
    return render(request, "web/silence.html", shown)


def _miss(one: dict[str, Any]) -> dict[str, Any]:
    failed = [(clean(topic), clean(why)) for topic, why in one["failed"].items()]
    return {"url": page_url("", one["paper"]), "title": clean(one["title"]), "score": one["score"], "failed": failed}
