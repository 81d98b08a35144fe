"""The way out for mail as a row: it rests after trouble of our own, and remembers its newest refusals."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from subscribers.models import Channel, Event, Letter
from subscribers.outbox import queue, retries
from subscribers.outbox.policy import STREAK, Outcome, about_mailbox, our_trouble, pause_for

SMTP = "smtp"
PAUSED = "mail channel paused"  # what its alert is about


def rests_until(now: datetime) -> datetime | None:
    """Until when the channel rests, or None. A rest longer than any can be was written by a wrong clock."""
    paused = Channel.objects.filter(name=SMTP).values_list("paused_until", flat=True).first()
    longest = pause_for(1_000)
    return paused if paused is not None and now < paused <= now + longest else None


def state(now: datetime) -> str:
    """Why nothing goes out, in one line for operators, or ""."""
    until = rests_until(now)
    if until is None:
        return ""
    reason = Channel.objects.values_list("reason", flat=True).get(name=SMTP)
    return f"the mail channel rests until {until:%Y-%m-%d %H:%M:%S} UTC; see EMAIL_URL. It met: {reason.strip()}"


def alert() -> Event | None:
    """The alert of a channel that has had trouble and has not delivered a letter since."""
    if not Channel.objects.filter(name=SMTP, failures__gt=0).exists():
        return None
    return Event.objects.filter(kind="alert", data__what=PAUSED).order_by("-at", "-pk").first()


@transaction.atomic
def trouble(outcome: Outcome, now: datetime) -> None:
    """The server, or our way to it, failed: rest, longer each time, and alert once when it begins.

    All who are sending meet it. Those who do so while the channel rests already tell nothing new: a server that was
    started anew would be left alone for a quarter of an hour because of five who had noticed.
    """
    channel, _ = Channel.objects.select_for_update().get_or_create(name=SMTP)
    if rests_until(now) is not None:
        return
    channel.failures = min(channel.failures + 1, 1_000)
    channel.paused_until = now + pause_for(channel.failures)
    channel.reason = f"{outcome.stage} {outcome.code or ''} {outcome.reply}"[:300]
    channel.save()
    if channel.failures == 1:
        Event.objects.create(kind="alert", at=now, data={"what": PAUSED, "reply": channel.reason})


@transaction.atomic
def open_now(now: datetime) -> bool:
    """An operator has mended what the channel rests for: it is tried at once. Whether it rested.

    How often it failed stays, so that when it fails again it rests no shorter.
    """
    resting = Channel.objects.filter(name=SMTP, paused_until__gt=now)
    return resting.update(paused_until=None) == 1


@transaction.atomic
def note(outcome: Outcome, letter: int, now: datetime) -> list[int]:
    """Remember an outcome. When the newest refusals are trouble of our own, the letters that were refused for
    it become deferred and the channel rests; which letters these are.
    """
    channel, _ = Channel.objects.select_for_update().get_or_create(name=SMTP)
    if outcome.kind == "accepted":
        if channel.failures or channel.recent:
            Channel.objects.filter(pk=channel.pk).update(failures=0, paused_until=None, recent=[], reason="")
        return []
    if outcome.kind != "refused" or about_mailbox(outcome.code, outcome.reply):
        return []
    channel.recent = [*channel.recent, [letter, outcome.code, outcome.reply[:200]]][-STREAK:]
    channel.save(update_fields=["recent"])
    met = [Outcome("refused", outcome.stage, code, reply) for _, code, reply in channel.recent]
    if not our_trouble(met):
        return []
    again = _not_theirs([number for number, _, _ in channel.recent], now)
    Channel.objects.filter(pk=channel.pk).update(recent=[])
    trouble(outcome, now)
    return again


def _not_theirs(numbers: list[int], now: datetime) -> list[int]:
    """Letters refused for what the server dislikes in us: deferred, and tried when the rest is over.

    Not those whose papers a later digest carries already, nor those of readers who have left or paused since.
    """
    letters = Letter.objects.filter(pk__in=numbers, carried_in=None, last=False)
    letters = letters.exclude(kind="digest", subscriber__state="paused")
    rows = list(letters.filter(state="refused").values_list("pk", "batch_id"))
    queue.move(letters, ["refused"], "deferred", retry_at=now + pause_for(1), decided_at=None)
    for batch in {batch for _, batch in rows}:
        retries.note_retry(batch, now + pause_for(1))
    return [letter for letter, _ in rows]
