"""Whom to say it to, and proof that we said it. Every constraint and index names the rule or query it serves."""

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

    email = models.CharField(max_length=254, blank=True)  # as first spelled; it is mailed to
    address = models.CharField(max_length=254, null=True)  # as compared: no case, domain as A-label # noqa: DJ001
    key = models.CharField(max_length=32, default=new_key)
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)

    zone = models.CharField(max_length=64, default="UTC")  # IANA name, as typed
    times = models.CharField(max_length=60, default="07:30")  # HH:MM, comma between several
    days = models.CharField(max_length=40, default="daily")  # daily, weekdays, or mon,thu ...
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
        )

    def __str__(self) -> str:
        return self.email or f"forgotten reader {self.pk}"


class Filter(models.Model):
    """One canonical query, shared by all topics that mean the same."""

    canonical = models.TextField()
    digest = models.CharField(max_length=64)  # SHA-256 of canonical: long texts don't fit an index

    class Meta:
        # one row a meaning: get_or_create when a topic is saved
        constraints = (models.UniqueConstraint(fields=["digest"], name="filter_meaning"),)

    def __str__(self) -> str:
        return self.canonical


class Milestone(models.Model):
    """A number of votes or comments that some filter names: crossing it makes a `rose` change.

    Kept when the last such filter goes: a change too many is harmless, a missing one is not.
    """

    field = models.CharField(max_length=10)  # upvotes, comments
    number = models.PositiveIntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["field", "number"], name="milestone_once"),)

    def __str__(self) -> str:
        return f"{self.field} {self.number}"


class ReadyTopic(models.Model):
    """A ready-made topic that the operators curate. Readers who follow it get what it says later, too."""

    name = models.CharField(max_length=100)
    text = models.TextField()
    filter = models.ForeignKey(Filter, models.PROTECT, related_name="+", db_index=False)
    note = models.CharField(max_length=300, blank=True)  # what it is about, for people who choose
    settled = models.BooleanField(default=False)
    revisions = models.BooleanField(default=False)
    threshold = models.PositiveSmallIntegerField(default=0)
    cap = models.PositiveSmallIntegerField(null=True, blank=True)  # what a reader begins with
    boosts = models.JSONField(default=list, blank=True)  # lines, see `query.boosts`
    place = models.PositiveSmallIntegerField(default=100)  # the lower, the earlier it is offered
    offered = models.BooleanField(default=True)  # no: nobody new can choose it, followers keep it

    class Meta:
        ordering = ("place", "name")
        constraints = (
            # people choose by name
            models.UniqueConstraint(fields=["name"], name="ready_topic_name"),
            models.CheckConstraint(condition=Q(threshold__lte=100), name="ready_topic_threshold_scale"),
        )

    def __str__(self) -> str:
        return self.name


class Topic(models.Model):
    """A reader's named interest."""

    class Cadence(models.TextChoices):
        SLOT = "slot", "each digest"
        WEEKLY = "weekly"
        MONTHLY = "monthly"

    subscriber = models.ForeignKey(Subscriber, models.CASCADE, related_name="topics", db_index=False)
    name = models.CharField(max_length=100)
    text = models.TextField()  # as typed
    filter = models.ForeignKey(Filter, models.PROTECT, related_name="topics")  # index: the topics of a filter
    weight = models.SmallIntegerField(default=1)
    threshold = models.PositiveSmallIntegerField(default=0)  # score below which a paper stays out, 0 to 100
    cap = models.PositiveSmallIntegerField(null=True)  # most papers in one digest; None: no cap
    cadence = models.CharField(max_length=7, choices=Cadence, default=Cadence.SLOT)
    settled = models.BooleanField(default=False)  # judged when settled, not as listed
    revisions = models.BooleanField(default=False)  # also told when a paper told before is revised
    muted = models.BooleanField(default=False)
    boosts = models.JSONField(default=list, blank=True)  # lines, see `query.boosts`
    ready = models.ForeignKey(ReadyTopic, models.SET_NULL, null=True, related_name="followers")  # index: its followers
    since = models.BigIntegerField(null=True)  # slower topics: window start; written by publish alone
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = (
            # reader add adds the topics a reader lacks, by name; publish loads topics by reader
            models.UniqueConstraint(fields=["subscriber", "name"], name="topic_name"),
            models.CheckConstraint(condition=Q(threshold__lte=100), name="topic_threshold_scale"),
        )

    def __str__(self) -> str:
        return f"{self.name}: {self.text}"


class Batch(models.Model):
    """Letters posted together, up to a thousand. Batches are claimed, not letters."""

    class Lane(models.IntegerChoices):
        PEOPLE = 0  # confirmations and the like: before any edition
        EDITIONS = 1

    lane = models.SmallIntegerField(choices=Lane)
    oldest = models.DateTimeField()  # age of the oldest news in it: claimed in this order
    claim = models.IntegerField(default=0)  # counts the claims
    lease = models.DateTimeField(null=True)  # until when the claimer is believed alive
    retry_at = models.DateTimeField(null=True)  # when its first deferred letter is due again
    posted_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)  # nothing in it waits or is dotted

    class Meta:
        verbose_name_plural = "batches"
        indexes = (
            # queue.claim: the first open batch by lane, then age
            models.Index(fields=["lane", "oldest", "id"], condition=Q(done_at__isnull=True), name="batch_claim"),
            # queue.gather: batches with a deferred letter whose retry is due
            models.Index(fields=["retry_at"], condition=Q(retry_at__isnull=False), name="batch_retry"),
        )

    def __str__(self) -> str:
        return f"batch {self.pk}, claim {self.claim}"


class Channel(models.Model):
    """A way out for mail, and whether it rests: one row a channel."""

    name = models.CharField(max_length=20)
    failures = models.PositiveSmallIntegerField(default=0)  # in a row
    paused_until = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300, blank=True)  # the reply or error that paused it
    recent = models.JSONField(default=list, blank=True)  # its newest refusals: (letter, code, reply)

    class Meta:
        # delivery asks before it claims
        constraints = (models.UniqueConstraint(fields=["name"], name="channel_name"),)

    def __str__(self) -> str:
        return self.name


class Letter(models.Model):
    """A mail we owe one person. State changes live in `outbox.queue` and in `membership`, nowhere else.

    No index and no index condition names a column that a good letter changes (state, claim, times, reply): so
    PostgreSQL updates it in place. Exceptions are found by batch or by (subscriber, slot).
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        DOTTED = "dotted"
        DEFERRED = "deferred"
        ACCEPTED = "accepted"
        REFUSED = "refused"
        UNKNOWN = "unknown"
        CANCELLED = "cancelled"

    kind = models.CharField(max_length=10)  # digest; people's mail: confirm, known, welcome, goodbye
    subscriber = models.ForeignKey(Subscriber, models.PROTECT, related_name="letters", db_index=False)
    slot = models.DateTimeField()  # a digest's slot; for people's mail the time it was asked for
    batch = models.ForeignKey(Batch, models.PROTECT, related_name="letters")  # index: the letters of a batch
    message_id = models.CharField(max_length=200)
    content = models.JSONField(default=dict)
    posted_at = models.DateTimeField()
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    claim = models.IntegerField(null=True)  # the claim under which it was dotted
    attempts = models.SmallIntegerField(default=0)
    last = models.BooleanField(default=False)  # its reader left while it was under way: never send it again
    retry_at = models.DateTimeField(null=True)
    dotted_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=20, blank=True)  # why cancelled
    reply = models.CharField(max_length=300, blank=True)  # the mail server's last word
    carried_in = models.BigIntegerField(null=True)  # the letter that carries its papers
    named_in = models.BigIntegerField(null=True)  # the letter that says it may not have arrived

    class Meta:
        constraints = (
            # one letter a (kind, person, slot): publishing twice posts once; carrying, Message-ID and the books
            # find a person's letters by it
            models.UniqueConstraint(fields=["subscriber", "kind", "slot"], name="letter_slot"),
            models.CheckConstraint(
                condition=~Q(state="dotted") | Q(dotted_at__isnull=False, claim__isnull=False),
                name="letter_dotted_when",
            ),
            models.CheckConstraint(
                condition=~Q(state="accepted") | Q(dotted_at__isnull=False, decided_at__isnull=False),
                name="letter_accepted_when",
            ),
            models.CheckConstraint(
                condition=~Q(state="deferred") | Q(retry_at__isnull=False), name="letter_deferred_until"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["refused", "unknown"]) | Q(decided_at__isnull=False),
                name="letter_decided_when",
            ),
            models.CheckConstraint(
                condition=~Q(state="cancelled") | ~Q(reason="") & Q(decided_at__isnull=False),
                name="letter_cancelled_why",
            ),
        )

    def __str__(self) -> str:
        return self.message_id


class Event(models.Model):
    """What happened to a letter or a person. Append-only."""

    kind = models.CharField(max_length=20)
    at = models.DateTimeField()
    subscriber = models.ForeignKey(Subscriber, models.PROTECT, null=True, related_name="events", db_index=False)
    letter = models.ForeignKey(Letter, models.PROTECT, null=True, related_name="events", db_index=False)
    data = models.JSONField(default=dict, blank=True)
    provider = models.CharField(max_length=30, blank=True)
    provider_id = models.CharField(max_length=200, null=True)  # noqa: DJ001 - null: not from a provider

    class Meta:
        constraints = (
            # feedback: a provider repeats its events
            models.UniqueConstraint(fields=["provider", "provider_id"], name="event_once"),
        )
        indexes = (
            # a person's timeline (reader show, export), newest last; a letter's is found through its person
            models.Index(fields=["subscriber", "at"], name="event_timeline"),
            # the front panel: alerts of the last day
            models.Index(fields=["at"], condition=models.Q(kind="alert"), name="event_alerts"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d %H:%M}"


class Bulletin(models.Model):
    """A mail to one operator about alerts. The row is the mark before its dot: whoever inserts it may send the mail."""

    address = models.CharField(max_length=254)
    number = models.PositiveIntegerField()  # counts the bulletins of this address
    message_id = models.CharField(max_length=200)
    at = models.DateTimeField()
    raised = models.JSONField(default=list)  # numbers of the alerts it tells
    over = models.JSONField(default=list)  # numbers of alerts told before, of which it tells that they are over
    state = models.CharField(max_length=8, default="dotted")  # later accepted, deferred, refused or unknown
    decided_at = models.DateTimeField(null=True)
    reply = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = (
            # outbox.bulletins: of two processes that tell one operator the same, one inserts; both read what was told
            models.UniqueConstraint(fields=["address", "number"], name="bulletin_once"),
            models.CheckConstraint(
                condition=Q(state="dotted") | Q(decided_at__isnull=False), name="bulletin_decided_when"
            ),
        )

    def __str__(self) -> str:
        return self.message_id


class Suppression(models.Model):
    """An address that must not be mailed, by a keyed hash: it outlives the person's data."""

    address_hash = models.CharField(max_length=64)
    reason = models.CharField(max_length=40)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            # membership asks before adding anyone
            models.UniqueConstraint(fields=["address_hash"], name="suppression_address"),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gt=F("since")), name="suppression_ends_later"
            ),
        )

    def __str__(self) -> str:
        return f"{self.reason} since {self.since:%Y-%m-%d}"
