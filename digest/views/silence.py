"""Why a digest did not come, or has so little: what each topic lacked, and the papers that came closest."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from digest.mail import days
from digest.mail.foreign import clean
from digest.mail.paper import page_url
from digest.mail.silences import SILENCES
from digest.models import Copy
from digest.pipeline import asking
from digest.pipeline.asking import Answer
from digest.pipeline.lately import UNREAD, clocks, letter_in_words
from digest.views import errors
from digest.views.digests import holder
from subscribers import limits
from subscribers.models import Subscriber
from subscribers.outbox.message import SLOT
from subscribers.visitor import visitor


@never_cache
@require_safe
def silence(request: HttpRequest, token: str, when: date | datetime) -> HttpResponse:
    """Of the digest of a slot; of a date, as older links have it, of all that day. It matches windows anew, so it
    counts as a search."""
    person, _ = holder(token)
    seconds = limits.wait_to_search(visitor(request).ip, timezone.now())
    if seconds:
        return errors.too_many(request, seconds)
    slots = list(_slots(person, when))
    if not slots:
        raise Http404("no slot of this reader's then")
    heading = slots[0]["at"] if len(slots) == 1 else days.weekday(when.isoformat())
    return render(request, "web/silence.html", {"token": token, "heading": heading, "slots": slots})


def _slots(person: Subscriber, when: date | datetime) -> Iterator[dict[str, Any]]:
    zone = clocks(person)
    for copy in asking.copies(person, when):
        answer = asking.why(person, copy)
        yield {
            "key": f"{copy.slot.astimezone(UTC):{SLOT}}",
            "at": _moment(copy.slot, zone),
            "posted": _moment(copy.letter.posted_at, zone) if copy.letter else "",
            "kept": bool(copy.letter and copy.letter.content),
            "said": _said(copy, answer),
            "closest": [_miss(one) for one in answer.closest],
            "changed": _moment(answer.changed, zone) if answer.changed else "",
        }


def _said(copy: Copy, answer: Answer) -> str:
    if copy.letter is not None:
        return letter_in_words(copy.letter)
    if copy.result == Copy.Result.FAILED:
        return UNREAD
    return SILENCES.get(answer.reason, answer.reason)


def _moment(instant: datetime, zone: ZoneInfo) -> str:
    return days.moment(instant.astimezone(zone).isoformat())


def _miss(one: dict[str, Any]) -> dict[str, Any]:
    failed = [(clean(topic), clean(why)) for topic, why in one["failed"].items()]
    return {"url": page_url("", one["paper"]), "title": clean(one["title"]), "score": one["score"], "failed": failed}
