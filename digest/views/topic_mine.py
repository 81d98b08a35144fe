"""One topic of a reader on a page of its own: made, changed, removed; behind the same link as the page of all."""

from __future__ import annotations

from datetime import datetime

from csp.decorators import csp_update
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from digest.views import errors, topic_part
from digest.views.digests import holder
from subscribers import limits, ready, topic_edits
from subscribers.forms import TopicForm, sentence
from subscribers.membership import NotPossible
from subscribers.models import Subscriber, Topic
from subscribers.topics import TopicWish
from subscribers.visitor import visitor

KEPT = ("name", "text", "cadence", "settled", "revisions", "cap", "threshold", "weight", "note", "muted")


@never_cache
@csp_update(topic_part.SCRIPTED)  # type: ignore[arg-type]  # it says views take a request alone
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows an empty form, or with `?q=` or `?ready=` a filled one; `do=save` adds the topic."""
    person, _ = holder(token)
    begun = topic_part.chosen(request.GET.get("ready", ""))
    first = topic_part.typed_as(ready.wish(begun)) if begun else topic_part.typed(request.GET)
    return _door(request, token, person, first, None)


@never_cache
@csp_update(topic_part.SCRIPTED)  # type: ignore[arg-type]  # it says views take a request alone
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, token: str, number: int) -> HttpResponse:
    """GET shows the topic as it is stored; `do=save` changes it, `do=remove` removes it. One that is gone, or somebody
    else's: the page of all."""
    person, _ = holder(token)
    topic = person.topics.select_related("ready").filter(pk=number).first() if number < 2**63 else None
    if topic is None:
        return HttpResponseRedirect(reverse("mine", args=[token]), status=303)
    return _door(request, token, person, topic_part.typed_as(as_it_is(topic)), topic)


def as_it_is(topic: Topic) -> TopicWish:
    """The wish that a stored topic is."""
    kept = {name: getattr(topic, name) for name in KEPT}
    return TopicWish(**kept, boosts=tuple(topic.boosts), ready=topic.ready_id)


def _door(
    request: HttpRequest, token: str, person: Subscriber, first: topic_part.Typed, topic: Topic | None
) -> HttpResponse:
    now, all_of_them = timezone.now(), reverse("mine", args=[token])
    if person.state not in ("active", "paused"):
        return HttpResponseRedirect(all_of_them, status=303)
    if request.method != "POST":
        return _page(request, token, first, topic, now)
    came = topic_part.typed(request.POST)
    wanted = "" if "mend" in request.POST else request.POST.get("do", "")
    form = TopicForm(came.data) if wanted == "save" else None
    wrong = ""
    try:
        if wanted == "remove" and topic is not None:
            topic_edits.remove(person.pk, topic.pk, now)
            return HttpResponseRedirect(f"{all_of_them}?done=removed", status=303)
        if form is not None and form.is_valid() and not came.sides.note:
            return HttpResponseRedirect(f"{all_of_them}?done={_saved(person, form, topic, now)}", status=303)
    except NotPossible as reason:
        wrong = sentence(str(reason))
    return _page(request, token, came, topic, now, form=form, wrong=wrong)


def _saved(person: Subscriber, form: TopicForm, topic: Topic | None, now: datetime) -> str:
    if topic is None:
        topic_edits.add(person.pk, form.wish(), now)
        return "added"
    topic_edits.change(person.pk, topic.pk, form.wish(as_it_is(topic)), now)
    return "saved"


def _page(
    request: HttpRequest,
    token: str,
    came: topic_part.Typed,
    topic: Topic | None,
    now: datetime,
    *,
    form: TopicForm | None = None,
    wrong: str = "",
) -> HttpResponse:
    seconds = limits.wait_to_search(visitor(request).ip, now) if came.text else 0
    if seconds:
        return errors.too_many(request, seconds)
    shown = {
        "topic": topic_part.shown(came, now, form),
        "here": request.path,
        "token": token,
        "stored": topic,
        "form": form,
        "wrong": wrong,
    }
    return render(request, "web/my_topic.html", shown)
