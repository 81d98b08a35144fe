"""Who was told, by which edition, in which wording. Every constraint and index names the rule or query it serves."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from digest.models.papers import Change
from subscribers.models import Letter, Subscriber


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
    """One version of one part of a mail's wording. Letters name the versions they are made with.

    Its text never changes, and it comes into force at most once: to go back to an old one is a new version with the
    same text. So `activated_at` alone says which version was in force at any time. Only `pipeline.wordings` and
    `pipeline.rewording` write here.
    """

    kind = models.CharField(max_length=10)  # digest, confirm ...
    part = models.CharField(max_length=10)  # subject, head, section, card, foot, style
    format = models.CharField(max_length=4)  # html, txt, css
    body = models.TextField()
    digest = models.CharField(max_length=64)  # SHA-256 of the body
    active = models.BooleanField(default=True)
    shipped = models.BooleanField(default=False)  # came with the service: rendered without limits
    author = models.CharField(max_length=150)
    note = models.CharField(max_length=200, blank=True)  # what the author says of it
    created_at = models.DateTimeField()
    activated_at = models.DateTimeField(null=True)  # None: a draft
    failure = models.CharField(max_length=500, blank=True)  # the first thing that went wrong at run time
    failed_at = models.DateTimeField(null=True)  # since then another one stands in for it
    instead = models.ForeignKey("self", models.PROTECT, null=True, related_name="+", db_index=False)  # that one

    class Meta:
        verbose_name = "wording"
        verbose_name_plural = "wordings"
        constraints = (
            # the wording in force: one version a part
            models.UniqueConstraint(
                fields=["kind", "part", "format"], condition=Q(active=True), name="template_in_force"
            ),
            # which version was in force at a time is told from when each came into force
            models.CheckConstraint(
                condition=Q(active=False) | Q(activated_at__isnull=False), name="template_active_since"
            ),
            # letters always find words: what failed names what stands in
            models.CheckConstraint(
                condition=Q(failed_at__isnull=True) | Q(instead__isnull=False), name="template_failed_instead"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind}/{self.part}.{self.format}, version {self.pk}"
