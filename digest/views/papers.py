"""One paper's page."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from digest.mail import days
from digest.mail.foreign import clean
from digest.pipeline import browsing
from digest.sources.listing import Facts
from digest.views.cards import card

WHOLE = 20_000  # characters of an abstract
NAMES_MOST = 500  # authors named


@require_safe
def paper(request: HttpRequest, key: str) -> HttpResponse:
    """By its public key, or any other name it has. Keys may hold slashes."""
    found = browsing.paper(key)
    if found is None:
        raise Http404("no paper of this name has been listed")
    facts = Facts.from_json(found.facts)
    listed = [(name, when, days.short(when.isoformat())) for name, when in browsing.listings(found)]
    shown = {
        "card": card(facts, most=WHOLE),
        "authors": [clean(name) for name in facts.authors[:NAMES_MOST]],
        "more_authors": max(0, len(facts.authors) - NAMES_MOST),
        "organisations": [clean(name) for name in facts.organisations],
        "listed": listed,
        "categories": [clean(name) for name in facts.categories],
    }
    return render(request, "web/paper.html", shown)
