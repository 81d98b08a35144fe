"""Addresses that must not be mailed: they complained, or an operator said so.

A row holds a keyed hash and no address, so that it outlives the person whom we have erased.
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db.models import Q

from subscribers.links import address_hash
from subscribers.models import Suppression


def suppressed(address: str, now: datetime) -> bool:
    """Whether this address, as it is compared, must not be mailed now. What has ended or was lifted doesn't count."""
    lasting = Q(until=None) | Q(until__gt=now)
    name = address_hash(settings.LINK_KEY.encode(), address)
    return Suppression.objects.filter(lasting, address_hash=name, lifted_at=None).exists()
