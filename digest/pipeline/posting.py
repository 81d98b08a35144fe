"""Transaction 2: the copies, letters and Told of up to a thousand readers, with due times and cursors moved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime

from digest.editions.draft import Draft
from digest.models import Copy, Edition, Told
from digest.pipeline.owing import UNDOTTED, Earlier, carried, doubtful
from digest.pipeline.planning import Plan
from digest.pipeline.snapshots import repeated
from digest.pipeline.window import packed
from subscribers import roll
from subscribers.bulk import insert, instant
from subscribers.models import Letter
from subscribers.outbox import queue
from subscribers.outbox.message import message_id

Write = Callable[[Sequence[Draft]], list[str]]  # drafts as letters keep them: the text of their JSON


def post(
    plans: Sequence[Plan], write: Write, head: int, site_host: str, now: datetime, *, unknown: bool = False
) -> int:
    """Write the plans of readers that nobody else has served or changed meanwhile; how many.

    All or nothing for these readers; the next run takes up those that are left.
    """
    return repeated(lambda: _post(plans, write, head, site_host, now, unknown)) if plans else 0


def _post(plans: Sequence[Plan], write: Write, head: int, site_host: str, now: datetime, unknown: bool) -> int:
    held = roll.hold({p.reader.id: (p.reader.due, p.reader.cursor) for p in plans})
    mine = _take_over(_not_served(plan for plan in plans if plan.reader.id in held), now)
    editions = _editions({plan.date for plan in mine})
    letters = _letters(mine, write, site_host, now, unknown)
    _copies(mine, letters, editions, head, now)
    _told(mine, editions)
    _note_carried(mine, letters)
    roll.move(_move(plan, head, plan.reader.id in letters) for plan in mine)
    roll.serve_topics({topic: served for plan in mine for topic, served in plan.served.items()})
    return len(mine)


def _not_served(plans: Iterable[Plan]) -> list[Plan]:
    """Pass over slots that have their copy already (the clock went back): only the due time moves on."""
    wanted = {(plan.reader.id, plan.slot): plan for plan in plans}
    readers, slots = {reader for reader, _ in wanted}, {slot for _, slot in wanted}
    there = Copy.objects.filter(subscriber__in=readers, slot__in=slots).values_list("subscriber_id", "slot")
    served = [wanted.pop(one) for one in set(there) & wanted.keys()]
    roll.move(
        roll.Move(p.reader.id, p.next, p.reader.cursor, p.reader.owed_from, p.reader.first_slot, p.reader.covered)
        for p in served
    )
    return list(wanted.values())


def _take_over(plans: list[Plan], now: datetime) -> list[Plan]:
    """Cancel the undotted letters that are carried. A reader of whom a letter has moved waits for the next run."""
    planned = {e.letter: e.state for plan in plans for e in _taken(plan)}
    locked = Letter.objects.select_for_update().filter(pk__in=planned).order_by("pk")
    states = dict(locked.values_list("pk", "state")) if planned else {}
    still = [p for p in plans if all(states.get(e.letter) == e.state for e in _taken(p))]
    undotted = [e.letter for plan in still for e in carried(plan.earlier) if e.state in UNDOTTED]
    queue.move(Letter.objects.filter(pk__in=undotted), UNDOTTED, "cancelled", reason="carried", decided_at=now)
    return still


def _taken(plan: Plan) -> list[Earlier]:
    return carried(plan.earlier) + doubtful(plan.earlier)


def _editions(dates: set[date]) -> dict[date, Edition]:
    """The editions of these dates; one that had closed is opened again."""
    Edition.objects.bulk_create([Edition(date=day) for day in sorted(dates)], ignore_conflicts=True)
    editions = {e.date: e for e in Edition.objects.filter(date__in=dates)}
    Edition.objects.filter(date__in=dates, closed_at__isnull=False).update(closed_at=None, totals=None)
    return editions


def _letters(plans: Sequence[Plan], write: Write, site_host: str, now: datetime, unknown: bool) -> dict[int, int]:
    """The letters of those who get one, by reader; posted as a batch for each date. `unknown` ones are never to be
    claimed."""
    drafts: dict[date, list[tuple[Plan, Draft]]] = defaultdict(list)
    for plan in plans:
        if isinstance(plan.result, Draft):
            drafts[plan.date].append((plan, plan.result))
    posted: dict[int, int] = {}
    for day, some in sorted(drafts.items()):
        posted |= _batch(day, some, write, site_host, now, unknown)
    return posted


def _batch(
    day: date, drafts: Sequence[tuple[Plan, Draft]], write: Write, site_host: str, now: datetime, unknown: bool
) -> dict[int, int]:
    letters = [
        queue.Fresh("digest", p.reader.id, p.slot, message_id("digest", p.reader.key, p.slot, site_host), text)
        for (p, _), text in zip(drafts, write([draft for _, draft in drafts]), strict=True)
    ]
    oldest = min(map(datetime.fromisoformat, {draft.oldest for _, draft in drafts}))
    ids = queue.post_many(letters, oldest, now, unknown=unknown, label=day.isoformat())
    return {letter.subscriber_id: number for letter, number in zip(letters, ids, strict=True)}


def _copies(
    plans: Sequence[Plan], letters: Mapping[int, int], editions: Mapping[date, Edition], head: int, now: datetime
) -> None:
    columns = ("subscriber_id", "slot", "edition_id", "at", "low", "high", "result", "reason", "letter_id")
    at = instant(now)
    insert(Copy, columns, (_copy(p, letters.get(p.reader.id), editions[p.date].pk, head, at) for p in plans))


def _copy(plan: Plan, letter: int | None, edition: int, head: int, at: str | None) -> tuple[str | int | None, ...]:
    result = "failed" if plan.failed else "letter" if letter else "silent"
    reason = plan.failed or ("" if isinstance(plan.result, Draft) else plan.result.reason)
    return plan.reader.id, instant(plan.slot), edition, at, plan.reader.cursor, head, result, reason, letter


def _told(plans: Sequence[Plan], editions: dict[date, Edition]) -> None:
    """Told = shown in the mail. Carried papers were told when they were first posted."""
    readers: dict[tuple[int, date], list[int]] = defaultdict(list)
    for plan in plans:
        if isinstance(plan.result, Draft):
            for section in plan.result.sections:
                for hit in section.hits:
                    if not hit.carried:
                        readers[hit.change, plan.date].append(plan.reader.id)
    Told.objects.bulk_create(
        Told(change_id=change, edition=editions[day], readers=packed(some)) for (change, day), some in readers.items()
    )


def _note_carried(plans: Sequence[Plan], letters: Mapping[int, int]) -> None:
    for plan in plans:
        letter = letters.get(plan.reader.id)
        if letter is None:
            continue
        for column, some in (("carried_in", carried(plan.earlier)), ("named_in", doubtful(plan.earlier))):
            if some:
                Letter.objects.filter(pk__in=[e.letter for e in some]).update(**{column: letter})


def _move(plan: Plan, head: int, has_letter: bool) -> roll.Move:
    """`owed_from` goes to the oldest digest that can still need carrying."""
    taken = {e.letter for e in carried(plan.earlier)} if has_letter else set()
    slots = [e.slot for e in plan.earlier if e.letter not in taken and not e.spent]
    if has_letter:
        slots.append(plan.slot)
    return roll.Move(
        reader=plan.reader.id,
        due=plan.next,
        cursor=plan.reader.cursor if plan.keeps_cursor else head,
        owed_from=plan.reader.owed_from if plan.failed else min(slots, default=None),
        first_slot=plan.slot if plan.first and has_letter else plan.reader.first_slot,
        covered=plan.reader.covered if plan.keeps_cursor else plan.slot,
    )
