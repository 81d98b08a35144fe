"""Ready-made topics: what is offered, what following one means, and passing a change of one on to its followers."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet

from subscribers.models import ReadyTopic
from subscribers.query.boosts import read_boosts
from subscribers.query.parser import parse
from subscribers.topics import TopicWish, shared_filter, wants_revisions

SHARED = ("text", "filter", "settled", "revisions", "threshold", "boosts")  # what followers get when it changes


def offered() -> QuerySet[ReadyTopic]:
    """Those that people can choose, in the operators' order; the first one is what somebody gets who names none."""
    return ReadyTopic.objects.filter(offered=True).order_by("place", "name")


def wish(ready: ReadyTopic) -> TopicWish:
    """The topic of somebody who follows it."""
    return TopicWish(
        name=ready.name,
        text=ready.text,
        settled=ready.settled,
        revisions=ready.revisions,
        cap=ready.cap,
        threshold=ready.threshold,
        boosts=tuple(ready.boosts),
        ready=ready.pk,
    )


@transaction.atomic
def keep(ready: ReadyTopic) -> int:
    """Write a ready-made topic, and what it says now into the topics that follow it: how many those are.

    Name, cadence, cap, weight and note stay the follower's own. A text that newly asks for revisions ticks "also send
    revisions", as in a reader's topic. Raises QueryError; ValueError for a boost.
    """
    query = parse(ready.text).query
    stored = ReadyTopic.objects.select_for_update().filter(pk=ready.pk).first()
    ready.revisions = ready.revisions or (wants_revisions(query) and (stored is None or stored.text != ready.text))
    ready.filter = shared_filter(query)
    ready.boosts = [boost.line for boost in read_boosts(ready.boosts)]
    ready.save()
    return ready.followers.update(**{name: getattr(ready, name) for name in SHARED})
