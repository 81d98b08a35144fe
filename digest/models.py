"""What was listed, what has changed, who was told. Every constraint and index names the rule or query it serves."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from django.db import models
from django.db.models import Q

from subscribers.models import Event, Letter, Subscriber


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
    first_look = models.DateField(null=True)  # UTC date of the first look; older days are no news
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
    bodies = models.JSONField(default=list)  # digests, a page each
    etag = models.CharField(max_length=300, blank=True)
    last_modified = models.CharField(max_length=100, blank=True)
    head = models.BigIntegerField(default=0)  # newest change number when it was taken

    class Meta:
        indexes = (
            # take_snapshot: the newest look at this source and day; why: was there any
            models.Index(fields=["source", "day", "-id"], name="snapshot_newest"),
        )

    def __str__(self) -> str:
        return f"{self.source_id} {self.day} {self.verdict}"


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


class Edition(models.Model):
    """One calendar date of digests, by the slot's local date."""

    date = models.DateField()
    closed_at = models.DateTimeField(null=True)
    totals = models.JSONField(null=True)  # kept when it closes

    class Meta:
        # publish adds copies to the edition of a date
        constraints = (models.UniqueConstraint(fields=["date"], name="edition_date"),)

    def __str__(self) -> str:
        return str(self.date)


class Told(models.Model):
    """Which readers have had a change. Append-only, written with the letters."""

    change = models.ForeignKey(Change, models.PROTECT, related_name="told")  # index: who has had this paper
    edition = models.ForeignKey(Edition, models.PROTECT, related_name="told", db_index=False)
    readers = models.BinaryField()  # ids, ascending, 8 bytes each, little endian

    class Meta:
        verbose_name_plural = "told"

    def __str__(self) -> str:
        return f"{self.change_id} {self.edition_id}"


class Copy(models.Model):
    """One reader's part of an edition, and what came of it."""

    class Result(models.TextChoices):
        LETTER = "letter"
        SILENT = "silent"
        FAILED = "failed"

    subscriber = models.ForeignKey(Subscriber, models.PROTECT, related_name="copies", db_index=False)
    slot = models.DateTimeField()
    edition = models.ForeignKey(Edition, models.PROTECT, related_name="copies")  # index: the balance of an edition
    at = models.DateTimeField()  # when it was written
    low = models.BigIntegerField(null=True)  # window (low, high]; None: the last 7 days
    high = models.BigIntegerField()
    result = models.CharField(max_length=6, choices=Result)
    reason = models.CharField(max_length=300, blank=True)  # why silent, how failed
    letter = models.ForeignKey(Letter, models.PROTECT, null=True, related_name="copies", db_index=False)

    class Meta:
        verbose_name_plural = "copies"
        constraints = (
            # a slot is served once, whatever runs twice
            models.UniqueConstraint(fields=["subscriber", "slot"], name="copy_slot"),
            # a copy is a letter or says why not
            models.CheckConstraint(
                condition=Q(result="letter", letter__isnull=False) | ~Q(result="letter") & ~Q(reason=""),
                name="copy_letter_or_reason",
            ),
        )

    def __str__(self) -> str:
        return f"{self.slot:%Y-%m-%d} {self.result}"


class Template(models.Model):
    """One version of one part of a mail's wording. Letters name the versions they are made with."""

    kind = models.CharField(max_length=10)  # digest, confirm ...
    part = models.CharField(max_length=10)  # subject, head, section, card, foot
    format = models.CharField(max_length=4)  # html, txt
    body = models.TextField()
    digest = models.CharField(max_length=64)  # SHA-256 of the body
    active = models.BooleanField(default=True)
    author = models.CharField(max_length=100)
    created_at = models.DateTimeField()

    class Meta:
        constraints = (
            # the wording in force: one version a part
            models.UniqueConstraint(
                fields=["kind", "part", "format"], condition=Q(active=True), name="template_in_force"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.part}.{self.format} {self.pk}"
