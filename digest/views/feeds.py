"""A person's topics as feeds: Atom (RFC 4287) and JSON Feed 1.1, behind an address that they can end."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from hashlib import sha256
from typing import Any, NamedTuple

from django.conf import settings
from django.core.cache import BaseCache, cache, caches
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import escape
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page, require_safe

from digest.mail.foreign import clean, web_link
from digest.mail.paper import page_url, paper_title
from digest.pipeline import feeding, numbers
from digest.pipeline.feeding import Item
from subscribers import feeding as keys
from subscribers.links import unsign
from subscribers.models import Subscriber, Topic
from subscribers.query.tex import readable

KEPT = 300  # seconds that a feed stays as it is, however often it is asked for
log = logging.getLogger(__name__)


@require_safe
@cache_control(private=True, max_age=KEPT)
@conditional_page
def of_reader(request: HttpRequest, token: str, form: str) -> HttpResponse:
    """All of a person's topics in one feed, each paper once."""
    person = _person(token)
    return _feed(request, _topics(person), form, Named(_id(person.key), f"{settings.SITE_NAME}: my topics"))


@require_safe
@cache_control(private=True, max_age=KEPT)
@conditional_page
def of_topic(request: HttpRequest, token: str, topic: int, form: str) -> HttpResponse:
    """One topic's feed."""
    person = _person(token)
    mine = [one for one in _topics(person) if one.pk == topic]
    if not mine:
        raise Http404("no such topic of this person")
    named = Named(_id(f"{person.key}/{topic}"), f"{settings.SITE_NAME}: {clean(mine[0].name)}")
    return _feed(request, mine, form, named)


class Named(NamedTuple):
    """What a feed is told from others by: `id` is the same for ever, also at another address (RFC 4287, 4.2.6)."""

    id: str
    title: str


def _id(name: str) -> str:
    made = sha256(f"feed:{name}".encode()).hexdigest()
    return f"urn:uuid:{made[:8]}-{made[8:12]}-8{made[13:16]}-8{made[17:20]}-{made[20:32]}"  # RFC 9562, version 8


def _person(token: str) -> Subscriber:
    """Whose address this is; Http404 for one that is nobody's, or has been ended."""
    key = unsign(settings.LINK_KEY.encode(), "feed", token)
    person = keys.of(key) if key else None
    if person is None:
        raise Http404("no feed of ours, or one that its reader has ended")
    return person


def _topics(person: Subscriber) -> list[Topic]:
    return list(person.topics.filter(muted=False).order_by("id"))


def _feed(request: HttpRequest, topics: Sequence[Topic], form: str, named: Named) -> HttpResponse:
    if form not in FORMS:
        raise Http404("feeds are papers.atom and papers.json")
    kind, write = FORMS[form]
    now = timezone.now()
    # by its address too: a feed names its own, and that is its reader's secret
    said = json.dumps([request.path, numbers.head(), now.date().isoformat(), named, [(t.name, t.text) for t in topics]])
    name = f"feed:{hashlib.sha256(said.encode()).hexdigest()}"
    own = f"{settings.SITE_URL}{request.path}"
    body = _kept(name, lambda: write(feeding.items(topics, now.date()), named, own))
    return HttpResponse(body, content_type=kind)


def _kept(name: str, make: Callable[[], str]) -> str:
    """What is kept by this name, else what is made now. While the shared cache is down, each process keeps its own."""
    store: BaseCache = cache
    try:
        body = store.get(name)
    except Exception as error:  # whichever cache it is: a feed does without
        log.warning("feeds are kept by each process alone: %s", error)
        store = caches["here"]
        body = store.get(name)
    if body is not None:
        return str(body)
    made = make()
    try:
        store.set(name, made, KEPT)
    except Exception as error:
        log.warning("a feed is not kept: %s", error)
    return made


class _People(Atom1Feed):
    """With each author on their own; an entry without has the feed's (RFC 4287, 4.1.2)."""

    def add_item_elements(self, handler: Any, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, item)
        for name in item["people"]:
            handler.startElement("author", {})
            handler.addQuickElement("name", name)
            handler.endElement("author")


def _atom(items: Sequence[Item], named: Named, own: str) -> str:
    feed = _People(
        title=named.title,
        link=f"{settings.SITE_URL}/",
        description="",
        feed_url=own,
        feed_guid=named.id,
        author_name=settings.SITE_NAME,
        language="en",
    )
    for item in items:
        page, day = page_url(settings.SITE_URL, item.facts.key), _listed(item)
        feed.add_item(
            title=paper_title(item.facts),
            link=page,
            unique_id=page,
            description="".join(f"<p>{escape(part)}</p>" for part in _said(item)),
            pubdate=day,
            updateddate=day,
            people=_people(item),
            categories=tuple(map(clean, item.topics)),
        )
    return feed.writeString("utf-8")


def _json(items: Sequence[Item], named: Named, own: str) -> str:
    return json.dumps(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "title": named.title,
            "home_page_url": f"{settings.SITE_URL}/",
            "feed_url": own,
            "language": "en",
            "items": [_json_item(item) for item in items],
        },
        ensure_ascii=False,
    )


def _json_item(item: Item) -> dict[str, Any]:
    page = page_url(settings.SITE_URL, item.facts.key)
    external = web_link(item.facts.link)
    return {
        "id": page,
        "url": page,
        **({"external_url": external} if external else {}),
        "title": paper_title(item.facts),
        "content_text": "\n\n".join(_said(item)),
        "date_published": _listed(item).isoformat(),
        "authors": [{"name": name} for name in _people(item)],
        "tags": list(map(clean, item.topics)),
    }


def _people(item: Item) -> list[str]:
    return [name for name in map(clean, item.facts.authors) if name]


def _said(item: Item) -> list[str]:
    """The abstract, and why it is here."""
    abstract = clean(readable(item.facts.abstract))
    return [part for part in (abstract, f"Why: {clean(item.why)}" if item.why else "") if part]


def _listed(item: Item) -> datetime:
    return datetime.combine(date.fromisoformat(item.facts.listed), time(), UTC)


FORMS: dict[str, tuple[str, Callable[[Sequence[Item], Named, str], str]]] = {
    "atom": ("application/atom+xml; charset=utf-8", _atom),
    "json": ("application/feed+json; charset=utf-8", _json),
}
