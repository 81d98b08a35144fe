"""Alerts to the operators by mail, worded by this house: which of them are over, and how a mail of them reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

from django.conf import settings
from django.urls import reverse

from digest.mail import alert
from digest.mail.compose import Addressee, compose_notice
from digest.models import Source, SourceDay
from digest.pipeline import wordings
from digest.pipeline.signing import signed
from subscribers.models import Event
from subscribers.outbox import bulletins, channel, watch
from subscribers.outbox.bulletins import Owed
from subscribers.outbox.delivery import Clock
from subscribers.outbox.message import Message
from subscribers.outbox.transport import open_session


def tell(clock: Clock) -> int:
    """Tell the operators what they are owed; how many mails were accepted."""
    connect = partial(open_session, settings.MAIL_TARGET, settings.HELO_NAME)
    return bulletins.tell(connect, compose, over, settings.OPERATORS, clock, settings.SITE_HOST)


def owed(now: datetime) -> bool:
    """Whether an operator may be told something now."""
    return any(True for _ in bulletins.owed(settings.OPERATORS, over, now))


def over(alerts: Sequence[Event]) -> set[int]:
    """Those that were about something that lasts, and stand no more. A letter that failed is never over."""
    lasting = {one.pk for one in alerts if _lasts(one)}
    return lasting - _standing() if lasting else set()


def _lasts(event: Event) -> bool:
    data = event.data
    return isinstance(data, dict) and ("source" in data or data.get("what") in (channel.PAUSED, *watch.ABOUT.values()))


def _standing() -> set[int]:
    sources = Source.objects.filter(alert__isnull=False).values_list("alert", flat=True)
    days = SourceDay.objects.filter(alert__isnull=False).values_list("alert", flat=True)
    others = {one.pk for one in (channel.alert(), *watch.alerts()) if one is not None}
    return {*sources, *days, *others}


def compose(owed: Owed, message_id: str, now: datetime) -> Message:
    """The mail that tells an operator what they are owed."""
    words = wordings.wording(wordings.in_force("alert", now))
    to = Addressee(email=owed.address, key="", token="", leave_token="")  # no leave token: it is no list
    told = alert.said([_alert(one) for one in owed.raised], [_alert(one) for one in owed.over], _page("index"))
    return signed(compose_notice("alert", words, wordings.site(), to, told, message_id, now))


def _alert(event: Event) -> alert.Alert:
    data = event.data if isinstance(event.data, Mapping) else {"error": event.data}
    return alert.Alert(event.at, data, _page("subscribers_event_change", event.pk))


def _page(name: str, *rows: int) -> str:
    return f"{settings.SITE_URL}{reverse(f'admin:{name}', args=rows)}"
