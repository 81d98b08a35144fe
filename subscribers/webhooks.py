"""The door for e-mail providers: what became of mail that we gave them. Verified, then read, by django-anymail.

Its signal is not used: a provider must hear 2xx only after what it said is committed, and everything else means that it
says it again. There is no CSRF token, on purpose: the signature is the whole right to use this address.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from anymail.exceptions import AnymailWebhookValidationFailure
from anymail.webhooks.brevo import BrevoTrackingWebhookView
from anymail.webhooks.mailersend import MailerSendTrackingWebhookView
from anymail.webhooks.mailgun import MailgunTrackingWebhookView
from anymail.webhooks.mailjet import MailjetTrackingWebhookView
from anymail.webhooks.mailtrap import MailtrapTrackingWebhookView
from anymail.webhooks.mandrill import MandrillCombinedWebhookView
from anymail.webhooks.postal import PostalTrackingWebhookView
from anymail.webhooks.postmark import PostmarkTrackingWebhookView
from anymail.webhooks.resend import ResendTrackingWebhookView
from anymail.webhooks.sparkpost import SparkPostTrackingWebhookView
from anymail.webhooks.unisender_go import UnisenderGoTrackingWebhookView
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from subscribers.outbox import provided
from subscribers.outbox.provided import Told

log = logging.getLogger(__name__)
VIEWS: Mapping[str, type[Any]] = {
    "brevo": BrevoTrackingWebhookView,
    "mailersend": MailerSendTrackingWebhookView,
    "mailgun": MailgunTrackingWebhookView,
    "mailjet": MailjetTrackingWebhookView,
    "mailtrap": MailtrapTrackingWebhookView,
    "mandrill": MandrillCombinedWebhookView,
    "postal": PostalTrackingWebhookView,
    "postmark": PostmarkTrackingWebhookView,
    "resend": ResendTrackingWebhookView,
    "sparkpost": SparkPostTrackingWebhookView,
    "unisender_go": UnisenderGoTrackingWebhookView,
}


@csrf_exempt
@never_cache
@require_http_methods(["POST", "HEAD"])
def webhook(request: HttpRequest, provider: str) -> HttpResponse:
    """200 once everything in it is recorded; 400 for what is forged or no report, 413 for more than we read."""
    if provider not in settings.WEBHOOKS:
        raise Http404("no webhook here")
    if request.method == "HEAD":  # how some providers try the address
        return HttpResponse()
    try:
        told = [_told(event) for event in _verified(request, VIEWS[provider])]
    except RequestDataTooBig:
        return _plain("too much at once\n", 413)
    except AnymailWebhookValidationFailure:
        log.warning("a webhook of %s had no valid signature", provider)
        return _plain("no valid signature\n", 400)
    except Exception as odd:  # whoever signed it: what can't be read now can't be read later either
        log.warning("a webhook of %s can't be read: %s", provider, type(odd).__name__)
        return _plain("no report that we can read\n", 400)
    now = timezone.now()
    for one in told:
        provided.take(provider, one, now, settings.JOURNAL)
    return _plain("ok\n", 200)


def _verified(request: HttpRequest, kind: type[Any]) -> list[Any]:
    """The events of a webhook whose signature holds; AnymailWebhookValidationFailure when it doesn't."""
    _ = request.body  # read here, so that what is too big is refused before anything is made of it
    view = kind()
    view.setup(request)
    view.run_validators(request)
    return list(view.parse_events(request))


def _told(event: Any) -> Told:
    """An event of any provider as plain values. Nothing in it has been checked but who sent it."""
    at = event.timestamp
    return Told(
        kind=str(event.event_type),
        number=str(event.event_id or ""),
        at=at if isinstance(at, datetime) and at.tzinfo else at.replace(tzinfo=UTC) if at else None,
        recipient=str(getattr(event, "recipient", None) or ""),
        names=(str((event.metadata or {}).get("message_id", "")), str(event.message_id or "")),
        reason=str(event.reject_reason or ""),
        said=(str(event.mta_response or ""), str(event.description or "")),
    )


def _plain(text: str, status: int) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
