"""What operators do to the wording: write a version, put it in force, move waiting letters to it.

Versions are only added. Putting an old one in force again adds a version with its text, so that the time at which
each came into force tells which words a letter of any time has.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet

from digest.editions.draft import Draft
from digest.editions.fitting import Frame, Sizes, refit
from digest.mail.compose import Composer
from digest.mail.part import Part
from digest.mail.proof import prove
from digest.models import Template
from digest.pipeline import sizing, wordings
from digest.pipeline.facts import ChangeFacts
from subscribers.models import Batch, Letter

DIGEST = "digest"
UNDOTTED = ("waiting", "deferred")
MOST = 100_000  # letters moved at once; a batch has up to a thousand


class NotPossible(ValueError):
    """It can't be done to this version, and why."""


def candidate(kind: str, part: str, format: str, body: str) -> Part:
    """A text for a part as it is kept: line ends as in the files. NotPossible when there is no such part."""
    found = Part(kind, part, format, body.replace("\r\n", "\n").replace("\r", "\n"))
    if found.place not in {one.place for one in wordings.shipped_parts(kind)}:
        raise NotPossible(f"there is no part {found}")
    return found


def standing_with(part: Part) -> list[Part]:
    """The parts in force, this one in the place of its own."""
    return [part if one.place == part.place else one for one in wordings.parts_in_force(part.kind)]


def check(part: Part) -> None:
    """WordingError, which says what to mend, when the part would fail."""
    prove(standing_with(part), part, wordings.site())


def write(part: Part, author: str, note: str, now: datetime) -> Template:
    """A new version, not yet in force. WordingError when it would fail, NotPossible when it changes nothing."""
    check(part)
    wordings.in_force(part.kind, now)  # there is always a version that came with the service to fall back to
    digest = wordings.digest_of(part.body)
    same = here(part).filter(Q(active=True) | Q(activated_at=None), digest=digest).order_by("-active", "-pk").first()
    if same is not None:
        raise NotPossible(f"version {same.pk} says the same{' and is in force' if same.active else ''}")
    return _created(part, author, note, now)


def here(part: Part) -> QuerySet[Template]:
    """All versions of a part."""
    return Template.objects.filter(kind=part.kind, part=part.part, format=part.format)


def part_of(version: Template) -> Part:
    """A version as a part."""
    return wordings.as_part(version)


def _created(part: Part, author: str, note: str, now: datetime, since: datetime | None = None) -> Template:
    return Template.objects.create(
        kind=part.kind,
        part=part.part,
        format=part.format,
        body=part.body,
        digest=wordings.digest_of(part.body),
        active=since is not None,
        shipped=since is not None and part.trusted,
        author=author,
        note=note,
        created_at=now,
        activated_at=since,
    )


def put_in_force(version: Template, author: str, now: datetime) -> Template:
    """The version that is in force from now on: this one, or a new one with its text when it had its time before.

    Letters that wait keep the words they were posted with. NotPossible when it is in force already, or has failed;
    WordingError when it would fail with the other parts as they are now.
    """
    version = Template.objects.get(pk=version.pk)
    if version.active and version.failed_at is None:
        raise NotPossible("it is in force already")
    if version.failed_at is not None:
        raise NotPossible("it failed when it was used; write a new version without the fault")
    part = wordings.as_part(version)
    if not version.shipped:
        check(part)
    wordings.in_force(part.kind, now)
    try:
        with transaction.atomic():
            return _put(version, part, author, now)
    except IntegrityError:
        raise NotPossible("somebody else has just put another version in force") from None


def _put(version: Template, part: Part, author: str, now: datetime) -> Template:
    since = wordings.after_all(part.kind, part.place, now)
    here(part).filter(active=True).update(active=False)
    if version.activated_at is None:
        Template.objects.filter(pk=version.pk, activated_at=None).update(active=True, activated_at=since)
        return Template.objects.get(pk=version.pk)
    # What comes with the service follows its upgrades again; an older text of it is the operator's choice.
    again = Part(part.kind, part.part, part.format, part.body, trusted=part in wordings.shipped_parts(part.kind))
    return _created(again, author, f"as version {version.pk}", now, since)


@dataclass(frozen=True, slots=True)
class Moved:
    """What a move did: letters moved; batches that are being sent just now; batches left for the next time."""

    letters: int = 0
    held: int = 0
    left: int = 0


def move_letters(version: Template, now: datetime) -> Moved:
    """Word the digests that wait with this version instead of the one they name; papers that don't fit into one mail
    with it go behind "more".

    Only letters that are undotted, in batches that nobody holds: a claimed one may be rendered already, and what was
    dotted stays as it was sent. A batch is locked meanwhile, so that nobody can claim it. NotPossible for a draft, a
    version that failed, and a part of people's mail, which is worded by the time it was posted.
    """
    version = Template.objects.get(pk=version.pk)
    if version.kind != DIGEST:
        raise NotPossible("people’s mail keeps the words of the time it was asked for; only digests are moved")
    if version.activated_at is None or version.failed_at is not None:
        raise NotPossible("letters are moved to a version that is, or was, in force and has not failed")
    mine = Batch.objects.filter(lane=Batch.Lane.EDITIONS)
    waiting, deferred = mine.filter(done_at=None), mine.filter(retry_at__isnull=False)  # each by an index of its own
    batches = sorted({*waiting.values_list("pk", flat=True), *deferred.values_list("pk", flat=True)})
    letters, held, refitted = 0, 0, _Refit()
    for at, number in enumerate(batches):
        if letters >= MOST:
            return Moved(letters, held, len(batches) - at)
        moved = _moved(number, version, refitted, now)
        letters, held = letters + (moved or 0), held + (moved is None)
    return Moved(letters, held)


@transaction.atomic
def _moved(batch: int, version: Template, refitted: _Refit, now: datetime) -> int | None:
    """How many letters of a batch; None when somebody holds it."""
    free = Q(lease=None) | Q(lease__lt=now)
    mine = Batch.objects.select_for_update(skip_locked=True).filter(free, pk=batch).first()
    if mine is None:
        return None
    if mine.lease is not None:  # whoever had it may still have mails in the old words: they don't leave any more
        Batch.objects.filter(pk=batch).update(claim=F("claim") + 1, lease=None)
    others = set(here(wordings.as_part(version)).exclude(pk=version.pk).values_list("pk", flat=True))
    letters = Letter.objects.select_for_update().filter(batch=batch, kind=DIGEST, state__in=UNDOTTED)
    moved = [letter for letter in letters.order_by("pk") if others.intersection(letter.content.get("wording", ()))]
    for letter in moved:
        words = sorted({version.pk, *letter.content["wording"]} - others)
        letter.content = refitted(letter.content | {"wording": words})
    Letter.objects.bulk_update(moved, ["content"], batch_size=500)
    return len(moved)


class _Refit:
    """Keeps contents in their wording below the size at which mail readers clip."""

    def __init__(self) -> None:
        self._facts = ChangeFacts()
        self._known: dict[tuple[int, ...], tuple[Frame, dict[str, Sizes]]] = {}

    def __call__(self, content: dict[str, Any]) -> dict[str, Any]:
        draft = Draft.from_json(content)
        self._facts.load(hit.change for section in draft.sections for hit in section.hits)
        frame, sizes = self._known.get(draft.wording) or self._new(draft.wording)
        fitted = refit(draft, frame, sizes[draft.length])
        return content if fitted == draft else fitted.to_json()

    def _new(self, versions: tuple[int, ...]) -> tuple[Frame, dict[str, Sizes]]:
        composer = Composer(wordings.wording(versions), wordings.site(), self._facts)
        made = self._known[versions] = sizing.frame(composer), sizing.sizes(composer)
        return made
