"""One topic of a reader on a page of its own: made, changed, removed; behind the same link as the page of all."""

from __future__ import annotations

from collections.abc import Sequence
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
from subscribers.forms import CADENCES, TopicForm, sentence
from subscribers.membership import NotPossible
from subscribers.models import Subscriber, Topic
from subscribers.topic_merge import as_it_is, marks
from subscribers.visitor import visitor

ADD_ANEW = "What you typed is still here: it can be added as a new topic."
LABELS = {
    "text": "Filter",
    "name": "Name",
    "cadence": "How often",
    "cap": "At most",
    "boosts": "Boosts",
    "threshold": "Lowest score",
    "weight": "Weight",
    "settled": "When a paper is judged",
    "revisions": "Also send revisions",
    "muted": "Muted",
    "note": "Note",
}


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
    else's: the page of all, or what was typed as a new one."""
    person, _ = holder(token)
    topic = person.topics.select_related("ready").filter(pk=number).first() if number < 2**63 else None
    if topic is None:
        return _gone(request, token, person, timezone.now())
    stored = as_it_is(topic)
    return _door(request, token, person, topic_part.typed_as(stored, opened=marks(stored)), topic)


def _door(
    request: HttpRequest, token: str, person: Subscriber, first: topic_part.Typed, topic: Topic | None
) -> HttpResponse:
    now, all_of_them = timezone.now(), reverse("mine", args=[token])
    if not _is_reader(person):
        return HttpResponseRedirect(all_of_them, status=303)
    if request.method != "POST":
        return _page(request, token, first, topic, now)
    came = topic_part.typed(request.POST)
    wanted = "" if "mend" in request.POST else request.POST.get("do", "")
    form = TopicForm(came.data) if wanted == "save" else None
    wrong = ""
    try:
        done = ""
        if wanted == "remove" and topic is not None:
            done = _removed(person, topic, now)
        elif form is not None and form.is_valid() and not came.sides.note:
            done = _saved(person, form, topic, now)
        if done:
            return HttpResponseRedirect(f"{all_of_them}?done={done}", status=303)
    except topic_edits.Gone:
        return _gone(request, token, person, now)
    except topic_edits.Overtaken as overtaken:
        return _overtaken(request, token, came, topic, now, overtaken)
    except NotPossible as reason:
        wrong = sentence(str(reason))
    return _page(request, token, came, topic, now, form=form, wrong=wrong)


def _is_reader(person: Subscriber) -> bool:
    return person.state in ("active", "paused")


def _gone(request: HttpRequest, token: str, person: Subscriber, now: datetime) -> HttpResponse:
    """Of a topic that is none of theirs, or not any more: the page of all, and for what was typed a form to add it."""
    if request.method != "POST" or request.POST.get("do") == "remove" or not _is_reader(person):
        return HttpResponseRedirect(reverse("mine", args=[token]), status=303)
    came = topic_part.typed(request.POST)
    return _page(
        request, token, came, None, now,
        wrong=f"{sentence(topic_edits.GONE)} {ADD_ANEW}", here=reverse("new-topic", args=[token]),
    )  # fmt: skip


def _overtaken(
    request: HttpRequest,
    token: str,
    came: topic_part.Typed,
    topic: Topic | None,
    now: datetime,
    overtaken: topic_edits.Overtaken,
) -> HttpResponse:
    """What was typed, beside what is stored now; saved once more it counts, since both have been seen."""
    stored = overtaken.stored
    seen = {"opened": marks(stored), "one": came.data.get("one", "")}
    again = topic_part.typed_as(overtaken.found.wish, **seen)
    rows = [(LABELS[name], _in_words(name, getattr(stored, name))) for name in overtaken.found.clashes]
    return _page(request, token, again, topic, now, wrong=sentence(str(overtaken)), rows=rows)


def _in_words(name: str, value: object) -> str:
    """A field of a stored topic, as the form says it."""
    if name == "settled":
        return "when its day is settled" if value else "as listed"
    if name in topic_part.FLAGS:
        return "yes" if value else "no"
    if name == "cadence":
        return dict(CADENCES).get(str(value), str(value))
    return "\n".join(value) if isinstance(value, tuple) else "" if value is None else str(value)


def _removed(person: Subscriber, topic: Topic, now: datetime) -> str:
    topic_edits.remove(person.pk, topic.pk, now)
    return "removed"


def _saved(person: Subscriber, form: TopicForm, topic: Topic | None, now: datetime) -> str:
    if topic is None:
        topic_edits.add(person.pk, form.wish(), now)
        return "added"
    topic_edits.change(person.pk, topic.pk, form.wish(as_it_is(topic)), now, opened=form.data.get("opened", ""))
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
    here: str = "",
    rows: Sequence[tuple[str, str]] = (),
) -> HttpResponse:
    seconds = limits.wait_to_search(visitor(request).ip, now) if came.text else 0
    if seconds:
        return errors.too_many(request, seconds)
    shown = {
        "topic": topic_part.shown(came, now, form),
        "here": here or request.path,
        "token": token,
        "stored": topic,
        "opened": came.data.get("opened", ""),
        "rows": rows,
        "form": form,
        "wrong": wrong,
    }
    return render(request, "web/my_topic.html", shown)
