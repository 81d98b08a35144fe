"""A digest as a page: the mail that was sent, with its full list."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from digest.editions.draft import Draft, Hit, Near, Section
from digest.mail import days
from digest.mail.foreign import clean
from digest.mail.paper import page_url, paper_title
from digest.mail.silences import SILENCES
from digest.pipeline import reading
from digest.pipeline.reading import Digest
from digest.views.cards import Card, card
from digest.views.citing import bibtex, ris
from subscribers.links import sign, unsign
from subscribers.models import Subscriber

CITED = {"bib": ("application/x-bibtex", bibtex), "ris": ("application/x-research-info-systems", ris)}


@never_cache
@require_safe
def digest(request: HttpRequest, token: str, slot: str = "") -> HttpResponse:
    """The digest that the link is signed for; with `slot` another one of the same person."""
    person, own = holder(token)
    found = reading.digest(person, slot or own)
    if found is None:
        raise Http404("no digest of this slot")
    return render(request, "web/digest.html", {"token": token, "slot": slot or own, **_shown(found, person)})


@never_cache
@require_safe
def cited(request: HttpRequest, token: str, slot: str, form: str) -> HttpResponse:  # noqa: ARG001 - Django hands it
    """The papers of a digest for a reference manager, all of them, each once."""
    person, _ = holder(token)
    found = reading.digest(person, slot)
    if found is None or form not in CITED:
        raise Http404("no digest of this slot, or no such form")
    kind, write = CITED[form]
    papers = {hit.change: found.facts[hit.change] for section in found.sections for hit in section.hits}
    named = {facts.key: facts for facts in papers.values()}
    name = f"papers-{found.draft.date}.{form}"
    response = HttpResponse(write(list(named.values())), content_type=f"{kind}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def holder(token: str) -> tuple[Subscriber, str]:
    """Whose link this is, and which slot it is signed for. Http404 for what is no link of ours."""
    key, _, moment = (unsign(settings.LINK_KEY.encode(), "read", token) or "").partition(":")
    person = Subscriber.objects.filter(key=key).exclude(state="forgotten").first() if key else None
    if person is None:
        raise Http404("no link of ours, or of somebody who was erased")
    return person, moment


def leave_token(person: Subscriber) -> str:
    """What the person's leave link is signed with."""
    return sign(settings.LINK_KEY.encode(), "leave", person.key)


def _shown(found: Digest, person: Subscriber) -> dict[str, Any]:
    draft = found.draft
    papers = sum(len(section.hits) for section in found.sections)
    return {
        "draft": draft,
        "heading": f"{days.weekday(draft.date)} {draft.date[:4]}",
        "period": "in the last 7 days" if draft.first else days.since(draft.since, draft.date),
        "counts": _counts(draft, papers),
        "sections": _sections(found),
        "silence": SILENCES.get(draft.silence, draft.silence),
        "near": [_near(found, one) for one in draft.near],
        "missing": [{"slot": one.key, "date": days.without_year(one.date)} for one in draft.missing],
        "start": days.moment(draft.since),
        "end": days.moment(draft.slot),
        "due": days.clock(draft.slot),
        "next": days.moment(draft.next) if draft.next else "",
        "leave": leave_token(person),
    }


def _counts(draft: Draft, papers: int) -> dict[str, int]:
    """listed = above + told + outside: here nothing stands behind "more"."""
    carried = draft.carried + draft.carried_more
    return {"papers": papers, "above": papers - carried, "carried": carried}


def _sections(found: Digest) -> list[dict[str, Any]]:
    shown, number = [], 1
    for place, (section, sent) in enumerate(zip(found.sections, found.draft.sections, strict=True), 1):
        cards = [_card(found, hit, at) for at, hit in enumerate(section.hits, number)]
        number += len(cards)
        shown.append({"anchor": f"t{place}", "cards": cards, "mailed": len(sent.hits), **_named(section)})
    return shown


def _card(found: Digest, hit: Hit, number: int) -> Card:
    carried = _without_year(hit.carried)
    return card(found.facts[hit.change], hit.marks, also=hit.also, carried=carried, number=number, score=hit.score)


def _named(section: Section) -> dict[str, str]:
    return {"name": clean(section.name), "query": clean(section.query)}


def _near(found: Digest, near: Near) -> dict[str, str]:
    facts = found.facts[near.change]
    return {"url": page_url("", facts.key), "title": paper_title(facts), "lacks": clean(near.lacks)}


def _without_year(day: str) -> str:
    return days.without_year(day) if day else ""
