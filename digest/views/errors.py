"""Pages for when something is not there, too much, or broken."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from digest.views.site import site


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django gives it
    """404."""
    return render(request, "404.html", status=404)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django gives it
    """400. The request may be too odd to be looked at: nothing here asks it."""
    return HttpResponse(render_to_string("400.html", site(None)), status=400)


def too_many(request: HttpRequest, seconds: int) -> HttpResponse:
    """429, and when to come back."""
    minutes = -(-seconds // 60)
    answer = render(request, "429.html", {"minutes": minutes}, status=429)
    answer["Retry-After"] = str(seconds)
    return answer


def locked_out(request: HttpRequest, *_: object) -> HttpResponse:
    """429 for whoever was wrong too often at the log-in."""
    return too_many(request, int(settings.AXES_COOLOFF_TIME.total_seconds()))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - Django gives it
    """403: the form was not one of ours, or its cookie is gone."""
    return render(request, "403.html", status=403)


def broken(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django gives it
    """500. Nothing here asks the database or the request: either may be what is broken."""
    return HttpResponse(render_to_string("500.html", site(None)), status=500)
