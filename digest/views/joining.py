"""Signing up: a form with a preview of what the last 7 days would have brought."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from digest.pipeline import browsing
from digest.views import errors
from digest.views.tried import Tried, tried
from subscribers import joining, limits
from subscribers.forms import DAYS, DEFAULTS, SignUpForm, zones
from subscribers.visitor import visitor

PREVIEWED = 5  # titles
READY = (
    ("Agents", "agent* OR \"tool use\""),
    ("Reasoning", "reasoning OR \"chain of thought\""),
    ("Robot learning", "robot* OR \"diffusion policy\" OR manipulation"),
    ("Long context", '"long context" OR "kv cache"'),
    ("Evaluation", "benchmark* OR evaluation"),
    ("Trending", "upvotes:>=20"),
)  # fmt: skip
# A form that is sent sooner was filled in by a program, one sent later was kept by one.
SOONEST, LATEST = timedelta(seconds=1), timedelta(hours=24)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest) -> HttpResponse:
    """GET shows the form; `do=preview` shows it again with what it would bring; any other POST signs up.

    Whoever signs up reads the same page, whether or not we know the address.
    """
    now = timezone.now()
    if request.method != "POST":
        return _form(request, now, _typed(request.GET))
    typed = _typed(request.POST)
    if request.POST.get("do") == "preview":
        return _form(request, now, typed)
    form = SignUpForm(typed)
    if not form.is_valid():
        return _form(request, now, typed, form)
    if not _timely(request.POST.get("made", ""), now):
        return _form(request, now, typed, form, again=True)
    return _sign_up(request, form, now)


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


def _typed(data: QueryDict) -> QueryDict:
    """What was typed, with the usual schedule where the form that it came from doesn't ask for one."""
    typed = data.copy()
    for name, usual in DEFAULTS.items():
        if "at" not in data and name not in data:
            typed.setlist(name, [usual] if isinstance(usual, str) else list(usual))
    return typed


def _form(
    request: HttpRequest, now: datetime, typed: QueryDict, form: SignUpForm | None = None, *, again: bool = False
) -> HttpResponse:
    text = typed.get("q", "").strip()
    seconds = limits.wait_to_search(visitor(request).ip, now) if text else 0
    if seconds:
        return errors.too_many(request, seconds)
    shown: dict[str, Any] = {
        "form": form,
        "typed": typed,
        "days": [(value, name, value in typed.getlist("days")) for value, name in DAYS],
        "zones": zones(),
        "ready": READY,
        "again": again,
        "made": made(now),
        "preview": _preview(text, now) if text else None,
    }
    return render(request, "web/join.html", shown)


def _preview(text: str, now: datetime) -> Tried:
    return tried(text, now.date(), within=browsing.PREVIEWED, most=PREVIEWED, to_save=True)


def made(now: datetime) -> str:
    """When a form was made, signed, so that a program can't send it at once or for ever."""
    return Signer(salt="sign-up form").sign(str(int(now.timestamp())))


def _timely(stamp: str, now: datetime) -> bool:
    try:
        second = int(Signer(salt="sign-up form").unsign(stamp))
    except (BadSignature, ValueError):
        return False
    return SOONEST.total_seconds() <= now.timestamp() - second <= LATEST.total_seconds()
