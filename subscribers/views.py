"""Doors for a person who holds a link: confirm, leave, one-click. Opening a link changes nothing; a button does.

These views take no CSRF token, on purpose: the token in their address is the whole right to use them, and no
cookie adds to it, so another site has nothing to ride on. RFC 8058 asks for it too: a mail program leaves for
its reader by a POST without cookie, token or Referer.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from subscribers import joining, membership, parting
from subscribers.joining import Standing
from subscribers.links import sign, unsign
from subscribers.models import Subscriber
from subscribers.outbox.message import SLOT
from subscribers.visitor import visitor

# The version of the words beside the button, kept as proof of what was agreed to. Change it with the words.
CONSENT = "page of 2026-11: send me the digest at this address until I leave"
WISHES = ("one-click", "leave", "back")  # what a POST to the leave link can ask for
ONE_CLICK = re.compile(rb"\s*List-Unsubscribe=One-Click\s*", re.IGNORECASE)


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """A confirmation's link: a button while it can be used, what became of it afterwards."""
    key, asked = _asked(token)
    now, person = timezone.now(), Subscriber.objects.filter(key=key).first()
    found = joining.standing(person, asked, now)
    if person is None or request.method != "POST" or found is Standing.GONE:
        return _confirmation(request, token, person, found)
    if "again" in request.POST:
        return _ask_again(request, person, now, ended=asked)
    record = visitor(request).record()
    found = joining.confirm(
        person.pk, asked, now, site_host=settings.SITE_HOST, confirmed_from=record, consent=CONSENT
    )  # fmt: skip
    person.refresh_from_db()
    return _welcome(request, person, now) if found is Standing.OPEN else _confirmation(request, token, person, found)


def _asked(token: str) -> tuple[str, datetime]:
    """The person's key and the time they asked, from a confirmation's token."""
    key, _, moment = (unsign(settings.LINK_KEY.encode(), "confirm", token) or "").partition(":")
    try:
        return key, datetime.strptime(moment, SLOT).replace(tzinfo=UTC)
    except ValueError:
        raise Http404("no confirmation of ours") from None


def _confirmation(request: HttpRequest, token: str, person: Subscriber | None, found: Standing) -> HttpResponse:
    shown = {"standing": found.value, "person": person, "masked": masked(person.email) if person else ""}
    return render(request, "web/confirm.html", {**shown, "token": token})


def _welcome(request: HttpRequest, person: Subscriber, now: datetime) -> HttpResponse:
    mine = sign(settings.LINK_KEY.encode(), "read", f"{person.key}:{now.astimezone(UTC).strftime(SLOT)}")
    topics = person.topics.order_by("id")
    return render(request, "web/welcome.html", {"person": person, "topics": topics, "mine": mine})


def _ask_again(request: HttpRequest, person: Subscriber, now: datetime, ended: datetime | None = None) -> HttpResponse:
    record = visitor(request).record()
    joining.ask_again(person.pk, now, site_host=settings.SITE_HOST, asked_from=record, ended=ended)
    return render(request, "web/check_mail.html")


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest, token: str) -> HttpResponse:
    """The leave link: a button for people, RFC 8058 for mail programs. It works for ever."""
    key = unsign(settings.LINK_KEY.encode(), "leave", token)
    if key is None or ":" in key:
        raise Http404("no leave link of ours")
    now, person = timezone.now(), Subscriber.objects.filter(key=key).exclude(state="forgotten").first()
    wanted = _pressed(request)
    if wanted not in WISHES and request.method == "POST":
        return HttpResponseBadRequest(
            "Nobody has left: this says neither List-Unsubscribe=One-Click nor what the page's buttons say.\n",
            content_type="text/plain; charset=utf-8",
        )
    if wanted == "one-click":
        if person is not None:
            membership.leave(person.pk, now, how="one-click", journal_file=settings.JOURNAL)
            parting.see_out(person, now)
        return HttpResponse("You have left. No more digests will be sent.\n", content_type="text/plain; charset=utf-8")
    if person is not None and wanted == "back":
        return _ask_again(request, person, now)
    if person is not None and wanted == "leave":
        person = parting.leave(
            person.pk, now, how="leave page", journal_file=settings.JOURNAL, site_host=settings.SITE_HOST
        )  # fmt: skip
        parting.see_out(person, now)
    return _leaving(request, token, person)


def _pressed(request: HttpRequest) -> str:
    """Which button of the page, or the mail program's one click; "" for anything else, which changes nothing.

    RFC 8058 has two types of body. Some programs add a line's end, or forget to say the type: one that plainly
    says it is understood all the same, since whoever is not understood goes on getting mail.
    """
    if request.method != "POST":
        return ""
    try:
        if ONE_CLICK.fullmatch(request.body):  # read before `POST`, which may leave nothing to read
            return "one-click"
        if request.POST.get("List-Unsubscribe", "").strip() == "One-Click":
            return "one-click"
        return request.POST.get("do", "").strip()
    except (MultiPartParserError, RequestDataTooBig, TooManyFieldsSent):
        return ""


def _leaving(request: HttpRequest, token: str, person: Subscriber | None) -> HttpResponse:
    shown = {"person": person, "token": token, "masked": masked(person.email) if person else ""}
    topics = person.topics.order_by("id") if person else ()
    return render(request, "web/leave.html", {**shown, "topics": topics})


def masked(email: str) -> str:
    """An address that its owner recognises and nobody else learns: r••••@example.org."""
    name, _, domain = email.rpartition("@")
    return f"{name[:1]}••••@{domain}"
