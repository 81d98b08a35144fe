"""Where papers are listed, and what each look saw. Every constraint and index names the rule or query it serves."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from django.db import models
from django.db.models import Q

from subscribers.models import Event


class Source(models.Model):
    """A place where papers are listed, with its own timetable of looks."""

    class Kind(models.TextChoices):
        HF = "hf", "Hugging Face Daily Papers"
        ARXIV = "arxiv", "arXiv"
        FEED = "feed"

    slug = models.SlugField(max_length=40, db_index=False)
    short = models.SlugField(max_length=40, db_index=False)  # what `source:` names
    kind = models.CharField(max_length=5, choices=Kind)
    url = models.CharField(max_length=500)
    enabled = models.BooleanField(default=True)
    closes = models.PositiveSmallIntegerField(default=24)  # hours after 00:00 UTC at which a day is over
    every = models.PositiveIntegerField(default=60)  # minutes between looks
    next_look = models.DateTimeField(null=True)  # None: now
    first_look = models.DateField(null=True)  # UTC date of the first believed look; older days are no news
    allow = models.CharField(max_length=200, blank=True)  # a private host (host:port) the operator allows it
    failing_since = models.DateTimeField(null=True)  # its first failed look since one that did not fail
    # the alert that stands for a source that fails, raised once; None: it does not, or not for long
    alert = models.ForeignKey(Event, models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        constraints = (
            # commands and pages name a source by slug, filters by short name
            models.UniqueConstraint(fields=["slug"], name="source_slug"),
            models.UniqueConstraint(fields=["short"], name="source_short"),
        )

    def __str__(self) -> str:
        return self.slug

    def closes_at(self, day: date) -> datetime:
        """When a day of this source is over."""
        return datetime.combine(day, time(), UTC) + timedelta(hours=self.closes)


class SourceDay(models.Model):
    """One day of a source: is it settled, was it looked at again, is it doubted. Made by the day's first look."""

    source = models.ForeignKey(Source, models.PROTECT, related_name="source_days", db_index=False)
    day = models.DateField()
    settled_at = models.DateTimeField(null=True)
    looked_again_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)  # an operator believes its looks: none is suspect any more
    # the alert that stands for its suspect look, raised once; None: its newest look is believed, or it is past
    alert = models.ForeignKey(Event, models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        # pipeline.settle and the looks that are due go through a source's days in order
        constraints = (models.UniqueConstraint(fields=["source", "day"], name="source_day_once"),)
        indexes = (
            # a believed look clears what stands; the front panel shows it
            models.Index(fields=["source"], condition=Q(alert__isnull=False), name="source_day_alert"),
        )

    def __str__(self) -> str:
        return f"{self.source_id} {self.day}"


class Host(models.Model):
    """A host that sources share, and when it may be asked next, by the database's clock."""

    name = models.CharField(max_length=253)
    free_at = models.DateTimeField()

    class Meta:
        # spacing.turn: one line to stand in, for all workers
        constraints = (models.UniqueConstraint(fields=["name"], name="host_once"),)

    def __str__(self) -> str:
        return self.name


class Body(models.Model):
    """What a source answered, stored once however often it answered it."""

    digest = models.CharField(max_length=64)  # SHA-256 of the plain body
    data = models.BinaryField()  # zlib

    class Meta:
        verbose_name_plural = "bodies"
        # take_snapshot stores a body that is not there yet; a replay finds it
        constraints = (models.UniqueConstraint(fields=["digest"], name="body_once"),)

    def __str__(self) -> str:
        return self.digest


class Snapshot(models.Model):
    """One look: source, day, time, verdict, the bodies by their hashes."""

    class Verdict(models.TextChoices):
        OK = "ok"
        UNCHANGED = "unchanged"
        PARTIAL = "partial"
        SUSPECT = "suspect"
        FAILED = "failed"

    source = models.ForeignKey(Source, models.PROTECT, related_name="snapshots", db_index=False)
    day = models.DateField()
    at = models.DateTimeField()
    verdict = models.CharField(max_length=9, choices=Verdict)
    reason = models.CharField(max_length=500, blank=True)
    entries = models.PositiveIntegerField(default=0)
    bodies = models.JSONField(default=list)  # digests, a page each; those of an unchanged list again
    etag = models.CharField(max_length=300, blank=True)
    last_modified = models.CharField(max_length=100, blank=True)
    more = models.JSONField(default=list)  # [ETag, Last-Modified] of the pages after the first
    head = models.BigIntegerField(default=0)  # newest change number when it was taken

    class Meta:
        indexes = (
            # take_snapshot: the newest look at this source and day; why: was there any
            models.Index(fields=["source", "day", "-id"], name="snapshot_newest"),
        )

    def __str__(self) -> str:
        return f"{self.source_id} {self.day} {self.verdict}"
