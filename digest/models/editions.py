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
