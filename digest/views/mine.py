"""The page of a person who holds a digest's link: topics, schedule, pause, leave. Their address stays masked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from digest.mail import days
from digest.views.digests import holder, leave_token
from subscribers import joining, membership, parting, roll, topic_edits
from subscribers.forms import CADENCES, DAYS, WEEK, ScheduleForm, TopicForm, sentence, zones
from subscribers.membership import NotPossible
from subscribers.models import Subscriber, Topic
from subscribers.schedule import describe, parse_days, zone_of
from subscribers.topics import TopicWish
from subscribers.views import masked
from subscribers.visitor import visitor

# what a page says after its button was pressed, by the name in its address
DONE = {
    "added": "The topic is added. It counts from your last digest.",
    "saved": "The topic is saved.",
    "removed": "The topic is removed.",
    "schedule": "The schedule is saved.",
    "paused": "Paused. No digest comes until you go on.",
    "resumed": "Welcome back. The next digest has the papers of the last 7 days.",
    "left": "You have left. No more digests come from the moment you pressed; one mail confirms it.",
}


@dataclass(frozen=True, slots=True)
class Press:
    """A button that was pressed: whose, when, and what was typed beside it."""

    person: Subscriber
    now: datetime
    topic: int  # 0: none named
    form: Any  # TopicForm or ScheduleForm, valid; None where the button stands alone


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
    form = _form(wanted, request.POST)
    wrong = ""
    if person.state in ("active", "paused") and wanted in ACTS and (form is None or form.is_valid()):
        try:
            done = ACTS[wanted](Press(person, now, _number(request.POST), form))
            return HttpResponseRedirect(f"{request.path}?done={done}", status=303)
        except NotPossible as reason:
            wrong = sentence(str(reason))
    return _page(request, token, person, form=form, wanted=wanted, wrong=wrong)


def _form(wanted: str, typed: QueryDict) -> forms.Form | None:
    kind = {"add": TopicForm, "save": TopicForm, "schedule": ScheduleForm}.get(wanted)
    return kind(typed) if kind else None


def _add(press: Press) -> str:
    topic_edits.add(press.person.pk, press.form.wish(), press.now)
    return "added"


def _save(press: Press) -> str:
    topic = press.person.topics.filter(pk=press.topic).first()
    if topic is None:
        raise NotPossible("this topic is gone; it was removed a moment ago")
    topic_edits.change(press.person.pk, topic.pk, press.form.wish(_as_it_is(topic)), press.now)
    return "saved"


def _as_it_is(topic: Topic) -> TopicWish:
    names = ("name", "text", "cadence", "settled", "revisions", "cap", "threshold", "weight", "note")
    kept = {name: getattr(topic, name) for name in names}
    return TopicWish(**kept, boosts=tuple(topic.boosts), ready=topic.ready_id)


def _remove(press: Press) -> str:
    topic_edits.remove(press.person.pk, press.topic, press.now)
    return "removed"


def _reschedule(press: Press) -> str:
    membership.reschedule(press.person.pk, press.now, **press.form.schedule())
    return "schedule"


def _pause(press: Press) -> str:
    membership.pause(press.person.pk, press.now)
    return "paused"


def _resume(press: Press) -> str:
    try:
        membership.resume(press.person.pk, press.now)
    except ValueError as unread:  # what is stored: an operator or an import may have written it
        raise NotPossible(f"the schedule can't be read ({unread}); save one first, then go on") from None
    return "resumed"


def _leave(press: Press) -> str:
    parting.leave(
        press.person.pk, press.now, how="own page", journal_file=settings.JOURNAL, site_host=settings.SITE_HOST
    )  # fmt: skip
    return "left"


ACTS: dict[str, Callable[[Press], str]] = {
    "add": _add,
    "save": _save,
    "remove": _remove,
    "schedule": _reschedule,
    "pause": _pause,
    "resume": _resume,
    "leave": _leave,
}


def _number(typed: QueryDict) -> int:
    text = typed.get("topic", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _page(
    request: HttpRequest,
    token: str,
    person: Subscriber,
    *,
    form: forms.Form | None = None,
    wanted: str = "",
    wrong: str = "",
    done: str = "",
) -> HttpResponse:
    edited = _number(request.POST) if wanted == "save" else 0
    shown = {
        "token": token,
        "leave": leave_token(person),
        "person": person,
        "masked": masked(person.email),
        "topics": [_topic(topic, form if topic.pk == edited else None) for topic in person.topics.order_by("id")],
        "new": _fields(form if wanted == "add" else None),
        "cadences": CADENCES,
        "zones": zones(),
        "when": _when(person, form if wanted == "schedule" else None),
        "wrong": wrong,
        "done": done,
    }
    return render(request, "web/mine.html", shown)


def _topic(topic: Topic, form: Any) -> dict[str, Any]:
    as_it_is = {"name": topic.name, "q": topic.text, "cadence": topic.cadence, "cap": topic.cap or ""}
    return {"topic": topic, **_fields(form, as_it_is)}


def _fields(form: Any, as_it_is: dict[str, Any] | None = None) -> dict[str, Any]:
    """What stands in a topic's boxes: what was typed when it is wrong, else what is stored."""
    if form is None:
        return {"value": as_it_is or {"cadence": "slot"}, "errors": {}, "trouble": None}
    typed = {name: form.data.get(name, "") for name in ("name", "q", "cadence", "cap")}
    return {"value": typed, "errors": form.errors, "trouble": form.trouble()}


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
