"""Letters, the batches they are claimed in, the ways out, and what happened."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from subscribers.models.frozen import Frozen
from subscribers.models.people import Subscriber


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
    # what an operator may hold together with others of its kind: an edition's date
    label = models.CharField(max_length=20, blank=True, default="", db_default="")

    class Meta:
        verbose_name_plural = "batches"
        indexes = (
            # queue.claim: the first open batch by lane, then age
            models.Index(fields=["lane", "oldest", "id"], condition=Q(done_at__isnull=True), name="batch_claim"),
            # retries.gather: batches with a deferred letter whose retry is due
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
    content = Frozen(default=dict)
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
            # feedback.judge_refusals: addresses that a server refused since the last night
            models.Index(fields=["at"], condition=models.Q(kind="refused"), name="event_refusals"),
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
