"""What readers care about, and what operators offer them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from subscribers.models.people import Subscriber


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
    served_on = models.DateField(null=True)  # slower topics: local date of the slot that brought them last
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = (
            # reader add adds the topics a reader lacks, by name; publish loads topics by reader
            models.UniqueConstraint(fields=["subscriber", "name"], name="topic_name"),
            models.CheckConstraint(condition=Q(threshold__lte=100), name="topic_threshold_scale"),
        )

    def __str__(self) -> str:
        return f"{self.name}: {self.text}"
