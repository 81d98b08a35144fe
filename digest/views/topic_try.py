"""A filter tried by anybody: what it means and what it would have brought. It keeps nothing."""

from __future__ import annotations

from csp.decorators import csp_update
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from digest.views import errors, topic_part
from subscribers import limits, ready
from subscribers.visitor import visitor


@never_cache
@csp_update(topic_part.SCRIPTED)
@require_http_methods(["GET", "HEAD", "POST"])
def attempt(request: HttpRequest) -> HttpResponse:
    """GET `?q=` or `?ready=` begins with a filter; each button posts the form and shows it again."""
    now = timezone.now()
    begun = topic_part.chosen(request.GET.get("ready", "")) if request.method != "POST" else None
    came = topic_part.typed_as(ready.wish(begun)) if begun else topic_part.typed(request.POST or request.GET)
    seconds = limits.wait_to_search(visitor(request).ip, now) if came.text else 0
    if seconds:
        return errors.too_many(request, seconds)
    return render(request, "web/try.html", {"topic": topic_part.shown(came, now), "here": "/try/"})
