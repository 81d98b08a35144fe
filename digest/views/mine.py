"""The page of a person who holds a digest's link: topics, schedule, pause, leave. Their address stays masked.

A topic is made and changed on a page of its own, see `topic_mine`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from digest.mail import days
from digest.pipeline.lately import Row, lately
from digest.views.digests import holder, leave_token
from subscribers import feeding, joining, membership, parting, pausing, ready, roll, topic_edits
from subscribers.forms import DAYS, WEEK, ScheduleForm, sentence, zones
from subscribers.links import sign
from subscribers.membership import NotPossible
from subscribers.models import Subscriber
from subscribers.schedule import describe, parse_days, zone_of
from subscribers.views import masked
from subscribers.visitor import visitor

# what a page says after its button was pressed, by the name in its address
DONE = {
    "followed": "The topic is added. It counts from your last digest, and changes when we change it.",
    "muted": "The topic is muted. Nothing of it comes until you unmute it.",
    "unmuted": "The topic is back. It counts from your last digest.",
    "added": "The topic is added. It counts from your last digest.",
    "saved": "The topic is saved.",
    "removed": "The topic is removed.",
    "fed": "Your feeds have a new address. An old one is found by nobody any more.",
    "unfed": "Your feeds are switched off. Their address is found by nobody any more.",
    "schedule": "The schedule is saved.",
    "shape": "Saved. It holds from your next digest on.",
    "paused": "Paused. No digest comes until you go on.",
    "paused-until": "Paused, until the day you chose. You can go on before, or change the day.",
    "resumed": "Welcome back. The next digest has the papers of the last 7 days.",
    "left": "You have left. No more digests come from the moment you pressed; one mail confirms it.",
}


@dataclass(frozen=True, slots=True)
class Press:
    """A button that was pressed: whose, when, and what was typed beside it."""

    person: Subscriber
    now: datetime
    topic: int  # 0: none named
    form: Any  # ScheduleForm, valid; None where the button stands alone
    ready: int = 0  # the ready-made topic to follow; 0: none named
    ticked: frozenset[str] = frozenset()  # names of boxes
    length: str = ""  # how much to say of each paper; "": as before
    until: str = ""  # the day a pause ends, as typed


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def mine(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows; each POST does the one thing its button says and leads back to the page, or shows what is wrong."""
    person, _ = holder(token)
    now = timezone.now()
    if request.method != "POST":
        return _page(request, token, person, done=DONE.get(request.GET.get("done", ""), ""))
    wanted = request.POST.get("do", "")
    if wanted == "back":
        joining.ask_again(person.pk, now, site_host=settings.SITE_HOST, asked_from=visitor(request).record())
        return render(request, "web/check_mail.html")
    return _pressed(request, token, person, wanted, now)


def _pressed(request: HttpRequest, token: str, person: Subscriber, wanted: str, now: datetime) -> HttpResponse:
    form = ScheduleForm(request.POST) if wanted == "schedule" else None
    wrong = ""
    if person.state in ("active", "paused") and wanted in ACTS and (form is None or form.is_valid()):
        topic, offered = (number(request.POST.get(name, "")) for name in ("topic", "ready"))
        ticked = frozenset(request.POST.getlist("shape"))
        length, until = request.POST.get("length", ""), request.POST.get("until", "").strip()
        press = Press(person, now, topic, form, offered, ticked, length, until)
        try:
            return HttpResponseRedirect(f"{request.path}?done={ACTS[wanted](press)}", status=303)
        except NotPossible as reason:
            wrong = sentence(str(reason))
    return _page(request, token, person, form=form, wrong=wrong)


def _follow(press: Press) -> str:
    chosen = ready.offered().filter(pk=press.ready).first()
    if chosen is None:
        raise NotPossible("this ready-made topic is not offered any more")
    topic_edits.add(press.person.pk, ready.wish(chosen), press.now)
    return "followed"


def _mute(press: Press) -> str:
    topic_edits.mute(press.person.pk, press.topic, press.now, muted=True)
    return "muted"


def _unmute(press: Press) -> str:
    topic_edits.mute(press.person.pk, press.topic, press.now, muted=False)
    return "unmuted"


def _remove(press: Press) -> str:
    topic_edits.remove(press.person.pk, press.topic, press.now)
    return "removed"


def _reschedule(press: Press) -> str:
    membership.reschedule(press.person.pk, press.now, **press.form.schedule())
    return "schedule"


def _shape(press: Press) -> str:
    try:
        length = Subscriber.Length(press.length or press.person.length)
    except ValueError:
        raise NotPossible("choose one of the three lengths") from None
    membership.choose_shape(press.person.pk, press.now, length=length, empty_too="empty" in press.ticked)
    return "shape"


def _pause(press: Press) -> str:
    """Until the day that was typed beside the button; without one, until they go on."""
    try:
        day = date.fromisoformat(press.until) if press.until else None
        pausing.pause_until(press.person.pk, day, press.now)
    except ValueError:
        raise NotPossible("write the day as 2026-12-31, or leave it empty") from None
    return "paused" if day is None else "paused-until"


def _resume(press: Press) -> str:
    try:
        pausing.resume(press.person.pk, press.now)
    except ValueError as unread:  # what is stored: an operator or an import may have written it
        raise NotPossible(f"the schedule can't be read ({unread}); save one first, then go on") from None
    return "resumed"


def _leave(press: Press) -> str:
    parting.leave(
        press.person.pk, press.now, how="own page", journal_file=settings.JOURNAL, site_host=settings.SITE_HOST
    )  # fmt: skip
    parting.see_out(press.person, press.now)
    return "left"


def _feed(press: Press) -> str:
    feeding.renew(press.person.pk)
    return "fed"


def _unfeed(press: Press) -> str:
    feeding.withdraw(press.person.pk)
    return "unfed"


ACTS: dict[str, Callable[[Press], str]] = {
    "follow": _follow,
    "mute": _mute,
    "unmute": _unmute,
    "remove": _remove,
    "schedule": _reschedule,
    "feed": _feed,
    "unfeed": _unfeed,
    "shape": _shape,
    "pause": _pause,
    "resume": _resume,
    "leave": _leave,
}


def number(text: str) -> int:
    """The number of a row, as an address or a button names it; 0: none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _page(
    request: HttpRequest, token: str, person: Subscriber, *, form: Any = None, wrong: str = "", done: str = ""
) -> HttpResponse:
    topics = list(person.topics.select_related("ready").order_by("id"))
    followed = {topic.ready_id for topic in topics}
    shown = {
        "token": token,
        "leave": leave_token(person),
        "person": person,
        "masked": masked(person.email),
        "topics": topics,
        "ready": [one for one in ready.offered() if one.pk not in followed],
        "zones": zones(),
        "when": _when(person, form),
        "pause": _pause_box(person, timezone.now()),
        "lately": [_slot(row) for row in lately(person)],
        "feed": sign(settings.LINK_KEY.encode(), "feed", person.feed_key) if person.feed_key else "",
        "wrong": wrong,
        "done": done,
    }
    return render(request, "web/mine.html", shown)


def _pause_box(person: Subscriber, now: datetime) -> dict[str, str]:
    """The day a pause ends, in words and as typed, and the first that can be chosen: on the reader's clocks."""
    try:
        zone = zone_of(person.zone)
    except (ValueError, OSError):  # nothing such: see `_when`
        zone = zone_of("UTC")
    ends = person.paused_until.astimezone(zone).date() if person.paused_until else None
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    return {
        "words": days.weekday(ends.isoformat()) if ends else "",
        "until": ends.isoformat() if ends else "",
        "first": tomorrow.isoformat(),
    }


def _slot(row: Row) -> dict[str, Any]:
    return {"at": days.moment(row.slot.isoformat()), "row": row}


def _when(person: Subscriber, form: Any) -> dict[str, Any]:
    stored = {"zone": person.zone, "at": person.times}
    try:
        schedule = membership.schedule_of(person)
        words, chosen = describe(schedule), [WEEK[day] for day in sorted(parse_days(person.days))]
        coming = roll.coming(person)
        due = days.moment(coming.astimezone(zone_of(person.zone)).isoformat()) if coming else ""
    except ValueError:  # an operator has put something there that can't be read: this is the place to mend it
        words, chosen, due = "", list(WEEK), ""
    if form is not None:
        stored, chosen = {name: form.data.get(name, "") for name in stored}, form.data.getlist("days")
    boxes = [(value, name, value in chosen) for value, name in DAYS]
    return {**stored, "words": words, "due": due, "days": boxes, "errors": form.errors if form else {}}
