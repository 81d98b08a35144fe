"""What operators set about sending while it goes on: how fast, and what not."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Rate(models.Model):
    """How many letters a second may leave: over one channel, or over all together. Without a row, as many as can."""

    name = models.CharField(max_length=20)  # "all", or a channel's
    per_second = models.FloatField()
    free_at = models.DateTimeField()  # by the database's clock: what may leave before is given away

    class Meta:
        constraints = (
            # rates.take locks the rows of a channel by name
            models.UniqueConstraint(fields=["name"], name="rate_name"),
            models.CheckConstraint(condition=Q(per_second__gt=0), name="rate_some"),  # for none there are holds
        )

    def __str__(self) -> str:
        return f"{self.name}: {self.per_second:g} a second"


class Hold(models.Model):
    """What an operator has stopped: the batches with a label, or ("") all sending."""

    label = models.CharField(max_length=20, blank=True)
    at = models.DateTimeField()
    by = models.CharField(max_length=150)  # who

    class Meta:
        constraints = (
            # queue.claim passes over what is held; whoever holds it twice holds it once
            models.UniqueConstraint(fields=["label"], name="hold_once"),
        )

    def __str__(self) -> str:
        return self.label or "all sending"
