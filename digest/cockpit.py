"""The admin site itself: its front panel, its name, its clock, and the policy that its pages are served under.

It stands apart from the tables in `admin`, because these register themselves with it when they are imported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from csp.decorators import csp
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from digest.pipeline import front_panel

# What Django's own pages need and no more: its scripts and sheets are files, the arrows in its sheets data: images.
POLICY = {
    "default-src": ["'self'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "object-src": ["'none'"],
    "base-uri": ["'none'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
}
# The panel shows something of all of these: whoever may not see one of the tables does not see its numbers there.
SEES_PANEL = (
    "digest.view_edition",
    "digest.view_snapshot",
    "digest.view_source",
    "subscribers.view_batch",
    "subscribers.view_channel",
    "subscribers.view_event",
    "subscribers.view_letter",
    "subscribers.view_subscriber",
)


def clock() -> datetime:
    """The time of a request to the admin: read once, by its door, and handed down."""
    return datetime.now(UTC)


def may(request: HttpRequest, rights: Iterable[str]) -> bool:
    """Whether the operator has all of these rights."""
    return request.user.is_active and request.user.has_perms(list(rights))


class Cockpit(admin.AdminSite):
    """Named in settings as the default site, so that everything registered with `admin.site` is in it."""

    site_title = settings.SITE_NAME
    site_header = settings.SITE_NAME
    index_title = "Today"

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        first, _, rest = settings.SITE_NAME.partition(" ")
        marked, _, rest = rest.partition(" ")
        return {**super().each_context(request), "wordmark": (first, marked, rest)}

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        panel = front_panel.panel(clock()) if may(request, SEES_PANEL) else None
        return super().index(request, {"panel": panel, **(extra_context or {})})

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        answer: HttpResponse = _strict(super().login)(request, extra_context)
        return answer

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:
        return _strict(super().admin_view(view, cacheable))


def _strict(view: Callable[..., Any]) -> Callable[..., Any]:
    decorated: Callable[..., Any] = csp(POLICY)(view)
    return decorated
