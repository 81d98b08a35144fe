"""What every page says about the site: a context processor."""

from __future__ import annotations

from email.utils import parseaddr

from django.conf import settings
from django.http import HttpRequest

PLAIN_NAME = "Daily Papers Digest"


def site(request: HttpRequest | None) -> dict[str, dict[str, object]]:  # noqa: ARG001 - Django gives it
    """Who runs it, and where a person reads mail."""
    return {
        "site": {
            "name": settings.SITE_NAME,
            "is_plain": settings.SITE_NAME == PLAIN_NAME,
            "postal_address": settings.POSTAL_ADDRESS,
            "contact": parseaddr(settings.REPLY_TO)[1],
        }
    }
