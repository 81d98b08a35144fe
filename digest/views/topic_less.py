"""Less of a topic, two taps from a mail: the link beside its name, and one button."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from digest.views.digests import holder
from subscribers import topic_edits
from subscribers.forms import sentence
from subscribers.less import after, steps
from subscribers.membership import NotPossible
from subscribers.models import Subscriber, Topic
from subscribers.topic_merge import as_it_is, marks


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def less(request: HttpRequest, token: str, number: int) -> HttpResponse:
    """GET offers; each button does the one thing it says and leads to the page of all topics. So does the address of a
    topic that is gone, or somebody else's."""
    person, _ = holder(token)
    topic = person.topics.filter(pk=number).first() if number < 2**63 else None
    if topic is None or person.state not in ("active", "paused"):
        return HttpResponseRedirect(reverse("mine", args=[token]), status=303)
    wrong = ""
    if request.method == "POST":
        try:
            done = _pressed(person, topic, request.POST.get("do", ""))
            if done:
                return HttpResponseRedirect(f"{reverse('mine', args=[token])}?done={done}", status=303)
        except NotPossible as reason:
            wrong = sentence(str(reason))
    shown = {"token": token, "topic": topic, "steps": steps(as_it_is(topic)), "wrong": wrong}
    return render(request, "web/less.html", shown)


def _pressed(person: Subscriber, topic: Topic, wanted: str) -> str:
    """What was done, by the name that the page of all topics says it with; "" when the button is none of ours."""
    now, stored = timezone.now(), as_it_is(topic)
    if wanted == "mute":
        if not topic.muted:
            topic_edits.mute(person.pk, topic.pk, now, muted=True)
        return "muted"
    wish = after(wanted, stored)
    if wish is None:
        return ""
    if wish != stored:
        topic_edits.change(person.pk, topic.pk, wish, now, opened=marks(stored))
    return "saved"
