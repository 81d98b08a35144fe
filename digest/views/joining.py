"""Signing up: a first topic with its preview, a schedule, an address."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from csp.decorators import csp_update
from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from digest.views import errors, topic_part
from subscribers import joining, limits, ready
from subscribers.forms import DAYS, DEFAULTS, SignUpForm, zones
from subscribers.visitor import visitor

# A form that is sent sooner was filled in by a program, one sent later was kept by one.
SOONEST, LATEST = timedelta(seconds=1), timedelta(hours=24)


@never_cache
@csp_update(topic_part.SCRIPTED)
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest) -> HttpResponse:
    """GET shows the form, `?q=` or `?ready=` with a topic in it; `do=preview` and a mend show it again with
    what the topic would bring; any other POST signs up.

    Whoever signs up reads the same page, whether or not we know the address.
    """
    now = timezone.now()
    came = _came(request)
    if request.method != "POST" or request.POST.get("do") == "preview" or "mend" in request.POST:
        return _form(request, now, came)
    form = SignUpForm(_or_the_first(came.data))
    if not form.is_valid() or came.sides.note:
        return _form(request, now, came, form)
    if not _timely(request.POST.get("made", ""), now):
        return _form(request, now, came, form, again=True)
    return _sign_up(request, form, now)


def _came(request: HttpRequest) -> topic_part.Typed:
    if request.method == "POST":
        return topic_part.typed(_scheduled(request.POST))
    begun = topic_part.chosen(request.GET.get("ready", ""))
    came = topic_part.typed_as(ready.wish(begun)) if begun else topic_part.typed(request.GET)
    return replace(came, data=_scheduled(came.data))


def _scheduled(data: QueryDict) -> QueryDict:
    """What was typed, with the usual schedule where the form that it came from doesn't ask for one."""
    typed = data.copy()
    for name, usual in DEFAULTS.items():
        if "at" not in data and name not in data:
            typed.setlist(name, [usual] if isinstance(usual, str) else list(usual))
    return typed


def _or_the_first(data: QueryDict) -> QueryDict:
    """Whoever says nothing gets the first ready-made topic. A name and a cap of their own they keep."""
    first = ready.offered().first()
    if first is None or data.get("q", "").strip():
        return data
    begun, typed = topic_part.typed_as(ready.wish(first)).data, data.copy()
    for name, value in begun.items():
        typed[name] = (typed.get(name, "") if name in ("name", "cap", "cadence") else "") or str(value)
    return typed


def _sign_up(request: HttpRequest, form: SignUpForm, now: datetime) -> HttpResponse:
    mailed, address = form.cleaned_data["email"]
    who = visitor(request)
    seconds = limits.wait(who.ip, address.rpartition("@")[2], now)
    if seconds:
        return errors.too_many(request, seconds)
    if not form.cleaned_data["website"]:  # only programs fill it in: they read what people read
        joining.ask(
            mailed,
            address,
            [form.wish()],
            now,
            site_host=settings.SITE_HOST,
            schedule=form.schedule(),
            asked_from=who.record(),
        )
    return render(request, "web/check_mail.html")


def _form(
    request: HttpRequest,
    now: datetime,
    came: topic_part.Typed,
    form: SignUpForm | None = None,
    *,
    again: bool = False,
) -> HttpResponse:
    seconds = limits.wait_to_search(visitor(request).ip, now) if came.text else 0
    if seconds:
        return errors.too_many(request, seconds)
    shown: dict[str, Any] = {
        "topic": topic_part.shown(came, now, form),
        "here": "/join/",
        "form": form,
        "typed": came.data,
        "days": [(value, name, value in came.data.getlist("days")) for value, name in DAYS],
        "zones": zones(),
        "first": ready.offered().first(),
        "again": again,
        "made": made(now),
    }
    return render(request, "web/join.html", shown)


def made(now: datetime) -> str:
    """When a form was made, signed, so that a program can't send it at once or for ever."""
    return Signer(salt="sign-up form").sign(str(int(now.timestamp())))


def _timely(stamp: str, now: datetime) -> bool:
    try:
        second = int(Signer(salt="sign-up form").unsign(stamp))
    except (BadSignature, ValueError):
        return False
    return SOONEST.total_seconds() <= now.timestamp() - second <= LATEST.total_seconds()
