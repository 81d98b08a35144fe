"""Alerts by mail to the operators. Nothing is queued: what is owed is worked out from the alerts and what was told.

    1. read the operator's last number, then what they were told; what is owed is the difference
    2. stage one mail of all that is owed: everything but the dot
    3. insert its Bulletin, `dotted`, under the next number: its uniqueness lets one of two processes at once do it
    4. the dot; record the reply

If we die before 3, everything is owed as before. If we die after it nobody knows what the server has, so it counts as
told and becomes `unknown`. A mail that was deferred or refused told nothing: that is owed again, later each time. An
alert that was over before anybody was told is told to nobody.

Trouble with the server rests the channel as for letters, but only a letter that was accepted ends it: a relay that
takes mail for the operators may still refuse the readers'.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Max

from subscribers.models import Bulletin, Event, new_key
from subscribers.outbox import channel
from subscribers.outbox.message import Message, message_id
from subscribers.outbox.policy import DIGEST, Outcome, Refusal, retry_after
from subscribers.outbox.transport import Transport
from subscribers.outbox.wire import text

SPAN = timedelta(days=7)  # of alerts that are told
MOST = 1_000  # alerts looked at, the newest
AN_HOUR, MAILS_AN_HOUR = timedelta(hours=1), 6
APART = timedelta(minutes=1)  # a subject names the minute, and no two of an operator are equal
PATIENCE = timedelta(minutes=15)  # a server has 600 s to answer a dot: after this its sender is dead
TOLD = ("dotted", "accepted", "unknown")  # states of a bulletin that has arrived, or may have
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Owed:
    """What one operator is to be told now, the newest first, and the number of the bulletin that tells it."""

    address: str
    number: int
    raised: tuple[Event, ...]
    over: tuple[Event, ...]


Over = Callable[[Sequence[Event]], Collection[int]]  # which of these alerts are over, by number
Compose = Callable[[Owed, str, datetime], Message]  # what is owed, Message-ID, date


def owed(addresses: Iterable[str], over: Over, now: datetime) -> Iterator[Owed]:
    """What may be told now, an operator each."""
    alerts: list[Event] | None = None
    ended: Collection[int] = ()
    for address in addresses:
        if alerts is None:
            alerts = list(Event.objects.filter(kind="alert", at__gt=now - SPAN).order_by("-at", "-pk")[:MOST])
            ended = over(alerts)
        found = _owed(address, alerts, ended, now)
        if found is not None:
            yield found


def _owed(address: str, alerts: Sequence[Event], ended: Collection[int], now: datetime) -> Owed | None:
    # The number first: a bulletin that somebody inserts after it, and that we may not see below, has taken ours.
    last = Bulletin.objects.filter(address=address).aggregate(last=Max("number"))["last"] or 0
    # Twice as far back as the alerts: by another machine's clock one may have been told before it was raised.
    sent = list(Bulletin.objects.filter(address=address, at__gt=now - 2 * SPAN).order_by("number"))
    if _must_wait(sent, now):
        return None
    told = {number for one in sent if one.state in TOLD for number in one.raised}
    closed = {number for one in sent if one.state in TOLD for number in one.over}
    raised = tuple(alert for alert in alerts if alert.pk not in told and alert.pk not in ended)
    over = tuple(alert for alert in alerts if alert.pk in told and alert.pk in ended and alert.pk not in closed)
    return Owed(address, last + 1, raised, over) if raised or over else None


def _must_wait(sent: Sequence[Bulletin], now: datetime) -> bool:
    """Whether this operator has had enough for now, or their server said no just now.

    A bulletin of the future was written by a clock that was ahead: nobody waits for it.
    """
    ages = [now - one.at for one in sent if one.state in TOLD and one.at <= now]
    if any(age < APART for age in ages) or sum(age < AN_HOUR for age in ages) >= MAILS_AN_HOUR:
        return True
    failures = 0
    for one in reversed(sent):
        if one.state in TOLD:
            break
        failures += 1
    delay = retry_after(DIGEST, failures, timedelta(0)) if failures else None
    return delay is not None and sent[-1].at <= now < sent[-1].at + delay


def tell(
    connect: Callable[[], Transport],
    compose: Compose,
    over: Over,
    addresses: Sequence[str],
    clock: Callable[[], datetime],
    site_host: str,
) -> int:
    """Tell each operator what they are owed, in one mail; how many were accepted."""
    now = clock()
    if not addresses or channel.rests_until(now) is not None:
        return 0
    _lose_track(now)
    session: Transport | None = None
    accepted = 0
    try:
        for one in owed(addresses, over, now):
            if session is None or not session.alive:
                session = connect()
            accepted += _send(session, compose, one, clock, site_host) == "accepted"
    except Refusal as refusal:  # the server or our way to it: the others would hear the same
        channel.trouble(refusal.outcome, clock())
    except (OSError, ValueError) as trouble:
        channel.trouble(Outcome("channel", "CONNECT", None, f"{type(trouble).__name__}: {trouble}"), clock())
    finally:
        if session is not None:
            session.close()
    return accepted


def _lose_track(now: datetime) -> None:
    """Dotted long ago: the sender died before it recorded a reply."""
    lost = Bulletin.objects.filter(state="dotted", at__lt=now - PATIENCE)
    lost.update(state="unknown", decided_at=now, reply="the sender stopped before it recorded a reply")


def _send(session: Transport, compose: Compose, one: Owed, clock: Callable[[], datetime], site_host: str) -> str | None:
    """The state of this operator's mail; None when somebody else has told them. Refusal when the trouble is ours."""
    now = clock().replace(microsecond=0)  # what follows in the next minute is APART from it
    name = message_id("alert", new_key(), now, site_host)
    try:
        session.stage(compose(one, name, now))
    except Refusal as refusal:
        if refusal.outcome.kind == "channel":
            raise
        return _failed(one, name, refusal.outcome.kind, _said(refusal.outcome), now)
    except Exception as error:  # a wording, or an address, that makes no mail: the others have theirs
        return _failed(one, name, "refused", text(f"{type(error).__name__}: {error}"), now)
    marked = _mark(one, name, now)
    if marked is None:
        session.abandon()
        return None
    outcome = session.dot()
    _record(marked, outcome, clock())
    return outcome.kind


def _mark(one: Owed, name: str, now: datetime, **more: object) -> Bulletin | None:
    """The row under the number that was read; None when somebody else has it."""
    told = {"raised": [alert.pk for alert in one.raised], "over": [alert.pk for alert in one.over]}
    try:
        with transaction.atomic():
            return Bulletin.objects.create(
                address=one.address, number=one.number, message_id=name, at=now, **told, **more
            )
    except IntegrityError:
        return None


def _failed(one: Owed, name: str, state: str, said: str, now: datetime) -> str:
    """Nothing was delivered: noted, so that the next try keeps its distance."""
    log.error("an alert could not be mailed to %s: %s", one.address, said)
    _mark(one, name, now, state=state, decided_at=now, reply=said[:300])
    return state


def _record(marked: Bulletin, outcome: Outcome, now: datetime) -> None:
    """A late reply still decides what was taken for unknown."""
    open_yet = Bulletin.objects.filter(pk=marked.pk, state__in=["dotted", "unknown"])
    open_yet.update(state=outcome.kind, decided_at=now, reply=_said(outcome)[:300])


def _said(outcome: Outcome) -> str:
    return f"{outcome.code or ''} {outcome.reply}".strip()
