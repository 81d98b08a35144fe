"""What was listed and what has changed. Every constraint and index names the rule or query it serves."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from digest.models.looks import Source


class Paper(models.Model):
    """A paper we know, once ever. Its facts are those of all sources together, now."""

    key = models.CharField(max_length=300)  # public key: arXiv id, else DOI, else source:guid
    facts = models.JSONField()
    first_day = models.DateField()  # day of the first listing
    first_seen = models.DateTimeField()
    # index: Told of a merged paper is read through it
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, related_name="merged")

    class Meta:
        constraints = (
            # commands and pages name a paper by its public key
            models.UniqueConstraint(fields=["key"], name="paper_key"),
        )
        indexes = (
            # a search and a filter's trial: the papers of the last days, the newest first
            models.Index(fields=["first_day"], name="paper_first_day"),
        )

    def __str__(self) -> str:
        return self.key


class Identity(models.Model):
    """A key and its paper: one paper may have many, a key belongs to one."""

    key = models.CharField(max_length=300)
    paper = models.ForeignKey(Paper, models.PROTECT, related_name="identities")  # index: merging moves them

    class Meta:
        verbose_name_plural = "identities"
        # of two looks that add one paper at once one wins, the other starts over; take_snapshot looks keys up
        constraints = (models.UniqueConstraint(fields=["key"], name="identity_key"),)

    def __str__(self) -> str:
        return self.key


class Appearance(models.Model):
    """Where and when a paper is listed, with the counts that this listing last showed."""

    paper = models.ForeignKey(Paper, models.PROTECT, related_name="appearances", db_index=False)
    source = models.ForeignKey(Source, models.PROTECT, related_name="appearances", db_index=False)
    day = models.DateField()
    dated = models.CharField(max_length=40, blank=True)  # the date as the entry gives it, when it differs
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()  # never moves back
    gone_at = models.DateTimeField(null=True)
    upvotes = models.PositiveIntegerField(null=True)
    comments = models.PositiveIntegerField(null=True)
    points = models.JSONField(default=list)  # a few of its counts over time (sources.rising)
    news = models.BooleanField()  # its listing was news; its `settled` is then news too
    settled = models.BigIntegerField(null=True)  # number of its `settled` change

    class Meta:
        constraints = (
            # a look that is repeated adds nothing; take_snapshot loads a paper's appearances by it
            models.UniqueConstraint(fields=["paper", "source", "day"], name="appearance_once"),
        )
        indexes = (
            # take_snapshot and settle: the papers of a source's day
            models.Index(fields=["source", "day"], name="appearance_day"),
        )

    def __str__(self) -> str:
        return f"{self.paper_id} {self.source_id} {self.day}"


class Counter(models.Model):
    """The newest change number. Locked as the last step of a look, so that numbers become visible in order."""

    name = models.CharField(max_length=10)
    value = models.BigIntegerField()

    class Meta:
        # pipeline.numbers locks the one row
        constraints = (models.UniqueConstraint(fields=["name"], name="counter_name"),)

    def __str__(self) -> str:
        return f"{self.name} {self.value}"


class Change(models.Model):
    """What a look taught us about one paper, with the facts as they were then. Append-only, numbered."""

    class Kind(models.TextChoices):
        LISTED = "listed"
        ELSEWHERE = "listed elsewhere"
        ROSE = "rose"
        ENRICHED = "enriched"
        REVISED = "revised"
        SETTLED = "settled"
        CORRECTED = "corrected"
        UNLISTED = "unlisted"
        WITHDRAWN = "withdrawn"

    number = models.BigIntegerField(primary_key=True)  # publish reads (cursor, head]
    paper = models.ForeignKey(Paper, models.PROTECT, related_name="changes")  # index: Told by paper
    source = models.ForeignKey(Source, models.PROTECT, related_name="changes", db_index=False)
    kind = models.CharField(max_length=16, choices=Kind)
    day = models.DateField()
    at = models.DateTimeField()
    news = models.BooleanField()
    facts = models.JSONField()

    class Meta:
        indexes = (
            # a reader without a cursor: the papers whose `listed` is of the last 7 days
            models.Index(fields=["day"], condition=Q(kind="listed"), name="change_listed_day"),
        )

    def __str__(self) -> str:
        return f"{self.number} {self.kind}"
