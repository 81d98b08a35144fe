"""The key that a person's feeds are named by: made when they ask, ended when they ask for another or for none."""

from __future__ import annotations

from subscribers.membership import NotPossible
from subscribers.models import Subscriber
from subscribers.models.people import new_key

FED = ("active", "paused")


def renew(number: int) -> str:
    """A new key: what was known by the old one is not found any more. NotPossible for one who is no reader."""
    key = new_key()
    if not Subscriber.objects.filter(pk=number, state__in=FED).update(feed_key=key):
        raise NotPossible("only a reader has feeds, and you are none any more")
    return key


def withdraw(number: int) -> None:
    """No feeds any more. Harmless twice."""
    Subscriber.objects.filter(pk=number).update(feed_key=None)


def of(key: str) -> Subscriber | None:
    """Whose feeds these are; None when nobody's, or no reader's any more."""
    return Subscriber.objects.filter(feed_key=key, state__in=FED).first()
