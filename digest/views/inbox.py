"""The local inbox: mails that went into a folder. It is there for the embedded service with a folder only, on
a site that nobody else can reach: whoever reads these mails has their readers' links.

A mail's HTML is foreign: it has an address of its own, answered with a policy that sandboxes it wherever it is
opened, and is shown in a frame that is sandboxed once more. Its links open in the whole window.
"""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from digest import inbox
from subscribers.outbox.mailurl import Folder

PAGE = (
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
MAIL = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'; sandbox allow-top-navigation-by-user-activation"
)
TABS = ("html", "text", "headers", "source")


@require_safe
def mails(request: HttpRequest) -> HttpResponse:
    """The newest mails."""
    folder = _folder()
    shown = {"mails": inbox.newest(folder), "count": inbox.count(folder), "folder": folder}
    return _guarded(render(request, "web/inbox.html", shown), PAGE)


@require_safe
def mail(request: HttpRequest, name: str, tab: str = "html") -> HttpResponse:
    """One mail: as HTML, text, headers or source."""
    if tab not in TABS:
        raise Http404("a mail has no such side")
    shown = {"mail": _mail(name), "tab": tab, "tabs": TABS}
    return _guarded(render(request, "web/inbox_mail.html", shown), PAGE)


@require_safe
@xframe_options_sameorigin
def body(request: HttpRequest, name: str) -> HttpResponse:  # noqa: ARG001 - a view gets it
    """A mail's HTML, for the frame."""
    html = _mail(name).html.replace("<head>", '<head><base target="_top">', 1)
    return _guarded(HttpResponse(html), MAIL)


def _folder() -> Path:
    if not settings.LOCAL_INBOX or not isinstance(settings.MAIL_TARGET, Folder):
        raise Http404("the local inbox is there when mail goes into a folder")
    return settings.MAIL_TARGET.path


def _mail(name: str) -> inbox.Mail:
    found = inbox.mail(_folder(), name)
    if found is None:
        raise Http404("there is no such mail")
    return found


def _guarded(response: HttpResponse, policy: str) -> HttpResponse:
    """With the policy of this page in the place of the site's, and never kept: mails hold their readers' links."""
    response["Content-Security-Policy"] = policy
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "no-store"
    return response
