"""Readers: add, confirm, show, pause, resume, lift, leave, export, forget."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from digest.management.door import Door, Usage
from subscribers import membership, pausing, roll, suppression
from subscribers.address import check_address
from subscribers.exporting import export
from subscribers.models import Subscriber
from subscribers.outbox import feedback
from subscribers.query.errors import QueryError
from subscribers.schedule import Schedule, parse_days, parse_times
from subscribers.topics import TopicWish, read_topic

ACTIONS = ("add", "confirm", "show", "pause", "resume", "lift", "leave", "export", "forget")


class Command(Door):
    help = __doc__ or ""

    def add(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=ACTIONS)
        parser.add_argument("email")
        parser.add_argument(
            "--topic",
            action="append",
            default=[],
            metavar="Name=QUERY",
            help='"Name=QUERY" or "Name[weekly,cap=10]=QUERY"; may be repeated',
        )
        parser.add_argument("--zone", default="UTC", help="IANA name of a time zone: Europe/Berlin")
        parser.add_argument("--at", default="07:30", metavar="HH:MM", help="local time of the digest")
        parser.add_argument("--days", default="daily", help="daily, weekdays, or mon,thu ...")
        parser.add_argument("--confirmed", action="store_true", help="no confirmation mail; needs --reason")
        parser.add_argument("--until", type=date.fromisoformat, metavar="DAY", help="pause: go on when this day begins")
        parser.add_argument("--reason", default="", help="why this person need not confirm by mail; recorded")

    def run(self, now: datetime, **options: Any) -> dict[str, Any]:
        try:
            mailed, address = check_address(options["email"])
            if options["action"] == "add":
                return _shown(_add(mailed, address, now, options), now)
            return _act(options["action"], _known(address), now, options)
        except QueryError as error:
            raise CommandError(f"--topic: {error.message} (at character {error.position + 1}). {error.hint}") from None
        except (ValueError, membership.NotPossible) as error:
            raise CommandError(str(error)) from None


def _add(mailed: str, address: str, now: datetime, options: dict[str, Any]) -> Subscriber:
    wishes = [read_topic(text) for text in options["topic"]]
    schedule = {"zone": options["zone"], "times": options["at"], "days": options["days"]}
    Schedule(schedule["zone"], parse_times(schedule["times"]), parse_days(schedule["days"]))
    if options["confirmed"] and not options["reason"].strip():
        raise Usage("--confirmed needs --reason: what makes you sure that this person wants the mails")
    if options["confirmed"]:
        return membership.enrol(mailed, address, wishes, now, reason=options["reason"], schedule=schedule)
    return _asked(mailed, address, wishes, now, schedule)


def _asked(mailed: str, address: str, wishes: list[TopicWish], now: datetime, schedule: dict[str, str]) -> Subscriber:
    known = membership.find(address)
    if known is not None and known.state in ("active", "paused"):
        membership.add_topics(known, wishes)
        return known
    return membership.sign_up(
        mailed, address, wishes, now, site_host=settings.SITE_HOST, schedule=schedule, asked_from={"by": "operator"}
    )


def _known(address: str) -> Subscriber:
    person = membership.find(address)
    if person is None:
        raise CommandError(f"there is no reader {address}; `reader add {address}` adds one")
    return person


def _act(action: str, person: Subscriber, now: datetime, options: dict[str, Any]) -> dict[str, Any]:
    reason = options["reason"]
    if action == "confirm":
        if not reason.strip():
            raise Usage("reader confirm needs --reason: how this person told you")
        membership.confirm(person.pk, now, confirmed_from={"by": "operator"}, consent=reason)
    elif action == "pause":
        pausing.pause_until(person.pk, options["until"], now)
    elif action == "resume":
        pausing.resume(person.pk, now)
    elif action == "lift":
        _lift(person, now, reason)
    elif action == "leave":
        membership.leave(person.pk, now, how="operator", journal_file=settings.JOURNAL)
    elif action == "forget":
        membership.forget(person.pk, now, journal_file=settings.JOURNAL)
        return {"id": person.pk, "state": "forgotten"}
    elif action == "export":
        return export(person)
    return _shown(Subscriber.objects.get(pk=person.pk), now, show=action == "show")


def _lift(person: Subscriber, now: datetime, reason: str) -> None:
    if not reason.strip():
        raise Usage("reader lift needs --reason: why mail to this address is wanted, and arrives, again")
    held = suppression.in_force(person.address or "", now)
    if held is not None:
        feedback.lift(held.pk, now, by=f"operator: {reason[:200]}")


def _mail(person: Subscriber, now: datetime) -> dict[str, Any]:
    """What came back, as a score, and why the address must not be mailed."""
    held = suppression.in_force(person.address, now) if person.address else None
    return {"score": feedback.score(person, now), "suppressed": str(held) if held else ""}


def _shown(person: Subscriber, now: datetime, *, show: bool = False) -> dict[str, Any]:
    person.refresh_from_db()
    upcoming = _next(person)
    topics = [_topic(topic) for topic in person.topics.order_by("id")]
    if not show:
        return {"id": person.pk, "email": person.email, "state": person.state, "next": upcoming, "topics": topics}
    return {
        "id": person.pk,
        "email": person.email,
        "state": person.state,
        "zone": person.zone,
        "at": person.times,
        "days": person.days,
        "next": upcoming,
        "cursor": person.cursor,
        **_mail(person, now),
        "topics": topics,
        "copies": [
            {"slot": copy.slot.isoformat(), "result": copy.result, "reason": copy.reason}
            for copy in person.copies.order_by("slot")
        ],
        "letters": [
            {
                "message_id": letter.message_id,
                "kind": letter.kind,
                "slot": letter.slot.isoformat(),
                "state": letter.state,
                "reason": letter.reason,
            }
            for letter in person.letters.order_by("slot")
        ],
    }


def _next(person: Subscriber) -> str | None:
    try:
        coming = roll.coming(person)
    except ValueError:  # a schedule that can't be read is no reason not to show the reader
        coming = person.due
    return coming.isoformat() if coming else None


def _topic(topic: Any) -> dict[str, Any]:
    return {
        "name": topic.name,
        "query": topic.text,
        "filter": topic.filter.canonical,
        "cadence": topic.cadence,
        "settled": topic.settled,
        "revisions": topic.revisions,
        "cap": topic.cap,
        "threshold": topic.threshold,
        "weight": topic.weight,
        "since": topic.since,
    }
