"""People, and addresses that must not be mailed."""

from __future__ import annotations

import secrets

from django.db import models
from django.db.models import F, Q


def new_key() -> str:
    """A subscriber's random name in links and Message-IDs: 128 bits, 32 hexadecimal digits."""
    return secrets.token_hex(16)


class Subscriber(models.Model):
    """A person with an address, consent, a schedule, a due time and a cursor."""

    class State(models.TextChoices):
        PENDING = "pending"  # asked, has not confirmed
        ACTIVE = "active"
        PAUSED = "paused"
        LEFT = "left"
        FORGOTTEN = "forgotten"  # erased: the row stays, blanked, so that the books of the past stay right

    class Length(models.TextChoices):
        SHORT = "short", "a short text of each paper"
        ABSTRACTS = "abstracts", "whole abstracts"
        TITLES = "titles", "titles only"

    email = models.CharField(max_length=254, blank=True)  # as first spelled; it is mailed to
    address = models.CharField(max_length=254, null=True)  # as compared: no case, domain as A-label # noqa: DJ001
    key = models.CharField(max_length=32, default=new_key)
    feed_key = models.CharField(max_length=32, null=True)  # names their feeds; another one ends the old # noqa: DJ001
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)

    zone = models.CharField(max_length=64, default="UTC")  # IANA name, as typed
    times = models.CharField(max_length=60, default="07:30")  # HH:MM, comma between several
    days = models.CharField(max_length=40, default="daily")  # daily, weekdays, or mon,thu ...
    length = models.CharField(  # how much a digest says of each paper
        max_length=10, choices=Length, default=Length.SHORT, db_default=Length.SHORT.value
    )
    empty_too = models.BooleanField(default=False, db_default=False)  # a short mail also when there is nothing to tell
    due = models.DateTimeField(null=True)  # the next slot to serve; moved by compare-and-set alone
    cursor = models.BigIntegerField(null=True)  # change number up to which we have looked for them
    covered = models.DateTimeField(null=True)  # the slot up to which digests cover, for "covers ... to ..."
    owed_from = models.DateTimeField(null=True)  # no digest of an earlier slot can still need carrying
    first_slot = models.DateTimeField(null=True)  # slot of the first letter since they joined
    scheduled_at = models.DateTimeField(null=True)  # joined, came back or last changed the schedule

    asked_at = models.DateTimeField(null=True)
    asked_from = models.JSONField(default=dict, blank=True)  # IP and agent of the request
    confirmed_at = models.DateTimeField(null=True)
    confirmed_from = models.JSONField(default=dict, blank=True)
    consent = models.CharField(max_length=300, blank=True)  # version of the text shown, or the operator's reason
    left_at = models.DateTimeField(null=True)
    paused_until = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            # membership: one person an address; sign_up and reader add look people up by it
            models.UniqueConstraint(fields=["address"], name="subscriber_address"),
            # links and Message-IDs name a person by key
            models.UniqueConstraint(fields=["key"], name="subscriber_key"),
            # a feed's address names a person by it
            models.UniqueConstraint(fields=["feed_key"], name="subscriber_feed_key"),
            # an active reader without a due time or address would silently never be served
            models.CheckConstraint(
                condition=~Q(state="active") | Q(due__isnull=False, address__isnull=False, confirmed_at__isnull=False),
                name="subscriber_active_is_due",
            ),
            # erased means erased
            models.CheckConstraint(
                condition=~Q(state="forgotten") | Q(address__isnull=True, email=""), name="subscriber_forgotten_blank"
            ),
        )
        indexes = (
            # roll.due: active readers whose due time has come
            models.Index(fields=["due"], condition=Q(state="active"), name="subscriber_due"),
            # pausing.end_pauses: each minute, the pauses that are over
            models.Index(fields=["paused_until"], condition=Q(state="paused"), name="subscriber_pause"),
        )

    def __str__(self) -> str:
        return self.email or f"forgotten reader {self.pk}"


class Suppression(models.Model):
    """An address that must not be mailed, by a keyed hash: it outlives the person's data."""

    address_hash = models.CharField(max_length=64)
    # whose it is, for the operator who lifts it; null: somebody who was erased
    subscriber = models.ForeignKey(Subscriber, models.SET_NULL, null=True, related_name="+", db_index=False)
    reason = models.CharField(max_length=40)  # complaint, bounces, or an operator's words
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            # membership asks before adding anyone; one row an address: a new reason takes the place of the old one
            models.UniqueConstraint(fields=["address_hash"], name="suppression_address"),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gt=F("since")), name="suppression_ends_later"
            ),
        )

    def __str__(self) -> str:
        until = f" until {self.until:%Y-%m-%d}" if self.until else ""
        return f"{self.reason} since {self.since:%Y-%m-%d}{until}"
